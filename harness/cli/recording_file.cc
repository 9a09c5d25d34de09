#include "harness/cli/recording_file.h"

#include "harness/base/clock.h"

namespace slmrig::cli {

using base::Done;
using base::Result;

Result<RecordingFile> RecordingFile::create(const std::string& file, const base::MeterFacts& facts,
                                            double supply_mv) {
  RecordingFile recording;
  if (file.ends_with(".csv")) {
    SLMRIG_ASSIGN(recording.lines_, PowerCsv::create(file, facts));
    return recording;
  }
  measure::CaptureHeader header;
  header.meter = facts;
  header.supply_mv = supply_mv;
  header.started_at_ns = base::utc_now_ns();
  SLMRIG_ASSIGN(recording.capture_, measure::CaptureWriter::create(file, header));
  return recording;
}

Done RecordingFile::write(const base::PowerSamples& block) {
  return lines_ ? lines_->write(block) : capture_->add(block);
}

Done RecordingFile::finish() {
  if (lines_) return lines_->finish();
  SLMRIG_ASSIGN(const base::CaptureFacts facts, capture_->finish());
  sha256_ = facts.sha256;
  return {};
}

}  // namespace slmrig::cli
