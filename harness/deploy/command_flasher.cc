// A board that is flashed by the user's own programs (J-Link, probe-rs, west), started without a shell.
#include <fmt/format.h>

#include "harness/base/child_process.h"
#include "harness/base/clock.h"
#include "harness/base/placeholders.h"
#include "harness/deploy/agent_file.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/linked_board.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

std::string last_words(const base::CapturedRun& run) {
  const std::string& text = run.errors.empty() ? run.output : run.errors;
  const std::size_t end = text.find_last_not_of(" \n\r");
  if (end == std::string::npos) return "it said nothing";
  constexpr std::size_t kMaxBytes = 400;
  return "it said: " +
         text.substr(end + 1 > kMaxBytes ? end + 1 - kMaxBytes : 0, std::min(end + 1, kMaxBytes));
}

// How a user's command is run for one bench.
struct Commands {
  base::CommandFlasherSpec spec;
  std::map<std::string, std::string> values;  // by placeholder
  std::map<std::string, std::string> environment;
  std::function<bool()> stop;

  Done run(const std::vector<std::string>& command, const char* key) const {
    base::ChildOptions options;
    for (const std::string& argument : command)
      options.arguments.push_back(base::filled_in(argument, values));
    options.environment = environment;
    base::CaptureLimits limits;
    limits.timeout_ms = int64_t{spec.timeout_s} * 1000;
    limits.stop = stop;
    const auto ended = base::run_captured(options, limits);
    if (!ended) return tl::unexpected(base::within(fmt::format("flasher.{}", key), ended.error()));
    if (ended->exit.ok()) return {};
    return fail(ErrorCode::kLinkLost,
                fmt::format("{} failed ({}); {}", base::command_text(options.arguments), ended->exit.text(),
                            last_words(*ended)),
                fmt::format("flasher.{}", key));
  }
};

class CommandFlasher final : public Flasher {
 public:
  Result<std::unique_ptr<StartedBoard>> flash(const base::Bench& bench, const base::VariantFacts& variant,
                                              const Workshop& workshop,
                                              const rig::UploadProgress& /*progress*/) override {
    StartedBoard::Start start;
    start.bench = bench;
    const fs::path agent = agent_of(bench, workshop);
    SLMRIG_ASSIGN(start.agent, read_agent_file(agent));
    SLMRIG_ASSIGN(start.stand_ins, stand_ins_of(bench, workshop));
    start.bench.meter = filled_meter(bench.meter, *start.stand_ins);
    start.link = filled_link(bench.link, *start.stand_ins);
    commands_.spec = bench.flasher.command;
    commands_.environment = start.stand_ins->environment();
    commands_.stop = workshop.stop;
    commands_.values = {{"{agent}", agent.string()},
                        {"{image}", variant.image_file},
                        {"{image_address}", fmt::format("0x{:08x}", bench.board.slot_address)},
                        {"{unit}", bench.unit_id},
                        {"{port}", start.link.address},
                        {"{folder}", start.stand_ins->filled("{folder}")}};
    if (!commands_.spec.reset.empty()) {
      start.reset_means.push_back(
          {"reset_command", [commands = commands_] { return commands.run(commands.spec.reset, "reset"); }});
    }
    start.deployment.flasher = "command";
    start.deployment.tool = commands_.spec.flash_agent.front();
    const uint64_t bytes = start.agent.text_bytes + start.agent.data_bytes;
    const auto write = [&](rig::Deployment& deployment) -> Done {
      SLMRIG_TRY(commands_.run(commands_.spec.flash_agent, "flash_agent"));
      deployment.agent.way = "command";
      deployment.agent.written_bytes = bytes;
      return {};
    };
    return bring_up(std::move(start), write, workshop.stop);
  }

  Done lay_image(StartedBoard& board, const base::VariantFacts& variant) override {
    if (commands_.spec.flash_image.empty()) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("the slot of {} takes no uploads; give flasher.flash_image in the rig file",
                              board.bench().board.name));
    }
    const int64_t began_ns = base::monotonic_now_ns();
    SLMRIG_TRY(commands_.run(commands_.spec.flash_image, "flash_image"));
    rig::Transfer& transfer = board.deployment().image;
    transfer.way = "command";
    transfer.written_bytes = variant.image_bytes;
    transfer.took_ns = base::monotonic_now_ns() - began_ns;
    return board.connect_or_reset();
  }

 private:
  Commands commands_;
};

}  // namespace

std::unique_ptr<Flasher> make_command_flasher() { return std::make_unique<CommandFlasher>(); }

}  // namespace slmrig::deploy
