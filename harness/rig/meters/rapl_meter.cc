#include "harness/rig/meters/rapl_meter.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/rig/meters/sysfs.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr double kDefaultRateHz = 100;
constexpr double kHighestRateHz = 1000;
// The counter must be seen twice before it can have wrapped: 2^32 steps of 61 uJ last 87 s at 3 kW.
constexpr double kLowestRateHz = 0.1;

struct Zone {
  std::string name;  // "package-0", "package-0/core"
  fs::path folder;
};

// intel-rapl:0 and intel-rapl:0:1; the zones of intel-rapl-mmio are the same ones over another bus.
std::vector<Zone> zones_of(const fs::path& sys) {
  std::vector<Zone> zones;
  const fs::path root = sys / "class/powercap";
  for (const fs::path& folder : entries_of(root)) {
    const std::string id = folder.filename().string();
    if (id.rfind("intel-rapl:", 0) != 0) continue;
    std::string name = read_line(folder / "name");
    if (name.empty()) continue;
    const std::size_t second = id.find(':', id.find(':') + 1);
    if (second != std::string::npos) name = read_line(root / id.substr(0, second) / "name") + "/" + name;
    zones.push_back({name, folder});
  }
  std::sort(zones.begin(), zones.end(), [](const Zone& a, const Zone& b) { return a.name < b.name; });
  return zones;
}

bool is_package(const Zone& zone) {
  return zone.name.rfind("package-", 0) == 0 && zone.name.find('/') == std::string::npos;
}

Result<std::vector<Zone>> choose(const std::vector<Zone>& all, const std::string& address) {
  if (all.empty()) {
    return fail(
        ErrorCode::kLinkLost,
        "this host shows no energy counters: not an x86 processor with RAPL, a virtual machine, or the "
        "module intel_rapl_msr is not loaded");
  }
  std::vector<Zone> chosen;
  std::string names;
  for (const Zone& zone : all) {
    names += (names.empty() ? "" : ", ") + zone.name;
    if (address.empty() ? is_package(zone) : zone.name == address) chosen.push_back(zone);
  }
  if (!chosen.empty()) return chosen;
  return fail(ErrorCode::kBadInput, fmt::format("there is no zone '{}'; there are {}", address, names));
}

class Counter {
 public:
  Counter(fs::path folder, int64_t range_uj) : folder_(std::move(folder)), range_uj_(range_uj) {}

  static Result<Counter> open(const Zone& zone) {
    SLMRIG_ASSIGN(const int64_t range_uj, read_integer(zone.folder / "max_energy_range_uj"));
    return Counter(zone.folder, range_uj);
  }

  void begin() { last_uj_.reset(); }

  // Since the last call; 0 the first time.
  Result<int64_t> advance() {
    SLMRIG_ASSIGN(const int64_t now_uj, read_integer(folder_ / "energy_uj"));
    int64_t delta_uj = last_uj_ ? now_uj - *last_uj_ : 0;
    if (delta_uj < 0) delta_uj += range_uj_;
    last_uj_ = now_uj;
    return delta_uj;
  }

 private:
  fs::path folder_;
  int64_t range_uj_;
  std::optional<int64_t> last_uj_;
};

class RaplSource final : public PolledSource {
 public:
  Done prepare(const base::MeterSpec& spec, const fs::path& sys);

  const base::MeterFacts& facts() const override { return facts_; }
  PolledColumns columns() const override { return {false, false, true}; }
  int64_t interval_ns() const override { return interval_ns_; }
  Done begin() override;
  Result<std::optional<PolledReading>> poll() override;

 private:
  base::MeterFacts facts_;
  std::vector<Counter> counters_;
  int64_t interval_ns_ = 0;
  int64_t last_ns_ = 0;
  int64_t pending_uj_ = 0;
};

Done RaplSource::prepare(const base::MeterSpec& spec, const fs::path& sys) {
  SLMRIG_TRY(check_settings(spec, {"rate_hz", "gain_percent", "sys"}));
  SLMRIG_ASSIGN(const std::vector<Zone> zones, choose(zones_of(sys), spec.address));
  for (const Zone& zone : zones) {
    SLMRIG_ASSIGN(const Counter counter, Counter::open(zone));
    counters_.push_back(counter);
    facts_.address += (facts_.address.empty() ? "" : " + ") + zone.name;
  }
  facts_.kind = "rapl";
  facts_.model = "RAPL";
  facts_.measures_voltage = true;
  facts_.settings["scope"] = "the processor's package, by its own model or sensor: not the board";
  base::MeterRange range;
  range.name = "whole";
  range.calibrated = false;
  SLMRIG_ASSIGN(range, stated_range(spec, range, &facts_));
  facts_.ranges = {range};
  SLMRIG_ASSIGN(const double rate_hz,
                number_setting(spec, "rate_hz", kDefaultRateHz, kLowestRateHz, kHighestRateHz));
  interval_ns_ = static_cast<int64_t>(1e9 / rate_hz);
  facts_.settings["asked_hz"] = fmt::format("{:.6g}", rate_hz);
  return begin();
}

Done RaplSource::begin() {
  for (Counter& counter : counters_) counter.begin();
  last_ns_ = 0;
  pending_uj_ = 0;
  const auto first = poll();
  if (!first) return tl::unexpected(first.error());
  return {};
}

Result<std::optional<PolledReading>> RaplSource::poll() {
  const int64_t begin_ns = base::monotonic_now_ns();
  for (Counter& counter : counters_) {
    const Result<int64_t> delta_uj = counter.advance();
    if (!delta_uj) {
      base::Error error = delta_uj.error();
      if (error.code == ErrorCode::kBadInput) {
        error.message +=
            "; since 2020 the kernel gives these counters to root alone. Grant them with `sudo chmod o+r "
            "/sys/class/powercap/intel-rapl:*/energy_uj /sys/class/powercap/intel-rapl:*:*/energy_uj` until "
            "the "
            "next boot (a udev rule for longer), knowing that other users can then watch your programs by "
            "their "
            "power (CVE-2020-8694)";
      }
      return tl::unexpected(std::move(error));
    }
    pending_uj_ += *delta_uj;
  }
  const int64_t now_ns = begin_ns + (base::monotonic_now_ns() - begin_ns) / 2;
  if (last_ns_ == 0) {
    last_ns_ = now_ns;
    return std::nullopt;
  }
  // The counter moves about every millisecond; what it has not told yet comes with its next step.
  if (pending_uj_ == 0) return std::nullopt;
  PolledReading reading;
  reading.time_ns = now_ns;
  reading.power_uw = static_cast<double>(pending_uj_) * 1e9 / static_cast<double>(now_ns - last_ns_);
  last_ns_ = now_ns;
  pending_uj_ = 0;
  return reading;
}

fs::path root_of(const base::MeterSpec& spec, const HostRoots& roots) {
  const auto own = spec.settings.find("sys");
  return own == spec.settings.end() ? roots.sys : fs::path(own->second);
}

}  // namespace

Result<std::unique_ptr<Meter>> open_rapl(const base::MeterSpec& spec, const HostRoots& roots) {
  auto source = std::make_unique<RaplSource>();
  SLMRIG_TRY(source->prepare(spec, root_of(spec, roots)));
  return std::make_unique<PolledMeter>(std::move(source));
}

std::vector<NamedSensor> rapl_zones(const HostRoots& roots) {
  std::vector<NamedSensor> zones;
  for (const Zone& zone : zones_of(roots.sys)) zones.push_back({zone.name, "RAPL zone " + zone.name});
  return zones;
}

}  // namespace slmrig::rig
