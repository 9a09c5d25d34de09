// Hardware (or a virtual probe with an emulated board behind it) that is flashed by pyOCD.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/deploy/agent_file.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/linked_board.h"
#include "harness/deploy/pyocd_tool.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

class PyocdFlasher final : public Flasher {
 public:
  Result<std::unique_ptr<StartedBoard>> flash(const base::Bench& bench, const base::VariantFacts& /*variant*/,
                                              const Workshop& workshop,
                                              const rig::UploadProgress& /*progress*/) override {
    StartedBoard::Start start;
    start.bench = bench;
    const fs::path agent = agent_of(bench, workshop);
    SLMRIG_ASSIGN(start.agent, read_agent_file(agent));
    SLMRIG_ASSIGN(start.stand_ins, stand_ins_of(bench, workshop));
    start.bench.meter = filled_meter(bench.meter, *start.stand_ins);
    SLMRIG_ASSIGN(const PyocdTool tool,
                  PyocdTool::find({bench.flasher.pyocd, start.stand_ins->environment(), workshop.stop}));
    tool_ = tool;
    start.link = filled_link(bench.link, *start.stand_ins);
    start.reset_means.push_back({"probe", [tool] { return tool.reset(); }});
    start.deployment.flasher = "pyocd";
    start.deployment.tool = "pyocd " + tool.version();
    start.deployment.facts = {{"probe", bench.flasher.pyocd.probe}, {"target", bench.flasher.pyocd.target}};
    SLMRIG_ASSIGN(const std::vector<uint8_t> elf, base::read_bytes(agent));
    SLMRIG_ASSIGN(const std::vector<MemoryPiece> pieces, read_loaded_pieces(elf));
    const auto write = [&](rig::Deployment& deployment) { return write_agent(agent, pieces, deployment); };
    return bring_up(std::move(start), write, workshop.stop);
  }

  Done lay_image(StartedBoard& board, const base::VariantFacts& variant) override {
    const base::Board& kind = board.bench().board;
    if (kind.slot_address == 0) {
      return fail(
          ErrorCode::kUnsupported,
          fmt::format(
              "the slot of {} takes no uploads, and {} does not say where it is: give memory.slot_address",
              kind.name, kind.file));
    }
    const int64_t began_ns = base::monotonic_now_ns();
    SLMRIG_ASSIGN(const PyocdLoad loaded,
                  tool_->load_binary(variant.image_file, kind.slot_address, variant.image_bytes, true));
    rig::Transfer& transfer = board.deployment().image;
    transfer.way = "probe";
    // pyOCD counts whole pages.
    transfer.written_bytes = std::min(loaded.programmed_bytes, variant.image_bytes);
    transfer.skipped_bytes = variant.image_bytes - transfer.written_bytes;
    transfer.took_ns = base::monotonic_now_ns() - began_ns;
    return board.connect_or_reset();
  }

 private:
  // What pyOCD says it wrote is read back before the board runs it.
  Done write_agent(const fs::path& file, const std::vector<MemoryPiece>& pieces,
                   rig::Deployment& deployment) const {
    uint64_t bytes = 0;
    for (const MemoryPiece& piece : pieces) bytes += piece.bytes.size();
    SLMRIG_ASSIGN(const PyocdLoad loaded, tool_->load_elf(file, bytes, false));
    deployment.agent.way = "probe";
    deployment.agent.written_bytes = std::min(loaded.programmed_bytes, bytes);
    deployment.agent.skipped_bytes = bytes - deployment.agent.written_bytes;
    return tool_->verify_and_reset(pieces);
  }

  std::optional<PyocdTool> tool_;
};

}  // namespace

std::unique_ptr<Flasher> make_pyocd_flasher() { return std::make_unique<PyocdFlasher>(); }

}  // namespace slmrig::deploy
