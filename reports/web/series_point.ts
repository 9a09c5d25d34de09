// One point of a series: which night it is, how it differs from the one before, and the record of its run as far
// as the page holds it.
import {el, fold, on, plain_table} from './dom';
import {exact, kAbsent, utc} from './format';
import type {HistoryModel} from './history_model';
import {change_text, exact_text, figure_text} from './history_model';
import type {Model, Row} from './model';
import type {Fact, NightRun, Session} from './report_types';
import type {SeriesData} from './series_data';
import {change_at} from './series_data';
import type {ViewState} from './view_state';

function night_title(night: NightRun): string {
  return night.label || night.build || night.run_id.slice(0, 8);
}

// The measured cells of this night that the series is about.
function rows_of(model: Model, data: SeriesData, night: NightRun): readonly Row[] {
  const {bench, engine, model: name, variant, suite, settings} = data.entry.series;
  return model.rows.filter(({run, session, cell}) => run.run_id === night.run_id && session.bench === bench &&
      session.engine === engine && session.model === name && session.variant === variant &&
      (suite === '' || (cell.suite === suite && cell.settings === settings)));
}

function facts_of(night: NightRun, session: Session | undefined): ReadonlyMap<string, string> {
  const facts: Fact[] = [{key: 'build', value: night.build}, {key: 'commit', value: night.commit_sha}];
  if (session) {
    facts.push({key: 'unit', value: session.unit_id}, {key: 'engine', value: `${session.engine} ${session.engine_version}`},
               {key: 'kernels', value: session.kernel_isa}, {key: 'agent build', value: session.agent_build_id},
               {key: 'model sha-256', value: session.model_sha256}, {key: 'image sha-256', value: session.image_sha256},
               ...session.provenance);
  }
  return new Map(facts.map(({key, value}) => [key, value]));
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[][] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.filter((key) => (before.get(key) ?? '') !== (after.get(key) ?? ''))
      .map((key) => [key, before.get(key) || kAbsent, after.get(key) || kAbsent]);
}

function memory_rows(session: Session, before: Session | undefined): readonly string[][] {
  return session.memory.map(({name, bytes}) => {
    const earlier = before?.memory.find((part) => part.name === name);
    const change = earlier ? bytes - earlier.bytes : null;
    return [name, exact(bytes), earlier ? exact(earlier.bytes) : kAbsent,
      change === null ? kAbsent : change === 0 ? 'the same' : `${change > 0 ? '+' : '−'}${exact(Math.abs(change))}`];
  });
}

function record_link(state: ViewState, data: SeriesData, night: NightRun): HTMLElement {
  const {board, bench, model, variant, suite} = data.entry.series;
  const button = el('button', {type: 'button', class: 'quiet'}, 'Open the record of this night: tokens, profile, energy, answers');
  return on(button, 'click', () => {
    state.set({view: 'run', run: night.run_id, board, bench, model, variant, suite, status: '', text: '', plot: '', power: ''});
    window.scrollTo(0, 0);
  });
}

function failed_answers(rows: readonly Row[]): string {
  const failed = rows.reduce((sum, {cell}) => sum + cell.answers.length + cell.answers_left_out, 0);
  const generations = rows.reduce((sum, {cell}) => sum + cell.generations, 0);
  const doubts = [...new Set(rows.flatMap(({cell}) => cell.doubts))];
  const answers = generations === 0 ? [] :
      [failed === 0 ? `All ${exact(generations)} answers passed their checks.` :
        `${exact(failed)} of ${exact(generations)} answers failed a check, differ from the host’s or are not the model’s.`];
  return [...answers, ...doubts.map((doubt) => `Doubted: ${doubt}.`)].join(' ');
}

export class PointPanel {
  constructor(private readonly place: HTMLElement, private readonly history: HistoryModel,
              private readonly model: Model, private readonly state: ViewState) {}

  clear(): void {
    this.place.replaceChildren();
  }

  draw(data: SeriesData, index: number): void {
    const night = data.nights[index];
    const value = data.values[index];
    if (!night || value === undefined) return this.clear();
    const before = data.nights[index - 1];
    const rows = rows_of(this.model, data, night);
    this.place.replaceChildren(
        el('h3', {}, `${figure_text(data.entry, value)} on ${utc(night.started_at_ms)}`),
        this.about(data, index, night), ...this.record(data, night, rows),
        ...(before ? this.comparison(data, index, rows) : [el('p', {class: 'about'}, 'The first point: there is none before it.')]));
  }

  private about(data: SeriesData, index: number, night: NightRun): HTMLElement {
    const segment = [...data.entry.series.segments].reverse().find(({from}) => from <= index);
    const facts: readonly (readonly [string, string])[] = [
      ['run', night.run_id], ['label', night.label], ['build', night.build], ['commit', night.commit_sha],
      ['unit', segment?.unit_id ?? ''], ['value', `${exact_text(data.values[index] ?? NaN)} ${data.entry.metric.unit}`],
      ['releases', this.history.history.releases.filter((each) => this.history.nights[each.night] === night).map(({name}) => name).join(', ')]];
    return el('dl', {class: 'facts'}, ...facts.filter(([, text]) => text !== '').flatMap(([name, text]) =>
        [el('dt', {}, name), el('dd', {}, text)]));
  }

  private record(data: SeriesData, night: NightRun, rows: readonly Row[]): readonly HTMLElement[] {
    const commands = el('p', {class: 'about'}, 'In the database: ', el('code', {}, `slmrig show ${night.run_id}`));
    if (rows.length === 0) {
      return [el('p', {class: 'about'}, 'This page does not hold the record of that night.'), commands];
    }
    return [el('p', {class: 'about'}, failed_answers(rows)), el('p', {}, record_link(this.state, data, night)), commands];
  }

  private comparison(data: SeriesData, index: number, rows: readonly Row[]): readonly HTMLElement[] {
    const night = data.nights[index] as NightRun;
    const before = data.nights[index - 1] as NightRun;
    const change = change_at(data, index);
    const step = change_text(data.entry, data.values[index - 1] ?? 0, data.values[index] ?? 0);
    const level = change ? ` The level changed here, by ${change_text(data.entry, change.before, change.after)}.` : '';
    const session = rows[0]?.session;
    const earlier = rows_of(this.model, data, before)[0]?.session;
    const both = session !== undefined && earlier !== undefined;
    const different = differences(facts_of(before, both ? earlier : undefined), facts_of(night, both ? session : undefined));
    const titles = ['', `before: ${night_title(before)}`, `here: ${night_title(night)}`];
    return [
      el('h3', {}, 'Against the point before'),
      el('p', {}, `${step}: ${figure_text(data.entry, data.values[index - 1] ?? null)} on ${utc(before.started_at_ms)}, ` +
          `${figure_text(data.entry, data.values[index] ?? null)} here.${level}`),
      different.length > 0 ? plain_table('what was different', titles, different) :
          el('p', {class: 'about'}, 'Build and commit were the same, or were not given.'),
      ...(both ? [] : [el('p', {class: 'about'}, 'What else was different, the page cannot say: it does not hold both records.')]),
      ...(session && session.memory.length > 0 ? [fold({}, ['Memory by class'],
          plain_table('memory by class', ['class', 'here (bytes)', 'before (bytes)', 'change'], memory_rows(session, earlier)))] : [])];
  }
}
