// Lines and bands over a common axis, drawn once. However many the points, no more is drawn than there are columns
// of pixels, and nothing that stands out is lost.
import type {Range} from './frame';
import {Frame} from './frame';
import type {Axis} from './line_axes';
import {Pen, kFontPx, style_color} from './pen';
import type {Pyramid} from './pyramid';

export interface Line {
  readonly values: Pyramid;
  // Of the chart's points it joins `from` up to, not with, `to`.
  readonly from: number;
  readonly to: number;
  readonly color: string;
  readonly width: number;
  readonly dash: readonly number[];
  readonly marks: boolean;  // each point a dot, where there is room
}

export interface Band {
  readonly low: Pyramid;
  readonly high: Pyramid;
  readonly color: string;
  readonly percent: number;
}

export interface Chart {
  readonly x: Float64Array;  // by point; never falling
  readonly x_range: Range;
  readonly y_range: Range;
  readonly x_axis: Axis;
  readonly y_axis: Axis;
  readonly lines: readonly Line[];
  readonly bands: readonly Band[];
  readonly under?: (pen: Pen) => void;  // over the grid, under the lines
  readonly over?: (pen: Pen) => void;
}

const kGap = 6;
const kLineHeight = kFontPx + kGap / 2;
const kTickRoom = {x: 60, y: 30};
const kMarkRoom = 4;

// The first point that is not before `value`; x.length: none.
export function lower_bound(x: Float64Array, value: number): number {
  let [from, to] = [0, x.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((x[middle] ?? 0) < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

// `window`: the part of the x axis that is drawn. Gives the frame that the axes leave of width and height.
export function draw_chart(context: CanvasRenderingContext2D, chart: Chart, window: Range, width: number, height: number): Frame {
  const pen = draw_axes(context, chart, window, width, height);
  const {left, top, right, bottom} = pen.frame.box;
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  chart.under?.(pen);
  const starts = groups(chart.x, pen.frame);
  for (const band of chart.bands) draw_band(pen, chart.x, band, starts);
  for (const line of chart.lines) draw_line(pen, chart.x, line, starts);
  chart.over?.(pen);
  return pen.frame;
}

function draw_axes(context: CanvasRenderingContext2D, chart: Chart, window: Range, width: number, height: number): Pen {
  const bottom = height - 2 * kLineHeight - kGap;
  const {ticks, texts} = chart.y_axis;
  const places = ticks(...chart.y_range, Math.floor(bottom / kTickRoom.y));
  const words = texts(places);
  const frame_from = (left: number) => new Pen(context, new Frame({left, top: kGap, right: width, bottom}, window, chart.y_range));
  const left = Math.max(0, ...words.map((text) => frame_from(0).width_of(text)));
  const pen = frame_from(Math.ceil(left) + kGap);
  const {frame} = pen;
  context.fillStyle = style_color('--muted');
  context.textAlign = 'right';
  places.forEach((tick, at) => {
    const y = Math.round(frame.y(tick)) + 0.5;
    pen.line([frame.box.left, y], [width, y], '--grid', 1);
    context.fillText(words[at] ?? '', frame.box.left - kGap, y);
  });
  draw_x_axis(pen, chart.x_axis);
  return pen;
}

function draw_x_axis(pen: Pen, {ticks, texts, title}: Axis): void {
  const {context, frame} = pen;
  const {left, right, bottom} = frame.box;
  const places = ticks(...frame.window, Math.floor((right - left) / kTickRoom.x));
  const words = texts(places);
  const put = (text: string, x: number, row: number) => {
    const half = pen.width_of(text) / 2;
    context.fillText(text, Math.max(half, Math.min(x, right - half)), bottom + kGap + kFontPx / 2 + row * kLineHeight);
  };
  context.textAlign = 'center';
  places.forEach((tick, at) => {
    const x = Math.round(frame.x(tick)) + 0.5;
    pen.upright(x, '--grid', 1);
    words[at]?.split('\n').forEach((text, row) => put(text, x, row));
  });
  put(title, (left + right) / 2, 1);
}

// Where the groups of points begin that are drawn as one, and the end of the last: each point for itself, or all
// that share a column of pixels. One more at each side of the window, so that lines go on to its edges.
function groups(x: Float64Array, frame: Frame): readonly number[] {
  const first = Math.max(0, lower_bound(x, frame.window[0]) - 1);
  const end = Math.min(x.length, lower_bound(x, frame.window[1]) + 2);
  const {left, right} = frame.box;
  if (end - first <= 2 * (right - left)) return Array.from({length: end - first + 1}, (_, at) => first + at);
  const starts = [first];
  for (let column = left + 1; column <= right; column++) {
    const start = lower_bound(x, frame.value_at(column));
    if (start > (starts[starts.length - 1] ?? 0) && start < end) starts.push(start);
  }
  return [...starts, end];
}

// Of each group that has points between `from` and `to`.
function each_group(starts: readonly number[], from: number, to: number, draw: (first: number, end: number) => void): void {
  for (let at = 0; at + 1 < starts.length; at++) {
    const first = Math.max(starts[at] ?? 0, from);
    const end = Math.min(starts[at + 1] ?? 0, to);
    if (first < end) draw(first, end);
  }
}

function draw_band({context, frame}: Pen, x: Float64Array, {low, high, color, percent}: Band, starts: readonly number[]): void {
  const edges: (readonly [number, number, number])[] = [];
  each_group(starts, 0, low.values.length, (first, end) => {
    edges.push([frame.x(x[first] ?? 0), frame.y(low.extent(first, end).low), frame.y(high.extent(first, end).high)]);
  });
  context.fillStyle = style_color(color, percent);
  context.beginPath();
  edges.forEach(([left, , top]) => context.lineTo(left, top));
  edges.reverse().forEach(([left, bottom]) => context.lineTo(left, bottom));
  context.fill();
}

function draw_line(pen: Pen, x: Float64Array, line: Line, starts: readonly number[]): void {
  const {context, frame} = pen;
  const {values} = line.values;
  pen.stroke(line.color, line.width, line.dash, () => each_group(starts, line.from, line.to, (first, end) => {
    const left = frame.x(x[first] ?? 0);
    const {low, high} = line.values.extent(first, end);
    const heights = end - first === 1 ? [low] : [values[first] ?? 0, low, high, values[end - 1] ?? 0];
    heights.forEach((value) => context.lineTo(left, frame.y(value)));
  }));
  if (!line.marks || (starts.length - 1) * kMarkRoom > frame.box.right - frame.box.left) return;
  context.fillStyle = style_color(line.color);
  each_group(starts, line.from, line.to, (at) => {
    context.beginPath();
    context.arc(frame.x(x[at] ?? 0), frame.y(values[at] ?? 0), 2.5, 0, 2 * Math.PI);
    context.fill();
  });
}
