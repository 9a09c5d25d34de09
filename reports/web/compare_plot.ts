// Distributions of decode tokens, in SVG: above, the share of tokens that cost at most so much (ECDF); below,
// a box for each variant (quartiles, 5 to 95 %, the greatest).
import type {Distribution} from './compare_data';
import {quantile} from './compare_data';
import {svg} from './dom';
import type {TimeUnit} from './format';
import {joined, time_figure} from './format';

const kWidest = 640;
const kTickRoom = 120;
const kHeight = 220;
const kLeft = 84;
const kRight = 24;
const kTop = 10;
const kRow = 26;
const kSteps = 160;
const kDashes: readonly string[] = ['', '7 3', '2 3', '9 3 2 3', '12 4', '4 4'];

interface Axis {
  readonly width: number;
  readonly x: (cost: number) => number;
  readonly ticks: readonly number[];
}

// A token that waited a thousand times as long leaves the plot; the box says how far it lies.
function axis_of(all: readonly Distribution[], width: number): Axis {
  const least = Math.min(...all.map(({sorted}) => quantile(sorted, 0)));
  const greatest = Math.max(...all.map(({sorted}) => Math.min(quantile(sorted, 1), 2.5 * quantile(sorted, 0.9))));
  const low = Math.max(0, least - 0.05 * (greatest - least || greatest));
  const high = greatest + 0.05 * (greatest - least || greatest);
  const rough = (high - low) / Math.max(1, Math.floor((width - kLeft) / kTickRoom));
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((value) => value >= rough) ?? rough;
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return {width, x: (cost) => kLeft + (width - kLeft - kRight) * Math.min(1, Math.max(0, (cost - low) / (high - low))), ticks};
}

function curve(distribution: Distribution, at: number, axis: Axis): SVGElement {
  const {sorted} = distribution;
  const y = (share: number) => kTop + (kHeight - kTop) * (1 - share);
  const points = Array.from({length: kSteps + 1}, (_, step) => {
    const share = step / kSteps;
    return `${axis.x(quantile(sorted, share)).toFixed(1)} ${y(share).toFixed(1)}`;
  });
  return svg('path', {d: `M${points.join('L')}`, class: `line series-${at % 6 + 1}`,
    'stroke-dasharray': kDashes[at % kDashes.length] ?? ''});
}

function box(distribution: Distribution, at: number, axis: Axis, top: number): SVGElement {
  const {sorted, name} = distribution;
  const middle = top + kRow / 2;
  const x = (share: number) => axis.x(quantile(sorted, share));
  const left = x(0.25);
  return svg('g', {class: `box series-${at % 6 + 1}`},
             svg('text', {x: kLeft - 8, y: middle + 4, class: 'at-left'}, name),
             svg('line', {x1: x(0.05), x2: x(0.95), y1: middle, y2: middle}),
             svg('rect', {x: left, y: middle - 7, width: Math.max(1, x(0.75) - left), height: 14}),
             svg('line', {x1: x(0.5), x2: x(0.5), y1: middle - 9, y2: middle + 9, class: 'median'}),
             svg('circle', {cx: x(1), cy: middle, r: 2.5}));
}

export function distribution_plot(all: readonly Distribution[], unit: TimeUnit): SVGSVGElement {
  // Letters keep their size on a narrow screen; the plot gets narrower.
  const axis = axis_of(all, Math.min(kWidest, document.documentElement.clientWidth - kRight));
  const {width} = axis;
  const boxes = kHeight + 28;
  const height = boxes + all.length * kRow + 6;
  const shares = [0, 0.5, 0.9, 1];
  const y = (share: number) => kTop + (kHeight - kTop) * (1 - share);
  return svg('svg', {viewBox: `0 0 ${width} ${height}`, class: 'distribution', role: 'img',
    'aria-label': 'distribution of decode tokens by variant; the table behind has the percentiles'},
             svg('g', {class: 'pareto-grid', 'aria-hidden': 'true'},
                 ...shares.flatMap((share) => [
                   svg('line', {x1: kLeft, x2: width - kRight, y1: y(share), y2: y(share)}),
                   svg('text', {x: kLeft - 8, y: y(share) + 4, class: 'at-left'}, `${100 * share} %`)]),
                 ...axis.ticks.flatMap((tick) => [
                   svg('line', {x1: axis.x(tick), x2: axis.x(tick), y1: kTop, y2: boxes + all.length * kRow}),
                   svg('text', {x: axis.x(tick), y: kHeight + 16, class: 'below'}, joined(time_figure(tick, unit)))])),
             ...all.map((distribution, at) => curve(distribution, at, axis)),
             ...all.map((distribution, at) => box(distribution, at, axis, boxes + at * kRow)));
}
