// A chart of lines on the page: a cursor that the pointer and the keys move, and, where the chart is long, a window
// on a part of it. line_drawing.ts draws it.
import {el, on} from './dom';
import type {Range} from './frame';
import {Frame} from './frame';
import type {Chart} from './line_drawing';
import {draw_chart, lower_bound} from './line_drawing';

export interface LineChartOptions {
  readonly page_points: number;  // that PageUp and PageDown move over
  readonly on_index: (index: number | null) => void;  // the point at the cursor; null: there is no cursor
  // Given: points can be chosen, and a part of the chart can be seen alone.
  readonly on_choice?: (index: number) => void;
  readonly keys_from?: () => number;  // the point that keys move from while there is no cursor
}

const kLeastDrag = 5;    // a hand that clicks moves a little
const kLeastPoints = 4;  // in a window

export class LineChart {
  private readonly canvas = el('canvas');
  private readonly line = el('div', {class: 'cursor', hidden: true});
  private readonly dot = el('div', {class: 'dot', hidden: true});
  private readonly selection = el('div', {class: 'selection', hidden: true});
  private chart: Chart | null = null;
  private frame = new Frame({left: 0, top: 0, right: 1, bottom: 1}, [0, 1], [0, 1]);
  private cursor: number | null = null;
  private pressed_at: number | null = null;

  constructor(private readonly place: HTMLElement, private readonly options: LineChartOptions) {
    place.append(this.canvas, this.line, this.dot, this.selection);
    new ResizeObserver(() => this.resize()).observe(place);
    // Style values are the printed page's own while it is laid out.
    for (const query of ['(prefers-color-scheme: dark)', 'print']) {
      window.matchMedia(query).addEventListener('change', () => this.repaint());
    }
    on(place, 'pointermove', (event) => this.on_move(event));
    on(place, 'pointerdown', (event) => this.on_press(event));
    on(place, 'pointerleave', (event) => this.on_leave(event));
    on(place, 'click', (event) => this.on_click(event));
    on(place, 'dblclick', () => this.show(this.chart?.x_range ?? [0, 1]));
    on(place, 'keydown', (event) => this.on_key(event));
  }

  // Another chart, seen whole.
  draw(chart: Chart): void {
    this.chart = chart;
    this.cursor = null;
    this.repaint(chart.x_range);
  }

  repaint(window: Range = this.frame.window): void {
    const {chart, place, canvas} = this;
    const [width, height] = [place.clientWidth, place.clientHeight];
    this.frame = new Frame(this.frame.box, window, this.frame.y_range);
    const context = canvas.getContext('2d');
    // A hidden view has no width; it is drawn when it comes into sight.
    if (!chart || !context || width === 0) return;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    canvas.style.width = `${width}px`;
    context.scale(devicePixelRatio, devicePixelRatio);
    this.frame = draw_chart(context, chart, window, width, height);
    this.show_cursor();
  }

  private resize(): void {
    const {place, canvas} = this;
    const is = (length: number, pixels: number) => Math.round(length * devicePixelRatio) === pixels;
    if (!is(place.clientWidth, canvas.width) || !is(place.clientHeight, canvas.height)) this.repaint();
  }

  private place_of(event: MouseEvent): number {
    return event.clientX - this.place.getBoundingClientRect().left;
  }

  // A finger reads off; a mouse that is pressed draws a window.
  private on_press(event: PointerEvent): void {
    this.pressed_at = this.options.on_choice && event.pointerType === 'mouse' ? this.place_of(event) : null;
    this.on_move(event);
  }

  private on_move(event: PointerEvent): void {
    if (!this.chart) return;
    const {pressed_at, selection, frame} = this;
    const x = this.place_of(event);
    this.set_cursor(nearest(this.chart.x, frame.value_at(x)));
    if (pressed_at === null) return;
    selection.hidden = Math.abs(x - pressed_at) < kLeastDrag;
    move(selection, Math.min(x, pressed_at), frame);
    selection.style.width = `${Math.abs(x - pressed_at)}px`;
  }

