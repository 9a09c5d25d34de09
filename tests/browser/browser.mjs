// Headless Chromium and the sample reports, for the tests beside this file.
//
// REPORT_SAMPLE names the program that writes the reports, CHROMIUM the browser (both set by ctest).
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';
import {with_changed_data} from './report_data.mjs';

const kAxe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const kArguments = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const kWide = {width: 1600, height: 1000};
export const kNarrow = {width: 400, height: 800};

export async function launch() {
  return chromium.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: kArguments});
}

// An empty page whose `trouble` collects what must not happen: errors, dialogs, requests to an address that is not
// of `may_request`.
export async function quiet_page(browser, may_request, {viewport = kWide, colorScheme = 'light'} = {}) {
  const context = await browser.newContext({viewport, colorScheme, reducedMotion: 'reduce'});
  const page = await context.newPage();
  page.trouble = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.trouble.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => page.trouble.push(`error: ${error.message}`));
  page.on('dialog', async (dialog) => {
    page.trouble.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!may_request(request.url())) page.trouble.push(`request: ${request.url()}`);
  });
  return page;
}

// Demands that nothing went wrong behind the page's back.
export async function close(page) {
  assert.deepEqual(page.trouble, []);
  await page.context().close();
}

export class Browser {
  static async start() {
    const program = process.env.REPORT_SAMPLE;
    if (!program) throw new Error('REPORT_SAMPLE is not set: run this through ctest -L browser');
    const folder = mkdtempSync(join(tmpdir(), 'slmrig-browser-'));
    execFileSync(program, [folder], {stdio: 'inherit'});
    return new Browser(folder, await launch());
  }

  constructor(folder, browser) {
    this.folder = folder;
    this.browser = browser;
  }

  async stop() {
    await this.browser.close();
    rmSync(this.folder, {recursive: true});
  }

  file(name) {
    return join(this.folder, name);
  }

  // A copy of a report with `change` applied to its data.
  changed(name, change) {
    const copy = this.file(`changed-${name}`);
    writeFileSync(copy, with_changed_data(readFileSync(this.file(name), 'utf8'), change));
    return copy;
  }

  async open(name, {fragment = '', ...options} = {}) {
    const page = await quiet_page(this.browser, (url) => /^(file|data):/.test(url), options);
    const path = name.includes('/') ? name : this.file(name);
    await page.goto(pathToFileURL(path).href + fragment);
    await page.locator('h1').waitFor();
    return page;
  }

  // Runs `body` on a freshly opened report.
  async on_report(name, options, body) {
    const page = await this.open(name, options);
    await body(page);
    await close(page);
  }
}

// What axe-core calls serious or critical, as text.
export async function axe_violations(page) {
  await page.evaluate(kAxe);
  const {violations} = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ['violations']}));
  return violations.filter(({impact}) => impact === 'serious' || impact === 'critical')
      .map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`);
}

// The texts of a column of the first summary table whose caption holds `caption`; a cell that spans several
// columns (the reason of a cell without figures) has the text of its first.
export function column_texts(page, caption, title) {
  return page.evaluate(([wanted, head]) => {
    const table = [...document.querySelectorAll('table.summary')]
        .find((each) => each.caption.textContent.includes(wanted));
    const at = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent.trim() === head);
    const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains('note'));
    return rows.map((row) => {
      const columns = [...row.cells].flatMap((cell) =>
          [cell.textContent.trim(), ...Array(cell.colSpan - 1).fill('')]);
      return columns[at];
    });
  }, [caption, title]);
}
