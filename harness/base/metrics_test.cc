#include "harness/base/metrics.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace slmrig::base {

TEST_CASE("metric names are unique and end in what their unit is") {
  std::set<std::string_view> names;
  for (const Metric& metric : metrics()) {
    INFO(metric.name);
    CHECK(names.insert(metric.name).second);
    CHECK(find_metric(metric.name) == &metric);
    CHECK_FALSE(metric.title.empty());
    const std::string name(metric.name);
    if (metric.unit == "ms") CHECK(name.find("_ms_") != std::string::npos);
    if (metric.unit == "instructions") CHECK(name.find("instructions") != std::string::npos);
    if (metric.unit == "bytes") CHECK(name.substr(name.size() - 6) == "_bytes");
    if (metric.unit == "uj") CHECK(name.find("_uj") != std::string::npos);
    if (metric.unit == "uw") CHECK(name.substr(name.size() - 3) == "_uw");
    if (metric.unit == "tokens/s") CHECK(name.find("_per_s") != std::string::npos);
  }
  CHECK(find_metric("token_ms_p98") == nullptr);
}

TEST_CASE("time is never a figure of an emulated board, instructions only of one") {
  for (const Metric& metric : metrics()) {
    INFO(metric.name);
    const bool is_time = metric.unit == "ms" || metric.unit == "tokens/s";
    const bool is_instructions = metric.unit == "instructions";
    const bool is_energy = metric.unit == "uj" || metric.unit == "uw";
    CHECK(has_figures(metric, Tier::kEmulated) == (!is_time && !is_energy));
    CHECK(has_figures(metric, Tier::kHardware) == !is_instructions);
    CHECK(has_figures(metric, Tier::kModelled) == !is_instructions);
    CHECK(has_figures(metric, Tier::kFunctional) == (!is_time && !is_instructions && !is_energy));
  }
}

TEST_CASE("every class of memory has a metric") {
  for (const MemoryClassInfo& memory : memory_classes()) {
    INFO(memory.name);
    REQUIRE(find_metric(memory.metric) != nullptr);
    CHECK(memory.metric == "memory_" + std::string(memory.name) + "_bytes");
  }
}

}  // namespace slmrig::base
