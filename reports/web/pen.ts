// Draws in a chart's frame, with the colours of the style sheet, so that dark mode and print need no second chart.
// Lengths are CSS pixels.
import type {Frame} from './frame';

export const kFontPx = 12;
const kHalo = 3;

// A variable of the style sheet, so many percent of it on whatever is there.
export function style_color(name: string, percent = 100): string {
  const color = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return percent === 100 ? color : `color-mix(in srgb, ${color} ${percent}%, transparent)`;
}

export class Pen {
  constructor(readonly context: CanvasRenderingContext2D, readonly frame: Frame) {
    context.font = `${kFontPx}px system-ui, sans-serif`;
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
  }

  stroke(color: string, width: number, dash: readonly number[], path: (context: CanvasRenderingContext2D) => void): void {
    const {context} = this;
    context.strokeStyle = style_color(color);
    context.lineWidth = width;
    context.setLineDash([...dash]);
    context.beginPath();
    path(context);
    context.stroke();
  }

  line(from: readonly [number, number], to: readonly [number, number], color: string, width: number, dash: readonly number[] = []): void {
    this.stroke(color, width, dash, (context) => {
      context.moveTo(...from);
      context.lineTo(...to);
    });
  }

  // From the top of the frame to its bottom.
  upright(x: number, color: string, width: number, dash: readonly number[] = []): void {
    const {top, bottom} = this.frame.box;
    this.line([x, top], [x, bottom], color, width, dash);
  }

  field(left: number, top: number, right: number, bottom: number, color: string, percent: number): void {
    this.context.fillStyle = style_color(color, percent);
    this.context.fillRect(left, top, right - left, bottom - top);
  }

  // With a rim of paper, and kept inside of the frame; y is the middle of their height.
  words(text: string, x: number, y: number, color: string): void {
    const {context} = this;
    const {left, right} = this.frame.box;
    const at = Math.max(left, Math.min(x, right - this.width_of(text) - kHalo));
    context.textAlign = 'left';
    context.setLineDash([]);
    context.lineWidth = kHalo;
    context.strokeStyle = style_color('--paper');
    context.strokeText(text, at, y);
    context.fillStyle = style_color(color);
    context.fillText(text, at, y);
  }

  width_of(text: string): number {
    return this.context.measureText(text).width;
  }
}
