// The least and the greatest of any stretch of values without looking at each of them: what draws a hundred
// thousand points a column of pixels at a time, and loses nothing that stands out.

export interface Extent {
  readonly low: number;
  readonly high: number;
}

export class Pyramid {
  // By level, from the values themselves: the least and the greatest of blocks of 1, 2, 4, ... of them.
  private readonly lows: Float64Array[];
  private readonly highs: Float64Array[];

  constructor(readonly values: Float64Array) {
    this.lows = levels_of(values, Math.min);
    this.highs = levels_of(values, Math.max);
  }

  // Of values[from] up to, not with, values[to].
  extent(from: number, to: number): Extent {
    let low = Infinity;
    let high = -Infinity;
    const take = (level: number, at: number) => {
      low = Math.min(low, this.lows[level]?.[at] ?? Infinity);
      high = Math.max(high, this.highs[level]?.[at] ?? -Infinity);
    };
    // What is not the half of a block of the next level is taken here.
    for (let level = 0; from < to; level++) {
      if (from % 2 === 1) take(level, from++);
      if (to % 2 === 1) take(level, --to);
      from /= 2;
      to /= 2;
    }
    return {low, high};
  }
}

function levels_of(values: Float64Array, better: (a: number, b: number) => number): Float64Array[] {
  const levels = [values];
  for (let below = values; below.length > 1;) {
    const level = new Float64Array(below.length >> 1);
    for (let at = 0; at < level.length; at++) level[at] = better(below[2 * at] ?? 0, below[2 * at + 1] ?? 0);
    levels.push(level);
    below = level;
  }
  return levels;
}
