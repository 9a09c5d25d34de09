#include "reports/sentence.h"

#include <chrono>
#include <set>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace slmrig::reports {
namespace {

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// "5,120": groups of three, whatever the reader's locale.
std::string grouped(std::size_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string outcome(const store::RunRow& run) {
  if (run.cells() == 0) return "no cell was reached";
  std::string text = counted(run.cells(), "cell", "cells");
  const std::vector<std::pair<uint32_t, std::string_view>> kinds = {
      {run.cells_ok, "ok"},
      {run.cells_failed, "failed"},
      {run.cells_unfit, "unfit"},
      {run.cells_not_applicable, "not applicable"},
      {run.cells_interrupted, "interrupted"}};
  for (const auto& [count, kind] : kinds) {
    if (count == run.cells()) return fmt::format("{}, {} {}", text, count == 1 ? "it is" : "all", kind);
    if (count > 0) text += fmt::format(", {} {}", count, kind);
  }
  return text;
}

std::string utc_format(int64_t utc_ns, const char* pattern) {
  const std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(utc_ns)};
  return fmt::format(fmt::runtime(pattern),
                     fmt::gmtime(std::chrono::time_point_cast<std::chrono::seconds>(time)));
}

const std::string& run_name(const store::RunRow& run) {
  return run.label.empty() ? run.plan_name : run.label;
}

}  // namespace

std::string utc_text(int64_t utc_ns) { return utc_format(utc_ns, "{:%Y-%m-%d %H:%M} UTC"); }

std::string report_sentence(std::span<const store::RunData> runs) {
  if (runs.empty()) return "The database holds no run yet: there is nothing to show.";
  const store::RunData& data = runs.front();
  std::set<std::string> boards;
  std::size_t tokens = 0;
  for (const auto& session : data.sessions) {
    boards.insert(session.session.board);
    for (const auto& cell : session.cells) {
      for (const auto& generation : cell.generations) tokens += generation.token_costs.size();
    }
  }
  std::string text = fmt::format("Plan {} on {}, {}: {}; {} {} measured.", data.run.plan_name,
                                 counted(boards.size(), "board", "boards"), utc_text(data.run.started_at_ns),
                                 outcome(data.run), grouped(tokens), tokens == 1 ? "token" : "tokens");
  if (data.run.interrupted) {
    text += " The run was interrupted.";
  } else if (!data.run.ended_at_ns) {
    text += " The run has not ended: it goes on, or its process died.";
  }
  return text;
}

std::string report_title(std::span<const store::RunData> runs) {
  if (runs.empty()) return "slmrig: no run yet";
  const store::RunRow& run = runs.front().run;
  return fmt::format("slmrig: {}, {}", run_name(run), utc_format(run.started_at_ns, "{:%Y-%m-%d}"));
}

}  // namespace slmrig::reports
