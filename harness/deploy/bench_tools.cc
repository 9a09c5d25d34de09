// The parts of deploy.h that speak of the programs that a bench needs.
#include <fmt/format.h>

#include "harness/base/paths.h"
#include "harness/deploy/deploy.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/pyocd_tool.h"
#include "harness/deploy/stand_in.h"

namespace slmrig::deploy {
namespace {

bool is_there(const std::string& program, const Workshop& workshop) {
  if (program.find('/') != std::string::npos) return std::filesystem::exists(program);
  return base::find_program(program, workshop.root).has_value() || !base::program_in_path(program).empty();
}

}  // namespace

std::string missing_tools(const base::Bench& bench, const Workshop& workshop) {
  std::string missing;
  const auto add = [&](const std::string& text) { missing += (missing.empty() ? "" : "; ") + text; };
  const std::string& kind = base::flasher_kind(bench);
  if (kind == "pyocd") {
    if (const auto tool = PyocdTool::find({bench.flasher.pyocd}); !tool) add(tool.error().message);
  }
  if (kind == "command" && !bench.flasher.command.flash_agent.empty()) {
    const std::string& program = bench.flasher.command.flash_agent.front();
    if (!is_there(program, workshop)) add(fmt::format("there is no program {}", program));
  }
  if (kind == "ssh" && !is_there("ssh", workshop)) add("there is no program ssh; ./dev setup installs it");
  if (kind == "emulator" && !is_there(bench.board.emulator.program, workshop)) {
    add(fmt::format("there is no program {}; ./dev setup installs it", bench.board.emulator.program));
  }
  for (const base::StandInSpec& stand_in : bench.stand_ins) {
    if (is_there(stand_in.command.front(), workshop)) continue;
    add(fmt::format("there is no program {}; ./dev build makes it", stand_in.command.front()));
  }
  return missing;
}

base::Result<std::unique_ptr<rig::Meter>> open_bench_meter(const base::Bench& bench, base::MeterSpec spec,
                                                           const Workshop& workshop) {
  SLMRIG_ASSIGN(const std::shared_ptr<StandIns> stand_ins, stand_ins_of(bench, workshop));
  return rig::open_meter(filled_meter(std::move(spec), *stand_ins));
}

std::shared_ptr<StandInPool> make_stand_in_pool() { return std::make_shared<StandInPool>(); }

void release_stand_ins(const Workshop& workshop, const std::string& bench) {
  if (workshop.stand_ins) workshop.stand_ins->release(bench);
}

}  // namespace slmrig::deploy
