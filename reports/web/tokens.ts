// "Token by token": the lines of one bench, model and suite, by variant; what is under the cursor in words;
// the same numbers as a table.
import {el, fold, on, plain_table, svg} from './dom';
import {counted, exact, joined, time_figure} from './format';
import type {Model} from './model';
import {LineChart} from './line_chart';
import {kFilterKeys} from './model';
import {tier_badge, kTierMeaning} from './tier';
import {kDashes, token_chart} from './token_chart';
import type {TokenGroup, TokenLine, ValueRange} from './token_data';
import {prompts_of, token_count, token_groups, token_lines, usual_range} from './token_data';
import type {ViewState} from './view_state';

const kTableRows = 512;

class TokenSection {
  private readonly controls = el('div', {class: 'controls'});
  private readonly note = el('p', {class: 'about'});
  private readonly place =
      el('div', {class: 'chart', tabindex: 0, role: 'img', 'aria-describedby': 'tokens-readout'});
  private readonly legend = el('div', {class: 'legend', role: 'group', 'aria-label': 'variants shown'});
  private readonly readout = el('p', {class: 'readout', id: 'tokens-readout'});
  private readonly table = el('div');
  private readonly empty = el('p', {class: 'empty'}, 'No cell that passes the filters has a token trace.');
  private readonly figure =
      el('div', {}, this.controls, this.note, this.place, this.legend, this.readout, this.table);
  private readonly chart = new LineChart(this.place, {page_points: 10,
    on_index: (index) => this.read_out(index === null ? null : index + this.first_index())});
  private readonly hidden = new Set<string>();
  private groups: readonly TokenGroup[] = [];
  private lines: readonly TokenLine[] = [];

  constructor(section: HTMLElement, private readonly state: ViewState) {
    section.append(this.empty, this.figure);
    // Announced only while the reader moves through the chart with keys.
    on(this.place, 'focus', () => this.readout.setAttribute('aria-live', 'polite'));
    on(this.place, 'blur', () => this.readout.removeAttribute('aria-live'));
  }

  draw(): void {
    this.groups = token_groups(this.state.visible_rows());
    const group = this.groups.find(({key}) => key === this.state.get('plot')) ?? this.groups[0];
    this.empty.hidden = group !== undefined;
    this.figure.hidden = group === undefined;
    if (!group) return;
    const prompts = prompts_of(group);
    const prompt = prompts.includes(this.state.get('prompt')) ? this.state.get('prompt') : '';
    this.lines = token_lines(group, prompt);
    this.draw_controls(group, prompts, prompt);
    this.draw_note(group, prompt);
    this.draw_legend(group, prompt);
    this.draw_chart(group);
    this.read_out(null);
    this.table.replaceChildren(this.table_fold(group));
  }

  private first_index(): 0 | 1 {
    // A trace that ends with its first token has nothing else to show.
    return this.state.get('first') === '1' || token_count(this.lines) < 2 ? 0 : 1;
  }

  private draw_controls(group: TokenGroup, prompts: readonly string[], prompt: string): void {
    const groups = el('select', {}, ...this.groups.map(({key, title}) =>
        el('option', {value: key, selected: key === group.key}, title)));
    on(groups, 'change', () => this.state.set({plot: groups.value, prompt: ''}));
    const choice = el('select', {}, el('option', {value: ''}, 'all: median and spread'),
                      ...prompts.map((id) => el('option', {value: id, selected: id === prompt}, id)));
    on(choice, 'change', () => this.state.set({prompt: choice.value}));
    const first = el('input', {type: 'checkbox', checked: this.first_index() === 0});
    on(first, 'change', () => this.state.set({first: first.checked ? '1' : ''}));
    const whole = el('input', {type: 'checkbox', checked: this.state.get('whole') === '1'});
    on(whole, 'change', () => this.state.set({whole: whole.checked ? '1' : ''}));
    this.controls.replaceChildren(
        el('label', {}, el('span', {class: 'label'}, 'cells'), groups),
        el('label', {}, el('span', {class: 'label'}, 'prompt'), choice),
        el('label', {class: 'check'}, first, ' with token 0, the time to first token'),
        el('label', {class: 'check'}, whole, ' whole range'));
  }

