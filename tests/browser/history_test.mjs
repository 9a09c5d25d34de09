// The matrix of boards and variants, and the page of a series: node --test, through ctest -L browser.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Browser, axe_violations, kNarrow, kWide} from './browser.mjs';

let browser;
before(async () => { browser = await Browser.start(); });
after(async () => { await browser?.stop(); });

const on_report = (...all) => browser.on_report(...all);

const kMatrix = {fragment: '#view=matrix'};
const kSlower = 'native|slm|wrist-nano|int8|intents|ctx=256 new=48 top_k=1 temp=0 seed=1|token_ms_p99|hardware';
const kSeries = {fragment: `#${new URLSearchParams({view: 'series', series: kSlower})}`};

// The text of the matrix' cell of this row and variant.
function cell_text(page, row, variant) {
  return page.evaluate(([wanted, column]) => {
    const table = document.querySelector('table.matrix');
    const at = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent === column);
    return [...table.tBodies[0].rows].find((each) => each.cells[0].innerText.replace(/\s+/g, ' ').includes(wanted)).cells[at].innerText;
  }, [row, variant]);
}

test('a cell has its newest figure, its finding, its budget and its tier', () => on_report('history.html', kMatrix, async (page) => {
  assert.equal(await page.locator('table.matrix svg.spark').count(), 36);
  const slower = await cell_text(page, 'native hardware wrist-nano, intents', 'int8');
  assert.match(slower, /12\d µs/);
  assert.match(slower, /✗ \+10\.\d % worse/);
  assert.match(slower, /≤ 115 µs: fail/);
  const faster = await cell_text(page, 'mps2-an386 emulated wrist-nano, intents', 'int4');
  assert.match(faster, /463 k instr/);
  assert.match(faster, /✓ −8\.0 % better/);
  assert.doesNotMatch(faster, /µs|ms/);
  assert.match(await cell_text(page, 'native hardware wrist-wide, intents', 'f32'), /\? not measured on the newest night/);
  const heads = await page.locator('table.matrix thead th').allInnerTexts();
  assert.deepEqual(heads.slice(1), ['f32', 'int8', 'int4'], 'the largest image first');
}));

test('filters, search and order are in the fragment, and come back with it', async () => {
  let fragment = '';
  await on_report('history.html', kMatrix, async (page) => {
    const count = page.locator('#view-matrix .count');
    assert.equal(await count.innerText(), '36 series');
    await page.locator('#matrix-tier').selectOption('emulated');
    assert.equal(await count.innerText(), '24 of 36 series');
    await page.locator('#matrix-variant').selectOption('int4');
    assert.equal(await count.innerText(), '8 of 36 series');
    await page.locator('#matrix-text').fill('nano an386');
    assert.equal(await count.innerText(), '2 of 36 series');
    await page.locator('#matrix-metric').selectOption('accuracy');
    assert.match(await cell_text(page, 'mps2-an386', 'int4'), /9\d\.\d %/);
    await page.locator('#matrix-order').selectOption('significance');
    fragment = new URL(page.url()).hash;
  });
  await on_report('history.html', {fragment}, async (page) => {
    assert.equal(await page.locator('#view-matrix .count').innerText(), '2 of 36 series');
    assert.equal(await page.locator('#matrix-metric').inputValue(), 'accuracy');
    assert.equal(await page.locator('#matrix-order').inputValue(), 'significance');
    assert.equal(await page.locator('#matrix-text').inputValue(), 'nano an386');
    await page.locator('#matrix-text').fill('no such thing');
    assert.match(await page.locator('#view-matrix').innerText(), /No series passes these filters/);
    await page.locator('#view-matrix .filters button').click();
    assert.equal(await page.locator('#view-matrix .count').innerText(), '36 series');
  });
});

test('what is chosen in one view holds in another that was seen before', () => on_report('history.html', {fragment: '#view=run'}, async (page) => {
  const cells = page.locator('#view-run .count');
  assert.equal(await cells.innerText(), '24 of 48 cells');
  await page.locator('nav.views a', {hasText: 'Boards and variants'}).click();
  await page.locator('#matrix-board').selectOption('native');
  await page.locator('nav.views a', {hasText: 'Runs'}).click();
  assert.equal(await cells.innerText(), '8 of 48 cells');
}));

test('by significance the findings stand first, by size the largest change', () => on_report('history.html', kMatrix, async (page) => {
  for (const order of ['significance', 'size']) {
    await page.locator('#matrix-order').selectOption(order);
    const first = await page.locator('table.matrix tbody tr').first().innerText();
    assert.match(first, /worse|better/);
    const states = await page.locator('table.matrix tbody tr').evaluateAll((rows) =>
        rows.map((row) => row.querySelector('.status-regression, .status-improvement') !== null));
    assert.deepEqual(states, [...states].sort((a, b) => Number(b) - Number(a)));
    if (order === 'size') assert.match(first, /\+10\.\d %/);
  }
}));

