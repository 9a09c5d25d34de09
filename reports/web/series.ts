// The page of one series: its history as a chart that keys can walk, what changed, its numbers as a table, and the
// record behind the point that is chosen.
import {el, fold_later, on, plain_table, stacking_table} from './dom';
import {counted, three_digits, utc} from './format';
import type {HistoryModel, SeriesEntry} from './history_model';
import {change_text, exact_text, figure_text} from './history_model';
import {budget_words, status_words} from './matrix';
import {kNoSuite} from './matrix_data';
import {LineChart} from './line_chart';
import type {Model} from './model';
import type {Change} from './report_types';
import {series_chart} from './series_chart';
import type {SeriesData} from './series_data';
import {change_at, series_data} from './series_data';
import {PointPanel} from './series_point';
import {kTierMeaning, tier_badge} from './tier';
import type {ViewState} from './view_state';

const kTableRows = 100;

class SeriesView {
  private readonly head = el('div');
  private readonly place = el('div', {class: 'chart series-chart', tabindex: 0, role: 'img', 'aria-describedby': 'series-readout'});
  private readonly readout = el('p', {class: 'readout', id: 'series-readout'});
  private readonly legend = el('p', {class: 'about'});
  private readonly changes = el('div');
  private readonly table = el('div');
  private readonly point = el('div', {class: 'point', 'aria-live': 'polite'});
  private readonly chart = new LineChart(this.place, {page_points: 10, on_index: (index) => this.read_out(index),
    on_choice: (index) => this.choose(index), keys_from: () => this.chosen ?? this.data?.values.length ?? 0});
  private readonly panel: PointPanel;
  private data: SeriesData | null = null;
  private chosen: number | null = null;

  constructor(view: HTMLElement, private readonly history: HistoryModel, model: Model, private readonly state: ViewState) {
    this.panel = new PointPanel(this.point, history, model, state);
    view.append(this.head, this.place, this.readout, this.legend, this.point, this.changes, this.table);
    on(this.place, 'focus', () => this.readout.setAttribute('aria-live', 'polite'));
    on(this.place, 'blur', () => this.readout.removeAttribute('aria-live'));
    state.on_change(['series', 'point'], () => this.draw());
    this.draw();
  }

  draw(): void {
    const entry = this.history.find(this.state.get('series')) ?? this.first();
    const is_new = entry !== this.data?.entry;
    if (is_new) {
      this.data = entry ? series_data(this.history, entry) : null;
      this.draw_series(entry);
    }
    if (!this.data) return;
    const chosen = this.data.nights.findIndex(({run_id}) => run_id === this.state.get('point'));
    this.chosen = chosen < 0 ? null : chosen;
    if (this.data.values.length === 0) return;
    if (is_new) this.chart.draw(series_chart(this.data, () => this.chosen));
    else this.chart.repaint();
    if (this.chosen === null) this.panel.clear();
    else this.panel.draw(this.data, this.chosen);
  }

  // Where none is asked for: what the most important finding is about, or the first.
  private first(): SeriesEntry | undefined {
    const finding = this.history.history.findings.find(({series, state}) => series >= 0 && state !== 'resolved');
    return this.history.entries[finding?.series ?? 0] ?? this.history.entries[0];
  }

  private draw_series(entry: SeriesEntry | undefined): void {
    const {data} = this;
    const has_points = data !== null && data.values.length > 0;
    for (const part of [this.place, this.readout, this.legend]) part.hidden = !has_points;
    if (!entry || !data) {
      this.head.replaceChildren(el('h2', {}, 'Series'), el('p', {class: 'empty'}, 'The history holds no series.'));
      return;
    }
    this.head.replaceChildren(...this.heading(entry), ...(has_points ? [] :
        [el('p', {class: 'empty'}, 'No night gave a trusted figure.')]));
    this.place.setAttribute('aria-label', `${entry.metric.title} night by night, ${data.values.length} points. ` +
        'Arrow keys move from night to night, Enter chooses one.');
    this.legend.textContent = legend_text(data);
    this.read_out(null);
    this.changes.replaceChildren(...this.change_parts(data));
    this.table.replaceChildren(...(has_points ? [this.numbers(data)] : []));
  }

  private heading(entry: SeriesEntry): readonly HTMLElement[] {
    const {bench, board, engine, model, variant, suite, settings, tier, note, detectable} = entry.series;
    const place = board === bench || board === '' ? bench : `${bench} (${board})`;
    const status = status_words(this.history, entry);
    const budget = budget_words(entry);
    const detail = [
      status || 'unchanged', note && !status.includes(note) ? note : '', budget ? `budget ${budget}` : '',
      detectable !== null && detectable > 0 ? `smallest effect that would be found: ${figure_text(entry, detectable)}` : ''];
    return [
      el('h2', {}, `${entry.metric.title}: ${place}, ${model} ${variant}${suite ? `, ${suite}` : ''}`),
      el('p', {class: 'newest-figure'}, el('b', {}, figure_text(entry, entry.last())), ' ', tier_badge(tier), ' ',
         el('span', {class: 'sub'}, `${kTierMeaning[tier]}; ${entry.metric.better} is better`)),
      el('p', {class: 'series-state'}, detail.filter((text) => text !== '').join(' · ')),
      el('p', {class: 'about'}, `${engine}, ${suite || kNoSuite}${settings ? `, ${settings}` : ''}`),
      this.neighbours(entry)];
  }

