// The report's data with its indices resolved: what every section draws from.
import type {Cell, Report, Run, Session} from './report_types';
import {kTierOrder} from './tier';

export interface Row {
  readonly cell: Cell;
  readonly session: Session;
  readonly run: Run;
}

// A cell's names, as filters and search see them.
export const kFilterKeys = ['run', 'board', 'bench', 'model', 'variant', 'suite', 'status'] as const;
export type FilterKey = (typeof kFilterKeys)[number];

export class Model {
  readonly rows: readonly Row[];
  readonly sessions: readonly {session: Session; run: Run}[];

  constructor(readonly report: Report) {
    this.sessions = report.sessions.map((session) => ({session, run: at(report.runs, session.run, 'runs')}));
    this.rows = report.cells.map((cell) => ({cell, ...at(this.sessions, cell.session, 'sessions')}))
        .sort(in_reading_order);
  }

  values(key: FilterKey): readonly string[] {
    const seen = new Set<string>();
    if (key === 'run') this.report.runs.forEach((run) => seen.add(run.run_id));
    this.rows.forEach((row) => seen.add(name_of(row, key)));
    return [...seen];
  }
}

// Real time first, then by name, whatever the order of measuring was; of a model's variants the largest first (f32, int8, int4, ...).
function in_reading_order(a: Row, b: Row): number {
  const by_name = (left: string, right: string) => left.localeCompare(right, 'en', {numeric: true});
  const tier = (row: Row) => kTierOrder.indexOf(row.session.tier);
  return a.session.run - b.session.run || tier(a) - tier(b) ||
      by_name(a.session.bench, b.session.bench) || by_name(a.session.model, b.session.model) ||
      b.session.image_bytes - a.session.image_bytes || by_name(a.session.variant, b.session.variant) ||
      a.session.ordinal - b.session.ordinal || by_name(a.cell.suite, b.cell.suite);
}

function at<T>(list: readonly T[], index: number, name: string): T {
  const value = list[index];
  if (value === undefined) throw new Error(`the report's ${name} end before index ${index}`);
  return value;
}

export function name_of({cell, session, run}: Row, key: FilterKey): string {
  switch (key) {
    case 'run': return run.run_id;
    case 'board': return session.board;
    case 'bench': return session.bench;
    case 'model': return session.model;
    case 'variant': return session.variant;
    case 'suite': return cell.suite;
    case 'status': return cell.status;
  }
}

// Cells that differ in variant (and session) alone: what a token plot lays over one another.
export function plot_key({cell, session, run}: Row): string {
  return JSON.stringify([run.run_id, session.bench, session.model, cell.suite, cell.settings]);
}

export function run_title(run: Run): string {
  return run.label || run.build || run.plan || run.run_id.slice(0, 8);
}

export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

export function grouped<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return groups;
}
