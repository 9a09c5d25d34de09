// The windows of an energy pass (MLPerf Tiny): the same answers again and again, of which the median counts.
import {fold, plain_table} from './dom';
import type {Metered} from './energy_data';
import {half_width_text, microjoules} from './energy_data';
import {exact, three_digits} from './format';
import type {Energy, EnergyWindow} from './report_types';

// "median of 5 windows of 10.2 s and more"; empty where the plan asked for none.
export function windows_text({windows}: Energy): string {
  if (windows.length === 0) return '';
  const shortest_s = Math.min(...windows.map(({duration_ns}) => duration_ns)) / 1e9;
  return `median of ${windows.length} windows of ${three_digits(shortest_s)} s and more`;
}

const an_answer = ({net_uj, answers}: EnergyWindow) => net_uj / Math.max(1, answers);

// An even number of windows has two in its middle.
function median_windows(windows: readonly EnergyWindow[]): readonly (EnergyWindow | undefined)[] {
  const sorted = [...windows].sort((a, b) => an_answer(a) - an_answer(b));
  return [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
}

function rows_of({session, suite, energy: {tier, windows}}: Metered): readonly string[][] {
  const medians = median_windows(windows);
  return windows.map((window, at) => [session.bench, tier, `${session.model} ${session.variant}`, suite, exact(at + 1),
    exact(window.answers), three_digits(window.duration_ns / 1e9), microjoules(an_answer(window)),
    half_width_text(window.net_uj, window.expanded_uj), half_width_text(window.net_uj, window.comparative_uj),
    medians.includes(window) ? 'median' : '']);
}

// Nothing where no plan asked for windows.
export function windows_fold(all: readonly Metered[]): HTMLElement | null {
  const rows = all.flatMap(rows_of);
  if (rows.length === 0) return null;
  return fold({class: 'behind windows'}, ['The windows'],
              plain_table('energy by window', ['bench', 'tier', 'model', 'suite', 'window', 'answers', 'time (s)',
                'an answer, net (µJ)', '95 %', 'comparative', ''], rows));
}
