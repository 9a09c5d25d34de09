// slmrig-faulty-agent: an agent process that misbehaves in one chosen way, for tests.
//
//   slmrig-faulty-agent --fault KIND [--at-run N] [--once FILE] [--board B] [--unique-id ID] [--slots DIR]
//   ...
//
// It takes the native agent's options too (and ignores those it has no use for), so that a rig file can name
// it as the agent of a native bench. --once: the fault happens only while FILE does not exist, and creates
// it: a second attempt finds a healthy agent.
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/sha256.h"
#include "harness/base/suggest.h"
#include "harness/rigsim/simulated_agent.h"

namespace slmrig::rigsim {
namespace {

constexpr char kFaultVariable[] = "SLMRIG_FAULT_KIND";
constexpr char kReasonVariable[] = "SLMRIG_SIMULATED_RESET_REASON";

// The GNU build id among the notes of the program itself, which is the first object listed.
int take_build_id(dl_phdr_info* info, size_t, void* result) {
  for (const ElfW(Phdr) & segment : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    if (segment.p_type != PT_NOTE) continue;
    const auto* at = reinterpret_cast<const uint8_t*>(info->dlpi_addr + segment.p_vaddr);
    const uint8_t* end = at + segment.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      std::memcpy(&note, at, sizeof note);
      const uint8_t* name = at + sizeof note;
      const uint8_t* id = name + (note.n_namesz + 3) / 4 * 4;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
        *static_cast<std::string*>(result) = base::to_hex(std::span(id, note.n_descsz));
        return 1;
      }
      at = id + (note.n_descsz + 3) / 4 * 4;
    }
  }
  return 1;
}

int run(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  SimulatedAgentOptions options;
  const char* inherited = std::getenv(kFaultVariable);
  given.emplace("--fault", inherited != nullptr ? inherited : "none");
  if (!parse_fault(given["--fault"], &options.fault)) {
    fmt::print(stderr, "slmrig-faulty-agent: {}\n",
               base::unknown_name("fault", given["--fault"], fault_names()));
    return 2;
  }
  if (given.contains("--at-run")) options.fault_at_run = static_cast<uint32_t>(std::stoul(given["--at-run"]));
  if (given.contains("--board")) options.board = given["--board"];
  if (given.contains("--unique-id")) options.unique_id = given["--unique-id"];
  if (given.contains("--once")) {
    const int fd = ::open(given["--once"].c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) options.fault = Fault::kNone;
  }
  ::dl_iterate_phdr(&take_build_id, &options.build_id);
  if (const char* reason = std::getenv(kReasonVariable)) options.reset_reason = reason;
  options.restart = [argv](const char* reason) {
    ::setenv(kReasonVariable, reason, 1);
    ::execv("/proc/self/exe", argv);
    ::_exit(70);
  };
  const bool speaks = options.fault != Fault::kSilent && options.fault != Fault::kGarbage &&
                      options.fault != Fault::kBootText && options.fault != Fault::kOtherLink;
  if (speaks) {
    SimulatedAgent(std::move(options)).serve();
  } else {
    serve_without_protocol(options.fault);
  }
  return 0;
}

}  // namespace
}  // namespace slmrig::rigsim

int main(int argc, char** argv) { return slmrig::rigsim::run(argc, argv); }
