#include "harness/plan/expand.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/suggest.h"
#include "harness/base/trace_room.h"
#include "harness/base/wildcard.h"
#include "harness/plan/setting_names.h"

namespace slmrig::plan {
namespace {

using base::Bench;
using base::Cell;
using base::CellSettings;
using base::ErrorCode;
using base::fail;
using base::Plan;
using base::Result;
using base::Session;
using base::Suite;

// The names of a cell, by the keys that `where` and --only use.
using Names = std::map<std::string, std::string>;

Names names_of(const Bench& bench, const std::string& model, const std::string& variant,
               const std::string& suite) {
  return {{"bench", bench.name},
          {"board", bench.board.name},
          {"model", model},
          {"variant", variant},
          {"suite", suite}};
}

// SplitMix64 with Fisher-Yates: std::shuffle may differ between standard libraries, and the order of a plan
// must not.
class Shuffler {
 public:
  explicit Shuffler(uint64_t seed) : state_(seed) {}

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[static_cast<std::size_t>(next() % left)]);
    }
  }

 private:
  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

// FNV-1a: any stable hash of a name will do here.
uint64_t name_hash(const std::string& name) {
  uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

bool where_holds(const std::map<std::string, std::string>& where, const Names& names) {
  return std::all_of(where.begin(), where.end(), [&](const auto& condition) {
    const auto name = names.find(condition.first);
    return name != names.end() && base::matches_wildcard(condition.second, name->second);
  });
}

CellSettings settings_for(const Plan& plan, const Names& names) {
  CellSettings settings = plan.settings;
  for (const base::SettingsOverride& override_of : plan.overrides) {
    if (!where_holds(override_of.where, names)) continue;
    for (const auto& [name, value] : override_of.set) set_setting(settings, name, value);
  }
  return settings;
}

bool only_holds(const std::vector<Only>& only, const Names& names) {
  return std::all_of(only.begin(), only.end(), [&](const Only& condition) {
    return std::any_of(only.begin(), only.end(), [&](const Only& alternative) {
      return alternative.key == condition.key &&
             base::matches_wildcard(alternative.value, names.at(condition.key));
    });
  });
}

bool plan_takes(const Plan& plan, const Bench& bench) {
  return plan.benches.empty() || std::any_of(plan.benches.begin(), plan.benches.end(), [&](const auto& name) {
           return base::matches_wildcard(name, bench.name);
         });
}

std::vector<std::string> bench_names(const base::Rig& rig) {
  std::vector<std::string> names;
  for (const Bench& bench : rig.benches) names.push_back(bench.name);
  return names;
}

base::Done check_benches(const Plan& plan, const base::Rig& rig) {
  const std::vector<std::string> known = bench_names(rig);
  for (const std::string& pattern : plan.benches) {
    const bool found = std::any_of(known.begin(), known.end(),
                                   [&](const auto& name) { return base::matches_wildcard(pattern, name); });
    if (found) continue;
    return fail(
        ErrorCode::kBadInput,
        base::unknown_name("bench", pattern, known) + fmt::format("; benches are named in {}", rig.file),
        fmt::format("plan {}: benches", plan.file));
  }
  return {};
}

// Each --only must match something the plan has, or it is a slip of the pen that would measure nothing.
base::Done check_only(const Plan& plan, const base::Rig& rig, const std::vector<Only>& only) {
  std::map<std::string, std::vector<std::string>> known;
  for (const Bench& bench : rig.benches) {
    if (!plan_takes(plan, bench)) continue;
    known["bench"].push_back(bench.name);
    known["board"].push_back(bench.board.name);
  }
  for (const auto& model : plan.models) known["model"].push_back(model.name);
  known["variant"] = plan.variants;
  for (const auto& suite : plan.suites) known["suite"].push_back(suite.name);
  for (const Only& condition : only) {
    const auto& names = known[condition.key];
    const bool found = std::any_of(names.begin(), names.end(), [&](const auto& name) {
      return base::matches_wildcard(condition.value, name);
    });
    if (!found) {
      return fail(ErrorCode::kBadInput,
                  base::unknown_name(condition.key, condition.value, names) + " in plan " + plan.name,
                  fmt::format("--only {}={}", condition.key, condition.value));
    }
  }
  return {};
}

struct Pair {
  std::string model;
  std::string variant;
};

// Which time a pair's turn comes, and at which supply.
struct Turn {
  uint32_t round = 0;
  uint32_t ordinal = 0;
  int supply_mv = 0;
};

bool feeds_its_board(const Bench& bench) { return !bench.meter.kind.empty() && bench.meter.mode == "source"; }

// Before anything is applied, and for all benches at once.
base::Done check_supplies(const Plan& plan, const base::Rig& rig) {
  if (plan.supply_mv.empty()) return {};
  bool any = false;
  for (const Bench& bench : rig.benches) {
    if (!plan_takes(plan, bench) || !feeds_its_board(bench)) continue;
    any = true;
    const base::SafeVoltages& safe = bench.board.voltages;
    for (const int mv : plan.supply_mv) {
      if (mv >= safe.minimum_mv && mv <= safe.maximum_mv) continue;
      return fail(
          ErrorCode::kBadInput,
          fmt::format("the plan asks for {} mV, but {} on bench {} bears {} to {} mV (safe_voltages_mv "
                      "in its board.json); leave the voltage or the bench out",
                      mv, bench.board.name, bench.name, safe.minimum_mv, safe.maximum_mv),
          fmt::format("plan {}", plan.file));
    }
  }
  if (any) return {};
  return fail(ErrorCode::kBadInput,
              "the plan asks for supply voltages, but none of its benches has a meter that feeds its board "
              "(\"mode\": \"source\" of the rig file's \"meter\")",
              fmt::format("plan {}", plan.file));
}

// Nothing when --only leaves no cell of it.
std::optional<Session> make_session(const Plan& plan, const Bench& bench, const Pair& pair,
                                    const std::vector<Only>& only, const Turn& turn, const MakeId& make_id) {
  const CellSettings shared = settings_for(plan, names_of(bench, pair.model, pair.variant, ""));
  if (turn.round >= shared.sessions) return std::nullopt;
  Session session;
  session.bench = bench.name;
  session.board = bench.board.name;
  session.model = pair.model;
  session.variant = pair.variant;
  session.ordinal = turn.ordinal;
  session.supply_mv = turn.supply_mv;
  session.cold_starts = shared.cold_starts;
  session.warmup_generations = shared.warmup_generations;
  session.attempts = shared.attempts;
  for (const base::SuiteRef& ref : plan.suites) {
    const Names names = names_of(bench, pair.model, pair.variant, ref.name);
    if (!only_holds(only, names)) continue;
    Cell cell;
    cell.suite = ref.name;
    cell.settings = settings_for(plan, names);
    cell.settings_text = settings_text(cell.settings, ref.suite);
    if (turn.supply_mv != 0) cell.settings_text += fmt::format(" supply_mv={}", turn.supply_mv);
    session.cells.push_back(std::move(cell));
  }
  if (session.cells.empty()) return std::nullopt;
  session.session_id = make_id();
  return session;
}

uint32_t most_sessions(const Plan& plan) {
  uint32_t most = plan.settings.sessions;
  for (const base::SettingsOverride& override_of : plan.overrides) {
    if (const auto found = override_of.set.find("sessions"); found != override_of.set.end()) {
      most = std::max(most, found->second);
    }
  }
  return most;
}

void add_bench(const Plan& plan, const Bench& bench, const std::vector<Only>& only, const MakeId& make_id,
               std::vector<Session>& sessions) {
  std::vector<Pair> pairs;
  for (const base::ModelRef& model : plan.models) {
    for (const std::string& variant : plan.variants) pairs.push_back({model.name, variant});
  }
  std::vector<int> supplies = {0};
  if (feeds_its_board(bench) && !plan.supply_mv.empty()) supplies = plan.supply_mv;
  const auto turns = static_cast<uint32_t>(most_sessions(plan) * supplies.size());
  for (uint32_t turn = 0; turn < turns; ++turn) {
    const std::size_t supply = turn % supplies.size();
    const auto round = static_cast<uint32_t>(turn / supplies.size());
    Shuffler shuffler(plan.order_seed ^ name_hash(bench.name) ^ (uint64_t{turn} << 32));
    std::vector<Pair> order = pairs;
    shuffler.shuffle(order);
    for (const Pair& pair : order) {
      std::optional<Session> session =
          make_session(plan, bench, pair, only, {round, turn, supplies[supply]}, make_id);
      if (!session) continue;
      shuffler.shuffle(session->cells);
      for (Cell& cell : session->cells) cell.cell_id = make_id();
      sessions.push_back(std::move(*session));
    }
  }
}

}  // namespace

