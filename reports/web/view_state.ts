// What the reader chose: filters, order, plot. It lives in the URL's fragment, so that a view can be sent,
// and sections draw themselves again when it changes.
import type {FilterKey, Model, Row} from './model';
import {kFilterKeys, name_of} from './model';

const kOtherKeys = ['view', 'metric', 'tier', 'series', 'point', 'finding', 'order', 'compare', 'text', 'sort', 'down', 'pareto', 'plot', 'prompt', 'first', 'whole', 'phase', 'power'] as const;
export type StateKey = FilterKey | (typeof kOtherKeys)[number];
type Listener = (changed: ReadonlySet<StateKey>) => void;

export const kAllRuns = '*';

export class ViewState {
  private readonly values = new Map<StateKey, string>();
  private readonly listeners: Listener[] = [];

  constructor(private readonly model: Model) {
    this.read_fragment();
    window.addEventListener('hashchange', () => {
      // "#summary" is a place on the page, not a view.
      if (location.hash !== '' && !location.hash.includes('=')) return;
      this.read_fragment();
      this.notify(new Set<StateKey>([...kFilterKeys, ...kOtherKeys]));
    });
  }

  get(key: StateKey): string {
    const value = this.values.get(key);
    if (value !== undefined) return value;
    return key === 'run' ? (this.model.report.runs[0]?.run_id ?? kAllRuns) : '';
  }

  set(changes: Partial<Record<StateKey, string>>): void {
    const changed = new Set<StateKey>();
    for (const [name, value] of Object.entries(changes)) {
      const key = name as StateKey;
      if (this.get(key) === value) continue;
      changed.add(key);
      if (value === '') this.values.delete(key);
      else this.values.set(key, value);
    }
    if (changed.size === 0) return;
    this.write_fragment();
    this.notify(changed);
  }

  on_change(keys: readonly StateKey[], draw: () => void): void {
    this.listeners.push((changed) => {
      if (keys.some((key) => changed.has(key))) draw();
    });
  }

  // The rows that pass every filter and hold every word of the search text.
  visible_rows(): readonly Row[] {
    const words = this.get('text').toLowerCase().split(/\s+/).filter((word) => word !== '');
    return this.model.rows.filter((row) => this.passes_filters(row) && holds_words(row, words));
  }

  private passes_filters(row: Row): boolean {
    return kFilterKeys.every((key) => {
      const wanted = this.get(key);
      return wanted === '' || wanted === kAllRuns || name_of(row, key) === wanted;
    });
  }

  private notify(changed: ReadonlySet<StateKey>): void {
    this.listeners.forEach((listener) => listener(changed));
  }

  private read_fragment(): void {
    const known: readonly string[] = [...kFilterKeys, ...kOtherKeys];
    this.values.clear();
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
      if (known.includes(key) && value !== '') this.values.set(key as StateKey, value);
    }
  }

  private write_fragment(): void {
    const fragment = new URLSearchParams([...this.values]).toString();
    history.replaceState(null, '', `#${fragment}`);
  }
}

function holds_words({cell, session, run}: Row, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = [session.bench, session.board, session.unit_id, session.model, session.variant, session.tier,
    cell.suite, cell.settings, cell.status, cell.reason, ...cell.doubts, run.label, run.build, run.run_id]
      .join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}
