// The report as a reader meets it: node --test, through ctest -L browser.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Browser, axe_violations, column_texts, kNarrow, kWide} from './browser.mjs';
import {report_of, unpack} from './report_data.mjs';

let browser;
before(async () => { browser = await Browser.start(); });
after(async () => { await browser?.stop(); });

const on_report = (...all) => browser.on_report(...all);

const kSizes = {s: 1e9, ms: 1e6, 'µs': 1e3, ns: 1, G: 1e9, M: 1e6, k: 1e3, '': 1};

// "1.23 ms" -> 1230000; null for a dash.
function amount(text) {
  const [, number, unit] = /^([\d.]+|–) ?(\S*)$/.exec(text) ?? assert.fail(`not a figure: ${text}`);
  return number === '–' ? null : Number(number) * kSizes[unit];
}

test('every section is there and filled', () => on_report('sample.html', {}, async (page) => {
  assert.match(await page.locator('h1').innerText(), /^Plan sample on 3 boards, 2026-01-01 00:00 UTC: 24 cells/);
  const titles = await page.locator('#view-run h2').allInnerTexts();
  assert.deepEqual(titles, ['Summary', 'Accuracy against cost', 'Token by token', 'Where a token goes', 'Energy',
    'Power over time', 'Memory', 'Cold start', 'Wrong and fallback answers', 'Provenance']);
  assert.equal(await page.locator('table.summary').count(), 2);
  assert.equal(await page.locator('table.summary tbody tr:not(.note)').count(), 24);
  assert.equal(await page.locator('#memory .block').count(), 3);
  assert.equal(await page.locator('#cold-starts .block').count(), 3);
  assert.ok(await page.locator('#answers details').count() > 0);
  assert.equal(await page.locator('#provenance > div > div > details').count(), 1);
}));

test('emulated figures are marked in every row and never carry a unit of time', () =>
  on_report('sample.html', {}, async (page) => {
    const table = page.locator('table.summary').nth(1);
    assert.match(await table.locator('caption').textContent(), /emulated: instructions, not time/);
    const tiers = await column_texts(page, 'emulated', 'tier');
    assert.ok(tiers.length === 16 && tiers.every((tier) => tier === 'emulated'));
    for (const column of ['cold start', 'first token', 'token p50', 'p95', 'p99', 'max', 'instr/token']) {
      for (const text of await column_texts(page, 'emulated', column)) assert.doesNotMatch(text, /\ds$|ms|µs|ns/);
    }
    const bars = await page.locator('#cold-starts .block').nth(1).innerText();
    assert.match(bars, /emulated/);
    assert.doesNotMatch(bars, /\d ms/);
  }));

test('a cell that is not ok stands with its reason', () => on_report('sample.html', {}, async (page) => {
  const unfit = page.locator('tr.status-unfit').first();
  assert.match(await unfit.innerText(), /unfit\s+needs 4194304 bytes, board has 2097152/);
  assert.match(await page.locator('table.summary').nth(1).innerText(), /the agent was silent for 30 s/);
  assert.match(await page.locator('table.summary').nth(1).innerText(), /stopped by the user/);
  assert.match(await page.locator('table.summary').first().innerText(), /doubted: host load was 3.2/);
}));

test('a column is sorted by keyboard alone, both ways, absent figures last', () =>
  on_report('sample.html', {}, async (page) => {
    const head = page.locator('table.summary').nth(1).locator('th button', {hasText: 'token p50'});
    const sorted = async () => (await column_texts(page, 'emulated', 'token p50')).map((text) =>
        text === '' ? null : amount(text));
    await head.focus();
    await page.keyboard.press('Enter');
    assert.equal(await head.locator('..').getAttribute('aria-sort'), 'ascending');
    const up = await sorted();
    assert.ok(up.length > 10);
    assert.deepEqual(up, [...up].sort((a, b) => (a ?? Infinity) - (b ?? Infinity)));
    assert.ok(await head.evaluate((element) => element === document.activeElement), 'the focus stays');
    await page.keyboard.press('Enter');
    assert.equal(await head.locator('..').getAttribute('aria-sort'), 'descending');
    const down = await sorted();
    assert.deepEqual(down, [...down].sort((a, b) => (b ?? -Infinity) - (a ?? -Infinity)));
    assert.deepEqual((await column_texts(page, 'emulated', 'status')).slice(-2), ['⊘ unfit', '⊘ unfit']);
  }));

