// What a trade-off plot shows: the variants of one bench and suite by accuracy and by what they cost.
import {half_width_text} from './energy_data';
import type {Row} from './model';
import {grouped, unique} from './model';
import {byte_figure, energy_figure, joined, rate_figure, time_figure} from './format';
import type {FigureText} from './format';
import type {AnswerEnergy, Energy} from './report_types';
import type {ViewState} from './view_state';

export interface ParetoPoint {
  readonly row: Row;
  readonly model: string;
  readonly name: string;  // "int8", or "int8, session 2"
  readonly accuracy: number;
  // Of the share of right answers: the Wilson interval of 95 %. Few prompts say little.
  readonly low: number;
  readonly high: number;
  readonly of: number;
}

// One axis to weigh accuracy against.
export interface CostAxis {
  readonly key: 'speed' | 'bytes' | 'energy';
  readonly title: string;
  readonly better: 'lower' | 'higher';
  readonly value: (point: ParetoPoint) => number | null;
  readonly text: (value: number) => FigureText;
  // Of the value, for comparisons within the plot; null: it is known exactly, or nothing is known of it.
  readonly half_width: (point: ParetoPoint) => number | null;
  readonly words: (figure: string, point: ParetoPoint) => string;
}

export interface ParetoGroup {
  readonly key: string;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly points: readonly ParetoPoint[];
  readonly models: readonly string[];
  readonly axes: readonly CostAxis[];
}

const kBytesAxis: CostAxis = {
  key: 'bytes',
  title: 'memory at peak',
  better: 'lower',
  value: ({row}) => row.cell.figures.memory_peak_bytes,
  text: byte_figure,
  half_width: () => null,
  words: (figure) => `${figure} of memory`,
};

// Variants of one bench were measured by one unit: its comparative uncertainty is what tells them apart.
function energy_axis(tier: Energy['tier']): CostAxis {
  const answer_of = ({row}: ParetoPoint): AnswerEnergy | null =>
      row.cell.energy?.tier === tier ? row.cell.energy.answer : null;
  return {
    key: 'energy',
    title: `energy of an answer (${tier})`,
    better: 'lower',
    value: (point) => answer_of(point)?.gross_uj ?? null,
    text: energy_figure,
    half_width: (point) => answer_of(point)?.comparative_uj ?? null,
    words: (figure, point) => {
      const answer = answer_of(point);
      return `${figure} an answer${answer ? ` (${half_width_text(answer.gross_uj, answer.comparative_uj)}, ${tier})` : ''}`;
    },
  };
}

const kRateAxis: CostAxis = {
  key: 'speed',
  title: 'tokens/s',
  better: 'higher',
  value: ({row}) => row.cell.figures.tokens_per_s,
  text: rate_figure,
  half_width: () => null,
  words: (figure) => `${figure.replace('/s', '').trim()} tokens/s`,
};

const kInstructionsAxis: CostAxis = {
  key: 'speed',
  title: 'instructions a token',
  better: 'lower',
  value: ({row}) => row.cell.figures.instructions_per_token,
  text: (value) => time_figure(value, 'instructions'),
  half_width: () => null,
  words: (figure) => `${figure} a token`,
};

// Energies of different tiers never share a plot: that of the first variant that has one decides.
function axes_of(first: Row, points: readonly ParetoPoint[]): readonly CostAxis[] {
  const metered = points.find(({row}) => row.cell.energy?.answer)?.row.cell.energy;
  const energy = metered ? [energy_axis(metered.tier)] : [];
  return [...cost_axes_of(first), ...energy];
}

function cost_axes_of(row: Row): readonly CostAxis[] {
  switch (row.session.unit) {
    case 'ns': return [kRateAxis, kBytesAxis];
    case 'instructions': return [kInstructionsAxis, kBytesAxis];
    case 'none': return [kBytesAxis];
  }
}

// E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
function wilson(count: number, of: number): readonly [number, number] {
  const z = 1.959964;
  const share = count / of;
  const middle = (share + z * z / (2 * of)) / (1 + z * z / of);
  const half = z / (1 + z * z / of) * Math.sqrt(share * (1 - share) / of + z * z / (4 * of * of));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

function point_of(row: Row): ParetoPoint | null {
  const {count, of} = row.cell.figures.accuracy;
  if (of === 0 || row.cell.status !== 'ok') return null;
  const [low, high] = wilson(count, of);
  const ordinal = row.session.ordinal > 0 ? `, session ${row.session.ordinal + 1}` : '';
  return {row, model: row.session.model, name: `${row.session.variant}${ordinal}`, accuracy: count / of, low, high, of};
}

export function pareto_groups(state: ViewState): readonly ParetoGroup[] {
  const rows = state.visible_rows();
  const several_runs = unique(rows.map(({run}) => run.run_id)).length > 1;
  const by_group = grouped(rows, ({cell, session, run}) =>
      JSON.stringify([run.run_id, session.bench, session.unit, cell.suite]));
  return [...by_group].flatMap(([key, members]) => {
    const points = members.flatMap((row) => point_of(row) ?? []);
    const first = points[0]?.row;
    if (!first) return [];
    const title = [first.session.bench, first.cell.suite, several_runs ? first.run.run_id.slice(0, 8) : '']
        .filter((part) => part !== '').join(' · ');
    return [{key, title, rows: members, points, models: unique(points.map(({model}) => model)), axes: axes_of(first, points)}];
  });
}

export function placed_points(group: ParetoGroup, axis: CostAxis):
    readonly {readonly point: ParetoPoint; readonly value: number}[] {
  return group.points.flatMap((point) => {
    const value = axis.value(point);
    return value !== null && value > 0 ? [{point, value}] : [];
  }).sort((a, b) => a.value - b.value || b.point.accuracy - a.point.accuracy);
}

// Those that no other point beats in both; the cheapest first.
export function front_of(group: ParetoGroup, axis: CostAxis): readonly ParetoPoint[] {
  const sign = axis.better === 'lower' ? 1 : -1;
  // A tie in cost goes to the better answers.
  const placed = [...placed_points(group, axis)].sort((a, b) =>
      sign * (a.value - b.value) || b.point.accuracy - a.point.accuracy);
  const front: ParetoPoint[] = [];
  let best = -1;
  for (const {point} of placed) {
    if (point.accuracy <= best) continue;
    best = point.accuracy;
    front.push(point);
  }
  return front;
}

export function point_text(point: ParetoPoint, axes: readonly CostAxis[], with_model: boolean): string {
  const percent = (share: number) => `${(100 * share).toFixed(share === 1 ? 0 : 1)} %`;
  const costs = axes.flatMap((axis) => {
    const value = axis.value(point);
    if (value === null) return [];
    return [axis.words(joined(axis.text(value)), point)];
  });
  return `${with_model ? `${point.model} ` : ''}${point.name}: ${percent(point.accuracy)} of ${point.of} right ` +
      `(${percent(point.low)} to ${percent(point.high)}), ${costs.join(', ')}`;
}

