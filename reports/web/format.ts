// Figures as people read them. Every figure carries its unit, and an absent one is a dash, never 0.
import type {Share} from './report_types';

export const kAbsent = '–';
export type TimeUnit = 'ns' | 'instructions';

export interface FigureText {
  readonly number: string;
  readonly unit: string;
}

interface Step {
  readonly least: number;
  readonly unit: string;
}

const kTimeSteps: readonly Step[] = [
  {least: 1e9, unit: 's'},
  {least: 1e6, unit: 'ms'},
  {least: 1e3, unit: 'µs'},
  {least: 1, unit: 'ns'},
];
const kInstructionSteps: readonly Step[] = [
  {least: 1e9, unit: 'G instr'},
  {least: 1e6, unit: 'M instr'},
  {least: 1e3, unit: 'k instr'},
  {least: 1, unit: 'instr'},
];
const kRateSteps: readonly Step[] = [
  {least: 1e6, unit: 'M/s'},
  {least: 1e3, unit: 'k/s'},
  {least: 1, unit: '/s'},
];
// Powers of 1000, as the terminal's table has them.
const kByteSteps: readonly Step[] = [
  {least: 1e9, unit: 'GB'},
  {least: 1e6, unit: 'MB'},
  {least: 1e3, unit: 'kB'},
  {least: 1, unit: 'B'},
];

const kEnergySteps: readonly Step[] = [
  {least: 1e6, unit: 'J'},
  {least: 1e3, unit: 'mJ'},
  {least: 1, unit: 'µJ'},
  {least: 1e-3, unit: 'nJ'},
];
const kPowerSteps: readonly Step[] = [
  {least: 1e6, unit: 'W'},
  {least: 1e3, unit: 'mW'},
  {least: 1, unit: 'µW'},
  {least: 1e-3, unit: 'nW'},
];

// Three significant digits, without an exponent between 1e-3 and 1e6.
export function three_digits(value: number): string {
  if (!Number.isFinite(value)) return kAbsent;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2);
  if (size >= 100) return String(Math.round(value));
  return value.toPrecision(3);
}

function in_steps(value: number | null, steps: readonly Step[]): FigureText {
  if (value === null || !Number.isFinite(value)) return {number: kAbsent, unit: ''};
  // 999.7 of a unit rounds to 1000: take the next unit where the rounded figure reaches it.
  const step = steps.find(({least}) => Math.abs(value) >= least * 0.9995) ?? steps[steps.length - 1];
  if (!step) return {number: kAbsent, unit: ''};
  return {number: three_digits(value / step.least), unit: step.unit};
}

export function time_figure(value: number | null, unit: TimeUnit): FigureText {
  return in_steps(value, unit === 'ns' ? kTimeSteps : kInstructionSteps);
}

export function byte_figure(value: number | null): FigureText {
  return in_steps(value, kByteSteps);
}

export function rate_figure(value: number | null): FigureText {
  return in_steps(value, kRateSteps);
}

// Of microjoules.
export function energy_figure(value: number | null): FigureText {
  return in_steps(value, kEnergySteps);
}

// Of microwatts.
export function power_figure(value: number | null): FigureText {
  return in_steps(value, kPowerSteps);
}

export function share_figure(share: Share): FigureText {
  if (share.of === 0) return {number: kAbsent, unit: ''};
  return {number: `${percent(share.count / share.of)} %`, unit: `of ${share.of}`};
}

// Never 100 for what is not all of it, nor 0 for what is not nothing.
function percent(share: number): string {
  if (share <= 0 || share >= 1) return share <= 0 ? '0' : '100';
  return Math.min(99.9, Math.max(0.1, 100 * share)).toFixed(1);
}

export function joined(figure: FigureText): string {
  return figure.unit ? `${figure.number} ${figure.unit}` : figure.number;
}

export function exact(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en-GB', {maximumFractionDigits: 3}) : kAbsent;
}

// "2026-11-22 08:44 UTC": the same on every reader's machine.
export function utc(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return kAbsent;
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function counted(count: number, one: string, many: string): string {
  return `${exact(count)} ${count === 1 ? one : many}`;
}
