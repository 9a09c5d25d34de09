#include "harness/cli/power_csv.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace slmrig::cli {

base::Result<PowerCsv> PowerCsv::create(const std::string& file, const base::MeterFacts& facts) {
  PowerCsv csv;
  csv.file_ = file;
  csv.sample_rate_hz_ = facts.sample_rate_hz;
  csv.stream_.reset(std::fopen(file.c_str(), "we"));
  if (!csv.stream_) {
    return base::fail(base::ErrorCode::kIo, fmt::format("cannot write {}: {}", file, std::strerror(errno)));
  }
  SLMRIG_TRY(csv.put("time_s,current_ua,voltage_mv,power_uw,range,lines,flags\n"));
  return csv;
}

base::Done PowerCsv::put(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stream_.get()) == text.size()) return {};
  return base::fail(base::ErrorCode::kIo, fmt::format("writing {}: {}; what was recorded before is in it",
                                                      file_, std::strerror(errno)));
}

base::Done PowerCsv::write(const base::PowerSamples& block) {
  std::string text;
  const auto out = std::back_inserter(text);
  const std::size_t count = std::max(block.current_ua.size(), block.power_uw.size());
  int64_t index = block.first_index;
  auto gap = block.gaps.begin();
  if (first_time_ns_ == 0 && !block.time_ns.empty()) first_time_ns_ = block.time_ns.front();
  for (std::size_t i = 0; i < count; ++i, ++index) {
    for (; gap != block.gaps.end() && gap->index <= index + gap->count; ++gap) {
      if (i > 0) index += gap->count;
    }
    const double time_s = block.time_ns.empty()
                              ? static_cast<double>(index) / sample_rate_hz_
                              : static_cast<double>(block.time_ns[i] - first_time_ns_) * 1e-9;
    fmt::format_to(out, "{:.6f},", time_s);
    if (!block.current_ua.empty()) fmt::format_to(out, "{:.6g}", block.current_ua[i]);
    text += ',';
    if (!block.voltage_mv.empty()) fmt::format_to(out, "{:.6g}", block.voltage_mv[i]);
    text += ',';
    if (!block.power_uw.empty()) fmt::format_to(out, "{:.6g}", block.power_uw[i]);
    text += ',';
    if (!block.range.empty()) fmt::format_to(out, "{}", block.range[i]);
    text += ',';
    if (!block.markers.empty()) fmt::format_to(out, "{}", block.markers[i]);
    text += ',';
    if (!block.flags.empty()) fmt::format_to(out, "{}", block.flags[i]);
    text += '\n';
  }
  return put(text);
}

base::Done PowerCsv::finish() {
  std::FILE* stream = stream_.release();
  const bool flushed = std::fflush(stream) == 0;
  const int problem = errno;
  const bool closed = std::fclose(stream) == 0;
  if (flushed && closed) return {};
  return base::fail(base::ErrorCode::kIo, fmt::format("writing {}: {}; what was recorded before is in it",
                                                      file_, std::strerror(problem)));
}

}  // namespace slmrig::cli
