// Which series the matrix shows, as rows of variants, in which order. No elements here.
import type {HistoryModel, SeriesEntry} from './history_model';
import {family_of, relative_size} from './history_model';
import type {Series} from './report_types';
import {kTierOrder} from './tier';
import type {ViewState} from './view_state';

export const kMatrixFilters = ['board', 'model', 'variant', 'suite', 'tier'] as const;
export type MatrixFilter = (typeof kMatrixFilters)[number];

export interface MatrixRow {
  readonly key: string;
  readonly series: Series;  // whose names the row has
  readonly cells: ReadonlyMap<string, SeriesEntry>;  // by variant
}

export interface Family {
  readonly name: string;
  readonly title: string;
  readonly count: number;
}

// "whole session" stands where a metric does not belong to a suite.
export const kNoSuite = 'whole session';

export function filter_value(series: Series, key: MatrixFilter): string {
  return key === 'suite' && series.suite === '' ? kNoSuite : series[key];
}

// In the order of the registry.
export function families_of(model: HistoryModel): readonly Family[] {
  const found = new Map<string, {title: string; count: number}>();
  for (const {name, title} of model.report.metrics) {
    if (!found.has(family_of(name))) found.set(family_of(name), {title, count: 0});
  }
  for (const {metric} of model.entries) {
    const name = family_of(metric.name);
    const family = found.get(name) ?? {title: metric.title, count: 0};
    found.set(name, {title: family.title, count: family.count + 1});
  }
  return [...found].map(([name, family]) => ({name, ...family})).filter(({count}) => count > 0);
}

// What the reader asked for; else what the most important finding is about, else the tail of a token's cost,
// else whatever most series have.
export function chosen_family(model: HistoryModel, families: readonly Family[], state: ViewState): string {
  const finding = model.history.findings.find(({state: its, series}) => its !== 'resolved' && series >= 0);
  const of_finding = finding ? model.entries[finding.series]?.metric.name ?? '' : '';
  const wishes = [family_of(state.get('metric')), family_of(of_finding), 'token_cost_p99'];
  const wish = wishes.find((name) => families.some((family) => family.name === name));
  const most = [...families].sort((a, b) => b.count - a.count)[0];
  return wish ?? most?.name ?? '';
}

const natural = new Intl.Collator('en', {numeric: true});

// The largest image first, where images are measured: f32, int8, int4.
export function variants_of(model: HistoryModel): readonly string[] {
  const bytes = new Map<string, number>();
  for (const entry of model.entries) {
    const size = entry.metric.name === 'image_bytes' ? entry.last() ?? 0 : 0;
    bytes.set(entry.series.variant, Math.max(size, bytes.get(entry.series.variant) ?? 0));
  }
  return [...bytes.keys()].sort((a, b) => (bytes.get(b) ?? 0) - (bytes.get(a) ?? 0) || natural.compare(a, b));
}

function passes(entry: SeriesEntry, wanted: readonly (readonly [MatrixFilter, string])[], words: readonly string[]): boolean {
  return wanted.every(([key, value]) => filter_value(entry.series, key) === value) &&
      words.every((word) => entry.words.includes(word));
}

// Findings before everything else, alerts before watches, then the least likely to be chance.
function significance(model: HistoryModel, entry: SeriesEntry): number {
  const finding = model.finding_of(entry);
  if (finding) return (finding.level === 'alert' ? 1e6 : 1e3) - Math.log10(Math.max(finding.q_value, 1e-300));
  const change = entry.series.changes[entry.series.changes.length - 1];
  return change ? -Math.log10(Math.max(change.p_value, 1e-300)) : -1;
}

function size(model: HistoryModel, entry: SeriesEntry): number {
  const change = model.finding_of(entry) ?? entry.series.changes[entry.series.changes.length - 1];
  return change ? relative_size(entry, change.before, change.after) : -1;
}

export const kMatrixOrders = ['significance', 'size'] as const;

function in_order(model: HistoryModel, rows: MatrixRow[], order: string): MatrixRow[] {
  const names = (row: MatrixRow) => [row.series.bench, row.series.model, row.series.suite, row.series.settings, row.series.engine];
  const by_name = (a: MatrixRow, b: MatrixRow) => {
    const tiers = kTierOrder.indexOf(a.series.tier) - kTierOrder.indexOf(b.series.tier);
    if (tiers !== 0) return tiers;
    const others = names(b);
    return names(a).map((name, at) => natural.compare(name, others[at] ?? '')).find((way) => way !== 0) ?? 0;
  };
  if (order !== 'significance' && order !== 'size') return rows.sort(by_name);
  const measure = order === 'size' ? size : significance;
  const weights = new Map(rows.map((row) => [row, Math.max(...[...row.cells.values()].map((entry) => measure(model, entry)))]));
  return rows.sort((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0) || by_name(a, b));
}

export function matrix_rows(model: HistoryModel, family: string, state: ViewState): readonly MatrixRow[] {
  const wanted = kMatrixFilters.map((key) => [key, state.get(key)] as const).filter(([, value]) => value !== '');
  const words = state.get('text').toLowerCase().split(/\s+/).filter((word) => word !== '');
  const rows = new Map<string, {series: Series; cells: Map<string, SeriesEntry>}>();
  for (const entry of model.entries) {
    if (family_of(entry.metric.name) !== family || !passes(entry, wanted, words)) continue;
    const {series} = entry;
    // Of a time and a count that are both measured, each has a row.
    const key = [series.tier, series.bench, series.engine, series.model, series.suite, series.settings, series.metric].join('|');
    const row = rows.get(key) ?? {series, cells: new Map<string, SeriesEntry>()};
    row.cells.set(series.variant, entry);
    rows.set(key, row);
  }
  return in_order(model, [...rows].map(([key, row]) => ({key, ...row})), state.get('order'));
}
