// The cells that ended last, with the means of what they measured.
import {el, plain_table} from '../../../reports/web/dom';
import {joined, share_figure, time_figure, utc} from '../../../reports/web/format';
import {status_mark} from '../../../reports/web/status';
import {tier_badge} from '../../../reports/web/tier';
import type {Live, LiveResult} from './live_types';

function cost(value: number | null, unit: LiveResult['unit']): string {
  return joined(time_figure(value, unit === 'instructions' ? unit : 'ns'));
}

function row(result: LiveResult): readonly (Node | string)[] {
  const {status, doubts, reason} = result;
  const trouble = [reason, ...doubts.map((doubt) => `doubted: ${doubt}`)].filter((text) => text !== '').join(' · ');
  const right = joined(share_figure({count: result.correct, of: result.checked}));
  return [
    result.ended_at_ms === null ? '' : utc(result.ended_at_ms), result.bench, result.model, result.variant, result.suite,
    tier_badge(result.tier),
    el('span', {}, status_mark({status, doubts}), trouble ? el('span', {class: 'reason'}, trouble) : null),
    String(result.generations), right, cost(result.ttft_mean, result.unit), cost(result.token_mean, result.unit),
    el('a', {href: `/report?run=${encodeURIComponent(result.run_id)}#view=run`, id: `newest-${result.cell_id}`,
      'aria-label': `report of ${result.bench}, ${result.model} ${result.variant}, ${result.suite}`}, 'report'),
  ];
}

export function draw_newest(body: HTMLElement, live: Live): void {
  const titles = ['ended', 'bench', 'model', 'variant', 'suite', 'tier', 'status', 'answers', 'right', 'first token, mean',
    'token, mean', 'run'];
  body.replaceChildren(plain_table('newest results', titles, live.newest.map(row)));
}
