// The columns of the summary: where a figure comes from, how it reads, how it sorts.
import type {FigureText, TimeUnit} from './format';
import {byte_figure, energy_figure, kAbsent, rate_figure, share_figure, time_figure} from './format';
import type {Row} from './model';
import type {Figures, Metric, Share} from './report_types';
import type {Tier} from './tier';
import {kTierMeaning, kTierOrder} from './tier';

export interface NameColumn {
  readonly key: string;
  readonly title: string;
  readonly help: string;
  readonly name: (row: Row) => string;
}

export interface FigureColumn {
  readonly key: string;
  readonly title: string;
  readonly help: string;
  readonly better: 'lower' | 'higher';
  readonly value: (figures: Figures) => number | null;
  readonly text: (figures: Figures) => FigureText;
  // Where it is not the row's own: stands in the head of the column.
  readonly tier?: Tier;
}

export const kNameColumns: readonly NameColumn[] = [
  {key: 'bench', title: 'bench', help: 'the station and the board in it', name: (row) => row.session.bench},
  {key: 'model', title: 'model', help: 'the base model', name: (row) => row.session.model},
  {key: 'variant', title: 'variant', help: 'the model under one quantization recipe',
    name: (row) => row.session.variant},
  {key: 'suite', title: 'suite', help: 'prompts and their checks', name: (row) => row.cell.suite},
];

type NumberKey = {[K in keyof Figures]: Figures[K] extends number | null ? K : never}[keyof Figures];
type ShareKey = {[K in keyof Figures]: Figures[K] extends Share ? K : never}[keyof Figures];
type Figure = number | null;

// An energy has a tier of its own.
function energy_column(tier: Tier): FigureColumn {
  const value = (figures: Figures) => figures.answer_energy_tier === tier ? figures.answer_energy_uj : null;
  return {key: `energy_${tier}`, title: 'energy', better: 'lower', value, tier,
    help: `of a mean answer, gross (lower is better; ${tier}: ${kTierMeaning[tier]})`,
    text: (figures) => energy_figure(value(figures))};
}

export class Columns {
  private readonly metrics: ReadonlyMap<string, Metric>;

  constructor(metrics: readonly Metric[]) {
    this.metrics = new Map(metrics.map((metric) => [metric.name, metric]));
  }

  // For cells of one unit: a rate where time is real, a count where instructions are. Fallback answers have a
  // column where there are any, and so have energies, one for each of their tiers.
  figures(unit: TimeUnit | 'none', rows: readonly Row[]): readonly FigureColumn[] {
    const with_fallbacks = rows.some(({cell}) => cell.figures.fallback.count > 0);
    const tiers = kTierOrder.filter((tier) => rows.some(({cell}) => cell.figures.answer_energy_tier === tier));
    const answers = [
      this.share('accuracy', 'accuracy', 'accuracy', 'right answers of those that have checks'),
      this.share('reference', 'reference_agreement', 'as host',
                 'answers with exactly the tokens that the host gives for the same image'),
      ...(with_fallbacks ? [this.fallbacks()] : []),
      ...tiers.map(energy_column),
    ];
    if (unit === 'none') return answers;
    const tick = unit === 'ns' ? 'ms' : 'instructions';
    const cost = (figure: Figure) => short_cost(figure, unit);
    return [
      this.number('cold_start_p50', `cold_start_${tick}_p50`, 'cold start', 'reset to first token', cost),
      this.number('ttft_p50', `ttft_${tick}_p50`, 'first token', 'from the prompt on the device', cost),
      this.number('token_p50', `token_${tick}_p50`, 'token p50', 'decode tokens: index 1 and later', cost),
      this.number('token_p95', `token_${tick}_p95`, 'p95', 'decode tokens', cost),
      this.number('token_p99', `token_${tick}_p99`, 'p99', 'decode tokens', cost),
      this.number('token_max', `token_${tick}_max`, 'max', 'decode tokens', cost),
      unit === 'ns' ?
          this.number('tokens_per_s', 'decode_tokens_per_s', 'tokens/s', 'decode tokens over time', rate_figure) :
          this.number('instructions_per_token', 'token_instructions_mean', 'instr/token', 'mean', cost),
      this.number('memory_peak_bytes', 'memory_peak_bytes', 'memory', 'sum of the counted classes', byte_figure),
      ...answers,
    ];
  }

  private described(metric_name: string, help: string): Pick<FigureColumn, 'help' | 'better'> {
    const metric = this.metrics.get(metric_name);
    if (!metric) return {help, better: 'lower'};
    return {help: `${metric.title}: ${help} (${metric.name}; ${metric.better} is better)`, better: metric.better};
  }

  private number(key: NumberKey, metric: string, title: string, help: string,
                 text: (figure: Figure) => FigureText): FigureColumn {
    return {key, title, ...this.described(metric, help), value: (figures) => figures[key],
      text: (figures) => text(figures[key])};
  }

  private fallbacks(): FigureColumn {
    return {key: 'fallback', title: 'fallback', better: 'lower',
      help: "answers that are the suite's own text: the model was late, or its words had not the form asked for",
      value: ({fallback}) => fallback.of === 0 ? null : fallback.count / fallback.of,
      text: ({fallback}) => share_figure(fallback)};
  }

  private share(key: ShareKey, metric: string, title: string, help: string): FigureColumn {
    return {key, title, ...this.described(metric, help),
      value: ({[key]: share}) => share.of === 0 ? null : share.count / share.of,
      text: (figures) => share_figure(figures[key])};
  }
}

// The table's caption and its heads say what is counted: "12.7 M", not "12.7 M instr", in every cell.
function short_cost(figure: Figure, unit: TimeUnit): FigureText {
  const {number, unit: step} = time_figure(figure, unit);
  return {number, unit: unit === 'instructions' ? step.replace(/ ?instr$/, '') : step};
}

export function has_any_figure(figures: Figures, columns: readonly FigureColumn[]): boolean {
  return columns.some((column) => column.text(figures).number !== kAbsent);
}

// Ascending or descending; cells without the figure stay last either way. Stable.
export function sorted_rows(rows: readonly Row[], key: string, down: boolean,
                            columns: readonly FigureColumn[]): readonly Row[] {
  const figure = columns.find((column) => column.key === key);
  const name = kNameColumns.find((column) => column.key === key)?.name ??
      (key === 'status' ? (row: Row) => row.cell.status : null);
  if (figure) return [...rows].sort((a, b) => compare_figures(figure, a, b, down));
  if (!name) return rows;
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => sign * name(a).localeCompare(name(b), 'en', {numeric: true}));
}

function compare_figures(column: FigureColumn, a: Row, b: Row, down: boolean): number {
  const left = column.value(a.cell.figures);
  const right = column.value(b.cell.figures);
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return down ? right - left : left - right;
}
