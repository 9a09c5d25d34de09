// uPlot behind a small interface: lines with bands over the token index, a cursor that keys can move, colours
// from the style sheet so that dark mode and print need no second chart.
import uPlot from 'uplot';
import type {TimeUnit} from './format';
import {time_figure} from './format';
import type {TokenLine} from './token_data';
import {token_count} from './token_data';

export const kDashes: readonly (readonly number[])[] = [[], [9, 4], [2, 3], [12, 3, 2, 3], [5, 2], [1, 5]];

export function series_color(at: number): string {
  return style_value(`--series-${at % 6 + 1}`);
}

export function style_value(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export interface ChartData {
  readonly lines: readonly TokenLine[];
  readonly hidden: ReadonlySet<string>;
  readonly first_index: 0 | 1;
  readonly unit: TimeUnit;
  readonly top: number;  // the greatest value that need be in view
}

// Without the number's trailing zeros: axis labels are short.
function tick_text(value: number, unit: TimeUnit): string {
  if (value === 0) return '0';
  const {number, unit: step} = time_figure(value, unit);
  return `${Number(number)} ${step}`;
}

function aligned(data: ChartData): uPlot.AlignedData {
  const count = token_count(data.lines);
  const indices = Array.from({length: Math.max(0, count - data.first_index)}, (_, at) => at + data.first_index);
  const column = (values: Float64Array) => indices.map((index) => values[index] ?? null);
  return [indices, ...data.lines.flatMap(({low, line, high}) => [column(low), column(line), column(high)])];
}

function axes(unit: TimeUnit): uPlot.Axis[] {
  const common = {
    stroke: () => style_value('--muted'),
    grid: {stroke: () => style_value('--grid'), width: 1},
    ticks: {show: false},
    font: '12px system-ui, sans-serif',
  };
  return [
    {...common, label: 'token index', labelFont: '12px system-ui, sans-serif', labelSize: 20, size: 28,
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]},
    {...common, size: 76, values: (_, ticks) => ticks.map((tick) => tick_text(tick, unit))},
  ];
}

function series(data: ChartData): uPlot.Series[] {
  const edge = (show: boolean): uPlot.Series => ({show, stroke: 'transparent', width: 0, points: {show: false}});
  return [{}, ...data.lines.flatMap(({name, line}, at) => {
    const show = !data.hidden.has(name);
    const middle: uPlot.Series = {label: name, show, stroke: () => series_color(at), width: 2,
      dash: [...(kDashes[at % kDashes.length] ?? [])], points: {show: line.length <= 2, size: 6}};
    return [edge(show), middle, edge(show)];
  })];
}

export class TokenChart {
  private plot: uPlot | null = null;
  private data: ChartData | null = null;

  constructor(private readonly place: HTMLElement, private readonly on_index: (index: number | null) => void) {
    new ResizeObserver(() => this.resize()).observe(place);
    place.addEventListener('keydown', (event) => this.on_key(event));
  }

  draw(data: ChartData): void {
    this.data = data;
    this.plot?.destroy();
    const options: uPlot.Options = {
      ...this.size(),
      legend: {show: false},
      cursor: {y: false, drag: {x: false, y: false}, points: {show: false}},
      scales: {x: {time: false}, y: {range: value_range(data.top)}},
      axes: axes(data.unit),
      series: series(data),
      bands: data.lines.map((_, at) => ({series: [at * 3 + 3, at * 3 + 1] as [number, number],
        fill: () => `color-mix(in srgb, ${series_color(at)} 16%, transparent)`})),
      hooks: {setCursor: [(plot) => this.on_index(this.index_at(plot.cursor.idx ?? null))]},
    };
    this.plot = new uPlot(options, aligned(data), this.place);
  }

  redraw(): void {
    if (this.data) this.draw(this.data);
  }

  private index_at(position: number | null): number | null {
    return position === null || !this.data ? null : position + this.data.first_index;
  }

  private size(): {width: number; height: number} {
    const width = Math.max(240, Math.floor(this.place.clientWidth));
    return {width, height: width < 560 ? 240 : 320};
  }

  private resize(): void {
    const size = this.size();
    if (this.plot && (this.plot.width !== size.width || this.plot.height !== size.height)) this.plot.setSize(size);
  }

  private on_key(event: KeyboardEvent): void {
    if (!this.plot || !this.data) return;
    const last = token_count(this.data.lines) - this.data.first_index - 1;
    const now = this.plot.cursor.idx ?? -1;
    const goal: Partial<Record<string, number>> = {
      ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: 0, End: last};
    const to = goal[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    const index = Math.min(last, Math.max(0, to)) + this.data.first_index;
    this.plot.setCursor({left: this.plot.valToPos(index, 'x'), top: 10});
  }
}

// From 0, so that heights can be compared; an empty plot still gets a scale.
function value_range(top: number): [number, number] {
  return [0, Number.isFinite(top) && top > 0 ? top * 1.08 : 1];
}
