// The view of the morning: what the gate says, and the findings, worst first.
import {el, fold} from './dom';
import {finding_card, link_to_series, show_finding} from './finding';
import {gate_rows} from './gate';
import type {HistoryModel} from './history_model';
import type {Finding} from './report_types';
import type {ViewState} from './view_state';

const kStates: readonly (readonly [Finding['state'], string])[] = [
  ['new', 'New'], ['ongoing', 'Ongoing'], ['acknowledged', 'Acknowledged'], ['resolved', 'Resolved']];
const kAtOnce = 20;

function section(title: string, ...children: readonly (Node | null)[]): HTMLElement {
  return el('section', {}, el('h2', {}, title), ...children);
}

function cards(groups: readonly (readonly Finding[])[], history: HistoryModel, state: ViewState): HTMLElement {
  return el('ul', {class: 'cards findings'}, ...groups.map(([first, ...others]) =>
      first ? finding_card(first, others, history, state) : null));
}

function findings(history: HistoryModel, state: ViewState): readonly HTMLElement[] {
  const list = history.history.findings;
  const groups = history.history.groups.map((group) => group.findings.flatMap((at) => list[at] ?? []));
  return kStates.flatMap(([name, title]) => {
    const those = groups.filter(([first]) => first?.state === name);
    if (those.length === 0) return [];
    const rest = those.slice(kAtOnce);
    const shown = section(`${title} (${those.length})`, cards(those.slice(0, kAtOnce), history, state),
        rest.length > 0 ? fold({}, [`${rest.length} more`], cards(rest, history, state)) : null);
    return [shown];
  });
}

// By what was to be measured there: a cell that failed leaves a dozen series without a figure.
function unmeasured(history: HistoryModel, state: ViewState): HTMLElement | null {
  const places = new Map<string, HTMLElement>();
  for (const entry of history.entries) {
    const {bench, model, variant, suite, status} = entry.series;
    if (status !== 'unmeasured') continue;
    const place = `${bench}, ${model} ${variant}${suite ? `, ${suite}` : ''}`;
    const item = places.get(place) ?? el('li', {}, place);
    places.set(place, item);
    item.append(item.childElementCount > 0 ? ', ' : ': ', link_to_series(entry, state, entry.metric.title));
  }
  const items = [...places.values()];
  const rest = items.slice(kAtOnce);
  return items.length === 0 ? null : section('Could not be measured', el('ul', {}, ...items.slice(0, kAtOnce)),
      rest.length > 0 ? fold({}, [`${rest.length} more`], el('ul', {}, ...rest)) : null);
}

export function draw_today(view: HTMLElement, history: HistoryModel, state: ViewState): void {
  const {gate} = history.report;
  const found = findings(history, state);
  const {sentinels} = history.history;
  const gone = el('p', {class: 'problem', role: 'status', hidden: true}, 'The finding of this link is not in this report.');
  view.append(gone,
      ...(gate ? [section('Gate', ...gate_rows(gate))] : []),
      ...(found.length > 0 ? found : [section('Findings', el('p', {class: 'empty'}, 'No change that statistics support.'))]),
      ...[unmeasured(history, state)].flatMap((part) => part ?? []),
      ...(sentinels ? [el('p', {class: 'about'}, sentinels)] : []));
  const show = () => {
    const name = state.get('finding');
    gone.hidden = show_finding(view, name) || name === '';
  };
  show();
  state.on_change(['finding'], show);
}
