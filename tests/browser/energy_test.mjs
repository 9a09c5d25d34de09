// What the report shows of energies, as a reader meets it: node --test, through ctest -L browser.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Browser, column_texts, kNarrow} from './browser.mjs';
import {report_of, unpack} from './report_data.mjs';

let browser;
before(async () => { browser = await Browser.start(); });
after(async () => { await browser?.stop(); });

const on_report = (name, options, body) =>
    browser.on_report(name, options, async (page) => body(page, await report_of(page)));

const kSizes = {J: 1e6, mJ: 1e3, 'µJ': 1, nJ: 1e-3};

// "41.5 mJ ±11.5 %" -> [41500, 4772.5]
function energy(text) {
  const [, number, unit, percent] = /^([\d.]+) (\S*J) ±([\d.]+) %$/.exec(text) ?? assert.fail(`no energy: ${text}`);
  const value = Number(number) * kSizes[unit];
  return [value, value * Number(percent) / 100];
}

function cell_of(report, bench, model, variant, suite) {
  return report.cells.find((cell) => {
    const session = report.sessions[cell.session];
    return session.bench === bench && session.model === model && session.variant === variant && cell.suite === suite;
  });
}

const near = (found, expected) => assert.ok(Math.abs(found - expected) <= 0.006 * Math.abs(expected), `${found} for ${expected}`);

test('an answer is stacked by phase, with its uncertainty and its own tier', () => on_report('sample.html', {}, async (page, report) => {
  const block = page.locator('#energy .block').first();
  assert.match(await block.locator('h3').innerText(), /^mps2-an386 · intents modelled\s*ppk2 PPK2 SAMPLE$/);
  const {answer, doubts} = cell_of(report, 'mps2-an386', 'wrist-nano', 'f32', 'intents').energy;
  near(answer.prefill_uj + answer.decode_uj + answer.idle_uj, answer.gross_uj);
  const row = block.locator('.bar-row').first();
  const [value, half_width] = energy(await row.locator('.bar-total').innerText());
  near(value, answer.gross_uj);
  near(half_width, answer.expanded_uj);
  const widths = await row.locator('rect').evaluateAll((parts) => parts.map((part) => parseFloat(part.getAttribute('width'))));
  assert.equal(widths.length, 3);
  near(widths[0] / widths[1], answer.prefill_uj / answer.decode_uj);
  near(widths[2] / widths[1], answer.idle_uj / answer.decode_uj);
  assert.ok((await row.locator('.sub').innerText()).includes(`doubted: ${doubts[0]}`));
  // Every block says what its figures are worth, and none of them is of the emulated board's tier.
  const badges = await page.locator('#energy .block h3').evaluateAll((all) => all.map((each) => each.querySelector('.badge')?.textContent));
  assert.ok(badges.length >= 5 && badges.every((badge) => badge === 'modelled'), `badges: ${badges}`);
}));

test('where a plan asked for windows, an answer is that of the median one, and each window has its row', () =>
  on_report('sample.html', {}, async (page, report) => {
    const {answer, windows} = cell_of(report, 'mps2-an386', 'wrist-nano', 'f32', 'summaries').energy;
    const sorted = windows.map(({net_uj, answers}) => net_uj / answers).sort((a, b) => a - b);
    assert.equal(sorted.length, 5);
    near(answer.net_uj, sorted[2]);
    const block = page.locator('#energy .block', {has: page.locator('h3', {hasText: 'mps2-an386 · summaries'})});
    const row = block.locator('.bar-row').first();
    near(energy(await row.locator('.bar-total').innerText())[0], answer.net_uj + answer.idle_uj);
    assert.match(await row.locator('.sub').innerText(), /; median of 5 windows of [\d.]+ s and more/);
    await page.locator('#energy .windows summary').click();
    const rows = await page.locator('#energy .windows tbody tr').evaluateAll((all) =>
        all.slice(0, 5).map((each) => [...each.cells].map((cell) => cell.textContent)));
    rows.forEach((cells, at) => {
      assert.equal(cells[4], String(at + 1));
      near(Number(cells[7].replaceAll(',', '')), windows[at].net_uj / windows[at].answers);
    });
    assert.deepEqual(rows.map((cells) => cells.at(-1)), ['', '', '', 'median', '']);
    // Where a plan asked for none, the mean counts.
    const plain = page.locator('#energy .block', {has: page.locator('h3', {hasText: 'mps2-an386 · intents'})});
    assert.match(await plain.locator('.sub').nth(1).innerText(), /mean of \d+ answers/);
  }));

