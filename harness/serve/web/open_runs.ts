// Runs in progress: how far they are, and what each bench does now.
import {el, plain_table} from '../../../reports/web/dom';
import {status_text} from '../../../reports/web/status';
import {tier_badge} from '../../../reports/web/tier';
import {utc} from '../../../reports/web/format';
import {progress_text} from './sentence';
import type {Live, LiveBench, LiveCells, OpenRun} from './live_types';

const kQuietMs = 10 * 60_000;  // a slow board thinks for minutes; a dead process says nothing for ever

export function duration_text(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

// Filled in by show_ages, once a second.
function age(at_ms: number): HTMLElement {
  return el('time', {class: 'age', datetime: new Date(at_ms).toISOString(), title: utc(at_ms)});
}

export function show_ages(root: ParentNode, now_ms: number): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>('time.age')) {
    const ms = now_ms - Date.parse(element.dateTime);
    element.textContent = `${duration_text(ms)} ago`;
    const quiet = element.closest('section')?.querySelector<HTMLElement>(`[data-quiet="${element.dateTime}"]`);
    if (quiet) quiet.hidden = ms < kQuietMs;
  }
}

export function cells_text(cells: LiveCells): string {
  const kinds = ['ok', 'failed', 'unfit', 'not_applicable', 'interrupted'] as const;
  const parts = kinds.filter((kind) => cells[kind] > 0).map((kind) => `${cells[kind]} ${status_text(kind)}`);
  return parts.length > 0 ? parts.join(', ') : 'none';
}

function activity_of(bench: LiveBench): string {
  const what = `${bench.model} ${bench.variant}`;
  const attempt = bench.attempt > 1 ? `, attempt ${bench.attempt}` : '';
  if (bench.cell) return `${what}: ${bench.cell.suite}, ${bench.cell.generations} answers${attempt}`;
  return bench.session_ended ? `between sessions; the last was ${what}` : `${what}: storing figures${attempt}`;
}

function bench_row(bench: LiveBench): readonly (Node | string)[] {
  const unit = bench.unit_id ? el('span', {class: 'sub'}, bench.unit_id) : '';
  return [
    el('span', {}, bench.bench, unit), bench.board, tier_badge(bench.tier), activity_of(bench), cells_text(bench.cells),
    age(bench.newest_at_ms),
  ];
}

function block(run: OpenRun): HTMLElement {
  const total = run.cells_planned ?? run.cells_begun;
  const label = progress_text(run);
  const report = el('a', {href: `/report?run=${encodeURIComponent(run.run_id)}#view=run`, id: `open-${run.run_id}`}, 'report so far');
  const newest = new Date(run.newest_at_ms).toISOString();
  const titles = ['bench', 'board', 'tier', 'now', 'cells ended', 'newest record'];
  return el('div', {class: 'block'},
      el('h3', {}, run.label ? `${run.plan} (${run.label})` : run.plan, run.build ? `, build ${run.build}` : ''),
      el('div', {class: 'progress'},
          el('progress', {max: Math.max(total, 1), value: run.cells_ended, 'aria-label': label}),
          el('span', {}, label), el('span', {class: 'sub'}, `since ${utc(run.started_at_ms)}`), report),
      el('p', {class: 'quiet-run', hidden: true, 'data-quiet': newest},
          'Nothing was stored for more than ten minutes: it waits for a board, or its process died. ',
          `slmrig run --resume ${run.run_id} goes on with it.`, el('span', {hidden: true}, age(run.newest_at_ms))),
      run.benches.length > 0 ? plain_table(`benches of ${run.plan}`, titles, run.benches.map(bench_row))
          : el('p', {class: 'empty'}, 'No bench has begun yet.'));
}

export function draw_open(body: HTMLElement, live: Live): void {
  body.replaceChildren(...live.open.map(block));
  if (live.open_left_out > 0) {
    body.append(el('p', {class: 'about'}, `${live.open_left_out} older runs have not ended, either.`));
  }
}