  private on_leave({pointerType}: PointerEvent): void {
    if (pointerType !== 'mouse') return;
    this.pressed_at = null;
    this.selection.hidden = true;
    this.set_cursor(null);
  }

  // Of a window that was drawn the click is the end.
  private on_click(event: MouseEvent): void {
    const from = this.pressed_at;
    const to = this.place_of(event);
    this.pressed_at = null;
    this.selection.hidden = true;
    if (from === null || Math.abs(to - from) < kLeastDrag) this.choose();
    else this.show([this.frame.value_at(Math.min(from, to)), this.frame.value_at(Math.max(from, to))]);
  }

  private choose(): void {
    if (this.cursor !== null) this.options.on_choice?.(this.cursor);
  }

  private on_key(event: KeyboardEvent): void {
    const {chart, cursor, options} = this;
    if (!chart || chart.x.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = chart.x.length - 1;
    const inside = (index: number) => Math.max(0, Math.min(last, index));
    const now = cursor ?? options.keys_from?.() ?? -1;
    const goals: Partial<Record<string, number>> = {
      ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - options.page_points, PageDown: now + options.page_points, Home: 0, End: last};
    const scales: Partial<Record<string, number>> = options.on_choice ? {'+': 0.5, '-': 2} : {};
    const goal = goals[event.key];
    const scale = scales[event.key];
    if (event.key === 'Enter') this.choose();
    else if (scale !== undefined) this.show_around(inside(now), scale);
    else if (goal !== undefined) this.go_to(inside(goal));
    else return;
    event.preventDefault();
  }

  private go_to(index: number): void {
    const at = this.chart?.x[index] ?? 0;
    const [low, high] = this.frame.window;
    if (at < low || at > high) this.show_around(index, 1);
    this.set_cursor(index);
  }

  private show_around(index: number, scale: number): void {
    const at = this.chart?.x[index] ?? 0;
    const [low, high] = this.frame.window;
    const half = scale * (high - low) / 2;
    this.show([at - half, at + half]);
  }

  // A window is moved so that it lies within the whole, and never so narrow that nothing is in it.
  private show([from, to]: Range): void {
    const {chart} = this;
    if (!chart) return;
    const [low, high] = chart.x_range;
    const least = (high - low) * Math.min(1, kLeastPoints / chart.x.length);
    const width = Math.min(high - low, Math.max(to - from, least));
    const start = Math.max(low, Math.min(high - width, (from + to - width) / 2));
    this.repaint([start, start + width]);
  }

  private set_cursor(index: number | null): void {
    if (index === this.cursor) return;
    this.cursor = index;
    this.show_cursor();
    this.options.on_index(index);
  }

  private show_cursor(): void {
    const {chart, cursor, frame} = this;
    const at = cursor === null ? undefined : chart?.x[cursor];
    const is_seen = at !== undefined && at >= frame.window[0] && at <= frame.window[1];
    const line = chart?.lines[0];
    const value = cursor === null ? undefined : line?.values.values[cursor];
    this.line.hidden = !is_seen;
    this.dot.hidden = !is_seen || !line?.marks;
    if (at === undefined) return;
    move(this.line, frame.x(at), frame);
    this.dot.style.transform = `translate(${frame.x(at)}px, ${frame.y(value ?? 0)}px)`;
  }
}

// As high as the frame.
function move(element: HTMLElement, x: number, {box}: Frame): void {
  element.style.transform = `translate(${x}px, ${box.top}px)`;
  element.style.height = `${box.bottom - box.top}px`;
}

function nearest(x: Float64Array, value: number): number | null {
  if (x.length === 0) return null;
  const after = Math.min(x.length - 1, lower_bound(x, value));
  const before = Math.max(0, after - 1);
  return value - (x[before] ?? 0) < (x[after] ?? 0) - value ? before : after;
}