Result<Only> parse_only(const std::string& text) {
  static const std::vector<std::string> kKeys = {"bench", "board", "model", "variant", "suite"};
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    return fail(ErrorCode::kBadInput,
                fmt::format("expected KEY=VALUE with a key out of {}, for example --only bench=native",
                            fmt::join(kKeys, ", ")),
                fmt::format("--only {}", text));
  }
  Only only{text.substr(0, equals), text.substr(equals + 1)};
  if (std::find(kKeys.begin(), kKeys.end(), only.key) == kKeys.end()) {
    return fail(ErrorCode::kBadInput, base::unknown_name("key", only.key, kKeys),
                fmt::format("--only {}", text));
  }
  return only;
}

Result<base::ExpandedPlan> expand(const Plan& plan, const base::Rig& rig, const std::vector<Only>& only,
                                  const MakeId& make_id) {
  SLMRIG_TRY(check_benches(plan, rig));
  SLMRIG_TRY(check_only(plan, rig, only));
  SLMRIG_TRY(check_supplies(plan, rig));
  base::ExpandedPlan expanded{plan, rig, {}};
  for (const Bench& bench : rig.benches) {
    if (plan_takes(plan, bench)) add_bench(plan, bench, only, make_id, expanded.sessions);
  }
  if (expanded.sessions.empty()) {
    return fail(
        ErrorCode::kBadInput,
        "nothing is left to measure: no cell of the plan matches all of the --only conditions at once",
        fmt::format("plan {}", plan.file));
  }
  return expanded;
}