  // Other metrics of the same thing, other variants of the same metric.
  private neighbours(entry: SeriesEntry): HTMLElement {
    const of = ({series}: SeriesEntry) => series;
    const same_thing = this.history.entries.filter((other) => of(other).bench === of(entry).bench &&
        of(other).engine === of(entry).engine && of(other).model === of(entry).model);
    const metrics = same_thing.filter((other) => of(other).variant === of(entry).variant &&
        [of(entry).suite, ''].includes(of(other).suite) && (of(other).suite === '' || of(other).settings === of(entry).settings));
    const variants = same_thing.filter((other) => other.metric === entry.metric && of(other).suite === of(entry).suite &&
        of(other).settings === of(entry).settings && of(other).tier === of(entry).tier);
    const choice = (label: string, entries: readonly SeriesEntry[], name: (entry: SeriesEntry) => string) => {
      const select = el('select', {}, ...entries.map((other) => el('option', {value: other.key, selected: other === entry}, name(other))));
      on(select, 'change', () => this.state.set({series: select.value, point: ''}));
      return el('label', {}, el('span', {class: 'label'}, label), select);
    };
    const back = on(el('a', {href: '#view=matrix'}, '← all boards and variants'), 'click', (event) => {
      event.preventDefault();
      this.state.set({view: 'matrix'});
    });
    return el('div', {class: 'controls'}, back, choice('metric', metrics, (other) => other.metric.title),
              variants.length > 1 ? choice('variant', variants, (other) => of(other).variant) : null);
  }

  private choose(index: number): void {
    const night = this.data?.nights[index];
    if (night) this.state.set({series: this.data?.entry.key ?? '', point: night.run_id});
  }

  private read_out(index: number | null): void {
    const {data} = this;
    const night = index === null ? undefined : data?.nights[index];
    if (!data || index === null || !night) {
      this.readout.textContent = 'Point at the chart, or focus it and use the arrow keys; click or Enter shows the night. Drag or + and − to zoom, double-click for all.';
      return;
    }
    const before = data.values[index - 1];
    const value = data.values[index] ?? 0;
    const names = [night.label, night.build, night.commit_sha.slice(0, 12)].filter((text) => text !== '');
    const step = before === undefined ? '' : `, ${change_text(data.entry, before, value)} against the night before`;
    const change = change_at(data, index);
    const level = change ? `. Here the level changed by ${change_text(data.entry, change.before, change.after)}` : '';
    this.readout.textContent = `${utc(night.started_at_ms)}: ${figure_text(data.entry, value)}${step}${level}. ${names.join(' · ')}`;
  }

  private change_parts(data: SeriesData): readonly HTMLElement[] {
    if (data.changes.length === 0) return [];
    const day = (index: number) => utc(data.nights[Math.max(0, index)]?.started_at_ms ?? NaN).slice(0, 10);
    const row = (change: Change) => [
      day(change.index), `${day(change.onset_low)} to ${day(change.onset_high)}`,
      `${figure_text(data.entry, change.before)} to ${figure_text(data.entry, change.after)}`,
      change_text(data.entry, change.before, change.after),
      `${change_text(data.entry, change.before, change.before + change.effect_low)} to ${change_text(data.entry, change.before, change.before + change.effect_high)}`,
      data.entry.series.exact ? 'exact counts' : three_digits(change.p_value), change.level];
    return [el('h3', {}, 'Changes of the level, on the unit that is there now'),
      stacking_table('changes', ['since', '95 %: between', 'level', 'change', '95 %', 'p', ''], data.changes.map(row))];
  }

  // Drawn when it is opened, newest first, a page at a time.
  private numbers(data: SeriesData): HTMLElement {
    const body = el('div');
    let shown = kTableRows;
    const draw = () => {
      const from = Math.max(0, data.values.length - shown);
      const rows = Array.from({length: data.values.length - from}, (_, back) => {
        const at = data.values.length - 1 - back;
        const night = data.nights[at];
        return [utc(night?.started_at_ms ?? NaN), exact_text(data.values[at] ?? NaN), night?.label ?? '', night?.build ?? '', night?.commit_sha.slice(0, 12) ?? ''];
      });
      const more = on(el('button', {type: 'button', class: 'quiet'}, `${kTableRows} more`), 'click', () => {
        shown += kTableRows;
        draw();
      });
      const titles = ['night', `${data.entry.metric.title} (${data.entry.metric.unit})`, 'label', 'build', 'commit'];
      body.replaceChildren(plain_table('night by night', titles, rows), ...(from > 0 ? [more] : []));
    };
    return fold_later({class: 'behind'}, `The numbers (${counted(data.values.length, 'night', 'nights')})`, () => {
      draw();
      return body;
    });
  }
}

function legend_text(data: SeriesData): string {
  const parts = ['Thin line: a night a point. Thick line: the level between changes.'];
  if (data.stretches.some(({half_width}) => half_width !== null)) parts.push('Band: where 95 of 100 nights lie.');
  if (data.changes.length > 0) parts.push('Vertical line: a change, ▲ up or ▼ down, dashed while it is to be watched; its shade: when it can have begun (95 %).');
  if (data.units.length > 0) parts.push('Dashed with a flag at the bottom: another physical unit.');
  if (data.releases.length > 0) parts.push('Dotted with a flag at the top: a release.');
  parts.push('The axis does not begin at 0.');
  return parts.join(' ');
}

export function draw_series(view: HTMLElement, history: HistoryModel, model: Model, state: ViewState): void {
  new SeriesView(view, history, model, state);
}
