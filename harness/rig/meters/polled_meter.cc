#include "harness/rig/meters/polled_meter.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/suggest.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::PowerSamples;
using base::Result;

// A sensor that has no figure for so long is broken, not busy.
constexpr int64_t kLongestSilenceNs = 5'000'000'000;
constexpr int64_t kCheckMs = 1000;

bool same_figures(const PolledReading& a, const PolledReading& b) {
  return a.valid == b.valid && a.current_ua == b.current_ua && a.voltage_mv == b.voltage_mv &&
         a.power_uw == b.power_uw;
}

void clear_all(PowerSamples& block) {
  for (auto* column : {&block.current_ua, &block.voltage_mv, &block.power_uw}) column->clear();
  for (auto* column : {&block.range, &block.markers, &block.flags}) column->clear();
  block.time_ns.clear();
  block.gaps.clear();
}

}  // namespace

Done PolledSource::set_voltage(int) {
  return fail(ErrorCode::kUnsupported, fmt::format("{} measures and makes no voltage", facts().address));
}

Done PolledSource::set_power(bool) {
  return fail(ErrorCode::kUnsupported, fmt::format("{} measures and switches no power", facts().address));
}

PolledMeter::PolledMeter(std::unique_ptr<PolledSource> source, std::size_t most_readings)
    : source_(std::move(source)), most_readings_(most_readings), columns_(source_->columns()) {}

PolledMeter::~PolledMeter() { close(); }

Done PolledMeter::set_voltage(int millivolts) {
  const std::lock_guard lock(source_mutex_);
  return source_->set_voltage(millivolts);
}

Done PolledMeter::set_power(bool on) {
  const std::lock_guard lock(source_mutex_);
  return source_->set_power(on);
}

Done PolledMeter::start() {
  if (thread_.joinable()) return {};
  SLMRIG_TRY(source_->begin());
  ending_ = false;
  queue_.clear();
  end_.reset();
  last_.reset();
  dropped_ = next_index_ = busy_ns_ = polls_ = 0;
  thread_ = std::thread([this] { ask_on(); });
  return {};
}

void PolledMeter::ask_on() {
  using std::chrono::nanoseconds;
  using std::chrono::steady_clock;
  int64_t next_ns = base::monotonic_now_ns();
  int64_t figure_ns = next_ns;
  for (;;) {
    const int64_t begin_ns = base::monotonic_now_ns();
    Result<std::optional<PolledReading>> reading = [this] {
      const std::lock_guard lock(source_mutex_);
      return source_->poll();
    }();
    const int64_t now_ns = base::monotonic_now_ns();
    std::unique_lock lock(mutex_);
    busy_ns_ += now_ns - begin_ns;
    ++polls_;
    if (reading && *reading) {
      take(**reading);
      if ((*reading)->valid) figure_ns = now_ns;
    }
    if (!reading) {
      end_ = reading.error();
    } else if (now_ns - figure_ns > kLongestSilenceNs) {
      end_ = base::Error{ErrorCode::kTimeout,
                         fmt::format("{} has had no figure for {} s: is it powered and connected?",
                                     source_->facts().address, kLongestSilenceNs / 1'000'000'000),
                         ""};
    }
    changed_.notify_all();
    if (end_) return;
    // What took longer than the interval is not made up for.
    next_ns = std::max(next_ns + source_->interval_ns(), now_ns);
    const steady_clock::time_point next{nanoseconds(next_ns)};
    if (changed_.wait_until(lock, next, [this] { return ending_; })) return;
  }
}

void PolledMeter::take(const PolledReading& reading) {
  queue_.push_back({reading, last_ && same_figures(*last_, reading)});
  last_ = reading;
  if (queue_.size() <= most_readings_) return;
  queue_.pop_front();
  ++dropped_;
}

void PolledMeter::hand_out(PowerSamples& block) {
  if (dropped_ > 0) block.gaps.push_back({next_index_ + dropped_, dropped_});
  next_index_ += dropped_;
  dropped_ = 0;
  block.first_index = next_index_;
  for (const Queued& queued : queue_) {
    const PolledReading& reading = queued.reading;
    if (columns_.current) block.current_ua.push_back(static_cast<float>(reading.current_ua));
    if (columns_.voltage) block.voltage_mv.push_back(static_cast<float>(reading.voltage_mv));
    if (columns_.power) block.power_uw.push_back(static_cast<float>(reading.power_uw));
    block.time_ns.push_back(reading.time_ns);
    unsigned flags = reading.valid ? 0U : base::kSampleInvalid;
    if (reading.saturated) flags |= base::kSampleSaturated;
    if (queued.repeated) flags |= base::kSampleRepeated;
    block.flags.push_back(static_cast<uint8_t>(flags));
  }
  block.received_ns = queue_.back().reading.time_ns;
  next_index_ += static_cast<int64_t>(queue_.size());
  queue_.clear();
}

Result<bool> PolledMeter::read(PowerSamples& block, int64_t timeout_ms) {
  clear_all(block);
  std::unique_lock lock(mutex_);
  const bool running = thread_.joinable();
  if (queue_.empty() && running && !end_) {
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                      [this] { return !queue_.empty() || end_.has_value(); });
  }
  if (!queue_.empty()) {
    hand_out(block);
    return true;
  }
  if (end_) return tl::unexpected(*end_);
  return false;
}