test('all columns of the summary are in view on the screen of a small laptop', async () => {
  for (const width of [1320, 1440]) {
    await on_report('sample.html', {viewport: {width, height: 900}}, async (page) => {
      const rooms = await page.locator('table.summary').evaluateAll((all) =>
          all.map(({parentElement: place}) => [place.scrollWidth, place.clientWidth]));
      assert.ok(rooms.length >= 2);
      for (const [needed, there] of rooms) assert.ok(needed <= there, `${needed} px in ${there} at ${width}`);
    });
  }
});

test('the summary has a column of energies with their own tier, where a meter measured', () =>
  on_report('sample.html', {}, async (page, report) => {
    const heads = await page.locator('table.summary').evaluateAll((all) =>
        all.map((table) => [...table.tHead.rows[0].cells].map((cell) => cell.textContent)));
    assert.deepEqual(heads.map((each) => each.includes('energymodelled')), [false, true]);
    const texts = await column_texts(page, 'emulated', 'energymodelled');
    const variants = await column_texts(page, 'emulated', 'variant');
    const [number, unit] = texts[variants.indexOf('int8')].split(' ');
    near(Number(number) * kSizes[unit], cell_of(report, 'mps2-an386', 'wrist-nano', 'int8', 'intents').energy.answer.gross_uj);
    assert.ok(texts.includes('–'), 'a cell that failed has none');
    await page.locator('table.summary').nth(1).locator('th button', {hasText: 'energy'}).click();
    const sorted = (await column_texts(page, 'emulated', 'energymodelled')).filter((text) => /J$/.test(text)).map((text) => {
      const [value, size] = text.split(' ');
      return Number(value) * kSizes[size];
    });
    assert.ok(sorted.length > 8);
    assert.deepEqual(sorted, [...sorted].sort((a, b) => a - b));
  }));

test('cold starts have boot and load, and a bench without a meter says so', () => on_report('sample.html', {}, async (page, report) => {
  const block = page.locator('#energy .block', {has: page.locator('h3', {hasText: 'cold start'})});
  assert.equal(await block.count(), 1);
  const phases = report.sessions.find(({bench, variant}) => bench === 'mps2-an386' && variant === 'f32').cold_start_energy.phases;
  const gross = phases.filter(({phase}) => phase !== 'idle').reduce((sum, each) => sum + each.gross_uj / each.generations, 0);
  near(energy(await block.locator('.bar-total').first().innerText())[0], gross);
  assert.deepEqual(await page.locator('#energy .unmetered li').allInnerTexts(), ['native hardware no meter']);
  await page.locator('#filter-board').selectOption('native');
  assert.match(await page.locator('#energy').innerText(), /No cell .* was measured by a power meter\.\s+native hardware no meter$/);
  assert.match(await page.locator('#power').innerText(), /nothing here was measured by a power meter/);
}));

test('a bench whose meter gave nothing says why', async () => {
  // Every session's provenance gets this fact instead of the seed.
  const with_fact = (fact) => browser.changed('sample.html', ({sessions}) => sessions.forEach(({provenance}) =>
      provenance.splice(provenance.findIndex(({key}) => key === 'order.seed'), 1, fact)));
  const file = with_fact({key: 'energy.missing', value: 'the meter was unplugged'});
  await on_report(file, {fragment: '#board=native'}, async (page) => {
    assert.equal(await page.locator('#energy .unmetered').innerText(), 'native hardware no energy: the meter was unplugged');
  });
  const silent = with_fact({key: 'meter.kind', value: 'ppk2'});
  await on_report(silent, {fragment: '#board=native'}, async (page) => {
    assert.equal(await page.locator('#energy .unmetered').innerText(), 'native hardware has a meter, but no energy was measured');
  });
});

