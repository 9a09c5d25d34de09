// One series over time: its points, under them levels, their bands, changes, the budget, swapped units and releases.
import {joined} from './format';
import {metric_figure} from './history_model';
import {kTimeAxis, number_ticks} from './line_axes';
import type {Chart} from './line_drawing';
import type {Pen} from './pen';
import {Pyramid} from './pyramid';
import type {Flag, SeriesData} from './series_data';
import {value_range} from './sparkline';

const kLongestName = 28;
const kRowHeight = 17;
const kHalfDay_s = 43200;

// As many digits as tell one tick from the next.
function tick_texts(ticks: readonly number[], unit: string): readonly string[] {
  const texts = ticks.map((tick) => joined(metric_figure(tick, unit)));
  if (new Set(texts).size === texts.length) return texts;
  return ticks.map((tick) => unit === 'ratio' ? `${Number((100 * tick).toFixed(3))} %` :
      tick.toLocaleString('en-GB', {maximumSignificantDigits: 7}));
}

function draw_stretches(pen: Pen, data: SeriesData): void {
  const {frame} = pen;
  for (const {from, to, level, half_width} of data.stretches) {
    const left = frame.x(data.times_s[from] ?? 0);
    const right = Math.max(left + 2, frame.x(data.times_s[to] ?? 0));
    if (half_width !== null) pen.field(left, frame.y(level + half_width), right, frame.y(level - half_width), '--series-1', 14);
    pen.line([left, frame.y(level)], [right, frame.y(level)], '--series-1', 2.5);
  }
}

function draw_changes(pen: Pen, data: SeriesData): void {
  const {frame} = pen;
  const {top, bottom} = frame.box;
  const x = (point: number) => frame.x(data.times_s[Math.max(0, Math.min(data.times_s.length - 1, point))] ?? 0);
  for (const {index, onset_low, onset_high, level, after, before} of data.changes) {
    const color = level === 'alert' ? '--bad' : '--warn';
    const left = x(onset_low - 1);
    pen.field(left, top, Math.max(left + 2, x(onset_high)), bottom, color, 16);
    pen.upright(x(index), color, 1.5, level === 'alert' ? [] : [5, 4]);
    pen.words(after > before ? '▲' : '▼', x(index) + 3, top + 1.5 * kRowHeight, color);
  }
}

function draw_flags(pen: Pen, flags: readonly Flag[], color: string, dash: readonly number[], y: number): void {
  for (const {at_s, text} of flags) {
    const x = pen.frame.x(at_s);
    const name = text.length > kLongestName ? `${text.slice(0, kLongestName - 1)}…` : text;
    pen.upright(x, color, 1, dash);
    pen.words(`⚑ ${name}`, x + 3, y, color);
  }
}

function draw_under(pen: Pen, data: SeriesData): void {
  const {frame} = pen;
  const {left, top, right, bottom} = frame.box;
  draw_stretches(pen, data);
  draw_changes(pen, data);
  // Each kind in a row of its own, so that they cover one another less.
  draw_flags(pen, data.releases, '--muted', [2, 3], top + kRowHeight / 2);
  draw_flags(pen, data.units, '--series-4', [8, 4], bottom - kRowHeight / 2);
  const {budget} = data.entry.series;
  if (!budget) return;
  const y = frame.y(budget.limit);
  pen.line([left, y], [right, y], '--bad', 1.5, [10, 4, 2, 4]);
  pen.words('budget', left + 4, y - kRowHeight / 2, '--bad');
}

function draw_chosen(pen: Pen, data: SeriesData, chosen: number | null): void {
  const value = chosen === null ? undefined : data.values[chosen];
  if (chosen === null || value === undefined) return;
  pen.stroke('--ink', 2, [], (context) => context.arc(pen.frame.x(data.times_s[chosen] ?? 0), pen.frame.y(value), 7, 0, 2 * Math.PI));
}

// `chosen`: the point that has a ring whenever the chart is painted.
export function series_chart(data: SeriesData, chosen: () => number | null): Chart {
  const {low, high} = value_range(data.values, data.entry.series.budget?.limit ?? null);
  const margin = 0.08 * (high - low);
  const first_s = data.times_s[0] ?? 0;
  const last_s = data.times_s[data.times_s.length - 1] ?? 0;
  const {unit} = data.entry.metric;
  return {
    x: data.times_s,
    x_range: last_s > first_s ? [first_s, last_s] : [first_s - kHalfDay_s, first_s + kHalfDay_s],
    y_range: [low - margin, high + margin],
    x_axis: kTimeAxis,
    y_axis: {title: '', ticks: number_ticks, texts: (ticks) => tick_texts(ticks, unit)},
    lines: [{values: new Pyramid(data.values), from: 0, to: data.values.length, color: '--series-1', width: 1, dash: [], marks: true}],
    bands: [],
    under: (pen) => draw_under(pen, data),
    over: (pen) => draw_chosen(pen, data, chosen()),
  };
}
