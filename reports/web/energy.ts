// "Energy": what an answer takes, by phase, a block for each bench and suite; benches without a meter by name.
import {el, fold, plain_table} from './dom';
import type {Metered} from './energy_data';
import {
  half_width_text, metered_cold_starts_of, metered_of, microjoules, phase_of, token_text, unmetered_of,
  variant_name, with_half_width,
} from './energy_data';
import {uncertainty_fold} from './energy_tables';
import {windows_fold, windows_text} from './energy_windows';
import {counted, energy_figure, exact, joined, power_figure} from './format';
import type {Model, Row} from './model';
import {grouped, kFilterKeys, unique} from './model';
import type {EnergyPhase} from './report_types';
import type {Bar} from './stacked_bars';
import {blocks_of, legend_of} from './stacked_bars';
import {kTierMeaning, tier_badge} from './tier';
import type {ViewState} from './view_state';

// In this order: the first three have the colours of the plot over time.
const kParts = ['prefill', 'decode', 'idle', 'boot', 'load'] as const;

const energy_text = (uj: number) => joined(energy_figure(uj));

function doubts_of({energy}: Metered): readonly string[] {
  return unique([...energy.doubts, ...energy.phases.flatMap(({doubts}) => doubts)]);
}

function doubt_text(metered: Metered): string {
  const doubts = doubts_of(metered);
  return doubts.length === 0 ? '' : `; doubted: ${doubts.join('; ')}`;
}

function answer_bars(metered: Metered): readonly Bar[] {
  const {answer} = metered.energy;
  if (!answer) return [];
  const token = token_text(metered.energy);
  return [{
    label: variant_name(metered),
    note: `net ${energy_text(answer.net_uj)}${token === null ? '' : `, ${token} a token`}; ` +
        `${windows_text(metered.energy) || `mean of ${counted(answer.answers, 'answer', 'answers')}`}${doubt_text(metered)}`,
    parts: [{name: 'prefill', value: answer.prefill_uj}, {name: 'decode', value: answer.decode_uj},
      {name: 'idle', value: answer.idle_uj}].map(({name, value}) => ({name, value: Math.max(0, value)})),
    total: with_half_width(answer.gross_uj, answer.expanded_uj),
  }];
}

function cold_start_bars(metered: Metered): readonly Bar[] {
  const parts = (['boot', 'load'] as const).flatMap((name) => {
    const phase = phase_of(metered.energy, name);
    return phase ? [{name, phase}] : [];
  });
  if (parts.length === 0) return [];
  const share = ({generations}: EnergyPhase) => 1 / Math.max(1, generations);
  const gross = parts.reduce((sum, {phase}) => sum + phase.gross_uj * share(phase), 0);
  const half_width = parts.reduce((sum, {phase}) => sum + phase.expanded_uj * share(phase), 0);
  const starts = Math.max(...parts.map(({phase}) => phase.generations));
  return [{label: variant_name(metered), note: `mean of ${counted(starts, 'start', 'starts')}${doubt_text(metered)}`,
    parts: parts.map(({name, phase}) => ({name, value: phase.gross_uj * share(phase)})),
    total: with_half_width(gross, half_width)}];
}

// Variants are compared within a suite; cold starts (suite '') have a block of their own.
function blocks_by_suite(all: readonly Metered[]): HTMLElement {
  const by_suite = grouped(all, ({session, suite, energy}) => JSON.stringify([session.bench, suite, energy.tier]));
  return el('div', {class: 'blocks energy-blocks'}, ...[...by_suite.values()].flatMap((members) => {
    const first = members[0] as Metered;
    const title = [`${first.session.bench} · ${first.suite || 'cold start'} `, tier_badge(first.energy.tier),
      el('span', {class: 'sub'}, unique(members.map(({energy}) => energy.meter)).join(', '))];
    const bars = members.flatMap((metered) => metered.suite === '' ? cold_start_bars(metered) : answer_bars(metered));
    if (bars.length === 0) return [];
    return [blocks_of([{title, bars}], kParts, energy_text).firstElementChild as HTMLElement];
  }));
}

function numbers_of(all: readonly Metered[]): HTMLElement {
  const titles = ['bench', 'tier', 'model', 'suite', 'phase', 'n', 'tokens', 'net (µJ)', 'gross (µJ)', '95 %', 'comparative',
    'mean power', 'peak', 'time (ms)', 'lost samples', 'trust'];
  const rows = all.flatMap(({session, suite, energy}) => energy.phases.map((phase) => {
    const value = phase.net_uj ?? phase.gross_uj;
    return [session.bench, energy.tier, `${session.model} ${session.variant}`, suite || 'cold starts', phase.phase,
      phase.generations > 0 ? exact(phase.generations) : '', phase.tokens > 0 ? exact(phase.tokens) : '',
      microjoules(phase.net_uj), microjoules(phase.gross_uj), half_width_text(value, phase.expanded_uj),
      half_width_text(value, phase.comparative_uj), joined(power_figure(phase.mean_uw)), joined(power_figure(phase.peak_uw)),
      exact(phase.duration_ns / 1e6), `${exact(phase.lost_samples)} of ${exact(phase.samples + phase.lost_samples)}`,
      phase.doubts.length === 0 ? 'ok' : phase.doubts.join('; ')];
  }));
  return fold({class: 'behind'}, ['The numbers'], plain_table('energy by phase', titles, rows));
}

function unmetered_list(rows: readonly Row[]): HTMLElement | null {
  const benches = unmetered_of(rows);
  if (benches.length === 0) return null;
  return el('ul', {class: 'unmetered'}, ...benches.map(({bench, session, has_meter, why}) =>
      el('li', {}, el('b', {}, bench), ' ', tier_badge(session.tier),
         why.length > 0 ? ` no energy: ${why.join('; ')}` :
             has_meter ? ' has a meter, but no energy was measured' : ' no meter')));
}

function draw_metered(rows: readonly Row[]): readonly (HTMLElement | null)[] {
  const answers = metered_of(rows);
  const starts = metered_cold_starts_of(rows);
  const all = [...answers, ...starts];
  const tiers = unique(all.map(({energy}) => energy.tier));
  const used = kParts.slice(0, starts.length > 0 ? kParts.length : 3);
  return [
    el('p', {class: 'about'}, ...tiers.flatMap((tier) => [tier_badge(tier), ` ${kTierMeaning[tier]}. `]),
       'What a mean answer takes, from a pass of its own: prefill and decode net of idle power, and as idle what the board ' +
       'would have taken at rest in the same time. The half-width is for the value itself, at 95 %; differences between variants on one ' +
       'unit are known better (comparative). Each block has its own scale.'),
    legend_of(used, (name) => name),
    blocks_by_suite(all),
    numbers_of(all),
    windows_fold(all),
    uncertainty_fold(all),
  ];
}

export function draw_energy(section: HTMLElement, _model: Model, state: ViewState): void {
  const place = el('div');
  section.append(place);
  const draw = () => {
    const rows = state.visible_rows();
    const any = rows.some(({cell, session}) => cell.energy !== null || session.cold_start_energy !== null);
    const parts = any ? draw_metered(rows) :
        [el('p', {class: 'empty'}, 'No cell that passes the filters was measured by a power meter.')];
    place.replaceChildren(...[...parts, unmetered_list(rows)].filter((part) => part !== null));
  };
  draw();
  state.on_change([...kFilterKeys, 'text'], draw);
}
