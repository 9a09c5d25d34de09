// Stacked bars in SVG: every part has a colour, a pattern and, where there is room, its name; every bar has
// its total in words. Bars of one block share one scale.
import {el, svg} from './dom';

export interface BarPart {
  readonly name: string;
  readonly value: number;
}

export interface Bar {
  readonly label: string;
  readonly note: string;
  readonly parts: readonly BarPart[];
  readonly total: string;
}

export interface BarBlock {
  readonly title: readonly (Node | string)[];
  readonly bars: readonly Bar[];
}

const kPatternCount = 8;
const kBarHeight = 22;
// A name is written into a part when it fits on the narrowest screen: 12 px type on a bar of 300 px.
const kCharacterShare = 7.2 / 300;

export function part_class(names: readonly string[], name: string): string {
  return `part-${Math.max(0, names.indexOf(name)) % kPatternCount}`;
}

// Hatches over the part's colour: readable in greyscale and in print.
export function pattern_definitions(): SVGElement {
  const shapes: readonly string[] = [
    '', 'M0 8L8 0M-2 2L2 -2M6 10L10 6', 'M0 4H8', 'M2 2h1v1h-1zM6 6h1v1h-1z',
    'M0 0L8 8M-2 6L2 10M6 -2L10 2', 'M4 0V8', 'M0 4H8M4 0V8', 'M0 0L8 8M0 8L8 0',
  ];
  const patterns = shapes.map((shape, at) =>
      svg('pattern', {id: `pattern-${at}`, width: 8, height: 8, patternUnits: 'userSpaceOnUse'},
          svg('rect', {width: 8, height: 8, class: `part-${at}`}), svg('path', {d: shape, class: 'hatch'})));
  return svg('svg', {class: 'unseen', width: 0, height: 0, 'aria-hidden': 'true'}, svg('defs', {}, ...patterns));
}

function swatch(at: number): SVGElement {
  return svg('svg', {class: 'swatch', width: 16, height: 12, 'aria-hidden': 'true'},
             svg('rect', {width: 16, height: 12, fill: `url(#pattern-${at % kPatternCount})`}));
}

function bar_drawing(bar: Bar, names: readonly string[], greatest: number,
                     text: (value: number) => string): SVGElement {
  const drawing = svg('svg', {class: 'bar', width: '100%', height: kBarHeight, role: 'img',
    'aria-label': `${bar.label}: ${bar.parts.map(({name, value}) => `${name} ${text(value)}`).join(', ')}`});
  let from = 0;
  for (const {name, value} of bar.parts) {
    const share = greatest > 0 ? value / greatest : 0;
    const at = Math.max(0, names.indexOf(name)) % kPatternCount;
    const part = svg('g', {}, svg('title', {}, `${name}: ${text(value)}`),
                     svg('rect', {x: `${100 * from}%`, width: `${100 * share}%`, height: kBarHeight,
                       fill: `url(#pattern-${at})`, class: 'edge'}));
    if (share > (name.length + 2) * kCharacterShare) {
      part.append(svg('text', {x: `${100 * (from + share / 2)}%`, y: kBarHeight / 2, class: 'part-name'}, name));
    }
    drawing.append(part);
    from += share;
  }
  return drawing;
}

export function legend_of(names: readonly string[], title: (name: string) => string): HTMLElement {
  return el('ul', {class: 'legend'}, ...names.map((name, at) => el('li', {}, swatch(at), title(name))));
}

export function blocks_of(blocks: readonly BarBlock[], names: readonly string[],
                          text: (value: number) => string): HTMLElement {
  return el('div', {class: 'blocks'}, ...blocks.map(({title, bars}) => {
    const totals = bars.map(({parts}) => parts.reduce((sum, {value}) => sum + value, 0));
    const greatest = totals.reduce((a, b) => Math.max(a, b), 0);
    return el('div', {class: 'block'}, el('h3', {}, ...title), ...bars.map((bar) =>
        el('div', {class: 'bar-row'},
           el('span', {class: 'bar-label'}, bar.label, el('span', {class: 'sub'}, bar.note)),
           el('span', {class: 'bar-total'}, bar.total), bar_drawing(bar, names, greatest, text))));
  }));
}
