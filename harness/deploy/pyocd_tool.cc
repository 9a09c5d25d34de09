#include "harness/deploy/pyocd_tool.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/base/paths.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr const char* kHowToGetIt = "./dev setup installs one, elsewhere: pipx install pyocd";
constexpr int kOldestMinor = 34;  // of version 0: the first with all that is used here
// What Debian's packages say of themselves, whatever they are.
constexpr std::string_view kDebiansNonsense = "0.13.1";
constexpr int64_t kQuestionMs = 20'000;
// pyOCD's own limits are 10 s a sector and 240 s for a whole chip; a hung probe has none.
constexpr int64_t kStartMs = 60'000;
constexpr uint64_t kSlowestBytesPerS = 4096;

// Its output without the line end; empty where it failed.
std::string answer_of(std::vector<std::string> command) {
  base::ChildOptions options;
  options.arguments = std::move(command);
  const auto run = base::run_captured(options, {.timeout_ms = kQuestionMs});
  if (!run || !run->exit.ok()) return {};
  return run->output.substr(0, run->output.find('\n'));
}

std::string version_of(const fs::path& program) {
  // "python3-pyocd: /usr/bin/pyocd"
  std::string package = answer_of({"dpkg-query", "-S", program.string()});
  package = package.substr(0, package.find(": "));
  if (!package.empty()) {
    const std::string version = answer_of({"dpkg-query", "-W", "-f=${Version}", package});
    if (!version.empty()) return version;
  }
  return answer_of({program.string(), "--version"});
}

bool is_too_old(const std::string& version) {
  if (version == kDebiansNonsense || !version.starts_with("0.")) return false;
  int minor = 0;
  std::from_chars(version.data() + 2, version.data() + version.size(), minor);
  return minor < kOldestMinor;
}

std::string hex(uint64_t address) { return fmt::format("0x{:08x}", address); }

}  // namespace

Result<PyocdTool> PyocdTool::find(Settings settings) {
  PyocdTool tool(std::move(settings));
  const fs::path program = base::program_in_path("pyocd");
  if (program.empty())
    return fail(ErrorCode::kUnsupported, fmt::format("there is no pyocd on the PATH; {}", kHowToGetIt));
  tool.version_ = version_of(program);
  if (tool.version_.empty()) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} does not tell its version: it cannot run; {}",
                                                     program.string(), kHowToGetIt));
  }
  if (is_too_old(tool.version_)) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} is version {}, needed is 0.{} or newer; {}", program.string(), tool.version_,
                            kOldestMinor, kHowToGetIt));
  }
  return tool;
}

std::vector<std::string> PyocdTool::command(const std::string& subcommand) const {
  const base::PyocdSpec& spec = settings_.spec;
  // -W: never wait for a probe; -u: never ask which.
  std::vector<std::string> arguments = {"pyocd", subcommand, "--no-config", "-W",
                                        "-u",    spec.probe, "-t",          spec.target};
  if (!spec.script.empty()) arguments.insert(arguments.end(), {"--script", spec.script});
  if (!spec.pack.empty()) arguments.insert(arguments.end(), {"--pack", spec.pack});
  if (spec.frequency_hz != 0) arguments.insert(arguments.end(), {"-f", std::to_string(spec.frequency_hz)});
  return arguments;
}

Result<base::CapturedRun> PyocdTool::run(std::vector<std::string> arguments, uint64_t bytes) const {
  base::ChildOptions options;
  options.arguments = std::move(arguments);
  options.environment = settings_.environment;
  base::CaptureLimits limits;
  limits.timeout_ms = settings_.spec.timeout_s != 0
                          ? int64_t{settings_.spec.timeout_s} * 1000
                          : kStartMs + static_cast<int64_t>(bytes * 1000 / kSlowestBytesPerS);
  limits.stop = settings_.stop;
  auto captured = base::run_captured(options, limits);
  if (captured || captured.error().code != ErrorCode::kTimeout) return captured;
  Error error = captured.error();
  error.message += "; pyocd was ended: the probe hangs, or its connection is gone: plug it in anew";
  return tl::unexpected(error);
}

