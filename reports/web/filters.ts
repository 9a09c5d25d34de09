// The row of filters. A filter with a single value is not shown: it could only hide everything.
import {el, on} from './dom';
import {counted, utc} from './format';
import type {FilterKey, Model} from './model';
import {kFilterKeys, run_title} from './model';
import {status_text} from './status';
import type {ViewState} from './view_state';
import {kAllRuns} from './view_state';

function option_text(model: Model, key: FilterKey, value: string): string {
  if (key === 'status') return status_text(value as Parameters<typeof status_text>[0]);
  if (key !== 'run') return value;
  const run = model.report.runs.find(({run_id}) => run_id === value);
  return run ? `${run_title(run)}, ${utc(run.started_at_ms)}` : value;
}

function plural_of(key: FilterKey): string {
  return key === 'bench' || key === 'status' ? `${key}es` : `${key}s`;
}

function is_useful(model: Model, key: FilterKey): boolean {
  const values = model.values(key);
  if (values.length < 2) return false;
  // Where each bench is called after its board, the one filter says all.
  return key !== 'bench' || model.rows.some(({session}) => session.bench !== session.board);
}

function choice(model: Model, state: ViewState, key: FilterKey): HTMLElement {
  const all = key === 'run' ? kAllRuns : '';
  const select = el('select', {id: `filter-${key}`});
  const draw = () => {
    const options = [el('option', {value: all}, `all ${plural_of(key)}`),
      ...model.values(key).map((value) => el('option', {value}, option_text(model, key, value)))];
    select.replaceChildren(...options);
    select.value = state.get(key) || all;
  };
  draw();
  on(select, 'change', () => state.set({[key]: select.value}));
  state.on_change([key], draw);
  return el('label', {}, el('span', {class: 'label'}, key), select);
}

export function draw_filters(bar: HTMLElement, model: Model, state: ViewState): void {
  const search = el('input', {type: 'search', id: 'filter-text', placeholder: 'any word', autocomplete: 'off'});
  search.value = state.get('text');
  on(search, 'input', () => state.set({text: search.value}));
  const reset = on(el('button', {type: 'button', class: 'quiet'}, 'show all'), 'click', () => {
    search.value = '';
    state.set({board: '', bench: '', model: '', variant: '', suite: '', status: '', text: ''});
  });
  const count = el('p', {class: 'count', role: 'status'});
  const draw_count = () => {
    const seen = state.visible_rows().length;
    const in_all = model.rows.length;
    count.textContent = seen === in_all ? counted(in_all, 'cell', 'cells') :
        `${seen} of ${counted(in_all, 'cell', 'cells')}`;
    reset.hidden = seen === in_all || model.rows.length === 0;
  };
  draw_count();
  state.on_change([...kFilterKeys, 'text'], draw_count);
  bar.replaceChildren(
      ...kFilterKeys.filter((key) => is_useful(model, key)).map((key) => choice(model, state, key)),
      el('label', {}, el('span', {class: 'label'}, 'search'), search), count, reset);
}
