// Where the figures come from: what each run and each of its sessions recorded about itself.
import {el, fold, plain_table} from './dom';
import {byte_figure, counted, exact, joined, kAbsent, utc} from './format';
import type {Model} from './model';
import {run_title} from './model';
import type {Fact, Run, Session} from './report_types';
import type {ViewState} from './view_state';
import {kAllRuns} from './view_state';

function facts_list(facts: readonly Fact[]): HTMLElement {
  return el('dl', {class: 'facts'}, ...facts.flatMap(({key, value}) =>
      [el('dt', {}, key), el('dd', {}, value === '' ? kAbsent : value)]));
}

function run_facts(run: Run): readonly Fact[] {
  const minutes = run.ended_at_ms === null ? null : (run.ended_at_ms - run.started_at_ms) / 1000;
  return [
    {key: 'run', value: run.run_id},
    {key: 'label', value: run.label},
    {key: 'plan', value: run.plan},
    {key: 'rig', value: run.rig},
    {key: 'build', value: run.build},
    {key: 'commit', value: run.commit_sha},
    {key: 'started', value: utc(run.started_at_ms)},
    {key: 'took', value: minutes === null ? 'it did not end' : `${exact(Math.round(minutes))} s`},
    {key: 'interrupted', value: run.interrupted ? 'yes' : 'no'},
    {key: 'busy share', value: run.busy_share === null ? '' : `${(100 * run.busy_share).toFixed(1)} %`},
  ];
}

function session_facts(session: Session): readonly Fact[] {
  return [
    {key: 'session', value: session.session_id},
    {key: 'unit', value: session.unit_id},
    {key: 'engine', value: `${session.engine} ${session.engine_version}`.trim()},
    {key: 'kernels', value: session.kernel_isa},
    {key: 'agent build', value: session.agent_build_id},
    {key: 'model sha-256', value: session.model_sha256},
    {key: 'image sha-256', value: session.image_sha256},
    {key: 'image', value: joined(byte_figure(session.image_bytes))},
    {key: 'context', value: counted(session.context_tokens, 'token', 'tokens')},
    {key: 'tick source', value: session.tick_source},
    {key: 'started', value: utc(session.started_at_ms)},
    {key: 'attempt', value: String(session.attempt)},
    ...session.retry_reasons.map((reason, at) => ({key: `attempt ${at + 1} failed`, value: reason})),
    ...session.provenance,
  ];
}

function sessions_table(sessions: readonly Session[]): HTMLElement {
  const titles = ['bench', 'model', 'unit', 'agent build', 'image sha-256', 'attempt'];
  return plain_table('sessions of the run', titles, sessions.map((session) =>
      [session.bench, `${session.model} ${session.variant}`, session.unit_id, session.agent_build_id.slice(0, 16),
        session.image_sha256.slice(0, 16), String(session.attempt)]));
}

function run_fold(run: Run, sessions: readonly Session[]): HTMLElement {
  const summary = [el('b', {}, run_title(run)), el('span', {class: 'sub'},
    `${utc(run.started_at_ms)}, ${counted(sessions.length, 'session', 'sessions')}`)];
  const details = sessions.map((session) => fold({class: 'inner'},
      [`${session.bench} · ${session.model} ${session.variant}`], facts_list(session_facts(session))));
  return fold({class: 'run'}, summary, facts_list([...run_facts(run), ...run.provenance]),
              sessions.length > 0 ? sessions_table(sessions) : null, ...details);
}

export function draw_provenance(section: HTMLElement, model: Model, state: ViewState): void {
  const place = el('div');
  section.append(place);
  const draw = () => {
    const wanted = state.get('run');
    const runs = model.report.runs.filter(({run_id}) => wanted === kAllRuns || wanted === '' || run_id === wanted);
    const folds = runs.map((run) =>
        run_fold(run, model.sessions.filter((entry) => entry.run === run).map(({session}) => session)));
    place.replaceChildren(...(folds.length > 0 ? folds : [el('p', {class: 'empty'}, 'No run is recorded.')]));
  };
  draw();
  state.on_change(['run'], draw);
}
