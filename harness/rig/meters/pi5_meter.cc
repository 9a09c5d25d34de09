#include "harness/rig/meters/pi5_meter.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "harness/base/child_process.h"
#include "harness/base/clock.h"
#include "harness/base/paths.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr double kDefaultRateHz = 10;
constexpr double kLowestRateHz = 0.01;
constexpr double kHighestRateHz = 100;
constexpr int64_t kAnswerMs = 3000;
constexpr std::size_t kMostOutputBytes = 65536;

class PmicSource final : public PolledSource {
 public:
  Done prepare(const base::MeterSpec& spec);

  const base::MeterFacts& facts() const override { return facts_; }
  PolledColumns columns() const override {
    return rail_.empty() ? PolledColumns{false, false, true} : PolledColumns{true, true, false};
  }
  int64_t interval_ns() const override { return interval_ns_; }
  Result<std::optional<PolledReading>> poll() override;
  Result<std::vector<MeterCheck>> checks() override;

 private:
  Result<std::string> ask(const std::string& command) const;

  std::string program_;
  std::string rail_;
  base::MeterFacts facts_;
  int64_t interval_ns_ = 0;
};

Result<std::string> PmicSource::ask(const std::string& command) const {
  base::ChildOptions options;
  options.arguments = {program_, command};
  base::CaptureLimits limits;
  limits.timeout_ms = kAnswerMs;
  limits.max_output_bytes = kMostOutputBytes;
  SLMRIG_ASSIGN(const base::CapturedRun run, base::run_captured(options, limits));
  if (run.exit.ok() && run.output.rfind("error", 0) != 0) return run.output;
  const std::string said = run.errors.empty() ? run.output : run.errors;
  return fail(ErrorCode::kUnsupported,
              fmt::format("`{} {}` failed ({}): {}; it needs a Raspberry Pi 5, and a user in the group video "
                          "(sudo usermod -aG video $USER)",
                          program_, command, run.exit.text(), said.substr(0, said.find('\n'))));
}

Done PmicSource::prepare(const base::MeterSpec& spec) {
  SLMRIG_TRY(check_settings(spec, {"rate_hz", "gain_percent", "program"}));
  const auto program = spec.settings.find("program");
  program_ = program == spec.settings.end() ? "vcgencmd" : program->second;
  SLMRIG_ASSIGN(const double rate_hz,
                number_setting(spec, "rate_hz", kDefaultRateHz, kLowestRateHz, kHighestRateHz));
  interval_ns_ = static_cast<int64_t>(1e9 / rate_hz);
  SLMRIG_ASSIGN(const std::string output, ask("pmic_read_adc"));
  SLMRIG_ASSIGN(const auto rails, parse_pmic(output));
  rail_ = spec.address;
  std::string names;
  for (const auto& [name, rail] : rails) {
    if (rail.amperes >= 0 && rail.volts >= 0) names += (names.empty() ? "" : ", ") + name;
  }
  const auto chosen = rails.find(rail_);
  const bool has_both = chosen != rails.end() && chosen->second.amperes >= 0 && chosen->second.volts >= 0;
  if (!rail_.empty() && !has_both) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("the power management chip measures no current of '{}'; it does of {}", rail_, names));
  }
  facts_.kind = "pi5";
  facts_.model = "Raspberry Pi 5 power management chip";
  facts_.address = rail_.empty() ? "all rails" : rail_;
  facts_.measures_voltage = true;
  facts_.settings["scope"] =
      rail_.empty() ? "the rails " + names + "; without USB ports, 5 V of HATs and the loss of conversion"
                    : "one rail";
  facts_.settings["asked_hz"] = fmt::format("{:.6g}", rate_hz);
  base::MeterRange range;
  range.name = "whole";
  range.calibrated = false;
  SLMRIG_ASSIGN(range, stated_range(spec, range, &facts_));
  facts_.ranges = {range};
  return {};
}

