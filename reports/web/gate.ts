// What the gate says of the newest run: its verdict in a line, what holds back, and the rest behind a fold.
import {el, fold, stacking_table} from './dom';
import type {Gate, GateRow} from './report_types';
import {tier_badge} from './tier';

const kMarks: Readonly<Record<Gate['outcome'], string>> = {pass: '✓', fail: '✗', 'waiver lapsed': '✗', undecided: '?'};

export function gate_line({outcome, headline, file}: Gate): HTMLElement {
  return el('p', {class: `verdict is-${outcome.replace(' ', '-')}`},
            el('b', {}, `${kMarks[outcome]} gate:`), ` ${headline} `, el('span', {class: 'sub'}, file));
}

function rows_table(label: string, rows: readonly GateRow[]): HTMLElement {
  return stacking_table(label, ['row', 'verdict', 'figure', 'limit', 'distance', ''], rows.map((row) =>
      [row.name, el('b', {class: `is-${row.verdict}`}, row.text), el('span', {}, row.figure, ' ', tier_badge(row.tier)),
       row.limit, row.distance, row.reason || `slmrig gate --explain ${row.id}`]));
}

export function gate_rows({rows, remarks}: Gate): readonly HTMLElement[] {
  const holding = rows.filter(({holds_back}) => holds_back);
  const others = rows.filter(({holds_back}) => !holds_back);
  return [
    ...(holding.length > 0 ? [rows_table('what holds the release back', holding)] : []),
    ...remarks.map((remark) => el('p', {class: 'about'}, remark)),
    ...(others.length > 0 ? [fold({}, [`${others.length} of ${rows.length} budgets let it through`], rows_table('what lets it through', others))] : [])];
}
