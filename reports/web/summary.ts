// The summary: one table a tier, since figures of different tiers are never compared.
import type {FigureColumn} from './columns';
import {Columns, has_any_figure, kNameColumns, sorted_rows} from './columns';
import {el, on, scrolling} from './dom';
import type {FigureText} from './format';
import {counted, exact} from './format';
import type {Model, Row} from './model';
import {grouped, plot_key} from './model';
import type {Tier} from './tier';
import {kTierMeaning, kTierOrder, tier_badge} from './tier';
import type {ViewState} from './view_state';
import {shared_doubts, status_mark, trouble_of} from './status';
import {cards_of} from './summary_cards';

interface Group {
  readonly tier: (typeof kTierOrder)[number];
  readonly rows: readonly Row[];
  readonly columns: readonly FigureColumn[];
  readonly doubts: readonly string[];  // of every measured row
}

function groups_of(model: Model, rows: readonly Row[]): readonly Group[] {
  const columns = new Columns(model.report.metrics);
  const by_group = grouped(rows, ({session}) => `${kTierOrder.indexOf(session.tier)} ${session.unit}`);
  return [...by_group.keys()].sort().flatMap((key) => {
    const members = by_group.get(key) ?? [];
    const first = members[0];
    if (!first) return [];
    return [{tier: first.session.tier, rows: members, 
      columns: columns.figures(first.session.unit, members),
      doubts: shared_doubts(members)}];
  });
}

export function figure_nodes(figure: FigureText): readonly (Node | string)[] {
  return figure.unit ? [figure.number, ' ', el('span', {class: 'unit'}, figure.unit)] : [figure.number];
}

// A bar behind the figure, in proportion to the column's greatest: lengths are seen before digits are read.
function with_bar(cell: HTMLElement, value: number | null, greatest: number): HTMLElement {
  if (value === null || greatest <= 0) return cell;
  cell.classList.add('has-bar');
  cell.style.setProperty('--share', String(Math.max(0, value) / greatest));
  return cell;
}

// More figures than these have less room each.
const kRoomyColumns = 10;
const kBarColumns = new Set(['token_p50', 'memory_peak_bytes']);

class SummaryTable {
  private readonly body = el('tbody');
  private readonly heads = new Map<string, HTMLTableCellElement>();
  private readonly greatest = new Map<string, number>();

  constructor(private readonly group: Group, private readonly state: ViewState,
              private readonly several_runs: boolean) {
    for (const column of group.columns) {
      const values = group.rows.map((row) => column.value(row.cell.figures) ?? 0);
      this.greatest.set(column.key, values.reduce((a, b) => Math.max(a, b), 0));
    }
    this.draw_rows();
  }

  element(): HTMLElement {
    const head = el('tr', {});
    kNameColumns.forEach((column) => head.append(this.head(column.key, column.title, column.help, false)));
    head.append(this.head('status', 'status', 'how the cell ended', false));
    this.group.columns.forEach((column) =>
        head.append(this.head(column.key, column.title, column.help, column.better === 'higher', column.tier)));
    head.append(el('th', {scope: 'col', class: 'plain-head'}, 'tier'));
    this.mark_heads();
    const label = `${this.group.tier}: ${kTierMeaning[this.group.tier]}`;
    const table = el('table', {class: this.group.columns.length > kRoomyColumns ? 'summary dense' : 'summary'}, el('caption', {class: 'unseen'}, label),
                     el('thead', {}, head), this.body);
    return scrolling(`summary, ${label}`, table);
  }

  sort_again(): void {
    this.mark_heads();
    this.draw_rows();
  }

  // First press: the better end first for figures, A to Z for names; the next press turns it round.
  private head(key: string, title: string, help: string, down_first: boolean, tier?: Tier): HTMLTableCellElement {
    const button = on(el('button', {type: 'button', title: help}, title), 'click', () => {
      const again = this.state.get('sort') === key;
      const down = again ? this.state.get('down') !== '1' : down_first;
      this.state.set({sort: key, down: down ? '1' : ''});
    });
    const numeric = this.greatest.has(key);
    const cell = el('th', {scope: 'col', class: numeric ? 'figure' : null}, button, tier ? tier_badge(tier) : null);
    this.heads.set(key, cell);
    return cell;
  }

  private mark_heads(): void {
    for (const [key, head] of this.heads) {
      const sorted = this.state.get('sort') === key;
      const direction = this.state.get('down') === '1' ? 'descending' : 'ascending';
      if (sorted) head.setAttribute('aria-sort', direction);
      else head.removeAttribute('aria-sort');
    }
  }

  private draw_rows(): void {
    const rows = sorted_rows(this.group.rows, this.state.get('sort'), this.state.get('down') === '1',
                             this.group.columns);
    this.body.replaceChildren(...rows.flatMap((row, at) => this.row_elements(row, rows[at - 1])));
  }

