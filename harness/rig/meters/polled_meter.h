// Meters that are asked for each reading: the host's own sensors, bench supplies, multimeters.
//
// Such readings come when they come, so every one carries its own time, and a figure that did not change may
// be the same conversion seen twice (kSampleRepeated).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/power.h"
#include "harness/rig/meters/meter.h"

namespace slmrig::rig {

// An instrument or sensor that could be opened by `address`.
struct NamedSensor {
  std::string address;
  std::string title;  // for people
};

struct PolledReading {
  int64_t time_ns = 0;  // CLOCK_MONOTONIC that the figures stand for
  bool valid = true;    // false: it was asked and had no figure
  bool saturated = false;
  double current_ua = 0;
  double voltage_mv = 0;
  double power_uw = 0;
};

// What a PolledSource tells with each reading; the others are left at 0.
struct PolledColumns {
  bool current = false;
  bool voltage = false;
  bool power = false;
};

class PolledSource {
 public:
  virtual ~PolledSource() = default;
  virtual const base::MeterFacts& facts() const = 0;
  virtual PolledColumns columns() const = 0;
  virtual int64_t interval_ns() const = 0;
  // Forgets what was read before. A first reading may need another before it.
  virtual base::Done begin() { return {}; }
  // Nothing: there is no new figure yet. An error is final.
  virtual base::Result<std::optional<PolledReading>> poll() = 0;
  // As Meter's; a sensor can do neither.
  virtual base::Done set_voltage(int millivolts);
  virtual base::Done set_power(bool on);
  // Further checks of its own, beside those of the stream.
  virtual base::Result<std::vector<MeterCheck>> checks() { return std::vector<MeterCheck>(); }
  virtual void close() {}
};

// Asks `source` from a thread of its own, from start to stop. What nobody reads for a long time is dropped
// from the old end and counted as a gap.
class PolledMeter final : public Meter {
 public:
  static constexpr std::size_t kMostReadings = std::size_t{1} << 20U;

  explicit PolledMeter(std::unique_ptr<PolledSource> source, std::size_t most_readings = kMostReadings);
  ~PolledMeter() override;
  PolledMeter(const PolledMeter&) = delete;
  PolledMeter& operator=(const PolledMeter&) = delete;

  const base::MeterFacts& facts() const override { return source_->facts(); }
  base::Result<std::vector<MeterCheck>> self_check() override;
  base::Done set_voltage(int millivolts) override;
  base::Done set_power(bool on) override;
  base::Done start() override;
  base::Result<bool> read(base::PowerSamples& block, int64_t timeout_ms) override;
  base::Done stop() override;
  void close() override;

 private:
  struct Queued {
    PolledReading reading;
    bool repeated = false;
  };

  void ask_on();
  void take(const PolledReading& reading);
  void hand_out(base::PowerSamples& block);

  std::unique_ptr<PolledSource> source_;
  std::size_t most_readings_;
  PolledColumns columns_;
  std::mutex source_mutex_;  // the thread polls; set_power may come meanwhile
  std::mutex mutex_;         // of what follows
  std::condition_variable changed_;
  bool ending_ = false;
  std::deque<Queued> queue_;
  int64_t dropped_ = 0;  // before the front of the queue
  int64_t busy_ns_ = 0;  // spent in asking
  int64_t polls_ = 0;
  std::optional<base::Error> end_;
  std::optional<PolledReading> last_;
  int64_t next_index_ = 0;
  bool closed_ = false;
  std::thread thread_;
};

// Settings that all polled meters know, from MeterSpec::settings: a number between the two, or `fallback`.
// kBadInput names the setting.
base::Result<double> number_setting(const base::MeterSpec& spec, const std::string& name, double fallback,
                                    double lowest, double highest);
// kBadInput, with the nearest, where `spec` has a setting that is none of these.
base::Done check_settings(const base::MeterSpec& spec, const std::vector<std::string>& known);

// Accuracy as the rig file states it ("gain_percent", "offset_ua"), else as given, and then whether anybody
// stated it: a range of unknown accuracy is not calibrated.
base::Result<base::MeterRange> stated_range(const base::MeterSpec& spec, base::MeterRange made,
                                            base::MeterFacts* facts);

}  // namespace slmrig::rig
