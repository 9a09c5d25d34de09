#include "harness/measure/pass_recorder.h"

#include <algorithm>
#include <utility>

namespace slmrig::measure {
namespace {

using base::Done;
using base::PowerSamples;
using base::Result;

// One position behind the last sample of a block.
int64_t end_of(const PowerSamples& block) {
  const auto samples = static_cast<int64_t>(std::max(block.current_ua.size(), block.power_uw.size()));
  int64_t end = block.first_index + samples;
  // The gap in front of the first sample is in first_index already.
  for (const base::SampleGap& gap : block.gaps) end += gap.index > block.first_index ? gap.count : 0;
  return end;
}

}  // namespace

Done PassRecorder::open() {
  SLMRIG_ASSIGN(meter_, means_.meter());
  capture_.started_at_ns = context_.clock.utc_ns();
  SLMRIG_ASSIGN(log_, means_.open_log(capture_.started_at_ns));
  capture_.samples = log_.get();
  return {};
}

Done PassRecorder::record(const std::function<Done()>& work) {
  const int64_t offset = end_;
  capture_.span_starts.push_back(offset);
  const auto take = [this, offset](const PowerSamples& block) {
    PowerSamples kept = block;
    kept.first_index += offset;
    for (base::SampleGap& gap : kept.gaps) gap.index += offset;
    end_ = end_of(kept);
    return log_->add(kept);
  };
  SLMRIG_ASSIGN(const std::unique_ptr<MeterRecording> recording, start_recording(take));
  const Done worked = work();
  const Done recorded = recording->finish();
  if (recording->is_meter_broken()) means_.meter_failed();
  if (!worked) board_answers_ = false;
  return recorded ? worked : recorded;
}

// It may have been plugged out and in since it was asked for last: once more, then.
Result<std::unique_ptr<MeterRecording>> PassRecorder::start_recording(const MeterRecording::Take& take) {
  auto recording = MeterRecording::start(*meter_, take);
  if (recording) return recording;
  means_.meter_failed();
  SLMRIG_ASSIGN(meter_, means_.meter());
  return MeterRecording::start(*meter_, take);
}

Done PassRecorder::idle(uint64_t ticks) {
  if (ticks == 0) return {};
  if (board_.banner().has_idle) return board_.agent().idle(ticks);
  const base::TickScale& scale = board_.bench().board.ticks;
  if (!scale.counts_instructions) context_.clock.sleep_ns(scale.convert(ticks));
  return {};
}

Done PassRecorder::store(base::Energy energy) {
  energy.session_id = inputs_.session.session_id;
  energy.meter = means_.meter_name;
  energy.started_at_ns = capture_.started_at_ns;
  const std::vector<std::string> doubts = means_.doubts();
  energy.doubts.insert(energy.doubts.end(), doubts.begin(), doubts.end());
  for (base::PhaseEnergy& phase : energy.phases) {
    phase.doubts.insert(phase.doubts.end(), doubts.begin(), doubts.end());
  }
  if (means_.keep) {
    auto kept = means_.keep(*log_);
    if (kept) {
      energy.capture = *std::move(kept);
    } else {
      context_.observer.notice(inputs_.session.bench, "the raw samples are not kept: " + kept.error().text());
    }
  }
  return context_.sink.add(energy);
}

}  // namespace slmrig::measure