  // What is seen: all of the spread, or as much of it as leaves the lines readable.
  private range(): ValueRange {
    const shown = this.lines.filter(({name}) => !this.hidden.has(name));
    const range = usual_range(shown, this.first_index());
    return this.state.get('whole') === '1' ? {top: range.greatest, greatest: range.greatest} : range;
  }

  private draw_note(group: TokenGroup, prompt: string): void {
    const tier = group.rows[0]?.session.tier ?? 'hardware';
    const what = prompt === '' ?
        'Line: median over the prompts; band: 5th to 95th percentile.' :
        'One prompt, its first execution.';
    const {top, greatest} = this.range();
    const beyond = greatest > top ?
        ` It goes on to ${joined(time_figure(greatest, group.unit))}, above the plot.` : '';
    this.note.replaceChildren(tier_badge(tier), ` ${kTierMeaning[tier]}. ${what}${beyond}`);
    this.place.setAttribute('aria-label', `${group.title}: cost of each token by its index, ` +
        `${this.lines.map(({name}) => name).join(', ')}. Arrow keys move from token to token.`);
  }

  private draw_chart(group: TokenGroup): void {
    this.chart.draw(token_chart({lines: this.lines, hidden: this.hidden, first_index: this.first_index(), unit: group.unit,
      top: this.range().top}));
  }

  private draw_legend(group: TokenGroup, prompt: string): void {
    this.legend.replaceChildren(...this.lines.map((line, at) => {
      const box = el('input', {type: 'checkbox', checked: !this.hidden.has(line.name)});
      on(box, 'change', () => {
        if (box.checked) this.hidden.delete(line.name);
        else this.hidden.add(line.name);
        this.draw_note(group, prompt);
        this.draw_chart(group);
      });
      const dash = kDashes[at % kDashes.length]?.join(' ') ?? '';
      const sample = svg('svg',
                         {class: `sample series-${at % 6 + 1}`, width: 36, height: 10, 'aria-hidden': 'true'},
                         svg('line', {x1: 1, y1: 5, x2: 35, y2: 5, 'stroke-dasharray': dash || null}));
      const {figures} = line.row.cell;
      const text = `token p50 ${joined(time_figure(figures.token_p50, group.unit))}, first token ` +
          joined(time_figure(figures.ttft_p50, group.unit));
      return el('label', {class: 'check'}, box, sample, el('b', {}, line.name), ' ', el('span', {class: 'sub'}, text));
    }));
  }

  private read_out(index: number | null): void {
    if (index === null) {
      this.readout.textContent = 'Point at the plot, or focus it and use the arrow keys.';
      return;
    }
    const unit = this.lines[0]?.row.session.unit === 'instructions' ? 'instructions' : 'ns';
    const parts = this.lines.filter(({name}) => !this.hidden.has(name)).map(({name, line, low, high, count}) => {
      const value = line[index];
      if (value === undefined) return `${name}: none`;
      const figure = (at: number | undefined) => joined(time_figure(at ?? null, unit));
      if ((count[index] ?? 0) < 2) return `${name}: ${figure(value)}`;
      const spread = `${figure(low[index])} to ${figure(high[index])}`;
      return `${name}: ${figure(value)} (${spread}, ${counted(count[index] ?? 0, 'answer', 'answers')})`;
    });
    this.readout.textContent = `Token ${index}. ${parts.join(' · ')}`;
  }

  private table_fold(group: TokenGroup): HTMLElement {
    const tokens = Math.min(token_count(this.lines), kTableRows);
    const titles = ['token', ...this.lines.flatMap(({name}) =>
        [`${name} n`, `${name} p5`, `${name} median`, `${name} p95`])];
    const rows = Array.from({length: tokens}, (_, index) => [String(index), ...this.lines.flatMap((line) =>
        [line.count, line.low, line.line, line.high].map((values) => text_at(values, index)))]);
    const more = token_count(this.lines) > tokens ? `, the first ${tokens}` : '';
    return fold({class: 'behind'}, [`The numbers (${group.unit}${more})`],
                plain_table('token by token', titles, rows));
  }
}

function text_at(values: Float64Array, index: number): string {
  const value = values[index];
  return value === undefined ? '' : exact(value);
}

export function draw_tokens(section: HTMLElement, _model: Model, state: ViewState): void {
  const tokens = new TokenSection(section, state);
  tokens.draw();
  state.on_change([...kFilterKeys, 'text', 'plot', 'prompt', 'first', 'whole'], () => tokens.draw());
}