Done PolledMeter::stop() {
  if (!thread_.joinable()) return {};
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  return {};
}

void PolledMeter::close() {
  if (closed_) return;
  closed_ = true;
  static_cast<void>(stop());
  source_->close();
}

Result<std::vector<MeterCheck>> PolledMeter::self_check() {
  SLMRIG_TRY(start());
  const int64_t begin_ns = base::monotonic_now_ns();
  const int64_t end_ns = begin_ns + std::max(kCheckMs * 1'000'000, 5 * source_->interval_ns());
  PowerSamples block;
  int64_t readings = 0;
  int64_t repeated = 0;
  int64_t invalid = 0;
  for (int64_t now_ns = begin_ns; now_ns < end_ns; now_ns = base::monotonic_now_ns()) {
    const Result<bool> got = read(block, (end_ns - now_ns) / 1'000'000 + 1);
    if (!got) {
      static_cast<void>(stop());
      return tl::unexpected(got.error());
    }
    readings += static_cast<int64_t>(block.flags.size());
    for (const uint8_t flags : block.flags) {
      repeated += (flags & base::kSampleRepeated) != 0 ? 1 : 0;
      invalid += (flags & base::kSampleInvalid) != 0 ? 1 : 0;
    }
  }
  SLMRIG_TRY(stop());
  const double seconds = static_cast<double>(base::monotonic_now_ns() - begin_ns) * 1e-9;
  const double busy = static_cast<double>(busy_ns_) * 1e-9;
  std::vector<MeterCheck> checks;
  checks.push_back(
      {"rate", readings > 0,
       fmt::format("{:.1f} readings a second, {:.1f} of them with a new figure; asking takes "
                   "{:.2f} ms each, {:.1f} % of the time",
                   static_cast<double>(readings) / seconds,
                   static_cast<double>(readings - repeated) / seconds,
                   polls_ > 0 ? busy * 1e3 / static_cast<double>(polls_) : 0.0, 100 * busy / seconds)});
  checks.push_back(
      {"losses", invalid == 0, fmt::format("{} of {} readings had no figure; none may", invalid, readings)});
  SLMRIG_ASSIGN(std::vector<MeterCheck> own, source_->checks());
  checks.insert(checks.end(), own.begin(), own.end());
  return checks;
}

Result<double> number_setting(const base::MeterSpec& spec, const std::string& name, double fallback,
                              double lowest, double highest) {
  const auto found = spec.settings.find(name);
  if (found == spec.settings.end()) return fallback;
  const std::string& text = found->second;
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value >= lowest &&
      value <= highest)
    return value;
  return fail(ErrorCode::kBadInput, fmt::format("the setting \"{}\" is a number from {} to {}, found '{}'",
                                                name, lowest, highest, text));
}

Done check_settings(const base::MeterSpec& spec, const std::vector<std::string>& known) {
  for (const auto& [name, value] : spec.settings) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fail(ErrorCode::kBadInput,
                base::unknown_name("setting of a " + spec.kind + " meter", name, known));
  }
  return {};
}

Result<base::MeterRange> stated_range(const base::MeterSpec& spec, base::MeterRange made,
                                      base::MeterFacts* facts) {
  constexpr double kMostPercent = 50;
  constexpr double kMostUa = 1e7;
  const bool stated = spec.settings.count("gain_percent") != 0;
  SLMRIG_ASSIGN(const double percent,
                number_setting(spec, "gain_percent", made.gain_half_width * 100, 0, kMostPercent));
  SLMRIG_ASSIGN(made.offset_ua, number_setting(spec, "offset_ua", made.offset_ua, 0, kMostUa));
  made.gain_half_width = percent / 100;
  if (stated) {
    made.calibrated = true;
    facts->settings["accuracy"] = fmt::format("+-{} % of the reading, as the rig file states", percent);
  } else if (!made.calibrated) {
    facts->settings["accuracy"] =
        "nobody states it: compare with a meter that you trust and give \"gain_percent\"";
  }
  return made;
}

}  // namespace slmrig::rig
