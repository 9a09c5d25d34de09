// "Power over time": one generation of a metered cell, its phases coloured, its tokens ticked.
import {el, fold, on, plain_table, svg} from './dom';
import type {Metered} from './energy_data';
import {half_width_text, metered_name, metered_of, microjoules, with_half_width} from './energy_data';
import {uncertainty_fold} from './energy_tables';
import {counted, exact, joined, time_figure} from './format';
import {LineChart} from './line_chart';
import type {Model} from './model';
import {kFilterKeys, unique} from './model';
import {kPhaseColor, power_chart, step_text} from './power_chart';
import type {PowerCurve} from './power_data';
import {phase_at, power_curve, token_at} from './power_data';
import {kTierMeaning, tier_badge} from './tier';
import type {ViewState} from './view_state';

const kHint = 'Point at the plot, or focus it and use the arrow keys.';
const kTableRows = 512;

class PowerSection {
  private readonly choice = el('select');
  private readonly about = el('p', {class: 'about'});
  private readonly place = el('div', {class: 'chart', tabindex: 0, role: 'img', 'aria-describedby': 'power-readout'});
  private readonly legend = el('ul', {class: 'legend'});
  private readonly readout = el('p', {class: 'readout', id: 'power-readout'});
  private readonly table = el('div');
  private readonly empty =
      el('p', {class: 'empty'}, 'No cell that passes the filters has a power trace: nothing here was measured by a power meter.');
  private readonly figure = el('div', {},
      el('div', {class: 'controls'}, el('label', {}, el('span', {class: 'label'}, 'cell'), this.choice)),
      this.about, this.place, this.legend, this.readout, this.table);
  private readonly chart = new LineChart(this.place, {page_points: 20, on_index: (step) => this.read_out(step)});
  private curve: PowerCurve | null = null;

  constructor(section: HTMLElement, private readonly state: ViewState) {
    section.append(this.empty, this.figure);
    on(this.choice, 'change', () => state.set({power: this.choice.value}));
    // Announced only while the reader moves through the chart with keys.
    on(this.place, 'focus', () => this.readout.setAttribute('aria-live', 'polite'));
    on(this.place, 'blur', () => this.readout.removeAttribute('aria-live'));
  }

  draw(): void {
    const all = metered_of(this.state.visible_rows()).filter(({energy}) => energy.trace !== null);
    const shown = all.find(({row}) => row.cell.cell_id === this.state.get('power')) ?? all[0];
    this.curve = shown ? power_curve(shown) : null;
    this.empty.hidden = this.curve !== null;
    this.figure.hidden = this.curve === null;
    if (!shown || !this.curve) return;
    const several_runs = unique(all.map(({row}) => row.run)).length > 1;
    this.choice.replaceChildren(...all.map((metered) => el('option', {value: metered.row.cell.cell_id, selected: metered === shown},
        `${metered.session.bench} · ${metered_name(metered)}${several_runs ? ` · ${metered.row.run.run_id.slice(0, 8)}` : ''}`)));
    this.draw_about(shown, this.curve);
    this.draw_legend(this.curve);
    this.chart.draw(power_chart(this.curve));
    this.read_out(null);
    this.table.replaceChildren(...[tokens_fold(this.curve), uncertainty_fold([shown])].filter((part) => part !== null));
  }

  private draw_about(metered: Metered, curve: PowerCurve): void {
    const {energy, session} = metered;
    const {trace} = curve;
    const rate = energy.sample_rate_hz > 0 ? `, ${exact(Math.round(energy.sample_rate_hz))} samples a second` : '';
    const refused = trace.tokens_refused === '' ? '' : ` Tokens are not told apart: ${trace.tokens_refused}.`;
    this.about.replaceChildren(tier_badge(energy.tier), ` ${kTierMeaning[energy.tier]}. Prompt ${trace.prompt_id} on ` +
        `${session.bench}, by ${energy.meter} at ${exact(energy.supply_mv / 1000)} V${rate}. ` +
        `Net ${with_half_width(trace.net_uj, trace.expanded_uj)} (comparative ${half_width_text(trace.net_uj, trace.comparative_uj)}). ` +
        `Line: mean of each ${joined(time_figure(trace.step_ns, 'ns'))}; band: lowest to highest in it.${refused}`);
    this.place.setAttribute('aria-label', `power over time of ${session.bench}, ${metered_name(metered)}, prompt ` +
        `${trace.prompt_id}, ${energy.tier}. Arrow keys move from step to step.`);
  }

  private draw_legend(curve: PowerCurve): void {
    const phases = unique(curve.spans.map(({phase}) => phase));
    const line = (color: string) => svg('svg', {class: `sample ${color}`, width: 28, height: 10, 'aria-hidden': 'true'},
                                        svg('line', {x1: 1, y1: 5, x2: 27, y2: 5}));
    const items = phases.map((phase) => {
      const took = curve.spans.filter((span) => span.phase === phase).reduce((sum, {from_ns, to_ns}) => sum + to_ns - from_ns, 0);
      const time = phase === 'idle' ? '' : ` ${joined(time_figure(took, 'ns'))}`;
      return el('li', {}, line(kPhaseColor[phase].slice(2)), phase, el('span', {class: 'sub'}, time));
    });
    if (curve.token_ends_ns.length > 0) {
      const tick = svg('svg', {class: 'sample token-tick', width: 10, height: 10, 'aria-hidden': 'true'},
                       svg('line', {x1: 5, y1: 0, x2: 5, y2: 10}));
      items.push(el('li', {}, tick, `the end of a token`, el('span', {class: 'sub'}, counted(curve.token_ends_ns.length, 'token', 'tokens'))));
    }
    this.legend.replaceChildren(...items);
  }

  private read_out(step: number | null): void {
    const {curve} = this;
    const time_ns = step === null ? undefined : curve?.time_ns[step];
    if (!curve || step === null || time_ns === undefined) {
      this.readout.textContent = kHint;
      return;
    }
    const token = token_at(curve, time_ns);
    const sign = time_ns < 0 ? '−' : '';
    const when = `${sign}${joined(time_figure(Math.abs(time_ns), 'ns'))}`;
    this.readout.textContent = `At ${when}: ${step_text(curve, step)}. ${phase_at(curve, time_ns)}` +
        (token === null ? '' : `, token ${token}`);
  }
}

function tokens_fold(curve: PowerCurve): HTMLElement | null {
  const count = Math.min(curve.token_ends_ns.length, kTableRows);
  if (count === 0) return null;
  const rows = Array.from({length: count}, (_, at) => {
    const end_ns = curve.token_ends_ns[at] ?? 0;
    const took_ns = end_ns - (curve.token_ends_ns[at - 1] ?? 0);
    const net_uj = curve.token_net_uj[at] ?? 0;
    return [String(at), exact(end_ns / 1e6), exact(took_ns / 1e6), microjoules(net_uj), exact(net_uj / took_ns * 1e6)];
  });
  const more = curve.token_ends_ns.length > count ? `, the first ${count}` : '';
  return fold({class: 'behind'}, [`The tokens${more}`],
              plain_table('energy by token', ['token', 'ends (ms)', 'takes (ms)', 'net (µJ)', 'net (mW)'], rows));
}

export function draw_power(section: HTMLElement, _model: Model, state: ViewState): void {
  const power = new PowerSection(section, state);
  power.draw();
  state.on_change([...kFilterKeys, 'text', 'power'], () => power.draw());
}
