#include "harness/campaign/session_facts.h"

#include <fmt/format.h>

#include "harness/base/child_process.h"

namespace slmrig::campaign {
namespace {

void add(base::Provenance& facts, const std::string& key, const std::string& value) {
  if (!value.empty()) facts[key] = value;
}

void add_transfer(base::Provenance& facts, const std::string& what, const rig::Transfer& transfer) {
  if (transfer.way.empty() && transfer.skipped_bytes == 0) return;
  add(facts, what + "_way", transfer.way);
  facts[what + "_bytes_written"] = fmt::format("{}", transfer.written_bytes);
  facts[what + "_bytes_skipped"] = fmt::format("{}", transfer.skipped_bytes);
  if (transfer.took_ns <= 0) return;
  facts[what + "_ms"] = fmt::format("{}", transfer.took_ns / 1'000'000);
  facts[what + "_bytes_per_s"] = fmt::format(
      "{:.0f}", static_cast<double>(transfer.written_bytes) * 1e9 / static_cast<double>(transfer.took_ns));
}

std::string transfer_text(const rig::Transfer& transfer) {
  const auto kilobytes = [](uint64_t bytes) {
    return fmt::format("{:.0f} kB", static_cast<double>(bytes) / 1000);
  };
  if (transfer.written_bytes == 0) return kilobytes(transfer.skipped_bytes) + " there already";
  std::string text = kilobytes(transfer.written_bytes) + " written";
  if (transfer.took_ns > 0) {
    const double seconds = static_cast<double>(transfer.took_ns) * 1e-9;
    text += fmt::format(" in {:.1f} s ({:.0f} kB/s)", seconds,
                        static_cast<double>(transfer.written_bytes) / 1000 / seconds);
  }
  if (transfer.skipped_bytes != 0) text += ", " + kilobytes(transfer.skipped_bytes) + " there already";
  return text;
}

void add_deployment(base::Provenance& facts, const rig::Deployment& deployment) {
  add(facts, "deploy.flasher", deployment.flasher);
  add(facts, "deploy.tool", deployment.tool);
  for (const auto& [key, value] : deployment.facts) add(facts, "deploy." + key, value);
  add_transfer(facts, "deploy.agent", deployment.agent);
  add_transfer(facts, "deploy.image", deployment.image);
  facts.merge(reset_facts(deployment));
}

}  // namespace

base::Provenance variant_facts(const base::Bench& bench, const base::VariantFacts& variant) {
  base::Provenance facts;
  add(facts, "board.sha256", bench.board.sha256);
  add(facts, "board.cpu", bench.board.cpu);
  if (bench.board.clock_hz != 0) facts["board.clock_hz"] = fmt::format("{}", bench.board.clock_hz);
  for (std::size_t i = 0; i < bench.stand_ins.size(); ++i) {
    facts[fmt::format("stand_in.{}.command", i + 1)] = base::command_text(bench.stand_ins[i].command);
  }
  if (base::flasher_kind(bench) == "emulator") {
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

std::string deployment_text(const rig::Deployment& deployment) {
  const bool worth_a_line = !deployment.tool.empty();
  if (!worth_a_line) return {};
  return fmt::format("agent {}; image {}", transfer_text(deployment.agent), transfer_text(deployment.image));
}

base::Provenance reset_facts(const rig::Deployment& deployment) {
  base::Provenance facts;
  for (const auto& [means, count] : deployment.forced_resets)
    facts["deploy.resets_by." + means] = fmt::format("{}", count);
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
  add_deployment(facts, board.deployment());
}

}  // namespace slmrig::campaign