test('filters narrow every section, and the view can be sent as a link', async () => {
  let fragment = '';
  await on_report('sample.html', {}, async (page) => {
    await page.locator('#filter-variant').selectOption('int8');
    await page.locator('#filter-board').selectOption('native');
    assert.equal(await page.locator('.count').innerText(), '4 of 24 cells');
    assert.deepEqual([...new Set(await column_texts(page, 'hardware', 'variant'))], ['int8']);
    assert.equal(await page.locator('#memory .block').count(), 1);
    assert.equal(await page.locator('#memory .bar-row').count(), 2);
    fragment = new URL(page.url()).hash;
  });
  await on_report('sample.html', {fragment}, async (page) => {
    assert.equal(await page.locator('.count').innerText(), '4 of 24 cells');
    await page.locator('#filter-text').fill('summaries wide');
    assert.equal(await page.locator('.count').innerText(), '1 of 24 cells');
    await page.locator('#filter-text').fill('no such thing');
    assert.match(await page.locator('#summary').innerText(), /No cell passes these filters/);
    await page.locator('button', {hasText: 'show all'}).click();
    assert.equal(await page.locator('.count').innerText(), '24 cells');
  });
});

test('the token plot is drawn, follows the arrow keys and has its numbers behind it', () =>
  on_report('sample.html', {}, async (page) => {
    const chart = page.locator('#tokens .chart');
    const colours = await chart.locator('canvas').evaluate((canvas) => {
      const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] > 200) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
      }
      return seen.size;
    });
    assert.ok(colours > 10, `the canvas has ${colours} colours`);
    await chart.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    const readout = page.locator('#tokens .readout');
    assert.match(await readout.innerText(), /^Token 2\. f32: [\d.]+ (µs|ms) \(.*12 answers\) · int8: /);
    assert.equal(await readout.getAttribute('aria-live'), 'polite');
    await page.keyboard.press('End');
    const tokens = await page.locator('#tokens .behind tbody tr').count();
    assert.ok((await readout.innerText()).startsWith(`Token ${tokens - 1}.`));
    await page.locator('#tokens .legend input').first().uncheck();
    await chart.focus();
    await page.keyboard.press('Home');
    assert.doesNotMatch(await readout.innerText(), /f32/);
  }));

test('the numbers behind the token plot are those of the data', () => on_report('sample.html', {}, async (page) => {
  const report = await report_of(page);
  const {band} = report.cells.find(({suite, session}) => suite === 'intents' &&
      report.sessions[session].bench === 'native' && report.sessions[session].model === 'wrist-nano' &&
      report.sessions[session].variant === 'f32');
  const expected = ['count', 'low', 'median', 'high'].map((key) => unpack(band[key]));
  assert.ok(expected[2][0] > expected[2][1], 'the first token costs most, so differences are negative, too');
  const rows = await page.locator('#tokens .behind tbody tr').evaluateAll((all) => all.map((row) =>
      [...row.cells].slice(1, 5).map((cell) => Number(cell.textContent.replaceAll(',', '')))));
  assert.deepEqual(rows.slice(0, expected[0].length), expected[0].map((_, at) => expected.map((values) => values[at])));
}));

test('one prompt can be looked at, and a row leads to its plot', () => on_report('sample.html', {}, async (page) => {
  await page.locator('table.summary').nth(1).locator('button.to-plot').first().click();
  const cells = page.locator('#tokens .controls select').first();
  assert.match(await cells.evaluate((select) => select.selectedOptions[0].text), /^mps2-an386 · wrist-nano · intents/);
  assert.match(await page.locator('#tokens .about').innerText(), /emulated instructions, not time/);
  await page.locator('#tokens .controls select').nth(1).selectOption('i-001');
  assert.match(await page.locator('#tokens .about').innerText(), /One prompt/);
  await page.locator('#tokens .chart').focus();
  await page.keyboard.press('ArrowRight');
  assert.match(await page.locator('#tokens .readout').innerText(), /^Token 1\. f32: [\d.]+ [kM] instr · int8: [\d.]+ [kM] instr$/);
}));

