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

// What the matrices would cost at the board's limit; absent: it was not measured.
function limit_of(profile: PhaseProfile): number | undefined {
  const limits = profile.operators.flatMap(({limit}) => limit === null ? [] : [limit]);
  return limits.length === 0 ? undefined : limits.reduce((sum, limit) => sum + limit, 0);
}

function percent(part: number, whole: number): string {
  return (100 * part / Math.max(1, whole)).toFixed(0);
}

function bar_of({row, session, profile}: Profiled, names: readonly string[]): Bar {
  const ordinal = session.ordinal > 0 ? `, session ${session.ordinal + 1}` : '';
  const sums = new Map<string, number>(names.map((name) => [name, 0]));
  for (const {name, cost} of profile.operators) {
    const known = sums.has(name) ? name : kRest;
    sums.set(known, (sums.get(known) ?? 0) + cost / profile.tokens);
  }
  const parts = [...sums].map(([name, value]) => ({name, value}));
  const limit = limit_of(profile);
  const ideal = limit === undefined ? '' : `; at the board's limit its matrices take ${percent(limit, profile.cost)} % of it`;
  return {label: `${session.model} ${session.variant}${ordinal} · ${row.cell.suite}`,
    note: `over ${counted(profile.tokens, 'token', 'tokens')}${ideal}`, parts,
    total: joined(cost_figure(profile.cost / profile.tokens, session))};
}

function numbers_of(all: readonly Profiled[]): HTMLElement {
  const titles = ['bench', 'model', 'suite', 'operator', 'a token', 'unit', 'share (%)', 'calls a token', 'MACs a token',
    'cost a MAC', 'of the limit (%)', 'bytes a token'];
  const rows = all.flatMap(({row, session, profile}) => profile.operators.map(({name, calls, cost, macs, bytes, limit}) => [
    session.bench, `${session.model} ${session.variant}`, row.cell.suite, name, exact(cost / profile.tokens),
    session.unit, (100 * cost / Math.max(1, profile.cost)).toFixed(1), exact(calls / profile.tokens),
    exact(macs / profile.tokens), macs > 0 ? exact(cost / macs) : '',
    limit === null ? '' : percent(limit, cost), exact(bytes / profile.tokens)]));
  return plain_table('cost by operator', titles, rows);
}

// Nothing where no session has any.
function limits_of(all: readonly Profiled[]): readonly HTMLElement[] {
  const titles = ['bench', 'model', 'kind', 'name', 'tokens at once', 'unit', 'a MAC', 'a byte', 'not measured'];
  const sessions = [...new Set(all.map(({session}) => session))];
  const rows = sessions.flatMap((session) => session.roofline.map(({kind, name, tokens, macs, bytes, cost, missing}) => [
    session.bench, `${session.model} ${session.variant}`, kind, name, tokens > 0 ? exact(tokens) : '', session.unit,
    macs > 0 ? (cost / macs).toPrecision(4) : '', bytes > 0 ? (cost / bytes).toPrecision(4) : '', missing ?? '']));
  return rows.length === 0 ? [] : [fold({class: 'behind'}, ['The limits'], plain_table('limits of the boards', titles, rows))];
}

function draw_blocks(all: readonly Profiled[], phase: Phase): readonly HTMLElement[] {
  const names = named_operators(all);
  const by_bench = grouped(all, ({session: {bench, tier, unit}}) => `${bench} ${tier} ${unit}`);
  const blocks = [...by_bench.values()].map((members) => {
    const first = (members[0] as Profiled).session;
    return blocks_of([{title: [first.bench, ' ', tier_badge(first.tier)],
      bars: members.map((member) => bar_of(member, names))}], names,
                     (value) => joined(cost_figure(value, first))).firstElementChild as HTMLElement;
  });
  return [
    el('p', {class: 'about'}, `The mean cost of ${kPhaseTitles[phase]}, by operator over all layers, from a pass of ` +
        'its own after timing. What looking at the clock cost is taken off. Each bench has its own scale. The limit of ' +
        'an operator is its multiply-accumulates at the rate of its kernel on this board, measured beside the profile on rows ' +
        'that stay in the fastest memory. More than 100 % of it: the clock of the board, or the load of its host, changed ' +
        'in between.'),
    legend_of(names, (name) => name),
    el('div', {class: 'blocks'}, ...blocks),
    fold({class: 'behind'}, ['The numbers'], numbers_of(all)),
    ...limits_of(all),
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
