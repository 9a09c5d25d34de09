#include <map>

#include "harness/base/file.h"
#include "harness/deploy/agent_file.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/stand_in.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Result;

// QEMU separates the keys of an option with commas; a comma inside a value is written twice.
std::string option_value(const std::string& path) {
  std::string escaped;
  for (char c : path) escaped += c == ',' ? std::string(",,") : std::string(1, c);
  return escaped;
}

std::string filled(std::string argument, const std::map<std::string, std::string>& values) {
  // An argument that is one placeholder and nothing else is a plain file name, not a list of options.
  if (const auto whole = values.find(argument); whole != values.end()) return whole->second;
  for (const auto& [placeholder, value] : values) {
    for (std::size_t at = 0; (at = argument.find(placeholder, at)) != std::string::npos;) {
      const std::string escaped = option_value(value);
      argument.replace(at, placeholder.size(), escaped);
      at += escaped.size();
    }
  }
  return argument;
}

// Where the marker edges go: to the virtual meter that listens for them, if the bench has one.
std::string markers_of(const base::Bench& bench) {
  const auto edges = bench.meter.settings.find("edges");
  return edges == bench.meter.settings.end() ? "null" : "unix:" + option_value(edges->second);
}

class EmulatorFlasher final : public Flasher {
 public:
  Result<std::unique_ptr<StartedBoard>> flash(const base::Bench& bench, const base::VariantFacts& variant,
                                              const Workshop& workshop,
                                              const rig::UploadProgress& /*progress*/) override {
    StartedBoard::Start start;
    start.bench = bench;
    SLMRIG_ASSIGN(start.stand_ins, stand_ins_of(bench, workshop));
    start.bench.meter = filled_meter(bench.meter, *start.stand_ins);
    const fs::path agent = agent_of(bench, workshop);
    SLMRIG_ASSIGN(start.agent, read_agent_file(agent));
    SLMRIG_ASSIGN(start.folder, base::TemporaryDirectory::create("emulator"));
    const fs::path unique_id_file = start.folder->path() / "unique_id";
    // The terminating zero is part of it: the memory behind it need not be zero.
    const std::string unique_id = bench.unit_id.empty() ? "virtual-" + bench.name : bench.unit_id;
    SLMRIG_TRY(base::write_file_atomically(unique_id_file,
                                           std::string_view(unique_id.c_str(), unique_id.size() + 1)));
    const std::string socket = bench.link.address.empty() ? (start.folder->path() / "uart").string()
                                                          : start.stand_ins->filled(bench.link.address);
    const std::map<std::string, std::string> values = {{"{agent}", agent.string()},
                                                       {"{image}", variant.image_file},
                                                       {"{unique_id_file}", unique_id_file.string()},
                                                       {"{uart}", socket},
                                                       {"{markers}", markers_of(start.bench)}};
    start.command = {bench.board.emulator.program};
    for (const std::string& argument : bench.board.emulator.arguments) {
      start.command.push_back(filled(argument, values));
    }
    start.via = StartedBoard::Via::kSocket;
    start.link = bench.link;
    start.link.kind = "unix";
    start.link.address = socket;
    // The emulator reads both files into its memory when it starts.
    start.deployment.flasher = "emulator";
    start.deployment.agent.way = start.deployment.image.way = "emulator";
    start.deployment.agent.written_bytes = start.agent.text_bytes + start.agent.data_bytes;
    start.deployment.image.written_bytes = variant.image_bytes;
    return StartedBoard::start(std::move(start));
  }
};

}  // namespace

std::unique_ptr<Flasher> make_emulator_flasher() { return std::make_unique<EmulatorFlasher>(); }

}  // namespace slmrig::deploy