std::optional<std::string> unfit_reason(const base::VariantFacts& variant, const base::Board& board) {
  if (board.slot_bytes != 0 && variant.image_bytes > board.slot_bytes) {
    return fmt::format("the model image needs {} bytes, board has {} in its model slot", variant.image_bytes,
                       board.slot_bytes);
  }
  const uint64_t trace_bytes = base::trace_room_bytes(variant.context_tokens);
  const uint64_t needed_bytes = variant.arena_total_bytes + trace_bytes;
  if (board.arena_bytes != 0 && needed_bytes > board.arena_bytes) {
    return fmt::format("the arena needs {} bytes (kv {}, activations {}, scratch {}, trace {}), board has {}",
                       needed_bytes, variant.arena_kv_bytes, variant.arena_activations_bytes,
                       variant.arena_scratch_bytes, trace_bytes, board.arena_bytes);
  }
  return std::nullopt;
}

std::string settings_text(const CellSettings& settings, const Suite& suite) {
  const base::GenerationSettings generation = base::generation_settings(settings, suite);
  std::string text =
      fmt::format("ctx={} new={} top_k={} temp={:g} seed={}", settings.context_tokens,
                  generation.max_new_tokens, generation.top_k, generation.temperature, generation.seed);
  if (settings.kv != base::KvFormat::kF32) text += fmt::format(" kv={}", base::to_string(settings.kv));
  if (!generation.stop_at_end) text += " ignore_end";
  if (suite.fallback) {
    // A generation that stops early costs less: another series.
    if (suite.fallback->budget_ms != 0) text += fmt::format(" budget_ms={}", suite.fallback->budget_ms);
    if (suite.fallback->budget_instructions != 0) {
      text += fmt::format(" budget_instructions={}", suite.fallback->budget_instructions);
    }
  }
  if (base::prompt_count(settings, suite) < suite.prompts.size()) {
    text += fmt::format(" prompts={}", settings.prompts);
  }
  return text;
}

}  // namespace slmrig::plan