Result<std::optional<PolledReading>> PmicSource::poll() {
  PolledReading reading;
  const int64_t begin_ns = base::monotonic_now_ns();
  SLMRIG_ASSIGN(const std::string output, ask("pmic_read_adc"));
  reading.time_ns = begin_ns + (base::monotonic_now_ns() - begin_ns) / 2;
  SLMRIG_ASSIGN(const auto rails, parse_pmic(output));
  bool any = false;
  for (const auto& [name, rail] : rails) {
    if (rail.amperes < 0 || rail.volts < 0 || (!rail_.empty() && name != rail_)) continue;
    any = true;
    if (rail_.empty()) {
      reading.power_uw += rail.amperes * rail.volts * 1e6;
    } else {
      reading.current_ua = rail.amperes * 1e6;
      reading.voltage_mv = rail.volts * 1e3;
    }
  }
  reading.valid = any;
  return reading;
}

Result<std::vector<MeterCheck>> PmicSource::checks() {
  // Bits as Raspberry Pi documents them: 0 under-voltage now, 2 throttled now; 16 and 18: since it was
  // booted.
  const Result<std::string> answer = ask("get_throttled");
  if (!answer) return std::vector<MeterCheck>();
  const std::size_t equals = answer->find('=');
  const unsigned long bits =
      equals == std::string::npos ? 0 : std::strtoul(answer->c_str() + equals + 1, nullptr, 16);
  constexpr unsigned long kNow = 0xF;
  return std::vector<MeterCheck>{
      {"throttled", (bits & kNow) == 0,
       fmt::format("get_throttled is {:#x}{}; 0 is expected in the lowest four bits", bits,
                   (bits & 1U) != 0 ? ", the supply's voltage is too low" : "")}};
}

}  // namespace

Result<std::map<std::string, PmicRail>> parse_pmic(const std::string& output) {
  std::map<std::string, PmicRail> rails;
  std::size_t begin = 0;
  while (begin < output.size()) {
    const std::size_t end = std::min(output.find('\n', begin), output.size());
    const std::string line = output.substr(begin, end - begin);
    begin = end + 1;
    // "   VDD_CORE_A current(7)=1.23000000A"; the numbers differ between the two lines of one rail.
    const std::size_t first = line.find_first_not_of(" \t");
    const std::size_t blank = line.find(' ', first == std::string::npos ? 0 : first);
    const std::size_t equals = line.find(")=");
    if (first == std::string::npos || blank == std::string::npos || equals == std::string::npos) continue;
    std::string name = line.substr(first, blank - first);
    if (name.size() < 3 || name[name.size() - 2] != '_') continue;
    const char kind = name.back();
    name.resize(name.size() - 2);
    const char* text = line.c_str() + equals + 2;
    char* rest = nullptr;
    const double value = std::strtod(text, &rest);
    if (rest == text || value < 0) continue;
    if (kind == 'A' && *rest == 'A') rails[name].amperes = value;
    if (kind == 'V' && *rest == 'V') rails[name].volts = value;
  }
  if (!rails.empty()) return rails;
  return fail(ErrorCode::kCorrupt, fmt::format("no rail is in what `vcgencmd pmic_read_adc` printed: '{}'",
                                               output.substr(0, output.find('\n'))));
}

Result<std::unique_ptr<Meter>> open_pi5(const base::MeterSpec& spec) {
  auto source = std::make_unique<PmicSource>();
  SLMRIG_TRY(source->prepare(spec));
  return std::make_unique<PolledMeter>(std::move(source));
}

std::vector<NamedSensor> pi5_sensors() {
  if (base::program_in_path("vcgencmd").empty()) return {};
  base::MeterSpec spec;
  spec.kind = "pi5";
  PmicSource source;
  if (!source.prepare(spec)) return {};
  return {{"", "Raspberry Pi 5, its power management chip"}};
}

}  // namespace slmrig::rig
