// What a token plot shows: for cells that differ in variant alone, cost by token index.
import type {TimeUnit} from './format';
import type {Row} from './model';
import {plot_key} from './model';
import {unpack_integers} from './packed';

export interface TokenLine {
  readonly name: string;  // "int8", or "int8, session 2"
  readonly row: Row;
  // [tokens], by token index. Of one prompt, low and high equal the line and count is 1.
  readonly line: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly count: Float64Array;
}

export interface TokenGroup {
  readonly key: string;
  readonly title: string;
  readonly unit: TimeUnit;
  readonly rows: readonly Row[];
}

export function token_groups(rows: readonly Row[]): readonly TokenGroup[] {
  const several_runs = new Set(rows.map((row) => row.run.run_id)).size > 1;
  const groups = new Map<string, {title: string; unit: TimeUnit; rows: Row[]}>();
  for (const row of rows) {
    const {cell, session, run} = row;
    // Of an older run the page has no tokens.
    if (cell.band.count === '' || session.unit === 'none') continue;
    const key = plot_key(row);
    const found = groups.get(key);
    if (found) {
      found.rows.push(row);
      continue;
    }
    const title = [session.bench, session.model, cell.suite, several_runs ? run.run_id.slice(0, 8) : '']
        .filter((part) => part !== '').join(' · ');
    groups.set(key, {title, unit: session.unit, rows: [row]});
  }
  return [...groups].map(([key, group]) => ({key, ...group}));
}

export function prompts_of(group: TokenGroup): readonly string[] {
  const seen = new Set<string>();
  group.rows.forEach(({cell}) => cell.traces.forEach((trace) => seen.add(trace.prompt_id)));
  return [...seen];
}

// `prompt` '': median and spread over all prompts. Otherwise the first execution of that prompt.
export function token_lines(group: TokenGroup, prompt: string): readonly TokenLine[] {
  const several = new Set(group.rows.map(({session}) => session.ordinal)).size > 1;
  return group.rows.flatMap((row) => {
    const name = row.session.variant + (several ? `, session ${row.session.ordinal + 1}` : '');
    if (prompt === '') {
      const {band} = row.cell;
      return [{name, row, line: unpack_integers(band.median), low: unpack_integers(band.low),
        high: unpack_integers(band.high), count: unpack_integers(band.count)}];
    }
    const trace = row.cell.traces.find(({prompt_id}) => prompt_id === prompt);
    if (!trace) return [];
    const line = unpack_integers(trace.durations);
    return [{name, row, line, low: line, high: line, count: line.map(() => 1)}];
  });
}

export function token_count(lines: readonly TokenLine[]): number {
  return lines.reduce((most, {line}) => Math.max(most, line.length), 0);
}

export interface ValueRange {
  readonly top: number;       // where the plot may end and still show what is usual
  readonly greatest: number;  // of everything that is drawn
}

// One token that waited for the operating system can be a thousand times its neighbours; a plot scaled to it
// shows nothing else. What is usual: two and a half times the 90th percentile of a line's values.
export function usual_range(lines: readonly TokenLine[], first_index: number): ValueRange {
  let top = 0;
  let greatest = 0;
  for (const {line, high} of lines) {
    const sorted = line.slice(first_index).sort();
    top = Math.max(top, 2.5 * (sorted[Math.floor(0.9 * (sorted.length - 1))] ?? 0));
    if (first_index === 0) top = Math.max(top, line[0] ?? 0);
    greatest = high.slice(first_index).reduce((most, value) => Math.max(most, value), greatest);
  }
  return {top: Math.min(top, greatest), greatest};
}