  private row_elements(row: Row, above: Row | undefined): HTMLElement[] {
    const line = el('tr', {class: `status-${row.cell.status}`, 'data-cell': row.cell.cell_id});
    const name = (text: string, above: string | undefined) => ({class: name_class(text, text === above)});
    line.append(el('th', {scope: 'row', ...name(row.session.bench, above?.session.bench)},
                   clamped(row.session.bench), this.run_note(row)));
    line.append(el('td', name(row.session.model, above?.session.model), clamped(row.session.model)));
    line.append(el('td', name(row.session.variant, undefined), this.variant_button(row)));
    line.append(el('td', name(row.cell.suite, undefined), clamped(row.cell.suite)));
    line.append(el('td', {}, status_mark(row.cell)));
    const trouble = trouble_of(row, this.group.doubts);
    if (trouble && !has_any_figure(row.cell.figures, this.group.columns)) {
      line.append(el('td', {class: 'reason', colspan: this.group.columns.length}, trouble));
    } else {
      this.group.columns.forEach((column) => line.append(this.figure_cell(column, row)));
    }
    line.append(el('td', {}, tier_badge(row.session.tier)));
    if (!trouble || line.querySelector('.reason')) return [line];
    const columns = kNameColumns.length + this.group.columns.length + 2;
    const note = el('td', {class: 'reason', colspan: columns}, trouble);
    return [line, el('tr', {class: `note status-${row.cell.status}`}, note)];
  }

  private run_note(row: Row): HTMLElement | null {
    const parts = [];
    if (this.several_runs) parts.push(`run ${row.run.run_id.slice(0, 8)}`);
    if (row.session.ordinal > 0) parts.push(`session ${row.session.ordinal + 1}`);
    return parts.length > 0 ? el('span', {class: 'sub'}, parts.join(', ')) : null;
  }

  // The way from a row to its token plot.
  private variant_button(row: Row): HTMLElement {
    if (row.cell.tokens === 0 || row.session.unit === 'none') return el('span', {}, row.session.variant);
    const button = el('button', {type: 'button', class: 'to-plot', title: 'show token by token'},
                      row.session.variant);
    return on(button, 'click', () => {
      this.state.set({plot: plot_key(row), prompt: ''});
      const target = document.getElementById('tokens');
      target?.scrollIntoView();
      target?.focus({preventScroll: true});
    });
  }

  private figure_cell(column: FigureColumn, row: Row): HTMLElement {
    const value = column.value(row.cell.figures);
    const title = value === null ? null : exact_text(column, row, value);
    const cell = el('td', {class: 'figure', title}, ...figure_nodes(column.text(row.cell.figures)));
    return kBarColumns.has(column.key) ? with_bar(cell, value, this.greatest.get(column.key) ?? 0) : cell;
  }
}

const kShortName = 20;

// Short names stay on one line, long ones may break; a name that only repeats the one above steps back.
function name_class(text: string, repeats: boolean): string {
  return `${text.length <= kShortName ? 'short' : 'long'}${repeats ? ' same' : ''}`;
}

// A very long name is cut after three lines; pointing at it shows the rest.
function clamped(name: string): Node | string {
  return name.length <= kShortName ? name : el('span', {class: 'clamped', title: name}, name);
}

function exact_text(column: FigureColumn, row: Row, value: number): string {
  const figures = row.cell.figures;
  if (column.key === 'accuracy') return `${figures.accuracy.count} of ${figures.accuracy.of} right`;
  if (column.key === 'reference') return `${figures.reference.count} of ${figures.reference.of} the same`;
  if (column.key === 'fallback') return `${figures.fallback.count} of ${figures.fallback.of} answers`;
  if (column.key === 'memory_peak_bytes') return `${exact(value)} bytes`;
  if (column.tier) return `${exact(value)} µJ (${column.tier})`;
  if (column.key === 'tokens_per_s') return `${exact(value)} tokens/s`;
  return `${exact(value)} ${row.session.unit}`;
}

// Draws into `section`; narrow screens get cards, which need no sideways scrolling.
export function draw_summary(section: HTMLElement, model: Model, state: ViewState): void {
  const narrow = window.matchMedia('(max-width: 760px)');
  let tables: SummaryTable[] = [];
  const redraw = () => {
    const rows = state.visible_rows();
    const several_runs = new Set(rows.map((row) => row.run.run_id)).size > 1;
    tables = [];
    const parts = groups_of(model, rows).flatMap((group) => {
      const title = el('h3', {}, tier_badge(group.tier), ' ', kTierMeaning[group.tier],
                       el('span', {class: 'sub'}, counted(group.rows.length, 'cell', 'cells')));
      const doubt = group.doubts.length === 0 ? [] : [el('p', {class: 'about doubt'},
          `Every cell measured here is doubted: ${group.doubts.join('; ')}.`)];
      if (narrow.matches) return [title, ...doubt, cards_of(group.rows, group.columns, group.doubts, state)];
      const table = new SummaryTable(group, state, several_runs);
      tables.push(table);
      return [title, ...doubt, table.element()];
    });
    if (parts.length === 0) parts.push(el('p', {class: 'empty'}, nothing_text(model)));
    section.replaceChildren(...parts);
  };
  redraw();
  narrow.addEventListener('change', redraw);
  state.on_change(['run', 'board', 'bench', 'model', 'variant', 'suite', 'status', 'text'], redraw);
  state.on_change(['sort', 'down'], () => narrow.matches ? redraw() : tables.forEach((table) => table.sort_again()));
}

function nothing_text(model: Model): string {
  return model.rows.length === 0 ?
      'No cell has been measured yet: there is nothing to summarise.' :
      'No cell passes these filters.';
}