test('the numbers and the budget are those of the data', () => on_report('sample.html', {}, async (page, report) => {
  const {phases} = cell_of(report, 'mps2-an386', 'wrist-nano', 'f32', 'intents').energy;
  await page.locator('#energy .behind summary').first().click();
  const rows = await page.locator('#energy .behind').first().locator('tbody tr').evaluateAll((all) =>
      all.slice(0, 3).map((row) => [...row.cells].map((cell) => cell.textContent)));
  assert.deepEqual(rows.map((row) => row[4]), ['idle', 'prefill', 'decode']);
  assert.ok(rows.every((row) => row[1] === 'modelled'));
  assert.equal(rows[0][7], '', 'idle has no net energy');
  for (const at of [1, 2]) near(Number(rows[at][7].replaceAll(',', '')), phases[at].net_uj);
  assert.equal(rows[2].at(-1), '0.2 % of the samples were lost');
  await page.locator('#energy .uncertainty summary').click();
  const table = page.locator('#energy .uncertainty table');
  const heads = await table.locator('thead th').allInnerTexts();
  const absolute = await table.locator('tbody tr').nth(4).locator('th, td').allInnerTexts();
  const comparative = await table.locator('tbody tr').nth(5).locator('th, td').allInnerTexts();
  assert.deepEqual([absolute[3], absolute[4], comparative[4]], ['decode', 'absolute', 'comparative']);
  const [gain] = phases[2].terms.filter(({name}) => name === 'gain');
  near(Number(absolute[heads.indexOf('gain')].replaceAll(',', '')), gain.standard_uj);
  assert.equal(comparative[heads.indexOf('gain')], '0', 'the gain cancels between figures of one unit');
  assert.match(absolute[heads.indexOf('sampling')], /\(ν 3\)$/);
  // Under the plot over time, and under the trade-off of a bench that has a meter.
  assert.equal(await page.locator('#power .uncertainty').count(), 1);
  await page.locator('#pareto select').selectOption({label: 'mps2-an386 · intents'});
  assert.equal(await page.locator('#pareto .uncertainty').count(), 1);
}));

test('accuracy stands against the energy of an answer, with its interval, where there is a meter', () =>
  on_report('sample.html', {}, async (page, report) => {
    assert.equal(await page.locator('#pareto svg.pareto').count(), 2, 'native has no meter');
    await page.locator('#pareto select').selectOption({label: 'mps2-an386 · intents'});
    const plot = page.locator('#pareto svg.pareto').nth(2);
    assert.match(await plot.textContent(), /← better · energy of an answer \(modelled\)/);
    assert.equal(await plot.locator('line.level').count(), await plot.locator('path.mark').count());
    assert.match(await page.locator('#pareto .about').innerText(), /Energy: modelled from a stated model, not measured/);
    await page.locator('#pareto .pareto-plots').focus();
    await page.keyboard.press('Home');
    assert.match(await page.locator('#pareto .readout').innerText(), /, [\d.]+ mJ an answer \(±[\d.]+ %, modelled\)$/);
    await page.locator('#pareto .behind summary').first().click();
    const rows = await page.locator('#pareto .behind').first().locator('tbody tr').evaluateAll((all) =>
        all.map((row) => [...row.cells].map((cell) => cell.textContent)));
    for (const [model, variant, , , , , , , text] of rows) {
      const [number, unit] = text.split(' ');
      near(Number(number) * kSizes[unit], cell_of(report, 'mps2-an386', model, variant, 'intents').energy.answer.gross_uj);
    }
  }));

