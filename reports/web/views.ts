// The views of the page and the tabs that lead to them: one is seen at a time, and which one is in the URL's
// fragment. A page with a single view has no tabs. Print has the view that is seen.
import {el} from './dom';
import type {ViewState} from './view_state';

export const kViewNames = ['today', 'matrix', 'series', 'run', 'compare', 'fleet'] as const;
export type ViewName = (typeof kViewNames)[number];

interface View {
  readonly name: ViewName;
  readonly element: HTMLElement;
  readonly tab: HTMLAnchorElement;
  readonly make: (element: HTMLElement) => void;
}

export class Views {
  private readonly views: View[] = [];
  private readonly made = new Set<View>();
  private readonly tabs = el('nav', {class: 'views', 'aria-label': 'views'});

  constructor(private readonly main: HTMLElement, private readonly state: ViewState) {
    main.before(this.tabs);
    state.on_change(['view'], () => this.show());
  }

  // In the order of the tabs. `make` fills the view when it is first seen.
  add(name: ViewName, title: string, make: (element: HTMLElement) => void): void {
    const element = el('div', {class: 'view', id: `view-${name}`});
    const tab = el('a', {href: `#view=${name}`}, title);
    tab.addEventListener('click', (event) => {
      // The filters of the reader stay; a new window gets the plain view.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.state.set({view: name});
      window.scrollTo(0, 0);
    });
    this.views.push({name, element, tab, make});
    this.tabs.append(tab);
    this.main.append(element);
  }

  show(): void {
    const wanted = this.state.get('view');
    const seen = this.views.find(({name}) => name === wanted) ?? this.views[0];
    this.tabs.hidden = this.views.length < 2;
    for (const view of this.views) {
      const is_seen = view === seen;
      view.element.hidden = !is_seen;
      if (is_seen) view.tab.setAttribute('aria-current', 'page');
      else view.tab.removeAttribute('aria-current');
    }
    if (!seen || this.made.has(seen)) return;
    this.made.add(seen);
    this.state.within(seen.element, () => seen.make(seen.element));
  }
}
