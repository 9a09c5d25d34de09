// "Accuracy against cost": which variant is worth its time and its bytes, on one bench and suite at a time.
import {el, fold, on, plain_table, svg} from './dom';
import {metered_of} from './energy_data';
import {uncertainty_fold} from './energy_tables';
import {exact, joined, share_figure} from './format';
import type {Model} from './model';
import {kFilterKeys} from './model';
import type {ParetoGroup, ParetoPoint} from './pareto_data';
import {front_of, pareto_groups, placed_points, point_text} from './pareto_data';
import {ParetoPlot, symbol_of} from './pareto_plot';
import {status_text} from './status';
import {kTierMeaning, tier_badge} from './tier';
import type {ViewState} from './view_state';

const kHint = 'Point at a mark, or focus the plots and use the arrow keys.';

class ParetoSection {
  private readonly choice = el('select');
  private readonly about = el('p', {class: 'about'});
  private readonly place = el('div', {class: 'pareto-plots', tabindex: 0, role: 'img', 'aria-describedby': 'pareto-readout'});
  private readonly legend = el('ul', {class: 'legend'});
  private readonly readout = el('p', {class: 'readout', id: 'pareto-readout'});
  private readonly table = el('div');
  private readonly empty = el('p', {class: 'empty'}, 'No cell that passes the filters has answers that could be judged.');
  private readonly figure = el('div', {},
      el('div', {class: 'controls'}, el('label', {}, el('span', {class: 'label'}, 'bench and suite'), this.choice)),
      this.about, this.place, this.legend, this.readout, this.table);
  private group: ParetoGroup | null = null;
  private plots: readonly ParetoPlot[] = [];
  private chosen: ParetoPoint | null = null;

  constructor(section: HTMLElement, private readonly state: ViewState) {
    section.append(this.empty, this.figure);
    on(this.choice, 'change', () => state.set({pareto: this.choice.value}));
    on(this.place, 'keydown', (event) => this.on_key(event));
    // Announced only while the reader moves through the plot with keys.
    on(this.place, 'focus', () => this.readout.setAttribute('aria-live', 'polite'));
    on(this.place, 'blur', () => {
      this.readout.removeAttribute('aria-live');
      this.show(null);
    });
  }

  draw(): void {
    const groups = pareto_groups(this.state);
    const group = groups.find(({key}) => key === this.state.get('pareto')) ?? groups[0] ?? null;
    this.group = group;
    this.empty.hidden = group !== null;
    this.figure.hidden = group === null;
    if (!group) return;
    this.choice.replaceChildren(...groups.map(({key, title}) =>
        el('option', {value: key, selected: key === group.key}, title)));
    this.draw_about(group);
    const axes = group.axes.filter((axis) => placed_points(group, axis).length > 0);
    this.plots = axes.map((axis) => new ParetoPlot(group, axis, (point) => this.show(point)));
    this.place.replaceChildren(...this.plots.map(({element}) => element));
    this.legend.replaceChildren(...group.models.map((model, at) => el('li', {},
        svg('svg', {width: 18, height: 18, 'aria-hidden': 'true'}, symbol_of(at, 9, 9)), model)));
    const uncertainty = uncertainty_fold(metered_of(group.points.map(({row}) => row)));
    this.table.replaceChildren(this.table_fold(group), ...(uncertainty ? [uncertainty] : []));
    this.show(null);
  }

  private draw_about(group: ParetoGroup): void {
    const tier = group.points[0]?.row.session.tier ?? 'hardware';
    const without = group.rows.filter(({cell}) => cell.status !== 'ok').length;
    const missing = without === 0 ? '' :
        ` ${without === 1 ? 'One variant has' : `${without} variants have`} no mark: see the table.`;
    this.about.replaceChildren(tier_badge(tier), ` ${kTierMeaning[tier]}. The line joins what no other variant beats in ` +
        `both. Upright strokes: the 95 % interval of the share (Wilson); few prompts say little.${missing}`,
        ...energy_note(group));
    this.place.setAttribute('aria-label', `${group.title}: share of right answers against ` +
        `${group.axes.map(({title}) => title).join(', and against ')}. Arrow keys move from variant to variant.`);
  }

  private show(point: ParetoPoint | null): void {
    this.chosen = point;
    this.plots.forEach((plot) => plot.show(point));
    const {group} = this;
    if (!group) return;
    this.readout.textContent = point ? point_text(point, group.axes, group.models.length > 1) : kHint;
  }

  private on_key(event: KeyboardEvent): void {
    const {group} = this;
    const axis = group?.axes[0];
    if (!group || !axis) return;
    const points = placed_points(group, axis).map(({point}) => point);
    const at = this.chosen ? points.indexOf(this.chosen) : -1;
    const next = {ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at < 0 ? points.length - 1 : at - 1,
      ArrowDown: at < 0 ? points.length - 1 : at - 1, Home: 0, End: points.length - 1}[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.show(points[Math.min(points.length - 1, Math.max(0, next))] ?? null);
  }

  private table_fold(group: ParetoGroup): HTMLElement {
    const fronts = group.axes.map((axis) => front_of(group, axis));
    const titles = ['model', 'variant', 'right', 'of', ...group.axes.flatMap(({title}) => [title, 'on the line'])];
    const rows = group.rows.map((row) => {
      const point = group.points.find((candidate) => candidate.row === row);
      const {accuracy} = row.cell.figures;
      if (!point) {
        const why = row.cell.reason || status_text(row.cell.status);
        return [row.session.model, row.session.variant, `${status_text(row.cell.status)}: ${why}`];
      }
      return [point.model, point.name, share_figure(accuracy).number, exact(accuracy.of),
        ...group.axes.flatMap((axis, at) => {
          const value = axis.value(point);
          return [value === null ? '' : joined(axis.text(value)), fronts[at]?.includes(point) ? 'yes' : ''];
        })];
    });
    return fold({class: 'behind'}, ['The numbers'], plain_table('accuracy against cost', titles, rows));
  }
}

// The energy's tier is its own.
function energy_note(group: ParetoGroup): readonly (Node | string)[] {
  const energy = group.axes.find(({key}) => key === 'energy');
  const tier = group.points.find((point) => energy?.value(point) != null)?.row.cell.energy?.tier;
  if (!tier) return [];
  return [' Energy: ', tier_badge(tier), ` ${kTierMeaning[tier]}; level strokes: its 95 % interval for comparisons by the same ` +
      'unit (often shorter than the mark).'];
}

export function draw_pareto(section: HTMLElement, _model: Model, state: ViewState): void {
  const pareto = new ParetoSection(section, state);
  pareto.draw();
  state.on_change([...kFilterKeys, 'text', 'pareto'], () => pareto.draw());
}
