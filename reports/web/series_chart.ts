// uPlot behind a small interface: one series over time, under it the levels, their bands, changes, the budget,
// swapped units and releases. Colours come from the style sheet.
import uPlot from 'uplot';
import {joined} from './format';
import {metric_figure} from './history_model';
import type {Flag, SeriesData} from './series_data';
import {value_range} from './sparkline';
import {style_value} from './token_chart';

const kPointsWithMarks = 400;
const kFont = '12px system-ui, sans-serif';

export class SeriesChart {
  private plot: uPlot | null = null;
  private data: SeriesData | null = null;
  private chosen: number | null = null;

  constructor(private readonly place: HTMLElement, private readonly on_index: (index: number | null) => void,
              private readonly on_choice: (index: number) => void) {
    new ResizeObserver(() => this.resize()).observe(place);
    place.addEventListener('keydown', (event) => this.on_key(event));
  }

  draw(data: SeriesData, chosen: number | null): void {
    this.data = data;
    this.chosen = chosen;
    this.plot?.destroy();
    const {low, high} = value_range(data.values, data.entry.series.budget?.limit ?? null);
    const margin = 0.08 * (high - low);
    const marks = {show: data.values.length <= kPointsWithMarks, size: 5, fill: () => style_value('--series-1')};
    const options: uPlot.Options = {
      ...this.size(),
      legend: {show: false},
      cursor: {y: false, drag: {x: true, y: false}, points: {size: 9, fill: () => style_value('--series-1')}},
      scales: {x: {time: true}, y: {range: [low - margin, high + margin]}},
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      axes: this.axes(data),
      series: [{}, {label: 'value', stroke: () => style_value('--series-1'), width: 1, points: marks}],
      hooks: {
        drawAxes: [(plot) => draw_under(plot, data)],
        draw: [(plot) => draw_chosen(plot, data, this.chosen)],
        setCursor: [(plot) => this.on_index(plot.cursor.idx ?? null)],
      },
    };
    this.plot = new uPlot(options, [data.times_s, data.values], this.place);
    this.plot.over.addEventListener('click', () => this.choose());
  }

  mark(chosen: number | null): void {
    this.chosen = chosen;
    this.plot?.redraw(false);
  }

  redraw(): void {
    if (this.data) this.draw(this.data, this.chosen);
  }

  private axes(data: SeriesData): uPlot.Axis[] {
    const common = {
      stroke: () => style_value('--muted'),
      grid: {stroke: () => style_value('--grid'), width: 1},
      ticks: {show: false},
      font: kFont,
    };
    return [
      {...common, size: 42, values: day_names},
      {...common, size: 84, values: (_, ticks) => ticks.map((tick) => tick_text(data, tick, ticks))},
    ];
  }

  private size(): {width: number; height: number} {
    const width = Math.max(240, Math.floor(this.place.clientWidth));
    return {width, height: width < 560 ? 260 : 360};
  }

  private resize(): void {
    const size = this.size();
    // A hidden view has no width.
    if (this.place.clientWidth === 0 || !this.plot) return;
    if (this.plot.width !== size.width || this.plot.height !== size.height) this.plot.setSize(size);
  }

  private choose(): void {
    const index = this.plot?.cursor.idx;
    if (index !== null && index !== undefined) this.on_choice(index);
  }

  private on_key(event: KeyboardEvent): void {
    if (!this.plot || !this.data) return;
    const last = this.data.values.length - 1;
    const now = this.plot.cursor.idx ?? this.chosen ?? last + 1;
    if (event.key === 'Enter') {
      this.choose();
      return;
    }
    const goal: Partial<Record<string, number>> = {
      ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: 0, End: last};
    const to = goal[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    const index = Math.min(last, Math.max(0, to));
    this.plot.setCursor({left: this.plot.valToPos(this.data.times_s[index] ?? 0, 'x'), top: 10});
  }
}

// "3 May", with the year where it begins: the same on every reader's machine.
function day_names(_: uPlot, ticks: number[]): string[] {
  let year = '';
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    const text = date.toISOString();
    const is_day = tick % 86400 === 0;
    const day = is_day ? `${date.getUTCDate()} ${date.toLocaleString('en-GB', {month: 'short', timeZone: 'UTC'})}` : text.slice(11, 16);
    if (text.slice(0, 4) === year) return day;
    year = text.slice(0, 4);
    return `${day}\n${is_day ? year : text.slice(0, 10)}`;
  });
}

// As many digits as tell one tick from the next.
function tick_text(data: SeriesData, tick: number, ticks: readonly number[]): string {
  const {unit} = data.entry.metric;
  const {number, unit: step} = metric_figure(tick, unit);
  const texts = ticks.map((each) => joined(metric_figure(each, unit)));
  if (new Set(texts).size === texts.length || tick === 0) return joined({number, unit: step});
  return unit === 'ratio' ? `${Number((100 * tick).toFixed(3))} %` : tick.toLocaleString('en-GB', {maximumSignificantDigits: 7});
}

interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly x: (seconds: number) => number;
  readonly y: (value: number) => number;
  readonly box: {readonly left: number; readonly top: number; readonly right: number; readonly bottom: number};
  readonly ratio: number;
}

function with_pen(plot: uPlot, body: (pen: Pen) => void): void {
  const {left, top, width, height} = plot.bbox;
  const context = plot.ctx;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  body({context, x: (seconds) => plot.valToPos(seconds, 'x', true), y: (value) => plot.valToPos(value, 'y', true),
    box: {left, top, right: left + width, bottom: top + height}, ratio: uPlot.pxRatio});
  context.restore();
}

function line(pen: Pen, from: readonly [number, number], to: readonly [number, number], color: string, width: number, dash: readonly number[] = []): void {
  const {context, ratio} = pen;
  context.strokeStyle = style_value(color);
  context.lineWidth = width * ratio;
  context.setLineDash(dash.map((length) => length * ratio));
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.setLineDash([]);
}

function words(pen: Pen, text: string, x: number, y: number, color: string): void {
  const {context, ratio, box} = pen;
  context.font = `${12 * ratio}px system-ui, sans-serif`;
  context.textAlign = 'left';
  context.textBaseline = 'alphabetic';
  const shown = text.length > 28 ? `${text.slice(0, 27)}…` : text;
  const width = context.measureText(shown).width;
  const at = Math.max(box.left, Math.min(x, box.right - width - 2 * ratio));
  context.lineWidth = 3 * ratio;
  context.strokeStyle = style_value('--paper');
  context.lineJoin = 'round';
  context.strokeText(shown, at, y);
  context.fillStyle = style_value(color);
  context.fillText(shown, at, y);
}

function draw_stretches(pen: Pen, data: SeriesData): void {
  const {context} = pen;
  for (const {from, to, level, half_width} of data.stretches) {
    const left = pen.x(data.times_s[from] ?? 0);
    const right = Math.max(left + 2 * pen.ratio, pen.x(data.times_s[to] ?? 0));
    if (half_width !== null) {
      context.fillStyle = `color-mix(in srgb, ${style_value('--series-1')} 14%, transparent)`;
      const top = pen.y(level + half_width);
      context.fillRect(left, top, right - left, pen.y(level - half_width) - top);
    }
    line(pen, [left, pen.y(level)], [right, pen.y(level)], '--series-1', 2.5);
  }
}

function draw_changes(pen: Pen, data: SeriesData): void {
  const {context, box, ratio} = pen;
  data.changes.forEach(({index, onset_low, onset_high, level, after, before}) => {
    const at = (point: number) => data.times_s[Math.max(0, Math.min(data.times_s.length - 1, point))] ?? 0;
    const color = level === 'alert' ? '--bad' : '--warn';
    const left = pen.x(at(onset_low - 1));
    context.fillStyle = `color-mix(in srgb, ${style_value(color)} 16%, transparent)`;
    context.fillRect(left, box.top, Math.max(2 * ratio, pen.x(at(onset_high)) - left), box.bottom - box.top);
    const x = pen.x(at(index));
    line(pen, [x, box.top], [x, box.bottom], color, 1.5, level === 'alert' ? [] : [5, 4]);
    words(pen, after > before ? '▲' : '▼', x + 3 * ratio, box.top + 30 * ratio, color);
  });
}

// Flags stand in rows so that they cover one another less.
function draw_flags(pen: Pen, flags: readonly Flag[], color: string, dash: readonly number[], y: number): void {
  for (const {at_s, text} of flags) {
    const x = pen.x(at_s);
    line(pen, [x, pen.box.top], [x, pen.box.bottom], color, 1, dash);
    words(pen, `⚑ ${text}`, x + 3 * pen.ratio, y, color);
  }
}

function draw_under(plot: uPlot, data: SeriesData): void {
  with_pen(plot, (pen) => {
    const {box, ratio} = pen;
    draw_stretches(pen, data);
    draw_changes(pen, data);
    draw_flags(pen, data.releases, '--muted', [2, 3], box.top + 13 * ratio);
    draw_flags(pen, data.units, '--series-4', [8, 4], box.bottom - 8 * ratio);
    const {budget} = data.entry.series;
    if (!budget) return;
    const y = pen.y(budget.limit);
    line(pen, [box.left, y], [box.right, y], '--bad', 1.5, [10, 4, 2, 4]);
    words(pen, 'budget', box.left + 4 * ratio, y - 4 * ratio, '--bad');
  });
}

function draw_chosen(plot: uPlot, data: SeriesData, chosen: number | null): void {
  if (chosen === null || chosen >= data.values.length) return;
  with_pen(plot, ({context, x, y, ratio}) => {
    context.beginPath();
    context.arc(x(data.times_s[chosen] ?? 0), y(data.values[chosen] ?? 0), 7 * ratio, 0, 2 * Math.PI);
    context.lineWidth = 2 * ratio;
    context.strokeStyle = style_value('--ink');
    context.stroke();
  });
}
