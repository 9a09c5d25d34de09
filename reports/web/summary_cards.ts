// The summary on a narrow screen: a card for each cell, and a list of orders instead of column heads.
import type {FigureColumn} from './columns';
import {has_any_figure, kNameColumns, sorted_rows} from './columns';
import {el, on} from './dom';
import {joined} from './format';
import type {Row} from './model';
import {status_mark, trouble_of} from './status';
import {kTierMeaning, tier_badge} from './tier';
import type {ViewState} from './view_state';

// Token figures last: four of them share a line, the others three.
function card_place(column: FigureColumn): number {
  return column.key.startsWith('token_') ? 1 : 0;
}

function card(row: Row, columns: readonly FigureColumn[], said: readonly string[]): HTMLElement {
  const {session, cell} = row;
  const title = el('h4', {}, `${session.model} ${session.variant}`,
                   el('span', {class: 'sub'}, `${session.bench}, ${cell.suite}`));
  const trouble = trouble_of(row, said);
  const figures = el('dl', {class: 'figures'});
  if (has_any_figure(cell.figures, columns)) {
    for (const column of [...columns].sort((a, b) => card_place(a) - card_place(b))) {
      figures.append(el('div', {class: card_place(column) === 1 ? 'quarter' : 'third'},
                        el('dt', {}, column.title), el('dd', {}, joined(column.text(cell.figures)),
                               column.tier && column.value(cell.figures) !== null ? ' ' : null,
                               column.tier && column.value(cell.figures) !== null ? tier_badge(column.tier) : null)));
    }
  }
  return el('li', {class: `card status-${cell.status}`, 'data-cell': cell.cell_id}, title,
            el('p', {class: 'card-marks'}, status_mark(cell), ' ', tier_badge(session.tier),
               el('span', {class: 'sub'}, kTierMeaning[session.tier])),
            trouble ? el('p', {class: 'reason'}, trouble) : null,
            figures.children.length > 0 ? figures : null);
}

function order_choice(columns: readonly FigureColumn[], state: ViewState): HTMLElement {
  const options = [{key: '', title: 'names', down: false},
    ...kNameColumns.map(({key, title}) => ({key, title, down: false})),
    ...columns.map(({key, title, better}) => ({key, title, down: better === 'higher'}))];
  const choice = el('select', {}, ...options.map(({key, title}) =>
      el('option', {value: key, selected: key === state.get('sort')}, title)));
  on(choice, 'change', () => {
    const option = options.find(({key}) => key === choice.value);
    state.set({sort: choice.value, down: option?.down ? '1' : ''});
  });
  return el('label', {class: 'order'}, 'order by ', choice);
}

// `said`: doubts that stand above the cards already.
export function cards_of(rows: readonly Row[], columns: readonly FigureColumn[], said: readonly string[],
                         state: ViewState): HTMLElement {
  const ordered = sorted_rows(rows, state.get('sort'), state.get('down') === '1', columns);
  return el('div', {}, order_choice(columns, state),
            el('ul', {class: 'cards'}, ...ordered.map((row) => card(row, columns, said))));
}
