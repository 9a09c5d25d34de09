// One finding as a card, with those that began with it: what changed, where, by how much, since when, and why it is
// believed. Each has an address, so that it can be sent (`show_finding`).
import {el, fold, on, plain_table} from './dom';
import {counted, kAbsent, three_digits, utc} from './format';
import type {HistoryModel, SeriesEntry} from './history_model';
import {figure_text, series_link} from './history_model';
import type {Finding} from './report_types';
import {sparkline} from './sparkline';
import {tier_badge} from './tier';
import type {ViewState} from './view_state';

const kChart = {width: 300, height: 64};
// Never colour alone.
const kMarks: Readonly<Record<Finding['direction'], string>> = {regression: '✗', improvement: '✓', trade: '⇄', change: '◆'};
const kCauses: Readonly<Record<Finding['cause'], string>> = {
  rig: 'the rig', model: 'the model', code: 'the code', unknown: 'nothing that is recorded changed'};

const day = (ms: number) => utc(ms).slice(0, 10);
// A commit is known by its first characters.
const short = (text: string) => /^[0-9a-f]{40}/.test(text) ? text.slice(0, 12) : text.length > 24 ? `${text.slice(0, 12)}…` : text || kAbsent;

export function link_to_series(entry: SeriesEntry, state: ViewState, text: string): HTMLElement {
  return on(el('a', {href: series_link(entry)}, text), 'click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    state.set({view: 'series', series: entry.key, point: ''});
    window.scrollTo(0, 0);
  });
}

// Of a finding that no database keeps, what it is about.
function name_of(finding: Finding, history: HistoryModel): string {
  return finding.finding_id || (history.entries[finding.series]?.key ?? '');
}

function link_to_finding(name: string, state: ViewState): HTMLElement | null {
  if (name === '') return null;
  const href = `#${new URLSearchParams({view: 'today', finding: name}).toString()}`;
  return on(el('a', {href, class: 'to-finding', 'aria-label': 'link to this finding', title: 'link to this finding'}, '#'), 'click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    state.set({finding: name});
  });
}

// Marks the finding of this name, opens what it is folded in and its own fold, and brings it into sight. false: it is
// not among `view`'s.
export function show_finding(view: HTMLElement, name: string): boolean {
  const all = [...view.querySelectorAll<HTMLElement>('[data-finding]')];
  all.forEach((each) => each.classList.remove('is-linked'));
  const found = all.find((each) => each.dataset['finding'] === name);
  if (!found) return false;
  found.classList.add('is-linked');
  for (let fold: Element | null = found.closest('details'); fold; fold = fold.parentElement?.closest('details') ?? null) {
    fold.setAttribute('open', '');
  }
  found.querySelector('.why')?.setAttribute('open', '');
  found.scrollIntoView({block: 'center'});
  found.focus({preventScroll: true});
  return true;
}

function span_text(noun: string, good: string, bad: string): string {
  if (!good && !bad) return '';
  return good === bad ? `${noun} ${short(bad)}` : `${noun} ${short(good)} → ${short(bad)}`;
}

function since_text(finding: Finding): string {
  const {onset_low_ms, onset_high_ms} = finding;
  const [low, high] = [day(onset_low_ms), day(onset_high_ms)];
  return [
    `since ${day(finding.onset_ms)}${low === high ? '' : ` (95 %: ${low} to ${high})`}`,
    span_text('build', finding.last_good_build, finding.first_bad_build),
    span_text('commit', finding.last_good_commit, finding.first_bad_commit)].filter((text) => text !== '').join(' · ');
}

function cause_text({cause, changes}: Finding): string {
  // Builds and commits were told.
  const facts = changes.filter((change) => change.cause === cause && !['build', 'commit'].includes(change.name))
      .map(({name, before, after}) => `${name} ${short(before)} → ${short(after)}`);
  return `${cause === 'unknown' ? '' : 'attributed to '}${kCauses[cause]}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}`;
}

function why(finding: Finding, entry: SeriesEntry | undefined): HTMLElement {
  const {exact, p_value, q_value, samples_before, samples_after, nights, changes, cause, notes} = finding;
  const value = (sample: number) => entry ? figure_text(entry, sample) : three_digits(sample);
  const formula = exact ? 'Counts without noise: any difference is a change.' :
      'Robust levels before and after the split that parts the series best; the interval is of their difference. ' +
      `p = ${three_digits(p_value)}: so large a split by chance, over all places where it could be. ` +
      `q = ${three_digits(q_value)}: after all series of this board tonight (Benjamini-Hochberg).`;
  const also = changes.filter((change) => change.cause !== cause)
      .map(({name, before, after}) => `Also then: ${name} ${short(before)} → ${short(after)}.`);
  const rows = [['before', samples_before, finding.before], ['after', samples_after, finding.after]] as const;
  return fold({class: 'why'}, ['why'],
      el('p', {}, `${formula} Seen on ${counted(nights, 'night', 'nights')}${finding.unit_id ? ` of unit ${finding.unit_id}` : ''}.`),
      ...[...notes, ...also].map((text) => el('p', {}, text)),
      plain_table('samples', ['', 'level', 'samples'], rows.map(([name, samples, level]) =>
          [name, value(level), samples.map(value).join(', ') || kAbsent])),
      el('p', {}, 'Again: ', el('code', {}, finding.reproduce)));
}

// `others`: findings of the same group.
export function finding_card(finding: Finding, others: readonly Finding[], history: HistoryModel, state: ViewState): HTMLElement {
  const {direction, level, state: kept, series} = finding;
  const entry = history.entries[series];
  const title = finding.title;
  const name = name_of(finding, history);
  return el('li', {class: `card finding is-${direction} is-${kept}`, tabindex: -1, 'data-finding': name},
      el('h3', {}, el('span', {class: 'direction'}, `${kMarks[direction]} ${direction}`), ' ',
         entry ? link_to_series(entry, state, title) : title, ' ', link_to_finding(name, state)),
      el('p', {}, finding.what, ' ', entry ? tier_badge(entry.series.tier) : null,
         level === 'watch' ? el('span', {class: 'doubt'}, ' to be watched, no alarm yet') : null),
      entry ? sparkline(entry, kChart) : null,
      entry ? el('p', {class: 'levels'}, figure_text(entry, finding.before), ' → ', el('b', {}, figure_text(entry, finding.after))) : null,
      el('p', {class: 'reason'}, since_text(finding)),
      el('p', {class: 'reason'}, cause_text(finding)),
      others.length === 0 ? null : fold({}, [`and ${counted(others.length, 'series', 'series')} more with it`],
          el('ul', {}, ...others.map((other) => {
            const theirs = history.entries[other.series];
            const its_name = name_of(other, history);
            return el('li', {tabindex: -1, 'data-finding': its_name}, theirs ? link_to_series(theirs, state, other.title) : other.title,
                      ` ${other.what} `, link_to_finding(its_name, state));
          }))),
      why(finding, entry));
}
