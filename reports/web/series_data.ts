// What the page of a series draws: its points in time, the stretches between its changes, what stands on its time
// axis. No elements here.
import type {HistoryModel, SeriesEntry} from './history_model';
import type {Change, NightRun} from './report_types';

// Nights at one level, of one physical unit.
export interface Stretch {
  readonly from: number;  // index of the first point
  readonly to: number;    // and of the last
  readonly level: number;
  readonly half_width: number | null;  // 95 of 100 nights lie so near the level; null: not known, or counts do not scatter
}

export interface Flag {
  readonly at_s: number;
  readonly text: string;
}

export interface SeriesData {
  readonly entry: SeriesEntry;
  readonly nights: readonly NightRun[];  // by point
  readonly times_s: Float64Array;        // by point; never falling, since an axis cannot go back
  readonly values: Float64Array;
  readonly stretches: readonly Stretch[];
  readonly changes: readonly Change[];
  readonly units: readonly Flag[];  // where another physical unit took over
  readonly releases: readonly Flag[];
}

const kNormal95 = 1.96;

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function stretches_of(entry: SeriesEntry, values: Float64Array): readonly Stretch[] {
  const {segments, changes, level, sigma, exact} = entry.series;
  if (values.length === 0) return [];
  const starts = [...new Set([0, ...segments.map(({from}) => from), ...changes.map(({index}) => index)])]
      .filter((start) => start < values.length).sort((a, b) => a - b);
  const half_width = sigma === null || exact ? null : kNormal95 * sigma;
  return starts.map((from, at) => {
    const to = (starts[at + 1] ?? values.length) - 1;
    const stated = at === starts.length - 1 ? level : null;
    return {from, to, level: stated ?? median(values.slice(from, to + 1)), half_width};
  });
}

export function series_data(model: HistoryModel, entry: SeriesEntry): SeriesData {
  const values = entry.values();
  const runs = entry.runs();
  const nights: NightRun[] = [];
  const times_s = new Float64Array(values.length);
  let latest = -Infinity;
  for (let at = 0; at < values.length; at++) {
    const night = model.nights[runs[at] ?? -1];
    if (!night) throw new Error(`the report's nights end before index ${runs[at]}`);
    nights.push(night);
    latest = Math.max(latest, night.started_at_ms / 1000);
    times_s[at] = latest;
  }
  const first_s = times_s[0] ?? 0;
  const units = entry.series.segments.slice(1).map(({unit_id, from}) =>
      ({at_s: times_s[from] ?? 0, text: `unit ${unit_id || 'without a name'}`}));
  const releases = model.history.releases.flatMap(({name, night}) => {
    const at_s = (model.nights[night]?.started_at_ms ?? NaN) / 1000;
    return at_s >= first_s && at_s <= latest ? [{at_s, text: name}] : [];
  });
  return {entry, nights, times_s, values, stretches: stretches_of(entry, values), changes: entry.series.changes, units, releases};
}

export function change_at(data: SeriesData, index: number): Change | undefined {
  return data.changes.find((change) => change.index === index);
}
