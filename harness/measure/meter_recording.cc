#include "harness/measure/meter_recording.h"

namespace slmrig::measure {
namespace {

using base::Done;
using base::Result;

constexpr int64_t kReadMs = 10;  // also how long the end of the work may wait to be seen

}  // namespace

Result<std::unique_ptr<MeterRecording>> MeterRecording::start(rig::Meter& meter, Take take) {
  SLMRIG_TRY(meter.start());
  std::unique_ptr<MeterRecording> recording(new MeterRecording(meter, std::move(take)));
  recording->thread_ = std::thread([&self = *recording] { self.record(); });
  return recording;
}

MeterRecording::~MeterRecording() { static_cast<void>(finish()); }

// The thread has the meter for itself until it ends, the stopping included.
void MeterRecording::record() {
  done_ = read_all();
  meter_broke_ = !done_;
  if (meter_broke_) static_cast<void>(meter_.stop());
  if (!taken_) done_ = taken_;
}

void MeterRecording::take(const base::PowerSamples& block) {
  if (taken_) taken_ = take_(block);
}

Done MeterRecording::read_all() {
  base::PowerSamples block;
  while (!ending_) {
    SLMRIG_ASSIGN(const bool any, meter_.read(block, kReadMs));
    if (any) take(block);
  }
  SLMRIG_TRY(meter_.stop());
  for (bool any = true; any;) {
    SLMRIG_ASSIGN(any, meter_.read(block, kReadMs));
    if (any) take(block);
  }
  return {};
}

Done MeterRecording::finish() {
  if (thread_.joinable()) {
    ending_ = true;
    thread_.join();
  }
  return done_;
}

}  // namespace slmrig::measure
