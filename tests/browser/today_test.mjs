// The view of the morning, the gate's verdict and the fleet: node --test, through ctest -L browser.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Browser, axe_violations, kNarrow, kWide} from './browser.mjs';

let browser;
before(async () => { browser = await Browser.start(); });
after(async () => { await browser?.stop(); });

const on_report = (...all) => browser.on_report(...all);

test('the report opens with the sentence, the verdict of the gate and the findings', () => on_report('history.html', {}, async (page) => {
  assert.match(await page.locator('h1').innerText(), /^1 regression, 1 improvement/);
  assert.match(await page.locator('.verdict').innerText(), /✗ gate: fail/);
  assert.ok(await page.locator('#view-today').isVisible());
  const card = page.locator('.finding').first();
  const text = await card.innerText();
  assert.match(text, /✗ regression token p99 \+10\.\d % \(95 %: \+\d+\.\d % to \+1\d\.\d %\)/);
  assert.match(text, /native, wrist-nano int8, intents/);
  assert.match(text, /since 20\d\d-\d\d-\d\d/);
  assert.match(text, /build \S+ → \S+ · commit/);
  assert.match(text, /attributed to the code/);
  assert.equal(await card.locator('svg.spark').count(), 1);
  await card.locator('.why summary').click();
  const why = await card.locator('.why').innerText();
  assert.match(why, /p = .*q = .*Benjamini-Hochberg/s);
  assert.match(why, /slmrig (?:analyse|finding) /);
  assert.equal(await card.locator('.why table tbody tr').count(), 2);
  const faster = await page.locator('.finding.is-improvement').first().innerText();
  assert.match(faster, /✓ improvement/);
  assert.match(faster, /emulated/);
  assert.doesNotMatch(faster, /\d ms|µs/);
}));

test('the gate shows what holds back and folds the rest', () => on_report('history.html', {}, async (page) => {
  const holding = page.locator('#view-today section').first();
  assert.match(await holding.innerText(), /a\|b<script> wrist-nano int8/);
  assert.equal(await holding.locator('table').first().locator('tbody tr').count(), 2);
  assert.match(await holding.locator('summary').innerText(), /^1 of 3/);
}));

test('a finding leads to its series by the keyboard alone', () => on_report('history.html', {}, async (page) => {
  const link = page.locator('.finding h3 a').first();
  await link.focus();
  await page.keyboard.press('Enter');
  assert.ok(await page.locator('#view-series').isVisible());
  assert.match(await page.locator('#view-series h2').first().innerText(), /^token p99: native, wrist-nano int8, intents/);
  await page.goBack().catch(() => {});
}));

test('a link to one finding opens it, also one that began with another', async () => {
  // All in one card, the last two folded in it.
  const file = browser.changed('history.html', ({history}) => {
    while (history.findings.length < 3) history.findings.push({...history.findings[0]});
    history.findings.forEach((finding, at) => { finding.finding_id = `finding-${at}`; });
    history.groups = [{findings: history.findings.map((_, at) => at)}];
  });
  const is_in_sight = (place) => place.evaluate((element) => {
    const {top, bottom} = element.getBoundingClientRect();
    return top < innerHeight && bottom > 0 && document.activeElement === element;
  });
  await on_report(file, {viewport: kNarrow, fragment: '#view=today&finding=finding-2'}, async (page) => {
    const linked = page.locator('.is-linked');
    assert.equal(await linked.getAttribute('data-finding'), 'finding-2');
    assert.ok(await linked.isVisible());
    assert.ok(await is_in_sight(linked));
    await page.locator('.finding h3 .to-finding').click();
    assert.equal(await linked.getAttribute('data-finding'), 'finding-0');
    assert.match(page.url(), /finding=finding-0/);
    assert.ok(await page.locator('.finding .why table').isVisible());
    assert.ok(await is_in_sight(linked));
    await page.goto(page.url().replace('finding-0', 'gone'));
    assert.equal(await linked.count(), 0);
    assert.ok(await page.getByText('The finding of this link is not in this report').isVisible());
  });
});

test('a finding that no database keeps has a link by its series', () => on_report('history.html', {}, async (page) => {
  const fragment = await page.locator('.finding .to-finding').first().getAttribute('href');
  assert.match(decodeURIComponent(fragment), /finding=native\|slm\|/);
  assert.equal(await page.locator('.is-linked').count(), 0);
  await page.locator('.finding .to-finding').first().press('Enter');
  assert.equal(await page.locator('.is-linked').count(), 1);
}));

test('what could not be measured stands once for each place', () => on_report('history.html', {}, async (page) => {
  const list = page.locator('#view-today section').last().locator('li');
  assert.equal(await list.count(), 3);
  assert.match(await list.first().innerText(), /^native, wrist-wide f32/);
}));

test('the fleet has a card for each bench, the troubled first', () => on_report('history.html', {fragment: '#view=fleet'}, async (page) => {
  const cards = page.locator('.bench');
  assert.equal(await cards.count(), 3);
  assert.match(await cards.first().innerText(), /native\s+✕ troubled/);
  assert.match(await cards.nth(1).innerText(), /✓ well/);
}));

test('a history of one point, and one of hostile names, open and say what they can', async () => {
  await on_report('history_small.html', {}, async (page) => {
    assert.match(await page.locator('#view-today').innerText(), /No change that statistics support/);
    assert.equal(await page.locator('.verdict').count(), 0);
  });
  for (const view of ['today', 'fleet']) {
    await on_report('history_hostile.html', {fragment: `#view=${view}`}, async (page) => {
      assert.ok(await page.locator(`#view-${view}`).isVisible());
      assert.doesNotMatch(await page.title(), /owned/);
    });
  }
});

test('axe finds nothing serious, wide and narrow, light and dark; nothing is cut off at 400 pixels', async () => {
  for (const view of ['today', 'fleet']) {
    for (const colorScheme of ['light', 'dark']) {
      for (const viewport of [kWide, kNarrow]) {
        await on_report('history.html', {viewport, colorScheme, fragment: `#view=${view}`}, async (page) => {
          await page.locator('details').evaluateAll((all) => all.forEach((each) => { each.open = true; }));
          assert.deepEqual(await axe_violations(page), []);
          const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.ok(wider <= 0, `${view}: ${wider} pixels too wide`);
        });
      }
    }
  }
});

test('it prints', () => on_report('history.html', {}, async (page) => {
  const pdf = await page.pdf();
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
  assert.ok(pdf.length > 20_000);
}));
