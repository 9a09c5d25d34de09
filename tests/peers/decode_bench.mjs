// Decode and prefill against llama.cpp: the same GGUF files, one pinned thread, rounds interleaved, medians.
//
//   node tests/peers/decode_bench.mjs OUT.json
//
// OUT.json has the form of Google Benchmark's, for bench_table.mjs: a row a model and test, with both rates and
// their ratio. Where there is no llama.cpp (llama_cpp.mjs) the script says so, writes nothing, and is no failure.
// Rates are of the wall clock for both, so the machine should be idle; as root both run at a raised priority.
// llama.cpp runs with flash attention, which was its faster setting in every one of these tests, and without
// sampling; ours samples. Environment: SLMRIG_BENCH_ROUNDS (5), SLMRIG_BENCH_CPU (0), SLMRIG_BUILD (build).
import { copyFileSync, writeFileSync } from "node:fs";

import { build, fail, hasPeer, inPeer, quantize, run, systemInfo, withFolder } from "./llama_cpp.mjs";

const rounds = Number(process.env.SLMRIG_BENCH_ROUNDS ?? 5);
const processor = process.env.SLMRIG_BENCH_CPU ?? "0";
const promptTokens = 256;
const newTokens = 128;
const types = ["Q8_0", "Q4_0", "Q4_K"];

const priority = process.getuid() === 0 ? ["nice", "-n", "-15"] : [];
const pinned = (command) => [...priority, "taskset", "-c", processor, ...command];

const makeModels = (folder) => {
  copyFileSync("workloads/models/wrist-wide/wrist-wide.gguf", folder.ours("wrist-wide.gguf"));
  run([`${build}/bin/slmforge`, "random", "--name", "random-15m", "--d-model", "512", "--layers", "4", "--heads", "8",
    "--kv-heads", "4", "--ff", "1792", "--context", "512", "-o", folder.ours("random-15m.gguf")]);
  const models = [];
  for (const base of ["wrist-wide", "random-15m"]) {
    for (const type of types) {
      const name = `${base}-${type}`;
      quantize(folder, `${base}.gguf`, `${name}.gguf`, type);
      models.push({ name, ours: folder.ours(`${name}.gguf`), theirs: folder.theirs(`${name}.gguf`) });
    }
  }
  return models;
};

// Ours, and what llama.cpp calls the same; the best that a processor can have first.
const instructionSets = [
  ["avx512_vnni", "AVX512_VNNI"], ["avx_vnni", "AVX_VNNI"], ["avx2", "AVX2"],
  ["i8mm", "MATMUL_INT8"], ["dotprod", "DOTPROD"], ["neon", "NEON"],
];

const peerSystem = (folder, model) => {
  writeFileSync(folder.ours("prompt.txt"), "the quick brown fox jumps over the lazy dog and over it again ".repeat(4));
  return systemInfo(folder, `${model.name}.gguf`, "prompt.txt");
};

const theirRates = (model) => {
  const output = run(pinned(inPeer(["llama-bench", "-m", model.theirs, "-t", "1", "-fa", "1", "-p", `${promptTokens}`,
    "-n", `${newTokens}`, "-r", "3", "-o", "json"])));
  const rates = {};
  for (const result of JSON.parse(output.out.slice(output.out.indexOf("[\n")))) {
    rates[result.n_gen === 0 ? "prefill" : "decode"] = median(result.samples_ts);
  }
  return rates;
};

const ourRates = (model) => {
  const output = run(pinned([`${build}/bench-bin/decode_bench`, "--benchmark_format=json", "--benchmark_min_time=0.3", model.ours]));
  const rates = { isa: "" };
  for (const result of JSON.parse(output.out).benchmarks) {
    if (result.error_occurred) fail(`decode_bench ${model.ours}: ${result.error_message}`);
    const test = result.name.split("/")[0];
    rates[test] = ((test === "decode" ? newTokens : promptTokens) * 1000) / result.real_time; // milliseconds
    rates.isa = result.label;
  }
  return rates;
};

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const compare = (models) => {
  const samples = new Map();
  let isa = "";
  for (let round = 0; round < rounds; ++round) {
    for (const model of models) {
      const theirs = theirRates(model);
      const ours = ourRates(model);
      isa = ours.isa;
      for (const test of ["decode", "prefill"]) {
        const key = `vs_llama_cpp/${test}/${model.name}`;
        const row = samples.get(key) ?? { ours: [], theirs: [], ratios: [] };
        row.ours.push(ours[test]);
        row.theirs.push(theirs[test]);
        row.ratios.push(ours[test] / theirs[test]);
        samples.set(key, row);
      }
    }
  }
  const benchmarks = [...samples].map(([name, row]) => ({
    name,
    run_type: "aggregate",
    real_time: 1000 / median(row.ours),
    time_unit: "ms/token",
    "ours tokens/s": median(row.ours),
    "llama.cpp tokens/s": median(row.theirs),
    ratio: median(row.ratios),
    "smallest ratio": Math.min(...row.ratios),
  }));
  return { benchmarks, isa };
};

const [out] = process.argv.slice(2);
if (out === undefined) fail("usage: decode_bench.mjs OUT.json");
if (hasPeer()) {
  withFolder((folder) => {
    const models = makeModels(folder);
    const system = peerSystem(folder, models[0]);
    const { benchmarks, isa } = compare(models);
    // Different instruction sets would make the ratio one of processors' features.
    const comparable = instructionSets.find(([, theirs]) => system.includes(`${theirs} = 1`))?.[0] === isa;
    console.error(`ours: ${isa}; llama.cpp: ${system}`);
    if (!comparable) console.error("decode_bench.mjs: the instruction sets differ: not comparable");
    writeFileSync(out, JSON.stringify({ context: { isa, llama_cpp: system, comparable, rounds }, benchmarks }, null, 1));
  });
}
