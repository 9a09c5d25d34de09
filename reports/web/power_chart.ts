// One generation's power over time in uPlot: the mean as a line in its phase's colour, lowest to highest as a band,
// phases as named fields behind it, a tick where each token ended.
import uPlot from 'uplot';
import {joined, power_figure, time_figure} from './format';
import type {PowerCurve, PowerPhase} from './power_data';
import {style_value} from './token_chart';

// The places of the parts' colours in the bars of the energy section.
export const kPhaseColor: Readonly<Record<PowerPhase, string>> = {
  prefill: '--series-1',
  decode: '--series-2',
  idle: '--series-3',
  generation: '--series-4',
};
const kLines: readonly PowerPhase[] = ['prefill', 'decode', 'idle', 'generation'];
const kTickHeight = 7;
// A field that is narrower than its name is not named.
const kNameWidth = 7;

function tick_text(figure: {readonly number: string; readonly unit: string}): string {
  return figure.unit ? `${Number(figure.number)} ${figure.unit}` : '0';
}

function axes(): uPlot.Axis[] {
  const common = {
    stroke: () => style_value('--muted'),
    grid: {stroke: () => style_value('--grid'), width: 1},
    ticks: {show: false},
    font: '12px system-ui, sans-serif',
  };
  return [
    {...common, label: 'since the prompt', labelFont: '12px system-ui, sans-serif', labelSize: 20, size: 28,
      values: (_, ticks) => ticks.map((tick) => tick === 0 ? '0' : tick_text(time_figure(tick, 'ns')))},
    {...common, size: 64, values: (_, ticks) => ticks.map((tick) => tick === 0 ? '0' : tick_text(power_figure(tick)))},
  ];
}

// Each phase's line goes on to the first step of the next one, so that there is no hole between them.
function line_of(curve: PowerCurve, phase: PowerPhase): (number | null)[] {
  const inside = (time_ns: number) =>
      curve.spans.some((span) => span.phase === phase && time_ns >= span.from_ns && time_ns < span.to_ns);
  return [...curve.mean_uw].map((value, at) => {
    const here = curve.time_ns[at] ?? 0;
    const before = curve.time_ns[at - 1];
    return inside(here) || (before !== undefined && inside(before)) ? value : null;
  });
}

function aligned(curve: PowerCurve): uPlot.AlignedData {
  return [[...curve.time_ns], [...curve.lowest_uw], [...curve.highest_uw], ...kLines.map((phase) => line_of(curve, phase))];
}

function series(): uPlot.Series[] {
  const edge: uPlot.Series = {stroke: 'transparent', width: 0, points: {show: false}};
  return [{}, edge, edge, ...kLines.map((phase): uPlot.Series =>
      ({label: phase, stroke: () => style_value(kPhaseColor[phase]), width: 1.6, points: {show: false}}))];
}

// Behind the lines: a field for each phase.
function draw_fields(plot: uPlot, curve: PowerCurve): void {
  const {ctx, bbox} = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const {phase, from_ns, to_ns} of curve.spans) {
    const left = plot.valToPos(from_ns, 'x', true);
    ctx.fillStyle = `color-mix(in srgb, ${style_value(kPhaseColor[phase])} 10%, transparent)`;
    ctx.fillRect(left, bbox.top, plot.valToPos(to_ns, 'x', true) - left, bbox.height);
  }
  ctx.restore();
}

// Over the grid, which would strike them through.
function draw_names(plot: uPlot, curve: PowerCurve): void {
  const {ctx, bbox} = plot;
  const scale = uPlot.pxRatio;
  ctx.save();
  ctx.font = `${12 * scale}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'top';
  ctx.lineJoin = 'round';
  ctx.lineWidth = 4 * scale;
  ctx.strokeStyle = style_value('--paper');
  for (const {phase, from_ns, to_ns} of curve.spans) {
    const left = plot.valToPos(from_ns, 'x', true);
    const width = plot.valToPos(to_ns, 'x', true) - left;
    if (width < phase.length * kNameWidth * scale) continue;
    ctx.strokeText(phase, left + width / 2, bbox.top + 4 * scale);
    ctx.fillStyle = style_value(kPhaseColor[phase]);
    ctx.fillText(phase, left + width / 2, bbox.top + 4 * scale);
  }
  ctx.restore();
}

function draw_tokens(plot: uPlot, curve: PowerCurve): void {
  const {ctx, bbox} = plot;
  const scale = uPlot.pxRatio;
  const bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.strokeStyle = style_value('--ink');
  ctx.lineWidth = scale;
  ctx.beginPath();
  for (const end_ns of curve.token_ends_ns) {
    const x = Math.round(plot.valToPos(end_ns, 'x', true)) + 0.5;
    ctx.moveTo(x, bottom);
    ctx.lineTo(x, bottom - kTickHeight * scale);
  }
  ctx.stroke();
  ctx.restore();
}

export class PowerChart {
  private plot: uPlot | null = null;
  private curve: PowerCurve | null = null;

  constructor(private readonly place: HTMLElement, private readonly on_step: (step: number | null) => void) {
    new ResizeObserver(() => this.resize()).observe(place);
    place.addEventListener('keydown', (event) => this.on_key(event));
  }

  draw(curve: PowerCurve): void {
    this.curve = curve;
    this.plot?.destroy();
    const greatest = curve.highest_uw.reduce((a, b) => Math.max(a, b), 0);
    const least = curve.lowest_uw.reduce((a, b) => Math.min(a, b), 0);
    const {first_ns, step_ns} = curve.trace;
    const options: uPlot.Options = {
      ...this.size(),
      legend: {show: false},
      cursor: {y: false, drag: {x: false, y: false}, points: {show: false}},
      scales: {
        x: {time: false, range: [first_ns, first_ns + step_ns * curve.mean_uw.length]},
        // Room for the phases' names above.
        y: {range: [least, greatest > least ? greatest + 0.12 * (greatest - least) : least + 1]},
      },
      axes: axes(),
      series: series(),
      bands: [{series: [2, 1], fill: () => `color-mix(in srgb, ${style_value('--ink')} 18%, transparent)`}],
      hooks: {
        drawClear: [(plot) => draw_fields(plot, curve)],
        draw: [(plot) => { draw_tokens(plot, curve); draw_names(plot, curve); }],
        setCursor: [(plot) => this.on_step(plot.cursor.idx ?? null)],
      },
    };
    this.plot = new uPlot(options, aligned(curve), this.place);
  }

  redraw(): void {
    if (this.curve) this.draw(this.curve);
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
    if (!this.plot || !this.curve) return;
    const last = this.curve.mean_uw.length - 1;
    const now = this.plot.cursor.idx ?? -1;
    const goal: Partial<Record<string, number>> = {
      ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 20, PageDown: now + 20, Home: 0, End: last};
    const to = goal[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    const time_ns = this.curve.time_ns[Math.min(last, Math.max(0, to))] ?? 0;
    this.plot.setCursor({left: this.plot.valToPos(time_ns, 'x'), top: 10});
  }
}

export function step_text(curve: PowerCurve, step: number): string {
  const power = (values: Float64Array) => joined(power_figure(values[step] ?? null));
  return `${power(curve.mean_uw)} (${power(curve.lowest_uw)} to ${power(curve.highest_uw)})`;
}
