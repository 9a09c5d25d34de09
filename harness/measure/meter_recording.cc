#include "harness/measure/meter_recording.h"

namespace slmrig::measure {
namespace {

using base::Done;
using base::Result;

constexpr int64_t kReadMs = 50;

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
  done_ = take_all();
  if (!done_) static_cast<void>(meter_.stop());
}

Done MeterRecording::take_all() {
  base::PowerSamples block;
  while (!ending_) {
    SLMRIG_ASSIGN(const bool any, meter_.read(block, kReadMs));
    if (any) SLMRIG_TRY(take_(block));
  }
  SLMRIG_TRY(meter_.stop());
  for (bool any = true; any;) {
    SLMRIG_ASSIGN(any, meter_.read(block, kReadMs));
    if (any) SLMRIG_TRY(take_(block));
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
