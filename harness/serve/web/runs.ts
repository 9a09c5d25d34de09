// All runs of the database, the newest ones by name.
import {el, plain_table} from '../../../reports/web/dom';
import {counted, utc} from '../../../reports/web/format';
import {cells_text, duration_text} from './open_runs';
import type {Live, LiveRun} from './live_types';

function state_of(run: LiveRun): string {
  if (run.ended_at_ms === null) return 'not ended';
  return run.interrupted ? 'interrupted' : 'ended';
}

function row(run: LiveRun): readonly (Node | string)[] {
  const took = run.ended_at_ms === null ? '' : duration_text(run.ended_at_ms - run.started_at_ms);
  const id = encodeURIComponent(run.run_id);
  return [
    utc(run.started_at_ms), run.plan, run.label, run.build, state_of(run), took, cells_text(run.cells),
    el('span', {},
        el('a', {href: `/report?run=${id}#view=run`, id: `run-${run.run_id}`, 'aria-label': `report of ${run.plan}, ${utc(run.started_at_ms)}`}, 'report'),
        ' ',
        el('a', {href: `/api/v_cell.csv?run_id=${id}`, id: `cells-${run.run_id}`, 'aria-label': `cells of ${run.plan} as CSV`}, 'cells')),
  ];
}

export function draw_runs(body: HTMLElement, live: Live): void {
  const titles = ['started', 'plan', 'label', 'build', 'state', 'took', 'cells', 'look at'];
  body.replaceChildren(plain_table('runs', titles, live.runs.map(row)));
  if (live.runs_left_out > 0) {
    body.append(el('p', {class: 'about'}, `${counted(live.runs_left_out, 'older run is', 'older runs are')} in the database.`));
  }
}