test('one slow token does not flatten the plot, and its size is said', () => on_report('hostile.html', {}, async (page) => {
  const note = page.locator('#tokens .about');
  assert.match(await note.innerText(), /It goes on to [\d.]+ ms, above the plot\.$/);
  await page.locator('#tokens label', {hasText: 'whole range'}).locator('input').check();
  assert.match(await note.innerText(), /5th to 95th percentile\.$/);
}));

test('the trade-off plots mark every judged variant, and the arrow keys read them out', () =>
  on_report('sample.html', {}, async (page) => {
    const plots = page.locator('#pareto svg.pareto');
    assert.equal(await plots.count(), 2);
    for (const at of [0, 1]) assert.equal(await plots.nth(at).locator('path.mark').count(), 4);
    const readout = page.locator('#pareto .readout');
    await page.locator('#pareto .pareto-plots').focus();
    await page.keyboard.press('End');
    assert.match(await readout.innerText(), /^wrist-nano int8: [\d.]+ % of 12 right \(.*\), [\d.]+ k tokens\/s, 437 kB of memory$/);
    assert.equal(await readout.getAttribute('aria-live'), 'polite');
    await page.keyboard.press('ArrowLeft');
    assert.doesNotMatch(await readout.innerText(), /^wrist-nano int8/);
    await page.locator('#pareto select').selectOption({label: 'mps3-an547 · intents'});
    assert.match(await page.locator('#pareto .about').innerText(), /emulated.*One variant has no mark/);
    assert.doesNotMatch(await page.locator('#pareto svg').first().textContent(), /tokens\/s/);
  }));

test('the line of the trade-off plot joins what no other variant beats, as the data has it', () =>
  on_report('sample.html', {}, async (page) => {
    const report = await report_of(page);
    const points = report.cells.filter(({suite, session}) => suite === 'intents' &&
        report.sessions[session].bench === 'native').map(({figures, session}) => ({
      name: `${report.sessions[session].model} ${report.sessions[session].variant}`,
      right: figures.accuracy.count / figures.accuracy.of, rate: figures.tokens_per_s, bytes: figures.memory_peak_bytes}));
    const beaten = (cheaper) => new Set(points.filter((one) => points.some((other) => other !== one &&
        other.right >= one.right && !cheaper(one, other) && (other.right > one.right || cheaper(other, one))))
        .map(({name}) => name));
    const by_rate = beaten((a, b) => a.rate > b.rate);
    const by_bytes = beaten((a, b) => a.bytes < b.bytes);
    await page.locator('#pareto .behind summary').click();
    const rows = await page.locator('#pareto .behind tbody tr').evaluateAll((all) =>
        all.map((row) => [...row.cells].map((cell) => cell.textContent)));
    assert.equal(rows.length, points.length);
    for (const [model, variant, , , , on_rate, , on_bytes] of rows) {
      assert.equal(on_rate === '', by_rate.has(`${model} ${variant}`), `${model} ${variant} by tokens/s`);
      assert.equal(on_bytes === '', by_bytes.has(`${model} ${variant}`), `${model} ${variant} by bytes`);
    }
    assert.ok(by_rate.size > 0 && by_rate.size < points.length);
  }));

