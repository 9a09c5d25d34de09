// Perplexity by slmforge and by llama.cpp of the same GGUF files, one of every type that llama-quantize writes.
//
//   node tests/peers/perplexity.mjs MODEL.gguf TEXT [CONTEXT]   prints a table; exits with 1 where one is more
//                                                               than half a percent off both figures
//   node tests/peers/perplexity.mjs --fixtures                  writes the files of tests/peers/llama_cpp, with
//                                                               llama.cpp's figures, for peer_perplexity_test
//
// llama.cpp's second figure is of the same weights as floats: on a model that predicts a text badly, its own
// rounding of activations, for K-quants in blocks of 256, can move its first figure by more than half a percent.
// llama.cpp: see llama_cpp.mjs. The fixtures' model has random weights: nothing is predicted well, so a
// weight that is read wrongly moves every prediction.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { gguf } from "./gguf_writer.mjs";
import { build, fail, hasPeer, inPeer, perplexity, quantize, run, withFolder } from "./llama_cpp.mjs";

const types = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
  "TQ1_0", "TQ2_0"];
const mostDifference = 0.005;
const fixtures = "tests/peers/llama_cpp";
const fixtureContext = 128;

// Numerical Recipes' generator; two uniforms make a normal.
const randomOf = (seed) => {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) + 0.5) / 16777216;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
};

const vocabulary = () => {
  const space = "\u2581";
  const tokens = ["<unk>", "<s>", "</s>", "<0x0A>", space, ..."abcdefghijklmnopqrstuvwxyz"];
  for (const pair of ["th", "he", "in", "er", "an", "re", "on", "at", "en", "nd", "es", "or"]) tokens.push(pair);
  for (const letter of "tasowhcb") tokens.push(space + letter);
  tokens.push(`${space}th`, `${space}the`, "ing", "ed", "ou", "al", "st", "to", "is", "it", "ar", "le", "se");
  return tokens;
};

// One layer, 256 wide so that super-blocks fit, everything else small.
const fixtureModel = () => {
  const random = randomOf(20);
  const tokens = vocabulary();
  const width = 256, inner = 32, headDim = 16, heads = 2;
  const matrix = (name, columns, rows, scale = 1 / Math.sqrt(columns)) => ({
    name,
    dims: [columns, rows],
    values: Float32Array.from({ length: columns * rows }, () => random.normal() * scale),
  });
  const ones = (name) => ({ name, dims: [width], values: new Float32Array(width).fill(1) });
  const layer = (part) => `blk.0.${part}.weight`;
  const keys = [
    ["general.architecture", "string", "llama"], ["general.name", "string", "fixture"],
    ["llama.context_length", "u32", fixtureContext], ["llama.embedding_length", "u32", width],
    ["llama.block_count", "u32", 1], ["llama.feed_forward_length", "u32", inner],
    ["llama.attention.head_count", "u32", heads], ["llama.attention.head_count_kv", "u32", 1],
    ["llama.attention.key_length", "u32", headDim], ["llama.attention.value_length", "u32", headDim],
    ["llama.rope.dimension_count", "u32", headDim], ["llama.attention.layer_norm_rms_epsilon", "f32", 1e-5],
    ["llama.vocab_size", "u32", tokens.length],
    ["tokenizer.ggml.model", "string", "llama"], ["tokenizer.ggml.tokens", "array of string", tokens],
    ["tokenizer.ggml.scores", "array of f32", tokens.map((_, id) => -id)],
    ["tokenizer.ggml.token_type", "array of i32", tokens.map((_, id) => [2, 3, 3, 6][id] ?? 1)],
    ["tokenizer.ggml.bos_token_id", "u32", 1], ["tokenizer.ggml.eos_token_id", "u32", 2],
    ["tokenizer.ggml.unknown_token_id", "u32", 0], ["tokenizer.ggml.add_bos_token", "bool", true],
    ["tokenizer.ggml.add_eos_token", "bool", false], ["tokenizer.ggml.add_space_prefix", "bool", true],
  ];
  return gguf(keys, [
    matrix("token_embd.weight", width, tokens.length, 0.1), ones("output_norm.weight"), ones(layer("attn_norm")),
    matrix(layer("attn_q"), width, heads * headDim, 0.2), matrix(layer("attn_k"), width, headDim, 0.2),
    matrix(layer("attn_v"), width, headDim), matrix(layer("attn_output"), heads * headDim, width),
    ones(layer("ffn_norm")), matrix(layer("ffn_gate"), width, inner), matrix(layer("ffn_up"), width, inner),
    matrix(layer("ffn_down"), inner, width),
  ]);
};

