// The report's history with its indices resolved and its numbers unpacked: what the matrix, the series page and
// the findings draw from.
import type {FigureText} from './format';
import {byte_figure, energy_figure, joined, power_figure, three_digits, time_figure, kAbsent} from './format';
import {unpack_numbers, unpack_integers} from './packed';
import type {Finding, History, Metric, NightRun, Report, Series} from './report_types';

export class SeriesEntry {
  readonly key: string;
  readonly words: string;  // lower case, for search
  private unpacked: {readonly runs: Float64Array; readonly values: Float64Array} | null = null;

  constructor(readonly index: number, readonly series: Series, readonly metric: Metric) {
    const {bench, engine, model, variant, suite, settings, tier} = series;
    this.key = [bench, engine, model, variant, suite, settings, metric.name, tier].join('|');
    this.words = [bench, series.board, engine, model, variant, suite, settings, metric.name, metric.title, tier,
      series.status].join(' ').toLowerCase();
  }

  // By point: index into the nights.
  runs(): Float64Array {
    return this.points().runs;
  }

  // By point.
  values(): Float64Array {
    return this.points().values;
  }

  last(): number | null {
    const values = this.values();
    return values[values.length - 1] ?? null;
  }

  private points(): {readonly runs: Float64Array; readonly values: Float64Array} {
    this.unpacked ??= {runs: unpack_integers(this.series.run), values: unpack_numbers(this.series.values)};
    return this.unpacked;
  }
}

export class HistoryModel {
  readonly entries: readonly SeriesEntry[];
  readonly nights: readonly NightRun[];
  private readonly by_key: ReadonlyMap<string, SeriesEntry>;
  private readonly open_findings = new Map<number, Finding>();

  constructor(readonly report: Report, readonly history: History) {
    const metrics = new Map(report.metrics.map((metric) => [metric.name, metric]));
    this.nights = history.nights;
    this.entries = history.series.map((series, index) => new SeriesEntry(index, series,
        metrics.get(series.metric) ?? {name: series.metric, title: series.metric, unit: '', better: 'lower'}));
    this.by_key = new Map(this.entries.map((entry) => [entry.key, entry]));
    // The most important comes first.
    for (const finding of history.findings) {
      if (finding.state !== 'resolved' && !this.open_findings.has(finding.series)) {
        this.open_findings.set(finding.series, finding);
      }
    }
  }

  find(key: string): SeriesEntry | undefined {
    return this.by_key.get(key);
  }

  // The finding that says why a series is not unchanged.
  finding_of(entry: SeriesEntry): Finding | undefined {
    return this.open_findings.get(entry.index);
  }
}

export function history_of(report: Report): HistoryModel | null {
  return report.history ? new HistoryModel(report, report.history) : null;
}

// A value of any metric, by the unit of the registry.
export function metric_figure(value: number | null, unit: string): FigureText {
  if (value === null || !Number.isFinite(value)) return {number: kAbsent, unit: ''};
  switch (unit) {
    case 'ms': return time_figure(value * 1e6, 'ns');
    case 'instructions': return time_figure(value, 'instructions');
    case 'bytes': return byte_figure(value);
    case 'ratio': return {number: (100 * value).toFixed(1), unit: '%'};
    case 'uj': return energy_figure(value);
    case 'uw': return power_figure(value);
    default: return {number: three_digits(value), unit};
  }
}

export function figure_text(entry: SeriesEntry, value: number | null): string {
  return joined(metric_figure(value, entry.metric.unit));
}

// All digits that the page holds: 32-bit floats have seven, counts have all of theirs.
export function exact_text(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 53) return value.toLocaleString('en-GB');
  return String(Number(value.toPrecision(7)));
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? `±${text}` : `${value > 0 ? '+' : '−'}${text}`;
}

// "+10.2 %"; shares in points: 93 % to 91 % is -2 points.
export function change_text(entry: SeriesEntry, before: number, after: number): string {
  const effect = after - before;
  if (entry.metric.unit === 'ratio') return `${signed(100 * effect, 1)} points`;
  if (before === 0) return `${effect >= 0 ? '+' : '−'}${figure_text(entry, Math.abs(effect))}`;
  const percent = 100 * effect / Math.abs(before);
  return `${signed(percent, Math.abs(percent) < 1 ? 2 : 1)} %`;
}

// How large a change is, so that changes of several metrics can be put in order.
export function relative_size(entry: SeriesEntry, before: number, after: number): number {
  const effect = Math.abs(after - before);
  return entry.metric.unit === 'ratio' || before === 0 ? effect : effect / Math.abs(before);
}

// What costs time on one board costs instructions on another: one family of metrics.
export function family_of(metric: string): string {
  return metric.replace(/_(?:ms|instructions)(?=_|$)/, '_cost');
}

export function series_link(entry: SeriesEntry): string {
  return `#${new URLSearchParams({view: 'series', series: entry.key}).toString()}`;
}
