// `slmrig serve` as its readers meet it, beside a run that goes on: node --test, through ctest -L browser.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createServer} from 'node:net';
import {after, before, test} from 'node:test';
import {axe_violations, close, kNarrow, launch, quiet_page} from './browser.mjs';
import {Rack} from './served.mjs';

const kPatienceMs = 120_000;  // a busy machine is no failure

let rack;
let browser;
let server;
before(async () => {
  rack = new Rack();
  const smoke = await rack.slmrig('run', 'smoke', '--db', rack.database, '--only', 'bench=native');
  assert.equal(smoke.code, 0, smoke.errors);
  server = await rack.serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await rack?.stop();
});

async function open(url, options = {}) {
  const page = await quiet_page(browser, (asked) => asked.startsWith(server.url) || asked.startsWith('data:'), options);
  page.setDefaultTimeout(kPatienceMs);
  await page.goto(url);
  return page;
}

const sentence = (page, pattern) => page.locator('#sentence').filter({hasText: pattern}).waitFor();

test('the overview shows a run while it goes on, and is never loaded anew for it', async () => {
  const page = await open(server.url);
  await sentence(page, /^No run is in progress\. The newest is smoke\.$/);
  assert.equal(await page.locator('#runs tbody tr').count(), 1);
  assert.match(await page.locator('#newest tbody tr').first().innerText(), /native\s+wrist-nano\s+int8\s+intents\s+hardware\s+✓ ok[^\t]*\t2\t/);
  await page.evaluate(() => { globalThis.loaded_once = true; });

  const plan = rack.write('long.json', JSON.stringify({
    name: 'long', models: ['wrist-nano'], variants: ['f32', 'int8'], suites: ['intents'],
    settings: {context_tokens: 256, prompts: 20, cold_starts: 1, repeats: 2000},
  }));
  const run = rack.start('run', plan, '--db', rack.database, '--only', 'bench=native', '--label', 'tonight');
  await sentence(page, /^Plan long \(tonight\): 0 of 2 cells\.$/);
  const bench = page.locator('#open tbody tr');
  const answers = async () => Number(/intents, (\d+) answers/.exec(await bench.innerText())?.[1] ?? 0);
  await bench.filter({hasText: /wrist-nano (f32|int8): intents, [1-9]\d* answers/}).waitFor();
  const first = await answers();
  await page.waitForFunction((seen) =>
      Number(/intents, (\d+) answers/.exec(document.querySelector('#open tbody tr').innerText)?.[1] ?? 0) > seen, first);
  assert.equal(await page.locator('#open progress').getAttribute('max'), '2');
  assert.match(await bench.innerText(), /\d+ s ago/);

  run.child.kill('SIGINT');
  const ended = await run.ended;
  assert.equal(ended.code, 3, ended.errors);
  await sentence(page, /^No run is in progress\. The newest is long \(tonight\)\.$/);
  assert.equal(await page.locator('#open').isVisible(), false);
  const newest = await page.locator('#runs tbody tr').first().innerText();
  assert.match(newest, /long\s+tonight\s+interrupted/);
  assert.equal(await page.evaluate(() => globalThis.loaded_once), true);
  await close(page);
});

test('a run of the overview opens as its report', async () => {
  const page = await open(server.url);
  await page.locator('#runs a', {hasText: 'report'}).last().click();
  await page.locator('table.summary').first().waitFor();
  assert.match(await page.locator('header').innerText(), /Plan smoke on 1 board/);
  await close(page);
});

test('the overview can be read by everybody: dark, narrow, by keyboard', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open(server.url, {colorScheme, viewport: kNarrow});
    await sentence(page, /^No run is in progress/);
    assert.deepEqual(await axe_violations(page), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing hangs over the edge');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the runs');
    await close(page);
  }
});

test('the focus stays where it is when news arrive', async () => {
  const page = await open(server.url);
  const link = page.locator('#runs a').first();
  await link.focus();
  const id = await link.getAttribute('id');
  execFileSync('sqlite3', [rack.database, "update run set label = 'renamed'"]);
  await page.locator('#runs', {hasText: 'renamed'}).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), id);
  await close(page);
});

