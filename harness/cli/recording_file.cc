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
  if (lines_) return lines_->write(block);
  Done added = capture_->add(block);
  if (!added) added.error().message += ", and `slmrig power export` reads them";
  return added;
}

Done RecordingFile::finish() {
  if (lines_) return lines_->finish();
  SLMRIG_ASSIGN(const base::CaptureFacts facts, capture_->finish());
  sha256_ = facts.sha256;
  return {};
}

}  // namespace slmrig::cli
