// The cost of each token by its index: a line with its spread as a band for each variant.
import type {TimeUnit} from './format';
import {time_figure} from './format';
import {figure_axis, index_axis} from './line_axes';
import type {Chart} from './line_drawing';
import {Pyramid} from './pyramid';
import type {TokenLine} from './token_data';
import {token_count} from './token_data';

export const kDashes: readonly (readonly number[])[] = [[], [9, 4], [2, 3], [12, 3, 2, 3], [5, 2], [1, 5]];

export interface TokenChartData {
  readonly lines: readonly TokenLine[];
  readonly hidden: ReadonlySet<string>;
  readonly first_index: 0 | 1;
  readonly unit: TimeUnit;
  readonly top: number;  // the greatest value that need be in view
}

export function token_chart({lines, hidden, first_index, unit, top}: TokenChartData): Chart {
  const x = Float64Array.from({length: Math.max(0, token_count(lines) - first_index)}, (_, at) => at + first_index);
  // A hidden one keeps its place, and with it its colour.
  const shown = lines.flatMap((line, at) => hidden.has(line.name) ? [] : [{line, color: `--series-${at % 6 + 1}`, dash: kDashes[at % kDashes.length] ?? []}]);
  const pyramid = (values: Float64Array) => new Pyramid(values.subarray(first_index));
  return {
    x,
    x_range: [first_index, Math.max(first_index + 1, first_index + x.length - 1)],
    // From 0, so that heights can be compared; an empty plot still gets a scale.
    y_range: [0, Number.isFinite(top) && top > 0 ? top * 1.08 : 1],
    x_axis: index_axis('token index'),
    y_axis: figure_axis('', (value) => time_figure(value, unit)),
    bands: shown.map(({line, color}) => ({low: pyramid(line.low), high: pyramid(line.high), color, percent: 16})),
    lines: shown.map(({line, color, dash}) => ({values: pyramid(line.line), from: 0, to: line.line.length - first_index,
      color, width: 2, dash, marks: line.line.length <= 2})),
  };
}
