#include "harness/measure/sample_log.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace slmrig::measure {

using base::Done;
using base::Result;

namespace {

// Never a device that somebody named as a file.
void remove_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(file, ignored)) std::filesystem::remove(file, ignored);
}

}  // namespace

Result<std::unique_ptr<SampleLog>> SampleLog::create(const std::filesystem::path& file,
                                                     const CaptureHeader& header, uint64_t most_bytes) {
  std::unique_ptr<SampleLog> log(new SampleLog(file));
  auto writer = CaptureWriter::create(file, header, most_bytes);
  if (!writer) {
    remove_file(file);  // a header that was cut is of no use to anybody
    return tl::unexpected(writer.error());
  }
  log->writer_ = std::move(*writer);
  return log;
}

SampleLog::~SampleLog() {
  if (writer_) remove_file(file_);
}

Done SampleLog::add(const base::PowerSamples& block) {
  const auto samples = static_cast<int64_t>(std::max(block.current_ua.size(), block.power_uw.size()));
  if (arrivals_.empty() || block.received_ns - arrivals_.back().received_ns >= kArrivalEveryNs)
    arrivals_.push_back({block.first_index + samples, block.received_ns});
  return writer_->add(block);
}

Done SampleLog::for_each(const std::function<void(const base::PowerSamples& block)>& use) {
  SLMRIG_TRY(writer_->flush());
  SLMRIG_ASSIGN(const std::unique_ptr<CaptureReader> reader, CaptureReader::open(file_));
  base::PowerSamples block;
  for (;;) {
    SLMRIG_ASSIGN(const bool any, reader->next(block));
    if (!any) return {};
    use(block);
  }
}

Result<base::CaptureFacts> SampleLog::finish() {
  SLMRIG_ASSIGN(base::CaptureFacts facts, writer_->finish());
  writer_.reset();
  return facts;
}

}  // namespace slmrig::measure
