// The compare view, as a reader meets it: node --test, through ctest -L browser.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Browser} from './browser.mjs';
import {report_of} from './report_data.mjs';

let browser;
before(async () => { browser = await Browser.start(); });
after(async () => { await browser?.stop(); });

const on_compare = (name, body) => browser.on_report(name, {}, async (page) => {
  await page.locator('nav.views a', {hasText: 'Compare'}).click();
  await body(page, await report_of(page));
});

test('each variant has its recommendation, and figures say whether they are better', () => on_compare('sample.html', async (page, report) => {
  assert.ok(page.url().includes('view=compare'));
  assert.equal(await page.locator('#view-run').isVisible(), false);
  const {subjects} = report.comparisons[0];
  const said = await page.locator('.recommendations li').allInnerTexts();
  assert.deepEqual(said, subjects.slice(1).map(({name, recommendation}) => `${name}: ${recommendation}`));
  const peak = subjects[1].figures.find(({metric}) => metric === 'memory_peak_bytes');
  const row = page.locator('#compare table tr', {hasText: 'memory peak'}).first();
  assert.ok((await row.innerText()).includes(`×${peak.change.toFixed(3)} ▲ better`));
  assert.equal(await page.locator('#compare svg.distribution path.line').count(), subjects.length);
}));

test('another place is chosen, and the choice is in the address', () => on_compare('sample.html', async (page, report) => {
  const place = report.comparisons.findIndex(({tier}) => tier === 'hardware');
  await page.locator('#compare-place').selectOption({index: place});
  assert.match(await page.locator('#compare .about').first().innerText(), /^hardware/);
  assert.ok(decodeURIComponent(page.url()).includes(report.comparisons[place].bench));
}));

test('answers that differ stand beside each other with the other words marked', () => on_compare('sample.html', async (page, report) => {
  const at = report.comparisons.findIndex(({subjects}) => subjects[1].flips.some(({text, reference_text}) => text && text !== reference_text));
  assert.ok(at >= 0, 'the sample has a flip');
  await page.locator('#compare-place').selectOption({index: at});
  await page.locator('#compare details.answers summary').first().click();
  assert.ok(await page.locator('#compare details.answers mark').count() > 0);
}));

test('names that want to be markup are text here, too', () => on_compare('hostile.html', async (page) => {
  assert.equal(await page.locator('#compare script, #compare img').count(), 0);
}));
