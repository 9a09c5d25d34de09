// The page of a report: reads the data that is inside the file, checks it, and draws it.
import report_schema from '../report.schema.json';
import {draw_answers} from './answers';
import {draw_compare} from './compare';
import {el, fold} from './dom';
import {draw_energy} from './energy';
import {draw_filters} from './filters';
import {draw_fleet} from './fleet';
import {draw_header} from './header';
import {history_of} from './history_model';
import {draw_matrix} from './matrix';
import {Model} from './model';
import {draw_pareto} from './pareto';
import {draw_power} from './power';
import {draw_profile} from './profile';
import {draw_provenance} from './provenance';
import type {Report} from './report_types';
import type {SchemaRoot} from './schema_check';
import {schema_problem} from './schema_check';
import {draw_series} from './series';
import {draw_cold_starts, draw_memory} from './session_bars';
import {pattern_definitions} from './stacked_bars';
import {draw_summary} from './summary';
import {from_tables} from './tables';
import {draw_today} from './today';
import {draw_tokens} from './tokens';
import {ViewState} from './view_state';
import {Views} from './views';

type Draw = (section: HTMLElement, model: Model, state: ViewState) => void;

const kWords: readonly (readonly [string, string])[] = [
  ['tier', 'what a figure is worth. hardware: time is real. emulated: instructions are counted, time is not real. ' +
      'functional: only answers are real. modelled: computed from a stated model. Tiers are never compared.'],
  ['cold start', 'the model already in its slot: from the reset (or exec, or power edge) to the first token.'],
  ['first token', 'from the prompt on the device to the first token: tokenise, prefill, sample. Token index 0.'],
  ['token p50, p95, p99, max', 'over decode tokens, index 1 and later; percentiles interpolate linearly.'],
  ['tokens/s', 'decode tokens over decode time.'],
  ['energy of an answer', 'gross: all that the board took from the prompt to the last token. net: without the power that it takes ' +
      'at rest, measured before and after. Its tier is the energy’s own: modelled where the current comes from a stated model.'],
  ['±', 'the half-width that holds the true value in 95 of 100 cases; comparative: for comparisons by the same unit.'],
  ['as host', 'share of answers whose tokens are exactly those of the host for the same image.'],
  ['fallback', 'answers that are the suite’s own text: the model was late, or its words had not the form asked for. ' +
      'Checks see that text; costs and the comparison with the host are the model’s.'],
  ['not applicable', 'the recipe cannot make this model smaller, with the reason: not an error, and never measured.'],
  ['unfit', 'the variant needs more memory than the board has: not an error, and never measured.'],
  ['doubted', 'measured, with a recorded reason to distrust the figures.'],
];

const kRunSections: readonly (readonly [string, string, Draw])[] = [
  ['summary', 'Summary', draw_summary],
  ['pareto', 'Accuracy against cost', draw_pareto],
  ['tokens', 'Token by token', draw_tokens],
  ['profile', 'Where a token goes', draw_profile],
  ['energy', 'Energy', draw_energy],
  ['power', 'Power over time', draw_power],
  ['memory', 'Memory', draw_memory],
  ['cold-starts', 'Cold start', draw_cold_starts],
  ['answers', 'Wrong and fallback answers', draw_answers],
  ['provenance', 'Provenance', draw_provenance],
];

function section_of(main: HTMLElement, id: string, title: string): HTMLElement {
  const body = el('div');
  main.append(el('section', {id, tabindex: -1, 'aria-labelledby': `${id}-title`},
                 el('h2', {id: `${id}-title`}, title), body));
  return body;
}

function place_of(id: string): HTMLElement {
  const place = document.getElementById(id);
  if (!place) throw new Error(`the page has no element "${id}"`);
  return place;
}

function read_report(): Report {
  const data = from_tables(JSON.parse(place_of('data').textContent ?? ''));
  const problem = schema_problem(data, report_schema as unknown as SchemaRoot);
  if (problem) throw new Error(`its data is not of the form that this page knows: ${problem}`);
  return data as Report;
}

function draw_words(footer: HTMLElement): void {
  const words = el('dl', {class: 'facts words'}, ...kWords.flatMap(([word, meaning]) =>
      [el('dt', {}, word), el('dd', {}, meaning)]));
  footer.replaceChildren(fold({}, ['Words used on this page'], words));
}

// A printed page cannot be unfolded; figures behind charts stay folded, or they would fill a hundred pages.
function unfold_for_print(): void {
  let opened: HTMLDetailsElement[] = [];
  window.addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll<HTMLDetailsElement>('details:not([open]):not(.behind)')];
    opened.forEach((details) => details.setAttribute('open', ''));
  });
  window.addEventListener('afterprint', () => opened.forEach((details) => details.removeAttribute('open')));
}

function draw_runs(view: HTMLElement, model: Model, state: ViewState): void {
  if (model.rows.length > 0) {
    const filters = el('div', {class: 'filters', role: 'search', 'aria-label': 'filters'});
    view.append(filters);
    draw_filters(filters, model, state);
  }
  for (const [id, title, draw] of kRunSections) draw(section_of(view, id, title), model, state);
}

function draw_report(report: Report): void {
  const model = new Model(report);
  const state = new ViewState(model);
  document.body.prepend(pattern_definitions());
  draw_header(place_of('header'), model, state);
  draw_words(place_of('footer'));
  const views = new Views(place_of('main'), state);
  const history = history_of(model.report);
  if (history) {
    views.add('today', 'Today', (view) => draw_today(view, history, state));
    views.add('matrix', 'Boards and variants', (view) => draw_matrix(view, history, state));
    views.add('series', 'Series', (view) => draw_series(view, history, model, state));
  }
  views.add('run', 'Runs', (view) => draw_runs(view, model, state));
  if (report.comparisons.length > 0) {
    views.add('compare', 'Compare', (view) => draw_compare(section_of(view, 'compare', 'Variants side by side'), model, state));
  }
  if (history) views.add('fleet', 'Fleet', (view) => draw_fleet(view, history));
  views.show();
  unfold_for_print();
}

try {
  draw_report(read_report());
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  place_of('header').replaceChildren(el('h1', {}, 'This report cannot be shown'), el('p', {class: 'problem'}, text));
}
