#include "harness/analyse/attribution.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "harness/analyse/percentile.h"

namespace slmrig::analyse {
namespace {

using store::ConditionChange;
using store::FindingCause;
using store::HistorySession;

struct FactKind {
  std::string_view prefix;
  FindingCause cause;
};

// By the names of v_provenance; the first prefix that fits decides. What stands nowhere here explains
// nothing.
constexpr std::array kFactKinds = {
    // A modelled meter's command and sockets have paths that differ every night.
    FactKind{"meter.address", FindingCause::kUnknown},
    FactKind{"meter.check", FindingCause::kUnknown},
    FactKind{"meter.", FindingCause::kRig},
    FactKind{"supply.", FindingCause::kRig},
    FactKind{"temperature", FindingCause::kRig},
    FactKind{"board.before.", FindingCause::kRig},
    FactKind{"board.sha256", FindingCause::kRig},
    FactKind{"board.clock_hz", FindingCause::kRig},
    FactKind{"board.cpu", FindingCause::kRig},
    FactKind{"board.settings", FindingCause::kRig},
    FactKind{"probe", FindingCause::kRig},
    FactKind{"deploy.probe", FindingCause::kRig},
    FactKind{"deploy.tool", FindingCause::kRig},
    FactKind{"deploy.flasher", FindingCause::kRig},
    FactKind{"emulator.", FindingCause::kRig},
    FactKind{"firmware.", FindingCause::kRig},
    FactKind{"ticks.rate_hz", FindingCause::kRig},
    FactKind{"rig.sha256", FindingCause::kRig},
    FactKind{"host.name", FindingCause::kRig},
    FactKind{"host.kernel", FindingCause::kRig},
    FactKind{"host.cpu", FindingCause::kRig},
    FactKind{"host.cores", FindingCause::kRig},
    FactKind{"host.memory", FindingCause::kUnknown},
    FactKind{"host.governor", FindingCause::kRig},
    FactKind{"host.hypervisor", FindingCause::kRig},
    FactKind{"harness.version", FindingCause::kRig},
    FactKind{"model.", FindingCause::kModel},
    FactKind{"image.sha256", FindingCause::kModel},
    FactKind{"suite.", FindingCause::kModel},
    FactKind{"agent.compiler", FindingCause::kCode},
    FactKind{"agent.sha256", FindingCause::kCode},
    FactKind{"agent.kernel_isa", FindingCause::kCode},
};

// Facts of a session by name, with those that have a column of their own.
using Facts = std::map<std::string, std::string>;

Facts facts_of(const HistorySession& session) {
  Facts facts;
  for (const auto& [name, value] : session.conditions) {
    if (cause_of(name)) facts[name] = value;
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts[name] = value;
  };
  add("board", session.board);
  add("model.sha256", session.model_sha256);
  add("image.sha256", session.image_sha256);
  add("agent.build_id", session.agent_build_id);
  add("engine.version", session.engine_version);
  add("commit", session.commit_sha);
  add("build", session.build);
  return facts;
}

std::string fact_in(const Facts& facts, const std::string& name) {
  const auto found = facts.find(name);
  return found == facts.end() ? std::string() : found->second;
}

bool is_millidegrees(std::string_view name) { return name.ends_with("_mc"); }

bool is_temperature(std::string_view name) {
  return is_millidegrees(name) || name.find("temperature") != std::string_view::npos;
}

// Facts of the nights around an onset: before the earliest one, within, and after the latest one.
struct Around {
  std::vector<Facts> before;  // newest last
  std::vector<Facts> after;   // oldest first: from the latest onset on
  std::set<std::string> names;
};

Around look_around(const UnitSegment& segment, const Onset& onset, const store::History& history) {
  constexpr std::size_t kNightsAside = 10;
  Around around;
  const std::size_t low = std::min(onset.low, onset.index);
  const std::size_t high = std::min(std::max(onset.high, onset.index), segment.nights.size() - 1);
  const auto facts_at = [&](std::size_t night) {
    Facts facts = facts_of(history.sessions[segment.nights[night].session]);
    for (const auto& [name, value] : facts) around.names.insert(name);
    return facts;
  };
  const std::size_t from = low > kNightsAside ? low - kNightsAside : 0;
  for (std::size_t i = from; i < low; ++i) around.before.push_back(facts_at(i));
  const std::size_t to = std::min(high + kNightsAside, segment.nights.size());
  for (std::size_t i = high; i < to; ++i) around.after.push_back(facts_at(i));
  return around;
}

std::size_t changes_in(const std::vector<Facts>& nights, const std::string& name) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < nights.size(); ++i)
    count += fact_in(nights[i], name) != fact_in(nights[i - 1], name) ? 1 : 0;
  return count;
}

