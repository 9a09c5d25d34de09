// A series in a hundred pixels: its line, its changes, its budget. Says nothing that does not stand beside it
// in words, so it is hidden from readers who hear the page.
import {svg} from './dom';
import type {SeriesEntry} from './history_model';
import {Pyramid} from './pyramid';

export interface SparklineSize {
  readonly width: number;
  readonly height: number;
}

const kEdge = 3;  // room for the last point's mark

export interface Range {
  readonly low: number;
  readonly high: number;
}

// Of what is drawn. The budget is in it where that leaves the line more than a third of the height.
export function value_range(values: Float64Array, budget: number | null): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return {low: 0, high: 1};
  const room = 2 * Math.max(high - low, 0.02 * Math.max(Math.abs(low), Math.abs(high)));
  if (budget !== null && budget > low - room && budget < high + room) {
    low = Math.min(low, budget);
    high = Math.max(high, budget);
  }
  if (high - low > 0) return {low, high};
  const margin = Math.abs(high) * 0.05 || 1;
  return {low: low - margin, high: high + margin};
}

// The line's points; where there are more than columns of pixels, the least and the greatest of each column.
function points_of(values: Float64Array, columns: number): readonly (readonly [number, number])[] {
  if (values.length <= 2 * columns) return Array.from(values, (value, at) => [at, value] as const);
  const pyramid = new Pyramid(values);
  return Array.from({length: columns}, (_, column) => column).flatMap((column) => {
    const from = Math.floor(column * values.length / columns);
    const {low, high} = pyramid.extent(from, Math.floor((column + 1) * values.length / columns));
    return [[from, low] as const, [from, high] as const];
  });
}

export function sparkline(entry: SeriesEntry, {width, height}: SparklineSize): SVGSVGElement {
  const values = entry.values();
  const {budget, changes} = entry.series;
  const {low, high} = value_range(values, budget?.limit ?? null);
  const across = Math.max(1, values.length - 1);
  const x = (at: number) => (kEdge + at / across * (width - 2 * kEdge)).toFixed(1);
  const y = (value: number) => (height - kEdge - (value - low) / (high - low) * (height - 2 * kEdge)).toFixed(1);
  const line = points_of(values, width).map(([at, value]) => `${x(at)},${y(value)}`).join(' ');
  const last = values.length - 1;
  const limit = budget && budget.limit >= low && budget.limit <= high ?
      svg('line', {class: 'limit', x1: 0, x2: width, y1: y(budget.limit), y2: y(budget.limit)}) : null;
  const steps = changes.map(({index, level}) =>
      svg('line', {class: `step is-${level}`, x1: x(index - 0.5), x2: x(index - 0.5), y1: 0, y2: height}));
  return svg('svg', {class: 'spark', width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true'},
             ...steps, limit, values.length > 1 ? svg('polyline', {points: line}) : null,
             last >= 0 ? svg('circle', {cx: x(last), cy: y(values[last] ?? 0), r: 2}) : null);
}
