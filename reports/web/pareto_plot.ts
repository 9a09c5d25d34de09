// One trade-off plot in SVG: accuracy upward, cost on a logarithmic axis, a mark for each variant with the interval
// that its number of prompts allows, and the front that no other variant beats.
import {svg} from './dom';
import {joined} from './format';
import type {CostAxis, ParetoGroup, ParetoPoint} from './pareto_data';
import {front_of, placed_points} from './pareto_data';

// In units of the drawing, which is scaled to its place.
const kWidth = 460;
const kHeight = 320;
const kLeft = 46;
const kRight = 14;
const kTop = 14;
const kBottom = 46;
const kFontWidth = 6.6;
const kSymbolCount = 6;

interface Placed {
  readonly point: ParetoPoint;
  readonly x: number;
  readonly y: number;
}

interface Scale {
  readonly x: (value: number) => number;
  readonly y: (share: number) => number;
  readonly x_ticks: readonly number[];
  readonly y_ticks: readonly number[];
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

// 1, 2, 5, 10, ... between the ends; fewer where they would crowd.
function log_ticks(least: number, greatest: number): readonly number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(greatest)); ++power) {
    for (const digit of [1, 2, 5]) ticks.push(digit * 10 ** power);
  }
  const inside = ticks.filter((tick) => tick >= least && tick <= greatest);
  return inside.length > 7 ? inside.filter((tick) => /^1/.test(String(tick.toExponential()))) : inside;
}

// `ends`: all values that are to be in view.
function scale_of(ends: readonly number[], points: readonly ParetoPoint[]): Scale {
  const least = Math.min(...ends) / 1.25;
  const greatest = Math.max(...ends) * 1.25;
  const bottom = Math.max(0, Math.floor(10 * Math.min(...points.map(({low}) => low))) / 10);
  const span = Math.log(greatest / least);
  const step = 1 - bottom > 0.5 ? 0.2 : 0.1;
  const y_ticks: number[] = [];
  for (let tick = 1; tick >= bottom - 1e-9; tick -= step) y_ticks.push(Math.max(0, tick));
  return {
    x: (value) => kLeft + (kWidth - kLeft - kRight) * Math.log(value / least) / span,
    y: (share) => kTop + (kHeight - kTop - kBottom) * (1 - share) / (1 - bottom),
    x_ticks: log_ticks(least, greatest),
    y_ticks,
  };
}

function grid_of(axis: CostAxis, scale: Scale): SVGElement {
  const base = kHeight - kBottom;
  const middle = (kLeft + kWidth - kRight) / 2;
  return svg('g', {class: 'pareto-grid', 'aria-hidden': 'true'},
             ...scale.y_ticks.flatMap((share) => [
               svg('line', {x1: kLeft, x2: kWidth - kRight, y1: scale.y(share), y2: scale.y(share)}),
               svg('text', {x: kLeft - 6, y: scale.y(share), class: 'at-left'}, `${Math.round(100 * share)} %`),
             ]),
             ...scale.x_ticks.flatMap((value) => [
               svg('line', {x1: scale.x(value), x2: scale.x(value), y1: kTop, y2: base}),
               svg('text', {x: scale.x(value), y: base + 14, class: 'below'},
                   joined(axis.text(value)).replace(/(\.\d*?)0+(?=\s|$)/, '$1').replace(/\.(?=\s|$)/, '')),
             ]),
             svg('text', {x: middle, y: kHeight - 8, class: 'below'},
                 axis.better === 'lower' ? `← better · ${axis.title}` : `${axis.title} · better →`));
}

