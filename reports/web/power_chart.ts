// One generation's power over time: the mean as a line in its phase's colour, lowest to highest as a band, phases
// as named fields behind it, a tick where each token ended.
import {joined, power_figure, time_figure} from './format';
import {figure_axis} from './line_axes';
import type {Chart, Line} from './line_drawing';
import {lower_bound} from './line_drawing';
import type {Pen} from './pen';
import type {PhaseSpan, PowerCurve, PowerPhase} from './power_data';
import {Pyramid} from './pyramid';

// The places of the parts' colours in the bars of the energy section.
export const kPhaseColor: Readonly<Record<PowerPhase, string>> = {
  prefill: '--series-1',
  decode: '--series-2',
  idle: '--series-3',
  generation: '--series-4',
};
const kTickHeight = 7;
const kNameY = 11;

// Each phase's line goes on to the first step of the next one, so that there is no hole between them.
function line_of(curve: PowerCurve, mean: Pyramid, {phase, from_ns, to_ns}: PhaseSpan): Line {
  return {values: mean, from: lower_bound(curve.time_ns, from_ns), to: Math.min(curve.time_ns.length, lower_bound(curve.time_ns, to_ns) + 1),
    color: kPhaseColor[phase], width: 2, dash: [], marks: false};
}

function draw_fields(pen: Pen, {spans}: PowerCurve): void {
  const {box} = pen.frame;
  for (const {phase, from_ns, to_ns} of spans) {
    pen.field(pen.frame.x(from_ns), box.top, pen.frame.x(to_ns), box.bottom, kPhaseColor[phase], 10);
  }
}

// A field that is narrower than its name is not named.
function draw_names(pen: Pen, {spans}: PowerCurve): void {
  for (const {phase, from_ns, to_ns} of spans) {
    const left = pen.frame.x(from_ns);
    const room = pen.frame.x(to_ns) - left - pen.width_of(phase);
    if (room > 0) pen.words(phase, left + room / 2, pen.frame.box.top + kNameY, kPhaseColor[phase]);
  }
}

function draw_tokens(pen: Pen, {token_ends_ns}: PowerCurve): void {
  const {bottom} = pen.frame.box;
  pen.stroke('--ink', 1, [], (context) => token_ends_ns.forEach((end_ns) => {
    const x = Math.round(pen.frame.x(end_ns)) + 0.5;
    context.moveTo(x, bottom);
    context.lineTo(x, bottom - kTickHeight);
  }));
}

export function power_chart(curve: PowerCurve): Chart {
  const greatest = curve.highest_uw.reduce((a, b) => Math.max(a, b), 0);
  const least = curve.lowest_uw.reduce((a, b) => Math.min(a, b), 0);
  const mean = new Pyramid(curve.mean_uw);
  const {first_ns, step_ns} = curve.trace;
  return {
    x: curve.time_ns,
    x_range: [first_ns, first_ns + step_ns * Math.max(1, curve.mean_uw.length)],
    // Room for the phases' names above.
    y_range: [least, greatest > least ? greatest + 0.12 * (greatest - least) : least + 1],
    x_axis: figure_axis('since the prompt', (ns) => time_figure(ns, 'ns')),
    y_axis: figure_axis('', power_figure),
    bands: [{low: new Pyramid(curve.lowest_uw), high: new Pyramid(curve.highest_uw), color: '--ink', percent: 18}],
    lines: curve.spans.map((span) => line_of(curve, mean, span)),
    under: (pen) => draw_fields(pen, curve),
    over: (pen) => {
      draw_tokens(pen, curve);
      draw_names(pen, curve);
    },
  };
}

export function step_text(curve: PowerCurve, step: number): string {
  const power = (values: Float64Array) => joined(power_figure(values[step] ?? null));
  return `${power(curve.mean_uw)} (${power(curve.lowest_uw)} to ${power(curve.highest_uw)})`;
}