Result<std::vector<PyocdProbe>> PyocdTool::probes() const {
  SLMRIG_ASSIGN(const base::CapturedRun captured, run({"pyocd", "json", "--probes"}, 0));
  return read_probes(captured);
}

// A wrong serial number is easier to mend where the right ones stand beside it.
Error PyocdTool::with_probes(Error error) const {
  if (error.message.find("no such debug probe") == std::string::npos) return error;
  error.message += fmt::format("; wanted: {}", settings_.spec.probe);
  const auto there = probes();
  if (!there) return error;
  std::string list;
  for (const PyocdProbe& probe : *there) list += fmt::format("{}{}", list.empty() ? "" : ", ", probe.serial);
  error.message += list.empty() ? "; connected are none" : "; connected are " + list;
  return error;
}

Result<PyocdLoad> PyocdTool::load(std::vector<std::string> arguments, uint64_t bytes, bool reset) const {
  std::vector<std::string> all = command("load");
  if (!reset) all.emplace_back("--no-reset");
  all.insert(all.end(), arguments.begin(), arguments.end());
  SLMRIG_ASSIGN(const base::CapturedRun captured, run(std::move(all), bytes));
  auto loaded = read_load(captured, bytes);
  if (!loaded) return tl::unexpected(with_probes(loaded.error()));
  return loaded;
}

Result<PyocdLoad> PyocdTool::load_elf(const fs::path& file, uint64_t expected_bytes, bool reset) const {
  return load({"--format", "elf", file.string()}, expected_bytes, reset);
}

Result<PyocdLoad> PyocdTool::load_binary(const fs::path& file, uint64_t address, uint64_t bytes,
                                         bool reset) const {
  return load({"--format", "bin", "-a", hex(address), file.string()}, bytes, reset);
}

Done PyocdTool::reset() const {
  SLMRIG_ASSIGN(const base::CapturedRun captured, run(command("reset"), 0));
  return read_command(captured, {});
}

Done PyocdTool::verify_and_reset(const std::vector<MemoryPiece>& pieces) const {
  SLMRIG_ASSIGN(const base::TemporaryDirectory folder, base::TemporaryDirectory::create("readback"));
  std::vector<std::string> arguments = command("cmd");
  std::vector<std::string> wanted;
  uint64_t bytes = 0;
  const auto file_of = [&](std::size_t i) { return folder.path() / fmt::format("{}.bin", i); };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const MemoryPiece& piece = pieces[i];
    arguments.insert(arguments.end(), {"-c", fmt::format("savemem {} {} {}", hex(piece.address),
                                                         piece.bytes.size(), file_of(i).string())});
    wanted.push_back(fmt::format("Saved {} bytes to", piece.bytes.size()));
    bytes += piece.bytes.size();
  }
  arguments.insert(arguments.end(), {"-c", "reset"});
  SLMRIG_ASSIGN(const base::CapturedRun captured, run(std::move(arguments), bytes));
  SLMRIG_TRY(read_command(captured, wanted));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    SLMRIG_ASSIGN(const std::vector<uint8_t> there, base::read_bytes(file_of(i)));
    const std::vector<uint8_t>& meant = pieces[i].bytes;
    const auto [a, b] = std::mismatch(meant.begin(), meant.end(), there.begin(), there.end());
    if (a == meant.end()) continue;
    const auto at = static_cast<uint64_t>(a - meant.begin());
    return fail(
        ErrorCode::kLinkLost,
        fmt::format(
            "what was written reads back differently: at {} there is {}, meant was 0x{:02x}; probe, wire "
            "or flash are faulty: look at the SWD wires, or lower \"frequency_hz\"",
            hex(pieces[i].address + at),
            b == there.end() ? std::string("nothing") : fmt::format("0x{:02x}", *b), *a));
  }
  return {};
}

}  // namespace slmrig::deploy