export function symbol_of(model_at: number, x: number, y: number): SVGElement {
  const size = 5.5;
  const paths: readonly string[] = [
    `M${x - size} ${y}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0Z`,
    `M${x - size} ${y - size}h${2 * size}v${2 * size}h${-2 * size}Z`,
    `M${x} ${y - 1.3 * size}L${x + 1.2 * size} ${y + 0.8 * size}H${x - 1.2 * size}Z`,
    `M${x} ${y - 1.3 * size}L${x + 1.3 * size} ${y}L${x} ${y + 1.3 * size}L${x - 1.3 * size} ${y}Z`,
    `M${x} ${y + 1.3 * size}L${x + 1.2 * size} ${y - 0.8 * size}H${x - 1.2 * size}Z`,
    `M${x - size} ${y - 2}h3.5v-3.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5Z`,
  ];
  return svg('path', {d: paths[model_at % kSymbolCount] ?? '', class: `mark series-fill-${model_at % kSymbolCount + 1}`});
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

// Beside its mark, where it covers no other mark and no other name; unnamed where there is no such place (the table and
// the keyboard name it).
function names_of(placed: readonly Placed[]): readonly SVGElement[] {
  const taken: Box[] = placed.map(({x, y}) => ({left: x - 6, right: x + 6, top: y - 6, bottom: y + 6}));
  return placed.flatMap(({point, x, y}) => {
    const width = point.name.length * kFontWidth;
    const places: readonly (readonly [number, number])[] =
        [[x + 9, y], [x - 9 - width, y], [x + 7, y - 13], [x - 7 - width, y - 13], [x + 7, y + 13], [x - 7 - width, y + 13]];
    for (const [left, middle] of places) {
      const box = {left, right: left + width, top: middle - 6, bottom: middle + 6};
      const outside = box.left < kLeft || box.right > kWidth || box.top < 0 || box.bottom > kHeight - kBottom + 4;
      if (outside || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      return [svg('text', {x: left, y: middle, class: 'point-name'}, point.name)];
    }
    return [];
  });
}

function front_line(placed: readonly Placed[], front: readonly ParetoPoint[]): SVGElement {
  const corners = front.flatMap((point) => placed.find((candidate) => candidate.point === point) ?? []);
  const path = corners.map(({x, y}, at) => {
    const before = corners[at - 1];
    return before ? `L${x} ${before.y}L${x} ${y}` : `M${x} ${y}`;
  });
  return svg('path', {d: path.join(''), class: 'front'});
}

function interval_of(axis: CostAxis, point: ParetoPoint, value: number): readonly [number, number] {
  const half_width = axis.half_width(point) ?? 0;
  // The axis is logarithmic: an interval that reaches 0 ends at a tenth of its value.
  return [Math.max(value - half_width, value / 10), value + half_width];
}

function level_stroke(axis: CostAxis, point: ParetoPoint, value: number, scale: Scale, y: number): readonly SVGElement[] {
  if (axis.half_width(point) === null) return [];
  const [low, high] = interval_of(axis, point, value);
  return [svg('line', {x1: scale.x(low), x2: scale.x(high), y1: y, y2: y, class: 'spread level'})];
}

export class ParetoPlot {
  readonly element: SVGElement;
  private readonly placed: readonly Placed[];
  private readonly ring = svg('circle', {r: 10, class: 'ring', visibility: 'hidden'});

  constructor(group: ParetoGroup, axis: CostAxis, private readonly on_point: (point: ParetoPoint | null) => void) {
    const points = placed_points(group, axis);
    const ends = points.flatMap(({point, value}) => interval_of(axis, point, value));
    const scale = scale_of(ends, points.map(({point}) => point));
    this.placed = points.map(({point, value}) => ({point, x: scale.x(value), y: scale.y(point.accuracy)}));
    this.element = svg('svg', {class: 'pareto', viewBox: `0 0 ${kWidth} ${kHeight}`, 'aria-hidden': 'true'},
                       grid_of(axis, scale), front_line(this.placed, front_of(group, axis)),
                       ...this.placed.map(({point, x}) =>
                           svg('line', {x1: x, x2: x, y1: scale.y(point.low), y2: scale.y(point.high), class: 'spread'})),
                       ...points.flatMap(({point, value}, at) => level_stroke(axis, point, value, scale, this.placed[at]?.y ?? 0)),
                       this.ring,
                       ...this.placed.map(({point, x, y}) => symbol_of(group.models.indexOf(point.model), x, y)),
                       ...names_of(this.placed));
    this.element.addEventListener('pointermove', (event) => this.point_at(event as PointerEvent));
    this.element.addEventListener('pointerleave', () => this.on_point(null));
  }

  show(point: ParetoPoint | null): void {
    const found = this.placed.find((candidate) => candidate.point === point);
    this.ring.setAttribute('visibility', found ? 'visible' : 'hidden');
    if (!found) return;
    this.ring.setAttribute('cx', String(found.x));
    this.ring.setAttribute('cy', String(found.y));
  }

  private point_at(event: PointerEvent): void {
    const frame = this.element.getBoundingClientRect();
    const x = (event.clientX - frame.left) * kWidth / Math.max(1, frame.width);
    const y = (event.clientY - frame.top) * kHeight / Math.max(1, frame.height);
    const distance = (one: Placed) => Math.hypot(one.x - x, one.y - y);
    const nearest = [...this.placed].sort((a, b) => distance(a) - distance(b))[0];
    this.on_point(nearest && distance(nearest) < 40 ? nearest.point : null);
  }
}
