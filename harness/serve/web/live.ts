// The overview of a database that is being written: asks the server once a second while a run goes on, and draws
// anew what has changed.
import {el} from '../../../reports/web/dom';
import {schema_problem} from '../../../reports/web/schema_check';
import type {SchemaRoot} from '../../../reports/web/schema_check';
import live_schema from '../live.schema.json';
import {draw_newest} from './newest';
import {draw_open, show_ages} from './open_runs';
import {draw_runs} from './runs';
import {sentence_of} from './sentence';
import type {Live} from './live_types';

const kBusyMs = 1_000;
const kIdleMs = 5_000;
const kPatienceMs = 15_000;  // for one answer

// Ages are by the server's clock: the reader's may be wrong by hours.
let server_ahead_ms = 0;
let answered_at_ms = 0;
let shown = '';
let busy = false;

function place(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element "${id}"`);
  return found;
}

function body_of(section: string): HTMLElement {
  const body = place(section).querySelector('div');
  if (!body) throw new Error(`section "${section}" has no body`);
  return body;
}

// Drawing takes the elements away: what had the focus gets it back by its id, and tables stay where they were
// scrolled to.
function draw(live: Live): void {
  const focused = document.activeElement?.id;
  const scrolled = new Map([...document.querySelectorAll<HTMLElement>('.scroll')]
      .map((region) => [region.getAttribute('aria-label'), region.scrollLeft]));
  const sentence = sentence_of(live);
  if (place('sentence').textContent !== sentence) place('sentence').textContent = sentence;
  document.title = live.open.length > 0 ? `● slmrig: ${live.database}` : `slmrig: ${live.database}`;
  draw_open(body_of('open'), live);
  draw_newest(body_of('newest'), live);
  draw_runs(body_of('runs'), live);
  show_ages(document, Date.now() + server_ahead_ms);
  place('open').hidden = live.open.length === 0;
  place('newest').hidden = live.newest.length === 0;
  place('runs').hidden = live.runs.length === 0;
  for (const region of document.querySelectorAll<HTMLElement>('.scroll')) {
    region.scrollLeft = scrolled.get(region.getAttribute('aria-label')) ?? 0;
  }
  if (focused) document.getElementById(focused)?.focus({preventScroll: true});
}

function say(text: string, problem: boolean): void {
  const line = place('freshness');
  if (line.textContent === text) return;
  line.className = problem ? 'problem' : 'about';
  line.replaceChildren(text);
}

async function ask(): Promise<void> {
  const response = await fetch('/api/live.json', {cache: 'no-cache', signal: AbortSignal.timeout(kPatienceMs)});
  const text = await response.text();
  if (!response.ok) throw new Error(text.trim() || `the server answered ${response.status}`);
  const now_ms = Number(response.headers.get('Slmrig-Now-Ms'));
  if (now_ms > 0) server_ahead_ms = now_ms - Date.now();
  answered_at_ms = Date.now();
  if (text !== shown) {
    const data: unknown = JSON.parse(text);
    const problem = schema_problem(data, live_schema as unknown as SchemaRoot);
    if (problem) throw new Error(`the server is of another version than this page; load it anew (${problem})`);
    const live = data as Live;
    busy = live.open.length > 0;
    draw(live);
    shown = text;
  }
  say('Shown as it arrives; the database is only read.', false);
}

function fail(error: unknown): void {
  const words = error instanceof Error ? error.message : String(error);
  // Browsers say "Failed to fetch" for a server that is gone.
  const reason = error instanceof TypeError || error instanceof DOMException ? 'the server does not answer' : words;
  const since = answered_at_ms > 0 ? ` What is shown is of ${new Date(answered_at_ms).toLocaleTimeString('en-GB')}.` : '';
  say(`Not up to date: ${reason}.${since}`, true);
}

async function keep_asking(): Promise<void> {
  for (;;) {
    if (!document.hidden) await ask().catch(fail);
    const pause_ms = busy ? kBusyMs : kIdleMs;
    // A page that is looked at again is brought up to date at once.
    await new Promise<void>((resume) => {
      const done = () => {
        clearTimeout(timer);
        document.removeEventListener('visibilitychange', done);
        resume();
      };
      const timer = setTimeout(done, pause_ms);
      document.addEventListener('visibilitychange', done);
    });
  }
}

place('main').prepend(el('p', {class: 'unseen'}, 'Tables below are brought up to date by themselves.'));
setInterval(() => show_ages(document, Date.now() + server_ahead_ms), 1_000);
void keep_asking();
