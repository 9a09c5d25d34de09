// A meter's samples while a board works: taken by a thread of their own, so that nothing that we do meanwhile
// makes the meter wait.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/records/power.h"
#include "harness/rig/meters/meter.h"

namespace slmrig::measure {

// One span of recording. While it lives, nobody else may use the meter.
class MeterRecording {
 public:
  // Called by the recording thread with each block, in order. After its error it is not called again; the
  // meter is read on, so that it is left with nothing under way.
  using Take = std::function<base::Done(const base::PowerSamples& block)>;

  // Returns once the meter was started; the meter outlives the recording.
  static base::Result<std::unique_ptr<MeterRecording>> start(rig::Meter& meter, Take take);
  ~MeterRecording();
  MeterRecording(const MeterRecording&) = delete;
  MeterRecording& operator=(const MeterRecording&) = delete;

  // Stops the meter, takes what is under way, and tells the first error of meter or take.
  base::Done finish();
  // After finish(): whether it was the meter that failed.
  bool is_meter_broken() const { return meter_broke_; }

 private:
  MeterRecording(rig::Meter& meter, Take take) : meter_(meter), take_(std::move(take)) {}
  void record();
  base::Done read_all();
  void take(const base::PowerSamples& block);

  rig::Meter& meter_;
  Take take_;
  std::atomic<bool> ending_ = false;
  base::Done taken_;
  bool meter_broke_ = false;
  base::Done done_;
  std::thread thread_;
};

}  // namespace slmrig::measure