test('the bars of a profile add up to a token, and the table says the same', () =>
  on_report('sample.html', {}, async (page) => {
    const report = await report_of(page);
    const [decode] = report.cells.find(({suite, session}) => suite === 'intents' &&
        report.sessions[session].bench === 'native' && report.sessions[session].variant === 'f32').profile;
    assert.equal(decode.phase, 'decode');
    assert.equal(decode.operators.reduce((sum, {cost}) => sum + cost, 0), decode.cost);
    const row = page.locator('#profile .bar-row').first();
    assert.equal(await row.locator('.bar-total').innerText(), `${Math.round(decode.cost / decode.tokens / 1e3)} µs`);
    assert.equal(await row.locator('rect').count(), 8);
    await page.locator('#profile .behind summary').first().click();
    const shares = await page.locator('#profile .behind').first().locator('tbody tr').evaluateAll((all) => all.slice(0, 13).map((each) =>
        Number(each.cells[6].textContent)));
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 100) < 1, `shares: ${shares}`);
    const rates = await page.locator('#profile .behind').first().locator('tbody tr').evaluateAll((all) => all.slice(0, 13).map((each) =>
        each.cells[10].textContent).filter((text) => text !== '').map(Number));
    assert.ok(Math.max(...rates) <= 100 && Math.min(...rates) > 0 && rates.length > 4, `rates: ${rates}`);
    await page.locator('#profile .behind summary').last().click();
    assert.match(await page.locator('#profile .behind').last().innerText(), /kernel\s+Q8_0[^]*memory\s+weights/);
    assert.match(await row.locator('.sub').innerText(), /over \d+ tokens; at the board's limit its matrices take \d+ % of it/);
    await page.locator('#profile select').selectOption('prefill');
    assert.match(await page.locator('#profile .about').innerText(), /a token of the prompt/);
  }));

test('without a profile the page says how to get one', () => on_report('failed.html', {}, async (page) => {
  assert.match(await page.locator('#profile').innerText(), /slmrig run --profile/);
  assert.match(await page.locator('#pareto').innerText(), /No cell that passes the filters has answers/);
}));

test('memory bars carry pattern, name and total, and the table says the same', () =>
  on_report('sample.html', {}, async (page) => {
    const row = page.locator('#memory .bar-row').first();
    const fills = await row.locator('rect').evaluateAll((parts) => parts.map((part) => part.getAttribute('fill')));
    assert.equal(new Set(fills).size, fills.length);
    assert.ok(fills.every((fill) => fill.startsWith('url(#pattern-')));
    await page.locator('#memory .behind summary').click();
    const cells = await page.locator('#memory .behind tbody tr').first().locator('td').allInnerTexts();
    const counted = cells.slice(1, 8).reduce((sum, text) => sum + Number(text.replaceAll(',', '')), 0);
    assert.equal(await row.locator('.bar-total').innerText(), `${(counted / 1e6).toPrecision(3)} MB`);
  }));

test('fallback answers have a column where there are any, and are marked', () =>
  on_report('sample.html', {}, async (page) => {
    const heads = await page.locator('table.summary').evaluateAll((all) =>
        all.map((table) => [...table.tHead.rows[0].cells].map((cell) => cell.textContent)));
    assert.deepEqual(heads.map((each) => each.includes('fallback')), [false, true]);
    const shares = await column_texts(page, 'emulated', 'fallback');
    assert.ok(shares.some((text) => /^[1-9]/.test(text)), `shares: ${shares}`);
    const fold = page.locator('#answers details', {hasText: 'fallback text in'}).first();
    await fold.locator('summary').click();
    assert.match(await fold.locator('table').innerText(),
                 /Sorry, I did not get that\.\s+(slots|exact_intent).*fallback: not of the form asked for/);
  }));

test('wrong answers and provenance unfold', () => on_report('sample.html', {}, async (page) => {
  await page.locator('#answers summary').first().click();
  assert.match(await page.locator('#answers table').first().innerText(), /asked\s+answered\s+wrong/);
  await page.locator('#provenance summary').first().click();
  const text = await page.locator('#provenance').innerText();
  assert.match(text, /host\.cpu\s+Sample CPU/);
  assert.match(text, /0123456789abcdef0123456789abcdef01234567/);
  assert.equal(await page.locator('#provenance details.inner').count(), 12);
}));

