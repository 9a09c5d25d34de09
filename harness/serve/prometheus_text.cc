#include "harness/serve/prometheus_text.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/metrics.h"
#include "harness/base/utf8.h"

namespace slmrig::serve {
namespace {

constexpr double kSecondsPerNs = 1e-9;

struct UnitName {
  std::string_view ours;
  std::string_view theirs;
  double scale;
};
constexpr std::array<UnitName, 6> kUnits = {{{"s", "second", 1.0},
                                             {"ms", "seconds", 1e-3},
                                             {"us", "seconds", 1e-6},
                                             {"ns", "seconds", 1e-9},
                                             {"uj", "joules", 1e-6},
                                             {"mj", "joules", 1e-3}}};

// Values of labels: a backslash, a quote and a line end are escaped, everything else is UTF-8.
std::string label_value(std::string_view text) {
  std::string escaped;
  for (const char c : base::make_valid_utf8(text)) {
    if (c == '\n') {
      escaped += "\\n";
    } else {
      if (c == '\\' || c == '"') escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void begin_metric(std::string& text, std::string_view name, std::string_view help,
                  std::string_view type = "gauge") {
  text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

std::string labels_of(const store::LatestFigure& figure) {
  const std::array<std::pair<std::string_view, std::string_view>, 9> labels = {
      {{"bench", figure.bench},
       {"board", figure.board},
       {"engine", figure.engine},
       {"model", figure.model},
       {"variant", figure.variant},
       {"suite", figure.suite},
       {"settings", figure.settings},
       {"build", figure.build},
       {"tier", base::to_string(figure.tier)}}};
  std::string text;
  for (const auto& [name, value] : labels) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", name, label_value(value));
  }
  return text;
}

void add_figures(std::string& text, const std::vector<store::LatestFigure>& figures) {
  std::string_view metric;
  PrometheusName name;
  int64_t newest_ns = 0;
  for (const store::LatestFigure& figure : figures) {
    if (figure.metric != metric) {
      metric = figure.metric;
      name = prometheus_name(metric);
      const base::Metric* known = base::find_metric(metric);
      begin_metric(text, name.name,
                   fmt::format("Newest {} of each series.", known == nullptr ? metric : known->title));
    }
    text +=
        fmt::format("{}{{{}}} {}\n", name.name, labels_of(figure), number_text(figure.value * name.scale));
    newest_ns = std::max(newest_ns, figure.started_at_ns);
  }
  if (figures.empty()) return;
  begin_metric(text, "slmrig_newest_session_timestamp_seconds",
               "When the newest session with figures began.");
  text += fmt::format("slmrig_newest_session_timestamp_seconds {:.3f}\n",
                      static_cast<double>(newest_ns) * kSecondsPerNs);
}

void add_newest_run(std::string& text, const store::RunRow& run) {
  const std::array<std::pair<std::string_view, uint32_t>, 5> cells = {
      {{"ok", run.cells_ok},
       {"failed", run.cells_failed},
       {"unfit", run.cells_unfit},
       {"not_applicable", run.cells_not_applicable},
       {"interrupted", run.cells_interrupted}}};
  begin_metric(
      text, "slmrig_newest_run_cells",
      "Cells of the newest run by status; those of a run that goes on read interrupted until they end.");
  for (const auto& [status, count] : cells) {
    text += fmt::format("slmrig_newest_run_cells{{plan=\"{}\",status=\"{}\"}} {}\n",
                        label_value(run.plan_name), status, count);
  }
  begin_metric(text, "slmrig_newest_run_start_timestamp_seconds", "When the newest run began.");
  text += fmt::format("slmrig_newest_run_start_timestamp_seconds {:.3f}\n",
                      static_cast<double>(run.started_at_ns) * kSecondsPerNs);
  begin_metric(text, "slmrig_newest_run_ended",
               "1 when the newest run has ended, 0 while it goes on or where it died.");
  text += fmt::format("slmrig_newest_run_ended {}\n", run.ended_at_ns ? 1 : 0);
}

}  // namespace

PrometheusName prometheus_name(std::string_view metric) {
  PrometheusName result{"slmrig", 1.0};
  while (!metric.empty()) {
    const std::size_t end = std::min(metric.find('_'), metric.size());
    std::string_view word = metric.substr(0, end);
    metric.remove_prefix(std::min(end + 1, metric.size()));
    const auto* unit =
        std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& u) { return u.ours == word; });
    if (unit != kUnits.end()) {
      word = unit->theirs;
      result.scale *= unit->scale;
    }
    result.name += fmt::format("_{}", word);
  }
  return result;
}

std::string prometheus_text(const PrometheusInput& input) {
  std::string text;
  begin_metric(text, "slmrig_build_info", "The slmrig that serves this.");
  text += fmt::format("slmrig_build_info{{version=\"{}\"}} 1\n", label_value(input.version));
  begin_metric(text, "slmrig_database_bytes", "Size of the database file.");
  text += fmt::format("slmrig_database_bytes {}\n", input.database_bytes);
  begin_metric(text, "slmrig_runs", "Runs in the database.");
  text += fmt::format("slmrig_runs {}\n", input.runs.size());
  if (!input.runs.empty()) add_newest_run(text, input.runs.front());
  begin_metric(text, "slmrig_http_requests_total", "Requests answered by this server.", "counter");
  for (const auto& [page, count] : input.requests) {
    text += fmt::format("slmrig_http_requests_total{{page=\"{}\"}} {}\n", label_value(page), count);
  }
  add_figures(text, input.figures);
  return text;
}

}  // namespace slmrig::serve
