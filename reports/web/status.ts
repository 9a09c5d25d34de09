// How a cell ended: a mark that needs no colour, and the reason in words.
import {el} from './dom';
import type {Row} from './model';
import type {Cell} from './report_types';

const kMarks: Readonly<Record<Cell['status'], string>> = {
  ok: '✓',
  failed: '✕',
  unfit: '⊘',
  not_applicable: '–',
  interrupted: '‖',
};

export function status_text(status: Cell['status']): string {
  return status.replace('_', ' ');
}

export function status_mark(cell: Pick<Cell, 'status' | 'doubts'>): HTMLElement {
  const mark = el('span', {class: 'mark', 'aria-hidden': 'true'}, kMarks[cell.status]);
  const doubted = cell.doubts.length > 0 ? el('span', {class: 'doubt'}, ' doubted') : null;
  return el('span', {class: `status is-${cell.status}`}, mark, ` ${status_text(cell.status)}`, doubted);
}

// Doubts that every measured row has: said once above them instead of in each.
export function shared_doubts(rows: readonly Row[]): readonly string[] {
  const measured = rows.filter(({cell}) => cell.generations > 0);
  const first = measured[0];
  if (!first || measured.length < 2) return [];
  return first.cell.doubts.filter((doubt) => measured.every(({cell}) => cell.doubts.includes(doubt)));
}

// What the reader must know before believing the figures; '' where all is well. `said` was said already.
export function trouble_of({cell, session}: Row, said: readonly string[]): string {
  const parts = [];
  if (cell.reason) parts.push(cell.reason);
  else if (cell.status === 'interrupted') parts.push('it did not end');
  else if (cell.status !== 'ok') parts.push('no reason was recorded');
  const doubts = cell.doubts.filter((doubt) => !said.includes(doubt));
  if (doubts.length > 0) parts.push(`doubted: ${doubts.join('; ')}`);
  if (session.retry_reasons.length > 0) {
    parts.push(`measured at attempt ${session.attempt}, before: ${session.retry_reasons.join('; ')}`);
  }
  return parts.join(' · ');
}
