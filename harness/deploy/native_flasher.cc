#include "harness/base/paths.h"
#include "harness/deploy/agent_choice.h"
#include "harness/deploy/agent_file.h"
#include "harness/deploy/flasher.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Result;

class NativeFlasher final : public Flasher {
 public:
  Result<std::unique_ptr<StartedBoard>> flash(const base::Bench& bench, const base::VariantFacts& /*variant*/,
                                              const Workshop& workshop,
                                              const rig::UploadProgress& /*progress*/) override {
    SLMRIG_ASSIGN(const fs::path program, agent_file_of(bench, workshop));
    StartedBoard::Start start;
    SLMRIG_ASSIGN(start.agent, read_agent_file(program));
    start.bench = bench;
    const fs::path slots = workshop.cache_directory / "slots" / bench.name;
    SLMRIG_TRY(base::make_directories(slots));
    start.command = {program.string(),
                     "--slots",
                     slots.string(),
                     "--board",
                     bench.board.name,
                     "--arena-bytes",
                     std::to_string(bench.board.arena_bytes)};
    if (bench.board.slot_bytes != 0) {
      start.command.insert(start.command.end(), {"--slot-bytes", std::to_string(bench.board.slot_bytes)});
    }
    if (!bench.unit_id.empty()) start.command.insert(start.command.end(), {"--unique-id", bench.unit_id});
    if (!bench.meter.board_pins.empty())
      start.command.insert(start.command.end(), {"--marker-lines", bench.meter.board_pins});
    start.via = StartedBoard::Via::kStdio;
    start.deployment.flasher = "native";
    return StartedBoard::start(std::move(start));
  }
};

}  // namespace

std::unique_ptr<Flasher> make_native_flasher() { return std::make_unique<NativeFlasher>(); }

}  // namespace slmrig::deploy
