#include "harness/deploy/visit.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/pyocd_tool.h"
#include "harness/deploy/stand_in.h"
#include "harness/rig/agent_client.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

// An emulator wants a file to lay into the slot.
constexpr std::string_view kNoImage = "this is no model image, only the look of slmrig at an empty slot";
constexpr int64_t kLookPatienceMs = 3000;

bool has_own_board(const base::Bench& bench) {
  const std::string& kind = base::flasher_kind(bench);
  return kind == "pyocd" || kind == "command";
}

Done visit_flashed(const base::Bench& bench, const Workshop& workshop, const Ask& ask) {
  SLMRIG_ASSIGN(const base::TemporaryDirectory folder, base::TemporaryDirectory::create("visit"));
  base::VariantFacts nothing;
  nothing.image_file = (folder.path() / "image").string();
  nothing.image_bytes = kNoImage.size();
  SLMRIG_TRY(base::write_file_atomically(nothing.image_file, kNoImage));
  SLMRIG_ASSIGN(const std::unique_ptr<Flasher> flasher, make_flasher(bench));
  SLMRIG_ASSIGN(const std::unique_ptr<StartedBoard> board, flasher->flash(bench, nothing, workshop, {}));
  return ask(board->banner(), board->agent());
}

Done visit_link(const base::Bench& bench, const Workshop& workshop, const Ask& ask) {
  StartedBoard::Start start;
  start.bench = bench;
  start.via = StartedBoard::Via::kLink;
  SLMRIG_ASSIGN(start.stand_ins, stand_ins_of(bench, workshop));
  start.link = filled_link(bench.link, *start.stand_ins);
  SLMRIG_ASSIGN(const std::unique_ptr<StartedBoard> board, StartedBoard::open(std::move(start)));
  SLMRIG_ASSIGN(const rig::Banner banner, board->ask_who(kLookPatienceMs));
  return ask(banner, board->agent());
}

Result<std::string> look_for_probe(const base::Bench& bench, const Workshop& workshop) {
  SLMRIG_ASSIGN(const std::shared_ptr<StandIns> stand_ins, stand_ins_of(bench, workshop));
  SLMRIG_ASSIGN(const PyocdTool tool,
                PyocdTool::find({bench.flasher.pyocd, stand_ins->environment(), workshop.stop}));
  SLMRIG_ASSIGN(const std::vector<PyocdProbe> probes, tool.probes());
  const std::string& wanted = bench.flasher.pyocd.probe;
  std::string seen;
  for (const PyocdProbe& probe : probes) {
    if (probe.serial == wanted) return fmt::format("pyocd {}, probe {} is there", tool.version(), wanted);
    seen += (seen.empty() ? "" : ", ") + probe.serial;
  }
  // A probe behind another host is not listed.
  if (wanted.find(':') != std::string::npos) return fmt::format("pyocd {}, probe {}", tool.version(), wanted);
  return fail(
      ErrorCode::kLinkLost,
      fmt::format("pyocd {} does not see the probe {}; it sees {}; is it plugged in, and may this user open "
                  "it? (slmrig rig doctor)",
                  tool.version(), wanted, seen.empty() ? "none" : seen));
}

}  // namespace

Result<std::string> look_for_tools(const base::Bench& bench, const Workshop& workshop) {
  if (const std::string missing = missing_tools(bench, workshop); !missing.empty())
    return fail(ErrorCode::kUnsupported, missing);
  const std::string& kind = base::flasher_kind(bench);
  if (kind == "pyocd") return look_for_probe(bench, workshop);
  if (kind == "emulator") return bench.board.emulator.program;
  if (kind == "command") return bench.flasher.command.flash_agent.front();
  return kind;
}

Done visit_board(const base::Bench& bench, const Workshop& workshop, Manner manner, const Ask& ask) {
  if (manner == Manner::kLook && has_own_board(bench)) return visit_link(bench, workshop, ask);
  return visit_flashed(bench, workshop, ask);
}

}  // namespace slmrig::deploy
