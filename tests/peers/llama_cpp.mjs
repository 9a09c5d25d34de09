// Runs llama.cpp's programs: those on the path, or those of the root SLMRIG_LLAMA_ROOT (get_llama_cpp.sh),
// by chroot. Models lie in a folder that both sides see under names of their own.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = process.env.SLMRIG_LLAMA_ROOT ?? "";
export const build = process.env.SLMRIG_BUILD ?? "build";

export const fail = (message) => {
  console.error(`${path.basename(process.argv[1])}: ${message}`);
  process.exit(2);
};

// The standard output and the standard error of a program that must succeed.
export const run = (command) => {
  const result = spawnSync(command[0], command.slice(1), { encoding: "utf8", maxBuffer: 1 << 28 });
  if (result.error !== undefined || result.status !== 0) {
    fail(`${command.join(" ")}\n${result.error?.message ?? result.stderr.slice(-2000)}`);
  }
  return { out: result.stdout, log: result.stderr };
};

export const inPeer = (command) => (root === "" ? command : ["chroot", root, ...command]);

// Says how to get llama.cpp where there is none.
export const hasPeer = () => {
  if (root !== "" && !existsSync(path.join(root, "usr/bin/llama-bench"))) {
    fail(`SLMRIG_LLAMA_ROOT is '${root}', where there is no usr/bin/llama-bench; tests/peers/get_llama_cpp.sh makes one`);
  }
  const [program, ...words] = inPeer(["llama-bench", "--version"]);
  if (spawnSync(program, words).status === 0) return true;
  console.error(
    `${path.basename(process.argv[1])}: not compared with llama.cpp: no llama-bench on the path and SLMRIG_LLAMA_ROOT is not\n` +
      "set; sudo tests/peers/get_llama_cpp.sh DIRECTORY && sudo SLMRIG_LLAMA_ROOT=DIRECTORY ./dev bench decode",
  );
  return false;
};

// A folder for both sides; `use` gets ours(name) and theirs(name), the paths of a file in it.
export const withFolder = (use) => {
  const base = path.join(root, root === "" ? tmpdir() : "/tmp");
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(path.join(base, "slmrig-peer-"));
  try {
    return use({
      ours: (name) => path.join(folder, name),
      theirs: (name) => path.join(root === "" ? folder : folder.slice(root.length), name),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

// --pure: every matrix in the one type, where its rows allow that.
export const quantize = (folder, from, to, type) => {
  run(inPeer(["llama-quantize", "--pure", folder.theirs(from), folder.theirs(to), type]));
};

// What llama-perplexity says on both streams.
const perplexityLog = (folder, model, text, contextTokens) => {
  const { out, log } = run(inPeer(["llama-perplexity", "-m", folder.theirs(model), "-f", folder.theirs(text),
    "-c", `${contextTokens}`, "-t", "1"]));
  return out + log;
};

// llama-perplexity's final estimate. It often ends before it has written its last lines: then again.
export const perplexity = (folder, model, text, contextTokens) => {
  let log = "";
  for (let attempt = 0; attempt < 40; ++attempt) {
    log = perplexityLog(folder, model, text, contextTokens);
    const estimate = /Final estimate: PPL = ([\d.]+)/.exec(log);
    if (estimate !== null) return Number(estimate[1]);
  }
  return fail(`llama-perplexity gave no estimate for ${model}:\n${log.slice(-2000)}`);
};

// The instruction sets that llama.cpp says it uses.
export const systemInfo = (folder, model, text) =>
  /system_info: (.*)/.exec(perplexityLog(folder, model, text, 16))?.[1].trim() ?? "unknown";
