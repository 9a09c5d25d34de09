// Where the ticks of an axis stand, and what they say.
import type {FigureText} from './format';

export interface Axis {
  readonly title: string;
  // In rising order, at most `most` and one more.
  readonly ticks: (low: number, high: number, most: number) => readonly number[];
  readonly texts: (ticks: readonly number[]) => readonly string[];
}

const kDay = 86400;
const kSteps_s = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, kDay, 2 * kDay, 7 * kDay, 14 * kDay];
const kStepsMonths = [1, 2, 3, 6, 12, 24, 60, 120];
const kMonth_s = 30.4 * kDay;

function multiples(low: number, high: number, step: number, most: number): readonly number[] {
  const ticks: number[] = [];
  // Bounded by their number, too: steps can be smaller than what a number of this size can tell apart.
  for (let count = Math.ceil(low / step); count * step <= high && ticks.length <= most; count++) {
    ticks.push(Number((count * step).toPrecision(12)));
  }
  return ticks;
}

// 1, 2 or 5 of a power of ten apart.
export function number_ticks(low: number, high: number, most: number): readonly number[] {
  const least = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5].map((factor) => factor * power).find((each) => each >= least) ?? 10 * power;
  return multiples(low, high, step, most);
}

// Of figures, without their trailing zeros: labels are short.
export function figure_axis(title: string, figure: (value: number) => FigureText): Axis {
  const text = (tick: number) => {
    const {number, unit} = figure(tick);
    return tick === 0 ? '0' : `${Number(number)} ${unit}`;
  };
  return {title, ticks: number_ticks, texts: (ticks) => ticks.map(text)};
}

// Of whole numbers.
export function index_axis(title: string): Axis {
  const ticks = (low: number, high: number, most: number) => number_ticks(low, high, Math.min(most, high - low)).filter(Number.isInteger);
  return {title, ticks, texts: (those) => those.map(String)};
}

// Whole hours, days, months, years.
function time_ticks(low: number, high: number, most: number): readonly number[] {
  const step = kSteps_s.find((each) => high - low <= each * most);
  if (step !== undefined) return multiples(low, high, step, most);
  const months = kStepsMonths.find((each) => high - low <= each * kMonth_s * most) ?? 240;
  const first = new Date(low * 1000).getUTCFullYear();
  const ticks: number[] = [];
  for (let count = 0; ticks.length <= most; count++) {
    const tick = Date.UTC(first, count * months) / 1000;
    if (!(tick <= high)) break;
    if (tick >= low) ticks.push(tick);
  }
  return ticks;
}

// "3 May", with the year where it begins: the same on every reader's machine. Lines are parted by "\n".
function time_texts(ticks: readonly number[]): readonly string[] {
  let year = '';
  const clock_ends = ticks.length > 1 && ticks[1]! - ticks[0]! < 60 ? 19 : 16;
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    const text = date.toISOString();
    const is_day = tick % kDay === 0;
    const month = date.toLocaleString('en-GB', {month: 'short', timeZone: 'UTC'});
    const day = is_day ? `${date.getUTCDate()} ${month}` : text.slice(11, clock_ends);
    if (text.slice(0, 4) === year) return day;
    year = text.slice(0, 4);
    return `${day}\n${is_day ? year : text.slice(0, 10)}`;
  });
}

// Of seconds since the epoch, in UTC.
export const kTimeAxis: Axis = {title: '', ticks: time_ticks, texts: time_texts};