test('by keyboard alone: from the tabs over a filter and a cell to a night’s record', () =>
  on_report('history.html', kMatrix, async (page) => {
    const focused = () => page.evaluate(() => /^(A|BUTTON)$/.test(document.activeElement.tagName) ? document.activeElement.innerText : '');
    for (let presses = 0; presses < 80 && !/✗ \+10/.test(await focused()); presses++) await page.keyboard.press('Tab');
    assert.match(await focused(), /✗ \+10/);
    await page.keyboard.press('Enter');
    assert.match(await page.locator('#view-series h2').first().innerText(), /^token p99: native, wrist-nano int8, intents$/);
    await page.locator('.series-chart').focus();
    await page.keyboard.press('End');
    const readout = page.locator('#series-readout');
    assert.match(await readout.innerText(), /^2026-01-01 00:00 UTC: 12\d µs, [+−±].* against the night before\. nightly · 1\.6\.5 · /);
    assert.equal(await readout.getAttribute('aria-live'), 'polite');
    await page.keyboard.press('Enter');
    const point = page.locator('#view-series .point');
    assert.match(await point.innerText(), /12\d µs on 2026-01-01 00:00 UTC/);
    assert.match(await point.innerText(), /1 of 12 answers failed a check/);
    assert.match(await point.innerText(), /build\s+1\.6\.4\s+1\.6\.5/);
    for (let presses = 0; presses < 20 && !/Open the record/.test(await focused()); presses++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.ok(await page.locator('#view-run').isVisible());
    assert.equal(await page.locator('#view-run .count').innerText(), '1 of 48 cells');
  }));

test('a series tells its changes, units, budget and releases, also to those who do not see them', () =>
  on_report('history.html', kSeries, async (page) => {
    const text = await page.locator('#view-series').innerText();
    assert.match(text, /budget ≤ 115 µs: fail/);
    assert.match(text, /the unit was swapped on 2025-11-03 \(host-01c2 to host-7f3a\)/);
    assert.match(text, /2025-12-21\s+2025-12-21 to 2025-12-2\d\s+109 µs to 120 µs\s+\+10\.\d %/);
    await page.locator('.series-chart').focus();
    await page.keyboard.press('Home');
    assert.match(await page.locator('#series-readout').innerText(), /^2025-10-04/);
    // The numbers are there as soon as their fold is open.
    const rows = await page.locator('#view-series details.behind').evaluate((fold) => {
      fold.querySelector('summary').click();
      return fold.querySelectorAll('tbody tr').length;
    });
    assert.equal(rows, 90);
    // A night that the page has no record of says how to see it.
    await page.locator('.series-chart').focus();
    await page.keyboard.press('Enter');
    assert.match(await page.locator('#view-series .point').innerText(), /does not hold the record.*slmrig show 019b76da-a800-7002-8a4e-000000000000.*The first point/s);
  }));

test('a click on the chart shows that night', () => on_report('history.html', kSeries, async (page) => {
  const box = await page.locator('.series-chart canvas').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const hovered = (await page.locator('#series-readout').innerText()).slice(0, 16);
  assert.match(hovered, /^20\d\d-/);
  await page.mouse.down();
  await page.mouse.up();
  assert.match(await page.locator('#view-series .point h3').first().innerText(), new RegExp(hovered));
  assert.match(page.url(), /point=/);
}));

test('a part of the chart can be seen alone, by the mouse and by keys', () => on_report('history.html', kSeries, async (page) => {
  const box = await page.locator('.series-chart canvas').boundingBox();
  const readout = page.locator('#series-readout');
  const night_at = async (share) => {
    await page.mouse.move(box.x + 2 + share * (box.width - 4), box.y + box.height / 2);
    return (await readout.innerText()).slice(0, 10);
  };
  const ends = async () => [await night_at(0), await night_at(1)];
  assert.deepEqual(await ends(), ['2025-10-04', '2026-01-01']);
  const [from, to] = [await night_at(0.25), await night_at(0.5)];
  await night_at(0.25);
  await page.mouse.down();
  await night_at(0.5);
  assert.ok(await page.locator('.series-chart .selection').isVisible());
  await page.mouse.up();
  assert.equal(await page.locator('.series-chart .selection').isVisible(), false);
  assert.deepEqual(await ends(), [from, to]);
  assert.doesNotMatch(page.url(), /point=/, 'no night was chosen');
  await page.locator('.series-chart').focus();
  // Beyond its edge the part moves on.
  await page.keyboard.press('End');
  const moved = await ends();
  assert.equal(moved[1], '2026-01-01');
  assert.ok(moved[0] > to);
  await page.keyboard.press('End');
  await page.keyboard.press('+');
  assert.ok((await ends())[0] > moved[0]);
  for (let times = 0; times < 5; times++) await page.keyboard.press('-');
  assert.deepEqual(await ends(), ['2025-10-04', '2026-01-01']);
  for (let times = 0; times < 20; times++) await page.keyboard.press('+');
  assert.notDeepEqual(...(await ends()), 'some nights are always in view');
  await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
  assert.deepEqual(await ends(), ['2025-10-04', '2026-01-01']);
}));

// By column of pixels: how high the chart's line, which is blue, reaches.
function line_heights(page) {
  return page.locator('.series-chart canvas').evaluate((canvas) => {
    const {data, width, height} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const is_blue = (x, y) => {
      const [red, , blue, alpha] = data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4);
      return alpha > 100 && blue - red > 50;
    };
    return Array.from({length: width}, (_, x) => {
      const y = Array.from({length: height}, (_each, at) => at).find((at) => is_blue(x, at));
      return y === undefined ? 0 : height - y;
    });
  });
}