test('names that are markup stay names, on every page', async () => {
  const hostile = '<img src=x onerror=alert(1)></script><script>alert(2)</script>';
  execFileSync('sqlite3', [rack.database,
    `update session set bench = '${hostile}', board = '${hostile}', model = '${hostile}', unit_id = '${hostile}';
     update run set label = '${hostile}', plan_name = '${hostile}', build = '${hostile}';
     update run set ended_at_ns = null where run_key = 1;
     update cell set suite = '${hostile}', reason = '${hostile}'`]);
  const page = await open(server.url);
  await page.locator('#open td, #open th').filter({hasText: hostile}).first().waitFor();
  assert.equal(await page.locator('main img, main script').count(), 0);
  await page.goto(`${server.url}report#view=run`);
  await page.locator('table.summary').first().waitFor();
  assert.equal(await page.locator('main img, main script').count(), 0);
  // A browser that is led to the data shows it, and runs nothing.
  for (const path of ['api/v_cell.json', 'api/v_cell.csv', 'metrics', 'api/live.json', `api/${encodeURIComponent(hostile)}.json`,
    `report?run=${encodeURIComponent(hostile)}x`]) {
    const answer = await fetch(server.url + path);
    assert.doesNotMatch(answer.headers.get('content-type'), /html/, path);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  }
  await close(page);
});

test('tables are read by scripts, and nothing is written', async () => {
  const rows = await (await fetch(`${server.url}api/v_generation.json?variant=int8&limit=1`)).json();
  assert.equal(rows.length, 1);
  assert.ok(rows.every(({variant}) => variant === 'int8'));
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    assert.equal((await fetch(`${server.url}api/v_cell.json`, {method})).status, 405);
  }
  for (const path of ['../slmrig.db', '%2e%2e/slmrig.db', 'slmrig.db', 'api/run.json', 'api/sqlite_schema.json']) {
    assert.equal((await fetch(server.url + path)).status, 404, path);
  }
});

test('an address that others reach needs a token, which then is demanded', async () => {
  const bare = await rack.slmrig('serve', '--db', rack.database, '--host', '0.0.0.0', '--port', '0');
  assert.equal(bare.code, 2);
  assert.match(bare.errors, /--host 0\.0\.0\.0: others could reach 0\.0\.0\.0: give a token .*--token-file/);
  const short = await rack.slmrig('serve', '--db', rack.database, '--token-file', rack.write('short', 'secret\n'));
  assert.equal(short.code, 2);
  assert.match(short.errors, /token file .*short: .*16 to 256 printable/);

  const token = 'a-token-nobody-guesses';
  const guarded = await rack.serve('--host', '0.0.0.0', '--token-file', rack.write('token', `${token}\n`));
  const url = guarded.url.replace('0.0.0.0', '127.0.0.1');
  const status = async (headers) => (await fetch(`${url}api/v_cell.csv`, {headers})).status;
  assert.equal(await status({}), 401);
  assert.equal(await status({authorization: `Bearer ${token}x`}), 401);
  assert.equal(await status({authorization: `Bearer ${token}`}), 200);
  // A browser asks its reader for it.
  const context = await browser.newContext({httpCredentials: {username: 'anyone', password: token}});
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('#runs tbody tr').first().waitFor();
  await context.close();
  guarded.child.kill('SIGTERM');
  assert.equal((await guarded.ended).code, 0);
});

test('what cannot be served is said at once, with exit code 2', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const {port} = taken.address();
  const cases = [
    [['--port', String(port)], new RegExp(`port ${port} is in use`)],
    [['--host', 'no-such-host.invalid'], /there is no host 'no-such-host\.invalid'/],
    [['--port', '65536'], /65535/],
    [['--token-file', rack.file('absent')], /absent/],
  ];
  for (const [args, words] of cases) {
    const ended = await rack.slmrig('serve', '--db', rack.database, ...args);
    assert.equal(ended.code, 2, ended.errors);
    assert.match(ended.errors, words);
  }
  taken.close();
  const absent = await rack.slmrig('serve', '--db', rack.file('absent.db'));
  assert.equal(absent.code, 2);
  assert.match(absent.errors, /absent\.db: there is no such file/);
});

test('a server that is told to end ends, and its readers are told', async () => {
  const page = await open(server.url);
  await page.locator('#runs tbody tr').first().waitFor();
  server.child.kill('SIGTERM');
  const ended = await server.ended;
  assert.equal(ended.code, 0, ended.errors);
  await page.locator('#freshness.problem', {hasText: 'Not up to date: the server does not answer.'}).waitFor();
  assert.ok(await page.locator('#runs tbody tr').count() > 0, 'what was shown stays');
  assert.deepEqual(page.trouble.filter((text) => !text.includes('ERR_CONNECTION')), []);
  await page.context().close();
});
