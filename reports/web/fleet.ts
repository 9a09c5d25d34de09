// The benches: how each fared on its newest night, the worst first.
import {el} from './dom';
import {counted, kAbsent, utc} from './format';
import type {HistoryModel} from './history_model';
import type {FleetBench} from './report_types';

// Never colour alone; in the order in which they are shown.
const kMarks: Readonly<Record<FleetBench['health'], string>> = {
  troubled: '✕ troubled', suspect: '◆ suspect', away: '‖ away', quarantined: '⊘ in quarantine', well: '✓ well'};
const kOrder = Object.keys(kMarks);

function spread_text({spread}: FleetBench, history: HistoryModel): string {
  const entry = spread && history.entries[spread.series];
  if (!spread || !entry) return kAbsent;
  const {model, variant} = entry.series;
  return `up to ${(100 * spread.share).toFixed(1)} % (${entry.metric.title}, ${model} ${variant}, ${spread.benches} benches)`;
}

function bench_card(bench: FleetBench, history: HistoryModel): HTMLElement {
  const {board, unit_id, units, nights, last_seen_ms, health, why, series, unmeasured, temperature_c} = bench;
  const facts: readonly (readonly [string, string])[] = [
    ['board', board],
    ['unit', `${unit_id || kAbsent}${units > 1 ? `, number ${units} here` : ''}`],
    ['last seen', utc(last_seen_ms)],
    ['measured', `${counted(nights, 'night', 'nights')}, ${series} series${unmeasured > 0 ? `, ${unmeasured} without a figure` : ''}`],
    ['temperature', temperature_c === null ? kAbsent : `${temperature_c.toFixed(1)} °C`],
    ['between boards', spread_text(bench, history)]];
  return el('li', {class: `card bench is-${health}`},
            el('h3', {}, bench.bench, ' ', el('span', {class: 'badge'}, kMarks[health])),
            why ? el('p', {}, why) : null,
            el('dl', {class: 'facts'}, ...facts.flatMap(([name, text]) => [el('dt', {}, name), el('dd', {}, text)])));
}

export function draw_fleet(view: HTMLElement, history: HistoryModel): void {
  const benches = [...history.history.fleet].sort((left, right) => kOrder.indexOf(left.health) - kOrder.indexOf(right.health));
  const sound = benches.filter(({health}) => health === 'well').length;
  view.append(el('section', {}, el('h2', {}, 'Benches'),
      el('p', {class: 'about'}, `${sound} of ${counted(benches.length, 'bench', 'benches')} well on the newest night.`),
      el('ul', {class: 'cards benches'}, ...benches.map((bench) => bench_card(bench, history)))));
}