// The code changes most nights, and is the explanation where nothing else is: it need not have been steady.
bool is_steady(const Around& around, const std::string& name) {
  return changes_in(around.before, name) <= 1 && changes_in(around.after, name) <= 1;
}

std::vector<double> numbers_in(const std::vector<Facts>& nights, const std::string& name) {
  std::vector<double> numbers;
  for (const Facts& facts : nights) {
    const std::string text = fact_in(facts, name);
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (end != text.c_str() && std::isfinite(number)) numbers.push_back(number);
  }
  return numbers;
}

bool temperature_moved(const Around& around, const std::string& name) {
  const double least = is_millidegrees(name) ? 5000 : 5;
  const std::vector<double> before = numbers_in(around.before, name);
  const std::vector<double> after = numbers_in(around.after, name);
  if (before.empty() || after.empty()) return false;
  const double moved = std::abs(*percentile(after, 50) - *percentile(before, 50));
  const auto range = [](const std::vector<double>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *high - *low;
  };
  return moved >= least && moved > std::max(range(before), range(after));
}

bool is_code(const std::string& name) {
  return name == "agent.build_id" || name == "engine.version" || name == "commit" || name == "build";
}

FindingCause cause_of_fact(const std::string& name) {
  if (name == "board") return FindingCause::kRig;
  if (is_code(name)) return FindingCause::kCode;
  return cause_of(name).value_or(FindingCause::kUnknown);
}

bool explains(const Around& around, const std::string& name) {
  if (is_temperature(name)) return temperature_moved(around, name);
  const std::string before = fact_in(around.before.back(), name);
  const std::string after = fact_in(around.after.front(), name);
  if (before == after) return false;
  // A fact that was not recorded on one side is no change that is known of.
  if (before.empty() || after.empty()) return false;
  return cause_of_fact(name) == FindingCause::kCode || is_steady(around, name);
}

}  // namespace

std::optional<FindingCause> cause_of(std::string_view fact) {
  for (const FactKind& kind : kFactKinds) {
    if (!fact.starts_with(kind.prefix)) continue;
    if (kind.cause == FindingCause::kUnknown) return std::nullopt;
    return kind.cause;
  }
  return std::nullopt;
}

std::vector<ConditionChange> changes_at(const UnitSegment& segment, const Onset& onset,
                                        const store::SeriesKey& key, const store::History& history) {
  if (segment.nights.empty() || onset.index == 0) return {};
  const Around around = look_around(segment, onset, history);
  if (around.before.empty() || around.after.empty()) return {};
  std::vector<ConditionChange> changes;
  for (const std::string& name : around.names) {
    // A run knows the suites of all its cells.
    if (name.starts_with("suite.") && name != "suite." + key.suite + ".sha256") continue;
    if (!explains(around, name)) continue;
    changes.push_back({cause_of_fact(name), name, fact_in(around.before.back(), name),
                       fact_in(around.after.front(), name)});
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.cause < b.cause; });
  return changes;
}

FindingCause cause_of(const std::vector<ConditionChange>& changes) {
  FindingCause cause = FindingCause::kUnknown;
  for (const ConditionChange& change : changes) cause = std::min(cause, change.cause);
  return cause;
}

}  // namespace slmrig::analyse