test('the power of a generation is drawn by phase, follows the keys, and has its tokens behind it', () =>
  on_report('sample.html', {}, async (page, report) => {
    const {trace} = cell_of(report, 'mps2-an386', 'wrist-nano', 'f32', 'intents').energy;
    const mean_nw = unpack(trace.mean_nw);
    const ends_ns = unpack(trace.token_ends_ns);
    assert.ok(mean_nw.length > 100 && trace.first_ns < 0 && ends_ns.length > 2);
    const about = await page.locator('#power .about').innerText();
    assert.match(about, /^modelled from a stated model, not measured\. Prompt i-000 on mps2-an386, by ppk2 PPK2 SAMPLE at 3\.3 V/);
    const legend = await page.locator('#power .legend li').allInnerTexts();
    assert.deepEqual(legend.map((text) => text.split(/\s/)[0]), ['idle', 'prefill', 'decode', 'the']);
    const chart = page.locator('#power .chart');
    const colours = await chart.locator('canvas').evaluate((canvas) => {
      const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] > 200) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
      }
      // The lines of the three phases.
      return ['--series-1', '--series-2', '--series-3'].map((name) => {
        const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
        return seen.has([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(','));
      });
    });
    assert.deepEqual(colours, [true, true, true]);
    await chart.focus();
    const readout = page.locator('#power .readout');
    await page.keyboard.press('Home');
    assert.match(await readout.innerText(), /^At −[\d.]+ ms: 590 µW \([\d.]+ µW to [\d.]+ µW\)\. idle$/);
    await page.keyboard.press('End');
    assert.match(await readout.innerText(), /idle$/);
    for (let times = 0; times < 3; times++) await page.keyboard.press('PageUp');
    assert.match(await readout.innerText(), new RegExp(`mW\\)\\. decode, token ${ends_ns.length - 1}$`));
    assert.equal(await readout.getAttribute('aria-live'), 'polite');
    await page.locator('#power .behind summary').first().click();
    const rows = await page.locator('#power .behind').first().locator('tbody tr').evaluateAll((all) =>
        all.map((row) => [...row.cells].map((cell) => Number(cell.textContent.replaceAll(',', '')))));
    assert.equal(rows.length, ends_ns.length);
    const net_nj = unpack(trace.token_net_nj);
    rows.forEach(([token, end_ms, , net_uj], at) => {
      assert.equal(token, at);
      near(end_ms, ends_ns[at] / 1e6);
      near(net_uj, net_nj[at] / 1e3);
    });
    await page.locator('#power select').selectOption({label: 'mps3-an547 · wrist-nano int8 · summaries'});
    assert.match(await page.locator('#power .about').innerText(), /on mps3-an547/);
    assert.match(page.url(), /power=/);
  }));

test('tokens that cannot be told apart have no ticks, and the reason is said', () => on_report('hostile.html', {}, async (page) => {
  assert.match(await page.locator('#power .about').innerText(), /Tokens are not told apart: /);
  assert.doesNotMatch(await page.locator('#power .legend').innerText(), /token/);
  assert.match(await page.locator('#power .behind').allInnerTexts().then((all) => all.join()), /^The uncertainty/);
  assert.match(await page.locator('#energy .block').first().innerText(), /<\/script>/);
}));

test('an energy of another form is refused in words', async () => {
  const file = browser.changed('sample.html', ({cells}) => {
    cells.find(({energy}) => energy !== null).energy.phases.find(({phase}) => phase === 'prefill').phase = 'cooling';
  });
  await on_report(file, {}, async (page) => {
    assert.match(await page.locator('body').innerText(), /report\.cells\[\d+\]\.energy\.phases\[1\]\.phase: found "cooling"/);
  });
});

test('energy is readable on a narrow screen', () => on_report('sample.html', {viewport: kNarrow}, async (page) => {
  const figure = page.locator('.card', {hasText: 'energy'}).first().locator('dt', {hasText: 'energy'}).locator('xpath=..');
  assert.match(await figure.innerText(), /energy\s+[\d.]+ mJ modelled/);
  for (const id of ['energy', 'power', 'pareto']) {
    await page.locator(`#${id} details`).evaluateAll((all) => all.forEach((each) => each.setAttribute('open', '')));
    const wide = await page.locator(`#${id}`).evaluate((section) => section.scrollWidth);
    assert.ok(wide <= kNarrow.width, `${id} is ${wide} px wide`);
  }
}));