test('of a hundred thousand nights no outlier is lost, and each can be read', () =>
  on_report('history_long.html', {fragment: '#view=series'}, async (page) => {
    const heights = await line_heights(page);
    const drawn = heights.flatMap((height, at) => height > 0 ? [at] : []);
    assert.ok(drawn.length > 1300, `${drawn.length} columns are drawn`);
    const tall = heights.flatMap((height, at) => height > 250 ? [at] : []);
    assert.ok(tall.length > 0 && tall.at(-1) - tall[0] < 4, `columns ${tall}`);
    assert.ok(Math.abs((tall[0] - drawn[0]) / (drawn.at(-1) - drawn[0]) - 1 / 3) < 0.01, 'it stands where it was measured');
    const box = await page.locator('.series-chart canvas').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + 100);
    assert.match(await page.locator('#series-readout').innerText(), /^\d{4}-\d\d-\d\d/);
  }));

for (const [viewport, colorScheme] of [[kWide, 'light'], [kWide, 'dark'], [kNarrow, 'light'], [kNarrow, 'dark']]) {
  test(`axe finds nothing serious in both views at ${viewport.width} px, ${colorScheme}`, async () => {
    for (const {fragment} of [kMatrix, kSeries]) {
      await on_report('history.html', {viewport, colorScheme, fragment}, async (page) => {
        await page.locator('details').evaluateAll((all) => all.forEach((each) => each.setAttribute('open', '')));
        assert.deepEqual(await axe_violations(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= viewport.width, `the page is ${wide} px wide`);
      });
    }
  });
}

test('both views print', () => on_report('history.html', kSeries, async (page) => {
  const pdf = await page.pdf({preferCSSPageSize: true});
  assert.ok(pdf.length > 20_000 && pdf.subarray(0, 5).toString() === '%PDF-');
}));

test('a thousand boards, names of 200 characters, values from 1e-12 to 1e12 and none', () =>
  on_report('history_hostile.html', kMatrix, async (page) => {
    assert.equal(await page.locator('#view-matrix .count').innerText(), '1,006 series');
    assert.equal(await page.locator('table.matrix tbody tr').count(), 60);
    await page.locator('#view-matrix button', {hasText: 'Show all 1006 rows'}).click();
    assert.equal(await page.locator('table.matrix tbody tr').count(), 1006);
    assert.equal(await page.locator('img, main script').count(), 0);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= kWide.width, `the page is ${wide} px wide`);
    for (const name of ['скорость', '速度', 'مقياس', '👩‍🔬', '</script>']) {
      await page.locator('#matrix-text').fill(name);
      await page.locator('table.matrix td a').first().click();
      assert.match(await page.locator('#view-series h2').first().innerText(), /token p99/);
      await page.locator('#view-series a', {hasText: 'all boards'}).click();
    }
  }));

for (const [name, expected] of [['history_small.html', /1\.25 ms/], ['history.html', /12\d µs/]]) {
  test(`${name} opens its series`, () => on_report(name, {fragment: '#view=series'}, async (page) => {
    assert.match(await page.locator('.newest-figure').innerText(), expected);
    assert.ok(await page.locator('.series-chart canvas').isVisible());
  }));
}

test('a link to a series that is gone opens another', () =>
  on_report('history.html', {fragment: '#view=series&series=gone&point=gone'}, async (page) => {
    assert.match(await page.locator('#view-series h2').first().innerText(), /^token p99/);
  }));
