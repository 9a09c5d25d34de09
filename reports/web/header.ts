// What was measured and how it ended: the first thing read.
import {el} from './dom';
import {exact} from './format';
import {gate_line} from './gate';
import type {Model, Row} from './model';
import {kFilterKeys} from './model';
import {status_text} from './status';
import type {Cell} from './report_types';
import type {ViewState} from './view_state';

const kStatusOrder: readonly Cell['status'][] = ['ok', 'failed', 'unfit', 'not_applicable', 'interrupted'];

function tile(number: string, text: string, kind: string): HTMLElement {
  return el('li', {class: kind}, el('b', {}, number), ' ', text);
}

function tiles_of(rows: readonly Row[]): HTMLElement[] {
  const cells = kStatusOrder.flatMap((status) => {
    const count = rows.filter(({cell}) => cell.status === status).length;
    return count > 0 || status === 'ok' ? [tile(String(count), status_text(status), `is-${status}`)] : [];
  });
  const doubted = rows.filter(({cell}) => cell.doubts.length > 0).length;
  if (doubted > 0) cells.push(tile(String(doubted), 'doubted', 'is-doubted'));
  const tokens = rows.reduce((sum, {cell}) => sum + cell.tokens, 0);
  return [...cells, tile(exact(tokens), 'tokens traced', 'plain')];
}

export function draw_header(header: HTMLElement, model: Model, state: ViewState): void {
  const {report} = model;
  const tiles = el('ul', {class: 'tiles'});
  const draw_tiles = () => tiles.replaceChildren(...tiles_of(state.visible_rows()));
  draw_tiles();
  state.on_change([...kFilterKeys, 'text'], draw_tiles);
  header.replaceChildren(
      el('p', {class: 'brand'}, 'slmrig report'),
      el('h1', {}, report.history?.sentence ?? report.sentence),
      ...(report.gate ? [gate_line(report.gate)] : []),
      ...(report.history ? [el('p', {class: 'about'}, report.sentence)] : []),
      ...(model.rows.length > 0 ? [tiles] : []),
      ...report.notes.map((note) => el('p', {class: 'about'}, note)));
}
