// The two sections of stacked bars: memory by class and cold start by part, a block for each bench.
import {el, fold, plain_table} from './dom';
import type {FigureText} from './format';
import {byte_figure, counted, exact, joined, time_figure} from './format';
import type {Model, Row} from './model';
import {grouped, unique} from './model';
import type {Session} from './report_types';
import type {Bar} from './stacked_bars';
import {blocks_of, legend_of} from './stacked_bars';
import {tier_badge} from './tier';
import type {ViewState} from './view_state';

interface BarSection {
  readonly about: string;
  readonly empty: string;
  readonly names: (sessions: readonly Session[]) => readonly string[];
  readonly bar: (session: Session) => Bar | null;
  readonly text: (value: number, session: Session) => string;
  readonly table: (sessions: readonly Session[]) => HTMLElement;
}

// Sessions of the visible rows, each once.
function sessions_of(rows: readonly Row[]): readonly Session[] {
  return unique(rows.map((row) => row.session));
}

function session_label(session: Session): string {
  const ordinal = session.ordinal > 0 ? `, session ${session.ordinal + 1}` : '';
  return `${session.model} ${session.variant}${ordinal}`;
}

function draw_bars(section: HTMLElement, state: ViewState, kind: BarSection): void {
  const place = el('div');
  section.append(place);
  const draw = () => {
    const sessions = sessions_of(state.visible_rows()).filter((session) => kind.bar(session) !== null);
    if (sessions.length === 0) {
      place.replaceChildren(el('p', {class: 'empty'}, kind.empty));
      return;
    }
    const names = kind.names(sessions);
    const by_bench = grouped(sessions, ({bench, tier, unit}) => `${bench} ${tier} ${unit}`);
    const parts = [...by_bench.values()].map((members) => {
      const first = members[0] as Session;
      const bars = members.flatMap((session) => kind.bar(session) ?? []);
      return blocks_of([{title: [first.bench, ' ', tier_badge(first.tier)], bars}], names,
                       (value) => kind.text(value, first)).firstElementChild as HTMLElement;
    });
    place.replaceChildren(el('p', {class: 'about'}, kind.about), legend_of(names, (name) => name),
                          el('div', {class: 'blocks'}, ...parts),
                          fold({class: 'behind'}, ['The numbers'], kind.table(sessions)));
  };
  draw();
  state.on_change(['run', 'board', 'bench', 'model', 'variant', 'suite', 'status', 'text'], draw);
}

function names_of_memory(sessions: readonly Session[], counted_only: boolean): readonly string[] {
  return unique(sessions.flatMap(({memory}) =>
      memory.filter((part) => part.counted || !counted_only).map(({name}) => name)));
}

function memory_bar(session: Session): Bar | null {
  const parts = session.memory.filter((part) => part.counted).map(({name, bytes}) => ({name, value: bytes}));
  if (parts.length === 0) return null;
  const total = parts.reduce((sum, {value}) => sum + value, 0);
  return {label: session_label(session), note: '', parts, total: joined(byte_figure(total))};
}

function memory_table(sessions: readonly Session[]): HTMLElement {
  const names = names_of_memory(sessions, false);
  const rows = sessions.map((session) => [session.bench, session_label(session), ...names.map((name) => {
    const part = session.memory.find((candidate) => candidate.name === name);
    return part ? exact(part.bytes) : '';
  })]);
  return plain_table('memory by class in bytes', ['bench', 'model', ...names.map((name) => `${name} (bytes)`)], rows);
}

export function draw_memory(section: HTMLElement, _model: Model, state: ViewState): void {
  draw_bars(section, state, {
    about: 'Peak bytes by class, as the device counted them. Each bench has its own scale; code and the ' +
        'process as a whole are not part of the sum and stand in the table.',
    empty: 'No session that passes the filters has reported its memory.',
    names: (sessions) => names_of_memory(sessions, true),
    bar: memory_bar,
    text: (value) => joined(byte_figure(value)),
    table: memory_table,
  });
}

const kColdParts = [
  {key: 'boot', title: 'boot'},
  {key: 'load', title: 'load and validate'},
  {key: 'first_prefill', title: 'first prefill'},
  {key: 'first_token', title: 'first token'},
] as const;

function cost(value: number | null, session: Session): FigureText {
  return session.unit === 'none' ? {number: '–', unit: ''} : time_figure(value, session.unit);
}

function cold_bar(session: Session): Bar | null {
  const {cold_start} = session;
  if (cold_start.total === null || session.unit === 'none') return null;
  const parts = kColdParts.map(({key, title}) => ({name: title, value: cold_start[key] ?? 0}));
  const note = `from ${cold_start.origin}, ${counted(cold_start.repeats, 'reset', 'resets')}`;
  return {label: session_label(session), note, parts, total: joined(cost(cold_start.total, session))};
}

function cold_table(sessions: readonly Session[]): HTMLElement {
  const titles = ['bench', 'model', 'reset', 'origin', 'unit', ...kColdParts.map(({title}) => title)];
  const rows = sessions.flatMap((session) => session.cold_starts.map((start) =>
      [session.bench, session_label(session), String(start.repeat + 1), start.origin, session.unit,
        ...kColdParts.map(({key}) => exact(start[key]))]));
  return plain_table('cold starts', titles, rows);
}

export function draw_cold_starts(section: HTMLElement, _model: Model, state: ViewState): void {
  draw_bars(section, state, {
    about: 'The model already in its slot; medians over the resets, each part for itself. Each bench has its own ' +
        'scale, and origins are never compared with one another.',
    empty: 'No session that passes the filters has a cold start.',
    names: () => kColdParts.map(({title}) => title),
    bar: cold_bar,
    text: (value, session) => joined(cost(value, session)),
    table: cold_table,
  });
}