test('names and answers that are markup stay text', () => on_report('hostile.html', {}, async (page) => {
  assert.match(await page.title(), /^slmrig: <\/script><script>/);
  assert.equal(await page.locator('img, h1 script, main script').count(), 0);
  assert.match(await page.locator('table.summary').first().innerText(), /<img src=x onerror=alert\(1\)>/);
  await page.locator('#answers summary').first().click();
  await page.locator('#provenance summary').first().click();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= kWide.width, `the page is ${wide} px wide`);
}));

test('a doubt that all cells share is said once', () => on_report('hostile.html', {}, async (page) => {
  const text = await page.locator('#summary').innerText();
  assert.equal(text.split('Every cell measured here is doubted').length - 1, 2, 'once for each tier');
  assert.doesNotMatch(await page.locator('table.summary').first().innerText(), /doubted: /);
}));

test('two runs: the newest is shown, the other is a choice away', () => on_report('two_runs.html', {}, async (page) => {
  assert.equal(await page.locator('.count').innerText(), '24 of 48 cells');
  await page.locator('#filter-run').selectOption({index: 0});
  assert.equal(await page.locator('.count').innerText(), '48 cells');
  assert.equal(await page.locator('#provenance > div > div > details').count(), 2);
}));

for (const [name, expected] of [
  ['empty.html', /holds no run yet/], ['failed.html', /24 cells, all failed/], ['smallest.html', /1 cell, it is ok/]]) {
  test(`${name} opens and says what it can`, () => on_report(name, {}, async (page) => {
    assert.match(await page.locator('h1').innerText(), expected);
    assert.equal(await page.locator('h2').count(), 10);
    assert.deepEqual(await axe_violations(page), []);
  }));
}

test('data of another version is refused in words', async () => {
  const file = browser.changed('sample.html', (report) => { report.schema_version = 2; });
  await on_report(file, {}, async (page) => {
    assert.match(await page.locator('body').innerText(), /cannot be shown\s+.*report\.schema_version: found 2, expected 1/);
  });
});

for (const [viewport, colorScheme] of [[kWide, 'light'], [kWide, 'dark'], [kNarrow, 'light'], [kNarrow, 'dark']]) {
  test(`axe finds nothing serious at ${viewport.width} px, ${colorScheme}`, () =>
    on_report('sample.html', {viewport, colorScheme}, async (page) => {
      await page.locator('details').evaluateAll((all) => all.forEach((each) => each.setAttribute('open', '')));
      assert.deepEqual(await axe_violations(page), []);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= viewport.width, `the page is ${wide} px wide`);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const [red] = /\d+/.exec(paper);
      assert.equal(Number(red) < 100 || paper.startsWith('rgb(20'), colorScheme === 'dark');
    }));
}

test('a narrow screen has cards in the chosen order instead of a wide table', () =>
  on_report('sample.html', {viewport: kNarrow}, async (page) => {
    assert.equal(await page.locator('table.summary').count(), 0);
    assert.equal(await page.locator('.card').count(), 24);
    const order = page.locator('.order select').first();
    await order.selectOption({label: 'accuracy'});
    const shares = await page.locator('.cards').first().locator('.card').evaluateAll((cards) => cards.map((card) =>
        parseFloat([...card.querySelectorAll('dt')].find((dt) => dt.textContent === 'accuracy').nextSibling.textContent)));
    assert.deepEqual(shares, [...shares].sort((a, b) => b - a));
  }));

test('the first Tab offers to skip to the content', () => on_report('sample.html', {}, async (page) => {
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.match(page.url(), /#main$/);
}));

test('print has light colours, no controls, and unfolds the provenance', () =>
  on_report('sample.html', {colorScheme: 'dark'}, async (page) => {
    const pdf = await page.pdf({preferCSSPageSize: true});
    assert.ok(pdf.length > 50_000 && pdf.subarray(0, 5).toString() === '%PDF-');
    await page.emulateMedia({media: 'print'});
    assert.equal(await page.locator('#view-run .filters').isVisible(), false);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    assert.ok(await page.locator('#provenance details').first().evaluate((each) => each.open));
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
    assert.equal(await page.locator('#provenance details').first().evaluate((each) => each.open), false);
  }));
