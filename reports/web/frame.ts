// Where a chart's values lie in its box: its scales, from values to CSS pixels and back.

export type Range = readonly [number, number];

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const kInset = 6;  // what a mark at the first and at the last point needs

export class Frame {
  // `window`: of the x axis, what is in view.
  constructor(readonly box: Box, readonly window: Range, readonly y_range: Range) {}

  x(value: number): number {
    const [low, high] = this.window;
    return this.box.left + kInset + (value - low) / (high - low) * this.width();
  }

  y(value: number): number {
    const [low, high] = this.y_range;
    return this.box.bottom - (value - low) / (high - low) * (this.box.bottom - this.box.top);
  }

  // The value at this place; beyond the window's ends, its end.
  value_at(x: number): number {
    const [low, high] = this.window;
    const share = (x - this.box.left - kInset) / this.width();
    return low + Math.max(0, Math.min(1, share)) * (high - low);
  }

  private width(): number {
    return this.box.right - this.box.left - 2 * kInset;
  }
}
