// What the reader chose: filters, order, plot. It lives in the URL's fragment, so that a view can be sent,
// and sections draw themselves again when it changes.
import type {FilterKey, Model, Row} from './model';
import {kFilterKeys, name_of} from './model';

const kOtherKeys = ['view', 'metric', 'tier', 'series', 'point', 'finding', 'order', 'compare', 'text', 'sort', 'down', 'pareto', 'plot', 'prompt', 'first', 'whole', 'phase', 'power'] as const;
export type StateKey = FilterKey | (typeof kOtherKeys)[number];

interface Listener {
  readonly keys: readonly StateKey[];
  readonly draw: () => void;
  readonly view: HTMLElement | null;  // it waits while this is hidden
}

export const kAllRuns = '*';

export class ViewState {
  private readonly values = new Map<StateKey, string>();
  private readonly listeners: Listener[] = [];
  private readonly due = new Set<Listener>();
  private view: HTMLElement | null = null;

  constructor(private readonly model: Model) {
    this.read_fragment();
    window.addEventListener('hashchange', () => {
      // "#main" is a place on the page, not a view.
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
    this.listeners.push({keys, draw, view: this.view});
  }

  // Those who begin to listen while `make` runs draw only while `view` is seen; what they miss, when it is seen again.
  within(view: HTMLElement, make: () => void): void {
    this.view = view;
    make();
    this.view = null;
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
    for (const listener of this.listeners) {
      if (listener.keys.some((key) => changed.has(key))) this.due.add(listener);
    }
    // Those of no view first: they decide which view is seen.
    const in_order = [...this.due].sort((a, b) => Number(a.view !== null) - Number(b.view !== null));
    for (const listener of in_order) {
      if (listener.view?.hidden) continue;
      this.due.delete(listener);
      listener.draw();
    }
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
