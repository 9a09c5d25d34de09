// The compare view: the variants of the newest run at one place, side by side: what each is worth, its figures
// with their changes, how its tokens are distributed, and the answers that differ.
import {comparison_key, comparison_title, distribution_of, marked_pieces, quantile, rightness, unit_of} from './compare_data';
import type {Distribution} from './compare_data';
import {distribution_plot} from './compare_plot';
import {el, fold, on, plain_table} from './dom';
import type {TimeUnit} from './format';
import {counted, exact, joined, kAbsent, time_figure} from './format';
import {metric_figure} from './history_model';
import type {Model} from './model';
import type {ComparedFigure, ComparedSubject, Comparison, Flip} from './report_types';
import {tier_badge} from './tier';
import type {ViewState} from './view_state';

// Never colour alone.
const kMarks: Readonly<Record<ComparedFigure['judgement'], string>> = {
  reference: '', better: '▲ better', worse: '▼ worse', same: '= same', undecided: '? undecided',
};

function value_text(figure: ComparedFigure, model: Model): string {
  const unit = model.report.metrics.find(({name}) => name === figure.metric)?.unit ?? '';
  return joined(metric_figure(figure.value, unit));
}

function change_text({change, is_ratio, low, high}: ComparedFigure): string {
  if (change === null) return '';
  const half_width = low === null || high === null ? null : (high - low) / 2;
  if (is_ratio) return `×${change.toFixed(3)}${half_width === null ? '' : ` ±${half_width.toFixed(3)}`}`;
  return `${change >= 0 ? '+' : '−'}${Math.abs(100 * change).toFixed(1)}${half_width === null ? '' : ` ±${(100 * half_width).toFixed(1)}`} points`;
}

function figure_cell(figure: ComparedFigure | undefined, comparison: Comparison, model: Model): HTMLElement {
  if (!figure) return el('span', {}, kAbsent);
  const change = change_text(figure);
  return el('span', {class: `compared is-${figure.judgement}`},
            el('b', {}, value_text(figure, model)), ...(figure.tier === comparison.tier ? [] : [' ', tier_badge(figure.tier)]),
            change ? el('span', {class: 'sub', title: figure.reason}, `${change} ${kMarks[figure.judgement]}`) : null);
}

function figures_table(comparison: Comparison, model: Model): HTMLElement {
  const known = new Set(comparison.subjects.flatMap(({figures}) => figures.map(({metric}) => metric)));
  const rows = model.report.metrics.filter(({name}) => known.has(name)).map(({name, title}) =>
      [title, ...comparison.subjects.map((subject) =>
          figure_cell(subject.figures.find(({metric}) => metric === name), comparison, model))]);
  return plain_table('figures by variant', ['', ...comparison.subjects.map(({name}, at) =>
      at === 0 ? `${name} (reference)` : name)], rows);
}

function acceptance({accept, subjects}: Comparison): HTMLElement | null {
  return accept === '' ? null : el('div', {class: 'accepted'}, el('p', {}, `Good enough? ${accept}`),
      el('ul', {class: 'recommendations'}, ...subjects.map(({name, accepted}) => el('li', {}, el('b', {}, name), ': ', accepted))));
}

function recommendations(comparison: Comparison): HTMLElement {
  return el('ul', {class: 'recommendations'}, ...comparison.subjects.slice(1).map(({name, recommendation}) =>
      el('li', {}, el('b', {}, name), ': ', recommendation)));
}

function percentile_table(all: readonly Distribution[], unit: TimeUnit): HTMLElement {
  const shares: readonly (readonly [string, number])[] =
      [['5 %', 0.05], ['25 %', 0.25], ['50 %', 0.5], ['75 %', 0.75], ['95 %', 0.95], ['99 %', 0.99], ['greatest', 1]];
  return plain_table('percentiles of decode tokens', ['variant', 'tokens', ...shares.map(([title]) => title)],
                     all.map(({name, sorted}) => [name, exact(sorted.length),
                       ...shares.map(([, share]) => joined(time_figure(quantile(sorted, share), unit)))]));
}

function distributions(comparison: Comparison, model: Model): HTMLElement | null {
  const unit = unit_of(comparison, model);
  if (unit === 'none') return null;
  const all = comparison.subjects.map((subject) => distribution_of(subject, model)).filter(({sorted}) => sorted.length > 1);
  if (all.length === 0) return null;
  return el('figure', {}, el('figcaption', {}, 'Decode tokens: the share that costs at most so much, and quartiles with 5 to 95 %; the dot is the greatest'),
            distribution_plot(all, unit),
            fold({}, ['the same as a table'], percentile_table(all, unit)));
}

function answer_text(text: string, other: string, correct: Flip['correct']): HTMLElement {
  const verdict = rightness(correct);
  return el('span', {class: 'answer'},
            ...(text === '' ? ['(empty)'] : marked_pieces(text, other).map((piece) =>
                piece.differs && piece.text.trim() !== '' ? el('mark', {}, piece.text) : piece.text)),
            verdict ? el('span', {class: 'sub'}, verdict) : null);
}

function flips_fold(subject: ComparedSubject, reference: string): HTMLElement {
  const rows = subject.flips.map((flip) => [flip.prompt_id, flip.prompt,
    answer_text(flip.reference_text, flip.text, flip.reference_correct),
    answer_text(flip.text, flip.reference_text, flip.correct)]);
  const rest = subject.flipped - subject.flips.length;
  return fold({class: 'answers'}, [el('b', {}, subject.name), el('span', {class: 'sub'},
    `${subject.flipped} of ${counted(subject.answers, 'answer differs', 'answers differ')} from ${reference}'s`)],
              rows.length === 0 ? el('p', {class: 'empty'}, 'Every answer is the same.') :
                  plain_table('answers that differ', ['prompt', 'asked', reference, subject.name], rows),
              rest > 0 ? el('p', {class: 'about'}, `${counted(rest, 'more is', 'more are')} in the database: slmrig compare --flips all`) : null);
}

function comparison_body(comparison: Comparison, model: Model): HTMLElement {
  const reference = comparison.subjects[0]?.name ?? '';
  return el('div', {},
            el('p', {class: 'about'}, tier_badge(comparison.tier), ` ${comparison.board}, ${comparison.settings}`,
               comparison.tier === 'emulated' ? '. An emulated board: instructions, not speed.' : ''),
            recommendations(comparison), acceptance(comparison),
            el('div', {class: 'side-by-side'}, figures_table(comparison, model), distributions(comparison, model)),
            el('h3', {}, 'Answers that differ'),
            ...comparison.subjects.slice(1).map((subject) => flips_fold(subject, reference)));
}

export function draw_compare(section: HTMLElement, model: Model, state: ViewState): void {
  const all = model.report.comparisons;
  const select = el('select', {id: 'compare-place'}, ...all.map((comparison) =>
      el('option', {value: comparison_key(comparison)}, comparison_title(comparison, all))));
  on(select, 'change', () => state.set({compare: select.value}));
  const body = el('div', {'aria-live': 'polite'});
  section.append(el('div', {class: 'filters'}, el('label', {}, el('span', {class: 'label'}, 'where'), select)), body);
  const draw = () => {
    const chosen = all.find((comparison) => comparison_key(comparison) === state.get('compare')) ?? all[0];
    if (!chosen) return;
    select.value = comparison_key(chosen);
    body.replaceChildren(comparison_body(chosen, model));
  };
  draw();
  state.on_change(['compare'], draw);
}
