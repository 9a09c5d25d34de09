// Prints the results of a Google Benchmark program as a table, with the target beside each figure that has one.
//
//   node tests/perf/bench_table.mjs RESULTS.json TARGETS.json
//
// TARGETS.json: {"targets": [{"benchmark": "regular expression", "counter": "items_per_second",
// "limit": ">= 50000", "unit": "/s", "why": "..."}]}. A counter is any number of Google Benchmark's JSON: a user
// counter, items_per_second, bytes_per_second or real_time. A missed target is marked and does not fail: a
// figure of a loaded machine is no verdict.
import { readFileSync } from "node:fs";

const shownCounters = (result) => {
  const builtIn = new Set([
    "name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions",
    "repetition_index", "threads", "iterations", "real_time", "cpu_time", "time_unit", "aggregate_name",
    "aggregate_unit", "label", "error_occurred", "error_message",
  ]);
  return Object.entries(result).filter(([key, value]) => !builtIn.has(key) && typeof value === "number");
};

const human = (value) => {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && magnitude < 0.01) return value.toExponential(2);
  if (magnitude >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (magnitude >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (magnitude >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return value.toFixed(magnitude >= 100 || Number.isInteger(value) ? 0 : 2);
};

// Without what Google Benchmark adds for a benchmark of one iteration.
const plainName = (name) => name.replace(/\/iterations:\d+(\/manual_time)?$/, "");

const meets = (value, limit) => {
  const [, operator, bound] = /^(<=|>=)\s*(\S+)$/.exec(limit) ?? [];
  if (operator === undefined) throw new Error(`a target's limit is ">= N" or "<= N", not "${limit}"`);
  return operator === "<=" ? value <= Number(bound) : value >= Number(bound);
};

const targetCell = (targets, name, counter, value) => {
  const target = targets.find((t) => t.counter === counter && new RegExp(t.benchmark).test(name));
  if (target === undefined) return "";
  const unit = target.unit === undefined ? "" : ` ${target.unit}`;
  return `${target.limit}${unit} ${meets(value, target.limit) ? "met" : "MISSED"}`;
};

const rowsOf = (results, targets) => {
  const rows = [];
  for (const result of results.benchmarks) {
    if (result.error_occurred) {
      rows.push([result.name, "error", result.error_message, ""]);
      continue;
    }
    const figures = shownCounters(result);
    // A benchmark of counts took no time that would mean anything.
    if (result.real_time > 0) figures.unshift(["real_time", result.real_time]);
    figures.forEach(([counter, value], i) => {
      const shown = counter === "real_time" ? `${human(value)} ${result.time_unit}` : human(value);
      const cell = targetCell(targets, result.name, counter, value);
      rows.push([i === 0 ? plainName(result.name) : "", counter === "real_time" ? "time" : counter, shown, cell]);
    });
  }
  return rows;
};

const print = (header, rows) => {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (row) => row.map((cell, i) => (i === 2 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ");
  for (const row of [header, widths.map((width) => "-".repeat(width)), ...rows]) console.log(line(row).trimEnd());
};

const [resultsFile, targetsFile] = process.argv.slice(2);
if (targetsFile === undefined) {
  console.error("usage: bench_table.mjs RESULTS.json TARGETS.json");
  process.exit(2);
}
const results = JSON.parse(readFileSync(resultsFile, "utf8"));
const { targets } = JSON.parse(readFileSync(targetsFile, "utf8"));
const rows = rowsOf(results, targets);
print(["benchmark", "figure", "value", "target"], rows);
if (rows.some((row) => row[1] === "error")) process.exitCode = 1;
