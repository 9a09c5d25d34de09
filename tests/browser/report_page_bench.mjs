// What a reader waits for, in headless Chromium: the first view of a year's report, a filter, an order, the cursor on
// a chart of a hundred thousand points.
//
//   SLMRIG_BENCH_KEEP=FOLDER build/bench-bin/report_bench --benchmark_filter=year
//   SLMRIG_BENCH_KEEP=FOLDER node tests/browser/report_page_bench.mjs OUT.json
//
// OUT.json has the form of Google Benchmark's, for bench_table.mjs. Environment: SLMRIG_BUILD (build), CHROMIUM.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {close, launch, quiet_page} from './browser.mjs';

const kRounds = 7;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function open(browser, file, fragment) {
  const page = await quiet_page(browser, (url) => url.startsWith('file:') || url.startsWith('data:'));
  await page.goto(pathToFileURL(file).href + fragment);
  await page.locator('h1').waitFor();
  return page;
}

// From the navigation until the largest of what is seen was painted.
async function first_view(browser, file) {
  const times = [];
  for (let round = 0; round < kRounds; round++) {
    const page = await open(browser, file, '');
    times.push(await page.evaluate(() => new Promise((done) => {
      new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
          .observe({type: 'largest-contentful-paint', buffered: true});
    })));
    await close(page);
  }
  return median(times);
}

// From the choice until its frame was painted, the slowest of several choices: half a frame is waiting for its turn.
async function choices(browser, file, ids) {
  const page = await open(browser, file, '#view=matrix');
  const times = await page.evaluate(async (wanted) => {
    const painted = () => new Promise((done) => requestAnimationFrame(() => {
      const {port1, port2} = new MessageChannel();
      port1.onmessage = done;
      port2.postMessage(null);
    }));
    const found = [];
    for (const id of wanted) {
      const select = document.getElementById(id);
      for (let at = select.options.length - 1; at >= 0; at--) {
        await painted();
        const start = performance.now();
        select.selectedIndex = at;
        select.dispatchEvent(new Event('change'));
        await painted();
        found.push(performance.now() - start);
      }
    }
    return found;
  }, ids);
  await close(page);
  return Math.max(...times);
}

// The cursor moved in each frame, over the whole width.
async function hover(browser, file) {
  const page = await open(browser, file, '#view=series');
  const found = await page.locator('.series-chart').evaluate(async (place) => {
    const box = place.getBoundingClientRect();
    const frame = () => new Promise(requestAnimationFrame);
    const start = await frame();
    const kFrames = 180;
    let busy_ms = 0;
    let now = start;
    for (let at = 0; at < kFrames; at++) {
      const began = performance.now();
      place.dispatchEvent(new PointerEvent('pointermove',
          {pointerType: 'mouse', clientX: box.left + at / kFrames * box.width, clientY: box.top + 100}));
      busy_ms = Math.max(busy_ms, performance.now() - began);
      now = await frame();
    }
    return {'frames/s': kFrames * 1000 / (now - start), slowest_move_ms: busy_ms,
      readout: document.getElementById('series-readout').textContent};
  });
  if (!/^\d{4}-\d\d-\d\d/.test(found.readout)) throw new Error(`the cursor reads nothing: ${found.readout}`);
  await close(page);
  return {'frames/s': found['frames/s'], slowest_move_ms: found.slowest_move_ms};
}

async function main(output) {
  const kept = process.env.SLMRIG_BENCH_KEEP ?? '';
  const year = resolve(kept, 'report_of_a_year.html');
  if (!output || !existsSync(year)) {
    throw new Error(`usage: node tests/browser/report_page_bench.mjs OUT.json; it needs ${year}, which report_bench ` +
        'leaves there when SLMRIG_BENCH_KEEP names the folder');
  }
  const folder = mkdtempSync(join(tmpdir(), 'slmrig-page-bench-'));
  const browser = await launch();
  try {
    execFileSync(join(process.env.SLMRIG_BUILD ?? 'build', 'test-bin/report_sample'), [folder]);
    const row = (name, real_time, counters = {}) => ({name, run_name: name, iterations: 1, real_time, time_unit: 'ms', ...counters});
    const benchmarks = [
      row('first_view_of_a_year', await first_view(browser, year)),
      row('filter', await choices(browser, year, ['matrix-board', 'matrix-variant', 'matrix-metric'])),
      row('sort', await choices(browser, year, ['matrix-order'])),
      row('hover_over_100000_points', 0, await hover(browser, join(folder, 'history_long.html')))];
    writeFileSync(output, JSON.stringify({context: {}, benchmarks}));
  } finally {
    await browser.close();
    rmSync(folder, {recursive: true});
  }
}

main(process.argv[2]).catch((error) => {
  console.error(`report_page_bench: ${error.message}`);
  process.exit(1);
});
