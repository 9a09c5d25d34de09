// The matrix: a row for each board, model and suite, a column for each variant, in every cell the history of one
// metric as a line and its newest figure against its budget.
import {el, on} from './dom';
import {counted} from './format';
import type {HistoryModel, SeriesEntry} from './history_model';
import {change_text, figure_text, metric_figure, series_link} from './history_model';
import type {Family, MatrixFilter, MatrixRow} from './matrix_data';
import {chosen_family, families_of, filter_value, kMatrixFilters, kMatrixOrders, kNoSuite, matrix_rows, variants_of} from './matrix_data';
import {sparkline} from './sparkline';
import {tier_badge} from './tier';
import type {ViewState} from './view_state';

const kRowsAtOnce = 60;
const kSpark = {width: 128, height: 30};

// Never by colour alone: a sign and words.
const kStatusText: Readonly<Record<string, string>> = {
  regression: 'worse', improvement: 'better', trade: 'better, but answers got worse', change: 'changed',
  unmeasured: 'not measured on the newest night', absent: 'not in the newest run'};
const kStatusMark: Readonly<Record<string, string>> = {
  regression: '✗', improvement: '✓', trade: '⇄', change: '◆', unmeasured: '?', absent: '–', learning: '…'};

export function status_words(model: HistoryModel, entry: SeriesEntry): string {
  const {status, note} = entry.series;
  const finding = model.finding_of(entry);
  const words = status === 'learning' ? note || 'learning' : kStatusText[status] ?? '';
  const effect = finding && words !== '' ? `${change_text(entry, finding.before, finding.after)} ` : '';
  const level = finding && finding.level === 'watch' ? ', to be watched' : '';
  const mark = kStatusMark[status];
  return `${mark ? `${mark} ` : ''}${effect}${words}${level}`;
}

export function budget_words(entry: SeriesEntry): string {
  const {budget} = entry.series;
  if (!budget) return '';
  const sign = budget.comparison === '<=' ? '≤' : '≥';
  return `${sign} ${figure_text(entry, budget.limit)}: ${budget.verdict}`;
}

class Matrix {
  private readonly families: readonly Family[];
  private readonly variants: readonly string[];
  private readonly cells = new Map<number, HTMLElement>();  // drawn once, moved when filters change
  private readonly count = el('p', {class: 'count', role: 'status'});
  private readonly place = el('div');
  private readonly more = el('button', {type: 'button', class: 'quiet'});
  private readonly search = el('input', {type: 'search', id: 'matrix-text', placeholder: 'any word', autocomplete: 'off'});
  private readonly metric = el('select', {id: 'matrix-metric'});
  private shown = kRowsAtOnce;

  constructor(view: HTMLElement, private readonly model: HistoryModel, private readonly state: ViewState) {
    this.families = families_of(model);
    this.variants = variants_of(model);
    view.append(el('h2', {}, 'Boards and variants'), this.controls(), this.place, this.more);
    on(this.more, 'click', () => {
      this.shown = Infinity;
      this.draw();
    });
    state.on_change([...kMatrixFilters, 'metric', 'text', 'order'], () => {
      this.shown = kRowsAtOnce;
      this.draw();
    });
    this.draw();
  }

  private controls(): HTMLElement {
    on(this.search, 'input', () => this.state.set({text: this.search.value}));
    this.metric.append(...this.families.map(({name, title}) => el('option', {value: name}, title)));
    on(this.metric, 'change', () => this.state.set({metric: this.metric.value}));
    const order = el('select', {id: 'matrix-order'}, el('option', {value: ''}, 'name'),
                     ...kMatrixOrders.map((name) => el('option', {value: name}, name === 'size' ? 'size of the change' : name)));
    const set_order = () => { order.value = this.state.get('order'); };
    set_order();
    on(order, 'change', () => this.state.set({order: order.value}));
    this.state.on_change(['order'], set_order);
    const reset = on(el('button', {type: 'button', class: 'quiet'}, 'show all'), 'click', () =>
        this.state.set({board: '', model: '', variant: '', suite: '', tier: '', text: ''}));
    const label = (text: string, child: HTMLElement) => el('label', {}, el('span', {class: 'label'}, text), child);
    return el('div', {class: 'filters', role: 'search', 'aria-label': 'series'}, label('metric', this.metric),
              ...kMatrixFilters.map((key) => this.filter(key)), label('sorted by', order), label('search', this.search),
              this.count, reset);
  }

