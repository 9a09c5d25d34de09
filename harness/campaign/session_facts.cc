#include "harness/campaign/session_facts.h"

#include <fmt/format.h>

#include "harness/base/child_process.h"

namespace slmrig::campaign {
namespace {

void add(base::Provenance& facts, const std::string& key, const std::string& value) {
  if (!value.empty()) facts[key] = value;
}

}  // namespace

base::Provenance variant_facts(const base::Bench& bench, const base::VariantFacts& variant) {
  base::Provenance facts;
  add(facts, "board.sha256", bench.board.sha256);
  add(facts, "board.cpu", bench.board.cpu);
  if (bench.board.clock_hz != 0) facts["board.clock_hz"] = fmt::format("{}", bench.board.clock_hz);
  if (!bench.board.emulator.program.empty()) {
    std::vector<std::string> command = {bench.board.emulator.program};
    command.insert(command.end(), bench.board.emulator.arguments.begin(),
                   bench.board.emulator.arguments.end());
    facts["emulator.command"] = base::command_text(command);
  }
  add(facts, "model.sha256", variant.model_sha256);
  add(facts, "image.sha256", variant.image_sha256);
  if (variant.image_bytes != 0) {
    facts["image.bytes"] = fmt::format("{}", variant.image_bytes);
    facts["arena.planned_bytes"] = fmt::format("{}", variant.arena_total_bytes);
  }
  return facts;
}

void describe_board(const rig::LiveBoard& board, base::SessionStart& start) {
  const rig::Banner& banner = board.banner();
  const rig::AgentFacts& agent = board.agent_facts();
  start.unit_id = banner.unique_id;
  start.engine = banner.engine;
  start.engine_version = banner.engine_version;
  start.kernel_isa = banner.kernel_isa;
  start.agent_build_id = banner.agent_build_id;
  start.tick_source = banner.tick_source;
  start.image_sha256 = board.image_sha256();
  base::Provenance& facts = start.provenance;
  facts["agent.protocol_version"] = fmt::format("{}", banner.protocol_version);
  facts["agent.arena_bytes"] = fmt::format("{}", banner.arena_bytes);
  facts["ticks.rate_hz"] = fmt::format("{}", banner.tick_rate_hz);
  add(facts, "agent.sha256", agent.sha256);
  add(facts, "agent.compiler", agent.compiler);
  add(facts, "agent.compiler_flags", agent.compiler_flags);
  if (agent.text_bytes != 0) {
    facts["agent.static_bytes"] =
        fmt::format("text {}, data {}, bss {}", agent.text_bytes, agent.data_bytes, agent.bss_bytes);
  }
  add(facts, "agent.reset_reason", banner.reset_reason);
  add(facts, "board.settings", banner.settings);
}

}  // namespace slmrig::campaign