const fixtureText = () => {
  const random = randomOf(21);
  const words = [];
  for (let i = 0; i < 700; ++i) {
    const length = 1 + Math.floor(random.uniform() * 6);
    words.push(Array.from({ length }, () => "etaoinshrdlucmfwygpbvkxqjz"[Math.floor(26 * random.uniform() ** 2)]).join(""));
  }
  return words.join(" ");
};

// { type, perplexity } of every type, the files left in the folder as <type>.gguf.
const theirFigures = (folder, model, text, contextTokens) => types.map((type) => {
  quantize(folder, model, `${type}.gguf`, type);
  return { type, perplexity: perplexity(folder, `${type}.gguf`, text, contextTokens) };
});

const writeFixtures = () => withFolder((folder) => {
  mkdirSync(fixtures, { recursive: true });
  writeFileSync(folder.ours("model.gguf"), fixtureModel());
  writeFileSync(folder.ours("text.txt"), fixtureText());
  const figures = theirFigures(folder, "model.gguf", "text.txt", fixtureContext);
  copyFileSync(folder.ours("text.txt"), path.join(fixtures, "text.txt"));
  for (const { type } of figures) copyFileSync(folder.ours(`${type}.gguf`), path.join(fixtures, `${type}.gguf`));
  writeFileSync(path.join(fixtures, "perplexity.json"),
    `${JSON.stringify({ context_tokens: fixtureContext, figures }, null, 2)}\n`);
});

const compare = (modelFile, textFile, contextTokens) => withFolder((folder) => {
  copyFileSync(modelFile, folder.ours("model.gguf"));
  copyFileSync(textFile, folder.ours("text.txt"));
  let good = true;
  console.log("type    llama.cpp   slmforge  difference   llama.cpp, as floats  difference");
  for (const { type, perplexity: theirs } of theirFigures(folder, "model.gguf", "text.txt", contextTokens)) {
    run(inPeer(["llama-quantize", "--allow-requantize", folder.theirs(`${type}.gguf`), folder.theirs("floats.gguf"), "F32"]));
    const exact = perplexity(folder, "floats.gguf", "text.txt", contextTokens);
    const { out } = run([`${build}/bin/slmforge`, "eval", folder.ours(`${type}.gguf`), "--text", textFile, "--context",
      `${contextTokens}`, "--json"]);
    const report = JSON.parse(out);
    const ours = (report.text ?? report).perplexity;
    const difference = ours / theirs - 1;
    const fromExact = ours / exact - 1;
    good &&= Math.min(Math.abs(difference), Math.abs(fromExact)) <= mostDifference;
    const percent = (share) => `${(100 * share).toFixed(3)} %`.padStart(11);
    console.log(`${type.padEnd(6)} ${theirs.toFixed(4).padStart(10)} ${ours.toFixed(4).padStart(10)} ${percent(difference)} ` +
      `${exact.toFixed(4).padStart(22)} ${percent(fromExact)}`);
  }
  if (!good) process.exitCode = 1;
});

const [model, textFile, contextTokens] = process.argv.slice(2);
if (model === undefined || (model !== "--fixtures" && textFile === undefined)) {
  fail("usage: perplexity.mjs MODEL.gguf TEXT [CONTEXT] | perplexity.mjs --fixtures");
}
if (!hasPeer()) process.exit(3);
if (model === "--fixtures") writeFixtures();
else compare(model, textFile, Number(contextTokens ?? 256));
