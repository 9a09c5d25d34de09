// A picture of a report, for the README:
//   node tests/browser/screenshot.mjs REPORT.html PICTURE.png [FRAGMENT] [WIDTH] [HEIGHT] [dark]
// for example: node tests/browser/screenshot.mjs out/demo/report.html reports/screenshot.png view=compare 1100 1020
import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {launch} from './browser.mjs';

const [report, picture, fragment = '', width = '1320', height = '1000', scheme = 'light'] = process.argv.slice(2);
if (!report || !picture) {
  console.error('usage: node tests/browser/screenshot.mjs REPORT.html PICTURE.png [FRAGMENT] [WIDTH] [HEIGHT] [dark]');
  process.exit(2);
}
const browser = await launch();
const page = await browser.newPage({viewport: {width: Number(width), height: Number(height)}, colorScheme: scheme});
await page.goto(`${pathToFileURL(resolve(report)).href}#${fragment}`);
await page.locator('#main .view:visible').first().waitFor();
await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
await page.screenshot({path: picture});
await browser.close();
