// What charts of lines are drawn from, without a browser: node --test, through ctest -L browser.
import assert from 'node:assert/strict';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';

const kWeb = join(dirname(fileURLToPath(import.meta.url)), '../../reports/web');

async function module_of(file) {
  const {outputFiles} = await esbuild.build({entryPoints: [join(kWeb, file)], bundle: true, write: false, format: 'esm'});
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

test('the extent of each stretch is that of its values', async () => {
  const {Pyramid} = await module_of('pyramid.ts');
  for (const count of [1, 2, 3, 8, 21, 64]) {
    const values = Float64Array.from({length: count}, (_, at) => Math.sin(7 * at * at));
    const pyramid = new Pyramid(values);
    for (let from = 0; from < count; from++) {
      for (let to = from + 1; to <= count; to++) {
        const part = values.subarray(from, to);
        assert.deepEqual(pyramid.extent(from, to), {low: Math.min(...part), high: Math.max(...part)}, `${from} to ${to} of ${count}`);
      }
    }
  }
});

test('ticks are round, few and within the axis, whatever its size', async () => {
  const {number_ticks, kTimeAxis} = await module_of('line_axes.ts');
  assert.deepEqual(number_ticks(0.3, 1.1, 4), [0.4, 0.6, 0.8, 1]);
  for (const [low, high] of [[1e-12, 3e-12], [0, 1e12], [1e12, 1e12 + 1e-3], [-5, 5], [7, 7.0000001]]) {
    const ticks = number_ticks(low, high, 6);
    assert.ok(ticks.length <= 7 && ticks.every((tick) => tick >= low && tick <= high), `${low} to ${high}: ${ticks}`);
  }
  const at = (text) => Date.parse(text) / 1000;
  const texts = (from, to, most) => kTimeAxis.texts(kTimeAxis.ticks(at(from), at(to), most));
  assert.deepEqual(texts('2025-11-10T00:00Z', '2026-03-15T00:00Z', 5), ['1 Dec\n2025', '1 Jan\n2026', '1 Feb', '1 Mar']);
  assert.deepEqual(texts('2026-01-01T05:00Z', '2026-01-01T13:00Z', 4), ['06:00\n2026-01-01', '08:00', '10:00', '12:00']);
  assert.deepEqual(texts('2026-01-01T05:00Z', '2026-01-01T05:01Z', 3), ['05:00:00\n2026-01-01', '05:00:30', '05:01:00']);
});

test('a figure of the history has the unit that people use, whatever the registry calls it', async () => {
  const {metric_figure} = await module_of('history_model.ts');
  const {joined} = await module_of('format.ts');
  const shown = [[1.5, 'ms', '1.50 ms'], [2e6, 'instructions', '2.00 M instr'], [1500, 'bytes', '1.50 kB'],
    [0.875, 'ratio', '87.5 %'], [8270, 'uj', '8.27 mJ'], [594, 'uw', '594 µW'], [30, 'tokens/s', '30.0 tokens/s'], [null, 'uj', '–']];
  for (const [value, unit, text] of shown) assert.equal(joined(metric_figure(value, unit)), text);
});