  private filter(key: MatrixFilter): HTMLElement | null {
    const values = [...new Set(this.model.entries.map(({series}) => filter_value(series, key)))].sort();
    if (values.length < 2) return null;
    const select = el('select', {id: `matrix-${key}`}, el('option', {value: ''}, `all ${key}s`),
                      ...values.map((value) => el('option', {value}, value)));
    const set = () => { select.value = this.state.get(key); };
    set();
    on(select, 'change', () => this.state.set({[key]: select.value}));
    this.state.on_change([key], set);
    return el('label', {}, el('span', {class: 'label'}, key), select);
  }

  private draw(): void {
    const family = chosen_family(this.model, this.families, this.state);
    this.metric.value = family;
    if (this.search !== document.activeElement) this.search.value = this.state.get('text');
    const rows = matrix_rows(this.model, family, this.state);
    const entries = rows.reduce((sum, {cells}) => sum + cells.size, 0);
    const in_all = this.families.find(({name}) => name === family)?.count ?? 0;
    this.count.textContent = entries === in_all ? counted(in_all, 'series', 'series') : `${entries} of ${counted(in_all, 'series', 'series')}`;
    const seen = rows.slice(0, this.shown);
    this.more.hidden = seen.length === rows.length;
    this.more.textContent = `Show all ${rows.length} rows`;
    this.place.replaceChildren(rows.length > 0 ? this.table(seen, family) :
        el('p', {class: 'empty'}, in_all > 0 ? 'No series passes these filters.' : 'The history holds no series.'));
  }

  private table(rows: readonly MatrixRow[], family: string): HTMLElement {
    const used = new Set(rows.flatMap(({cells}) => [...cells.keys()]));
    const variants = this.variants.filter((variant) => used.has(variant));
    // What all rows share need not stand in each.
    const differs = (name: 'engine' | 'settings') => new Set(rows.map(({series}) => series[name])).size > 1;
    const shown = {engine: differs('engine'), settings: differs('settings')};
    const title = this.families.find(({name}) => name === family)?.title ?? family;
    const head = el('tr', {}, el('th', {scope: 'col'}, 'board, model, suite'),
                    ...variants.map((variant) => el('th', {scope: 'col'}, variant)));
    const body = rows.map((row) => el('tr', {}, row_head(row, shown), ...variants.map((variant) =>
        this.cell(row.cells.get(variant), variant))));
    return el('div', {class: 'scroll', role: 'region', tabindex: 0, 'aria-label': `${title}, by board and variant`},
              el('table', {class: 'matrix'}, el('thead', {}, head), el('tbody', {}, ...body)));
  }

  private cell(entry: SeriesEntry | undefined, variant: string): HTMLElement {
    if (!entry) return el('td', {class: 'none'}, '–');
    const drawn = this.cells.get(entry.index);
    if (drawn) return drawn;
    const {number, unit} = metric_figure(entry.last(), entry.metric.unit);
    const words = status_words(this.model, entry);
    const budget = budget_words(entry);
    const link = el('a', {href: series_link(entry)}, sparkline(entry, kSpark),
                    el('span', {class: 'variant'}, variant),
                    el('span', {class: 'newest'}, el('b', {}, number), unit ? ` ${unit}` : null),
                    words ? el('span', {class: 'state'}, words) : null,
                    budget ? el('span', {class: `budget is-${entry.series.budget?.verdict ?? ''}`}, budget) : null);
    on(link, 'click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.state.set({view: 'series', series: entry.key, point: ''});
      window.scrollTo(0, 0);
    });
    const cell = el('td', {class: `status-${entry.series.status}`}, link);
    this.cells.set(entry.index, cell);
    return cell;
  }
}

function row_head({series}: MatrixRow, shown: {readonly engine: boolean; readonly settings: boolean}): HTMLElement {
  const {bench, board, model, suite, settings, engine, tier} = series;
  const place = bench === board || board === '' ? bench : `${bench} (${board})`;
  const extra = [shown.engine ? engine : '', shown.settings ? settings : ''].filter((text) => text !== '').join(', ');
  return el('th', {scope: 'row'}, el('b', {}, place), ' ', tier_badge(tier),
            el('span', {class: 'names'}, `${model}, ${suite || kNoSuite}`),
            extra ? el('span', {class: 'names'}, extra) : null);
}

export function draw_matrix(view: HTMLElement, model: HistoryModel, state: ViewState): void {
  new Matrix(view, model, state);
}
