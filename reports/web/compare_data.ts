// What the compare view is made of: the newest run's variants at one place, with the decode tokens that their
// cells were traced with.
import type {TimeUnit} from './format';
import type {Model} from './model';
import {unpack_integers} from './packed';
import type {ComparedSubject, Comparison, Flip} from './report_types';

export interface Distribution {
  readonly name: string;
  readonly sorted: Float64Array;  // costs of the traced decode tokens, ascending
}

export function comparison_key({bench, model, suite, settings}: Comparison): string {
  return JSON.stringify([bench, model, suite, settings]);
}

export function comparison_title(comparison: Comparison, all: readonly Comparison[]): string {
  const {bench, model, suite, settings} = comparison;
  const twins = all.filter((other) => other.bench === bench && other.model === model && other.suite === suite);
  return [bench, model, suite, twins.length > 1 ? settings : ''].filter((part) => part !== '').join(' · ');
}

export function unit_of(comparison: Comparison, model: Model): TimeUnit | 'none' {
  const cell = model.report.cells[comparison.subjects[0]?.cells[0] ?? -1];
  return (cell && model.report.sessions[cell.session]?.unit) ?? 'none';
}

// Index 0 is the time to first token, which is no decode token.
export function distribution_of(subject: ComparedSubject, model: Model): Distribution {
  const tokens: number[] = [];
  for (const index of subject.cells) {
    for (const trace of model.report.cells[index]?.traces ?? []) {
      unpack_integers(trace.durations).forEach((cost, at) => {
        if (at > 0) tokens.push(cost);
      });
    }
  }
  return {name: subject.name, sorted: Float64Array.from(tokens).sort()};
}

export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

export interface Piece {
  readonly text: string;
  readonly differs: boolean;
}

// The words of `text` that are not, in this order, in `other`: the longest common subsequence stays plain.
export function marked_pieces(text: string, other: string): readonly Piece[] {
  const words = text.split(/(\s+)/);
  const others = other.split(/(\s+)/);
  const width = others.length + 1;
  const longest = new Uint16Array((words.length + 1) * width);
  for (let i = words.length - 1; i >= 0; --i) {
    for (let j = others.length - 1; j >= 0; --j) {
      longest[i * width + j] = words[i] === others[j] ? (longest[(i + 1) * width + j + 1] ?? 0) + 1 :
          Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0);
    }
  }
  const pieces: Piece[] = [];
  let j = 0;
  words.forEach((word, i) => {
    while (j < others.length && words[i] !== others[j] &&
           (longest[i * width + j + 1] ?? 0) >= (longest[(i + 1) * width + j] ?? 0)) j++;
    const differs = words[i] !== others[j];
    if (!differs) j++;
    pieces.push({text: word, differs});
  });
  return pieces;
}

export function rightness(correct: Flip['correct']): string {
  return correct === null ? '' : correct ? 'right' : 'wrong';
}
