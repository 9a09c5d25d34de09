// Builds elements. Text always enters as text nodes, never as markup: names and answers in a report are
// whatever a board or a model said.

export type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | number | boolean | null>>;

const kSvgNamespace = 'http://www.w3.org/2000/svg';

function fill<T extends Element>(element: T, attributes: Attributes, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) {
    if (child !== null) element.append(child);
  }
  return element;
}

export function el<K extends keyof HTMLElementTagNameMap>(
    tag: K, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
    tag: K, attributes: Attributes = {}, ...children: readonly Child[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(kSvgNamespace, tag), attributes, children);
}

export function on<K extends keyof HTMLElementEventMap, T extends HTMLElement>(
    element: T, event: K, handler: (event: HTMLElementEventMap[K]) => void): T {
  element.addEventListener(event, handler);
  return element;
}

// A fold: <details> with its summary line.
export function fold(attributes: Attributes, summary: readonly Child[], ...body: readonly Child[]):
    HTMLDetailsElement {
  return el('details', attributes, el('summary', {}, ...summary), ...body);
}

// A fold whose body is made when it is first opened. A click makes it at once, so that the fold is never seen empty;
// whatever else opens a fold (print, a search on the page) is told of afterwards.
export function fold_later(attributes: Attributes, summary: string, make: () => Child): HTMLDetailsElement {
  const details = fold(attributes, [summary]);
  const fill = () => {
    if (details.childElementCount === 1) details.append(make() ?? '');
  };
  on(details, 'click', fill);
  on(details, 'toggle', fill);
  return details;
}

// A table that may be wider than the screen scrolls in its own region, which the keyboard can reach.
export function scrolling(label: string, table: HTMLTableElement): HTMLElement {
  return el('div', {class: 'scroll', role: 'region', tabindex: 0, 'aria-label': label}, table);
}

export function plain_table(label: string, titles: readonly string[], rows: readonly (readonly Child[])[]):
    HTMLElement {
  const head = el('tr', {}, ...titles.map((title) => el('th', {scope: 'col'}, title)));
  const body = rows.map((row) => el('tr', {}, ...row.map((child, at) =>
      at === 0 ? el('th', {scope: 'row'}, child) : el('td', {}, child))));
  return scrolling(label, el('table', {class: 'plain'}, el('thead', {}, head), el('tbody', {}, ...body)));
}

// A table of few rows: on a narrow screen their cells stand below one another, each with its column's title.
export function stacking_table(label: string, titles: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  const place = plain_table(label, titles, rows);
  place.classList.add('stacking');
  for (const row of place.querySelectorAll('tbody tr')) {
    [...row.children].forEach((cell, at) => cell.setAttribute('data-title', titles[at] ?? ''));
  }
  return place;
}
