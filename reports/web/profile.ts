// "Where a token goes": the mean token of each profiled cell as a bar by operator, a block for each bench.
import {el, fold, on, plain_table} from './dom';
import type {FigureText} from './format';
import {counted, exact, joined, time_figure} from './format';
import type {Model, Row} from './model';
import {grouped, kFilterKeys} from './model';
import type {PhaseProfile, Session} from './report_types';
import type {Bar} from './stacked_bars';
import {blocks_of, legend_of} from './stacked_bars';
import {tier_badge} from './tier';
import type {ViewState} from './view_state';

type Phase = PhaseProfile['phase'];

interface Profiled {
  readonly row: Row;
  readonly session: Session;
  readonly profile: PhaseProfile;
}

// The least cost of a multiply-accumulate that a matrix of a variant reached on a bench: by bench, variant and unit.
type BestRates = ReadonlyMap<string, number>;

// An operator with fewer of the token's MACs than this is too short for its rate to say anything.
const kLeastShareOfMacs = 0.02;

// As many names as there are patterns, less one for all others together.
const kNamedOperators = 7;
const kRest = 'the rest';

const kPhaseTitles: Readonly<Record<Phase, string>> = {
  decode: 'decode: a token after the first',
  prefill: "prefill: a token of the prompt, with tokenising and the first token's sampling",
};

function profiled_of(rows: readonly Row[], phase: Phase): readonly Profiled[] {
  return rows.flatMap((row) => {
    const profile = row.cell.profile.find((candidate) => candidate.phase === phase);
    return profile && row.session.unit !== 'none' ? [{row, session: row.session, profile}] : [];
  });
}

// By their share of a token, over all cells alike, so that a large model does not decide alone.
function named_operators(all: readonly Profiled[]): readonly string[] {
  const shares = new Map<string, number>();
  for (const {profile} of all) {
    for (const {name, cost} of profile.operators) {
      shares.set(name, (shares.get(name) ?? 0) + cost / Math.max(1, profile.cost));
    }
  }
  const names = [...shares.keys()].sort((a, b) => (shares.get(b) ?? 0) - (shares.get(a) ?? 0));
  return names.length <= kNamedOperators + 1 ? names : [...names.slice(0, kNamedOperators), kRest];
}

function cost_figure(value: number, session: Session): FigureText {
  return time_figure(value, session.unit === 'instructions' ? 'instructions' : 'ns');
}

function rate_key({bench, variant, unit}: Session): string {
  return JSON.stringify([bench, variant, unit]);
}

function sum_of_macs(profile: PhaseProfile): number {
  return profile.operators.reduce((sum, {macs}) => sum + macs, 0);
}

// What the board was seen to be capable of, in any cell that is shown: its own yardstick.
function best_rates(all: readonly Profiled[]): BestRates {
  const best = new Map<string, number>();
  for (const {session, profile} of all) {
    const least = kLeastShareOfMacs * sum_of_macs(profile);
    for (const {cost, macs} of profile.operators) {
      if (macs <= least || cost <= 0) continue;
      const key = rate_key(session);
      best.set(key, Math.min(best.get(key) ?? Infinity, cost / macs));
    }
  }
  return best;
}

function bar_of({row, session, profile}: Profiled, names: readonly string[], best: BestRates): Bar {
  const ordinal = session.ordinal > 0 ? `, session ${session.ordinal + 1}` : '';
  const sums = new Map<string, number>(names.map((name) => [name, 0]));
  for (const {name, cost} of profile.operators) {
    const known = sums.has(name) ? name : kRest;
    sums.set(known, (sums.get(known) ?? 0) + cost / profile.tokens);
  }
  const parts = [...sums].map(([name, value]) => ({name, value}));
  const rate = best.get(rate_key(session));
  const ideal = rate === undefined ? '' :
      `, ${Math.round(100 * rate * sum_of_macs(profile) / Math.max(1, profile.cost))} % if all MACs ran at the best rate`;
  return {label: `${session.model} ${session.variant}${ordinal} · ${row.cell.suite}`,
    note: `over ${counted(profile.tokens, 'token', 'tokens')}${ideal}`, parts,
    total: joined(cost_figure(profile.cost / profile.tokens, session))};
}

function rate_text(cost: number, macs: number, best: number | undefined): string {
  return macs > 0 && cost > 0 && best !== undefined ? (100 * best / (cost / macs)).toFixed(0) : '';
}

function numbers_of(all: readonly Profiled[], best: BestRates): HTMLElement {
  const titles = ['bench', 'model', 'suite', 'operator', 'a token', 'unit', 'share (%)', 'calls a token', 'MACs a token',
    'cost a MAC', 'of the best rate (%)', 'bytes a token'];
  const rows = all.flatMap(({row, session, profile}) => profile.operators.map(({name, calls, cost, macs, bytes}) => [
    session.bench, `${session.model} ${session.variant}`, row.cell.suite, name, exact(cost / profile.tokens),
    session.unit, (100 * cost / Math.max(1, profile.cost)).toFixed(1), exact(calls / profile.tokens),
    exact(macs / profile.tokens), macs > 0 ? exact(cost / macs) : '',
    rate_text(cost, macs, best.get(rate_key(session))), exact(bytes / profile.tokens)]));
  return plain_table('cost by operator', titles, rows);
}

function draw_blocks(all: readonly Profiled[], phase: Phase): readonly HTMLElement[] {
  const names = named_operators(all);
  const best = best_rates(all);
  const by_bench = grouped(all, ({session: {bench, tier, unit}}) => `${bench} ${tier} ${unit}`);
  const blocks = [...by_bench.values()].map((members) => {
    const first = (members[0] as Profiled).session;
    return blocks_of([{title: [first.bench, ' ', tier_badge(first.tier)],
      bars: members.map((member) => bar_of(member, names, best))}], names,
                     (value) => joined(cost_figure(value, first))).firstElementChild as HTMLElement;
  });
  return [
    el('p', {class: 'about'}, `The mean cost of ${kPhaseTitles[phase]}, by operator over all layers, from a pass of ` +
        'its own after timing. What looking at the clock cost is taken off. Each bench has its own scale. The best rate is ' +
        'the cheapest multiply-accumulate that any matrix of the variant reached on the bench, in the cells shown.'),
    legend_of(names, (name) => name),
    el('div', {class: 'blocks'}, ...blocks),
    fold({class: 'behind'}, ['The numbers'], numbers_of(all, best)),
  ];
}

export function draw_profile(section: HTMLElement, _model: Model, state: ViewState): void {
  const choice = el('select', {}, el('option', {value: ''}, 'decode'), el('option', {value: 'prefill'}, 'prefill'));
  on(choice, 'change', () => state.set({phase: choice.value}));
  const controls = el('div', {class: 'controls'}, el('label', {}, el('span', {class: 'label'}, 'phase'), choice));
  const place = el('div');
  section.append(controls, place);
  const draw = () => {
    const phase: Phase = state.get('phase') === 'prefill' ? 'prefill' : 'decode';
    const rows = state.visible_rows();
    const all = profiled_of(rows, phase);
    choice.value = phase === 'prefill' ? 'prefill' : '';
    controls.hidden = rows.every(({cell}) => cell.profile.length === 0);
    if (all.length === 0) {
      place.replaceChildren(el('p', {class: 'empty'}, 'No cell that passes the filters has a profile: measure with ',
                               el('code', {}, 'slmrig run --profile'), '.'));
      return;
    }
    place.replaceChildren(...draw_blocks(all, phase));
  };
  draw();
  state.on_change([...kFilterKeys, 'text', 'phase'], draw);
}
