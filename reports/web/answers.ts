// Answers that failed a check, differ from the host's or are the suite's fallback text, by cell.
import {el, fold, plain_table} from './dom';
import {counted, share_figure} from './format';
import type {Model, Row} from './model';
import {kFilterKeys} from './model';
import type {Answer} from './report_types';
import type {ViewState} from './view_state';

const kFallbackReasons: Readonly<Record<Answer['fallback'], string>> = {
  none: '',
  budget: 'fallback: over the budget',
  form: 'fallback: not of the form asked for',
};

function what_is_wrong(answer: Answer): string {
  const parts = [...answer.failed_checks];
  if (answer.matches_reference === false) parts.push("differs from the host's");
  if (answer.fallback !== 'none') parts.push(kFallbackReasons[answer.fallback]);
  return parts.join(', ');
}

function text_or_note(text: string | null): Node {
  return text === null ? el('span', {class: 'sub'}, 'not stored (the suite is private)') :
                         el('span', {class: 'answer'}, text === '' ? '(empty)' : text);
}

function cell_fold(row: Row): HTMLElement {
  const {cell, session} = row;
  const listed = cell.answers.length + cell.answers_left_out;
  const fallbacks = cell.figures.fallback.count;
  const summary = [el('b', {}, `${session.bench} · ${session.model} ${session.variant} · ${cell.suite}`),
    el('span', {class: 'sub'}, `${listed} of ${counted(cell.generations, 'answer', 'answers')}; accuracy ` +
        share_figure(cell.figures.accuracy).number + (fallbacks === 0 ? '' : `; fallback text in ${fallbacks}`))];
  const rows = cell.answers.map((answer) => {
    const repeat = answer.repeat > 0 ? ` (repeat ${answer.repeat + 1})` : '';
    return [answer.prompt_id + repeat, text_or_note(answer.prompt), text_or_note(answer.text), what_is_wrong(answer)];
  });
  const rest = cell.answers_left_out === 0 ? null : el('p', {class: 'about'},
      `${counted(cell.answers_left_out, 'more is', 'more are')} in the database: ` +
      `select * from v_answer where cell_id = '${cell.cell_id}' ` +
      'and (correct = 0 or matches_reference = 0 or fallback is not null)');
  return fold({class: 'answers'}, summary,
              plain_table('answers', ['prompt', 'asked', 'answered', 'wrong'], rows), rest);
}

export function draw_answers(section: HTMLElement, _model: Model, state: ViewState): void {
  const place = el('div');
  section.append(place);
  const draw = () => {
    const rows = state.visible_rows().filter(({cell}) => cell.answers.length > 0);
    const generations = state.visible_rows().reduce((sum, {cell}) => sum + cell.generations, 0);
    const nothing = generations === 0 ? 'No answers to judge.' :
        'Every answer that has checks passed them, none differs from the host’s, and none is a fallback text.';
    place.replaceChildren(...(rows.length === 0 ? [el('p', {class: 'empty'}, nothing)] : rows.map(cell_fold)));
  };
  draw();
  state.on_change([...kFilterKeys, 'text'], draw);
}
