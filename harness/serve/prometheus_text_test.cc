#include "harness/serve/prometheus_text.h"

#include <catch2/catch.hpp>

#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include "harness/base/metrics.h"

namespace slmrig::serve {
namespace {

store::LatestFigure figure(const std::string& metric, double value) {
  store::LatestFigure figure;
  figure.bench = "native";
  figure.board = "native";
  figure.engine = "slm";
  figure.model = "wrist-nano";
  figure.variant = "int8";
  figure.suite = "intents";
  figure.settings = "ctx=256";
  figure.metric = metric;
  figure.value = value;
  figure.started_at_ns = 1'767'225'600'500'000'000;
  return figure;
}

}  // namespace

TEST_CASE("metrics have Prometheus's base units in name and value") {
  CHECK(prometheus_name("token_ms_p99").name == "slmrig_token_seconds_p99");
  CHECK(prometheus_name("token_ms_p99").scale == 1e-3);
  CHECK(prometheus_name("energy_uj_per_answer").name == "slmrig_energy_joules_per_answer");
  CHECK(prometheus_name("energy_uj_per_answer").scale == 1e-6);
  CHECK(prometheus_name("decode_tokens_per_s").name == "slmrig_decode_tokens_per_second");
  CHECK(prometheus_name("memory_peak_bytes").scale == 1.0);
  // Two metrics never share a name.
  std::set<std::string> names;
  for (const base::Metric& metric : base::metrics())
    CHECK(names.insert(prometheus_name(metric.name).name).second);
}

TEST_CASE("every figure has its tier, and hostile names stay inside their quotes") {
  PrometheusInput input;
  input.figures = {figure("token_ms_p50", 2.5),
                   figure("token_ms_p50", std::numeric_limits<double>::infinity())};
  input.figures[1].bench = "a\"} 1\nevil{x=\"\\\xFF";
  input.figures[1].tier = base::Tier::kEmulated;
  const std::string text = prometheus_text(input);
  CHECK(
      text.find(
          "slmrig_token_seconds_p50{bench=\"native\",board=\"native\",engine=\"slm\",model=\"wrist-nano\","
          "variant=\"int8\",suite=\"intents\",settings=\"ctx=256\",build=\"\",tier=\"hardware\"} 0.0025\n") !=
      std::string::npos);
  CHECK(text.find("bench=\"a\\\"} 1\\nevil{x=\\\"\\\\\xEF\xBF\xBD\"") != std::string::npos);
  CHECK(text.find("tier=\"emulated\"} +Inf\n") != std::string::npos);
  CHECK(text.find("slmrig_newest_session_timestamp_seconds 1767225600.500\n") != std::string::npos);
}

TEST_CASE("each metric is described once, before its figures") {
  PrometheusInput input;
  input.figures = {figure("accuracy", 0.9), figure("token_ms_p50", 2.5), figure("token_ms_p50", 2.6)};
  store::RunRow run;
  run.plan_name = "demo";
  run.cells_ok = 3;
  input.runs = {run};
  input.requests = {{"/", 2}, {"/metrics", 1}};
  std::istringstream lines(prometheus_text(input));
  const std::regex kSample("([a-z_][a-z0-9_]*)(\\{.*\\})? [-+0-9.eE]+");
  std::string described;
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    if (line.starts_with("# TYPE ")) {
      described = line.substr(7, line.rfind(' ') - 7);
      CHECK(seen.insert(described).second);
    } else if (!line.starts_with("# HELP ")) {
      std::smatch parts;
      REQUIRE(std::regex_match(line, parts, kSample));
      CHECK(parts[1] == described);
    }
  }
  CHECK(seen.contains("slmrig_newest_run_cells"));
  CHECK(seen.contains("slmrig_accuracy"));
}

}  // namespace slmrig::serve
