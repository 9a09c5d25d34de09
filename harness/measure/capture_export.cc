#include "harness/measure/capture_export.h"

#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/measure/internal/capture_codec.h"
#include "harness/measure/internal/minimap.h"

namespace slmrig::measure {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

// Written beside its name and renamed when it is whole.
class OutputFile {
 public:
  static Result<OutputFile> create(const std::filesystem::path& file) {
    OutputFile output;
    output.file_ = file;
    output.part_ = file.string() + ".part";
    output.stream_.reset(std::fopen(output.part_.c_str(), "wb"));
    if (!output.stream_) return tl::unexpected(base::file_error("writing", output.part_, errno));
    return output;
  }
  OutputFile(OutputFile&&) = default;
  OutputFile& operator=(OutputFile&&) = default;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() {
    if (!stream_) return;
    stream_.reset();
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
  }

  Done write(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stream_.get()) == bytes.size()) return {};
    return tl::unexpected(base::file_error("writing", part_, errno));
  }

  // As it is now, for a reader; still to be removed at the end of life.
  Result<std::filesystem::path> flush() {
    if (std::fflush(stream_.get()) != 0) return tl::unexpected(base::file_error("writing", part_, errno));
    return part_;
  }

  Done finish() {
    if (std::fflush(stream_.get()) != 0) return tl::unexpected(base::file_error("writing", part_, errno));
    stream_.reset();
    if (std::rename(part_.c_str(), file_.c_str()) == 0) return {};
    return tl::unexpected(base::file_error("writing", file_, errno));
  }

 private:
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  OutputFile() = default;
  std::filesystem::path file_;
  std::filesystem::path part_;
  std::unique_ptr<std::FILE, Close> stream_;
};

// Calls take(block, position, index) for every sample and gap(index, count) for what was lost before it.
template <typename Take, typename Gap>
Result<ExportReport> for_each_sample(CaptureReader& reader, const Take& take, const Gap& gap) {
  ExportReport report;
  base::PowerSamples block;
  bool any = false;
  int64_t expected = 0;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, reader.next(block));
    if (!more) break;
    int64_t index = block.first_index;
    const std::size_t count = sample_count(block);
    auto hole = block.gaps.begin();
    const bool evenly = block.time_ns.empty();
    if (any && evenly && index > expected) {
      report.lost += static_cast<uint64_t>(index - expected);
      SLMRIG_TRY(gap(index - expected));
    }
    while (hole != block.gaps.end() && hole->index <= block.first_index) ++hole;
    for (std::size_t i = 0; i < count; ++i, ++index) {
      if (evenly && hole != block.gaps.end() && hole->index - hole->count == index) {
        report.lost += static_cast<uint64_t>(hole->count);
        SLMRIG_TRY(gap(hole->count));
        index = hole->index;
        ++hole;
      }
      SLMRIG_TRY(take(block, i, index));
      ++report.samples;
    }
    expected = index;
    any = true;
  }
  report.complete = reader.is_complete();
  return report;
}

Result<ExportReport> export_csv(CaptureReader& reader, OutputFile& output) {
  const base::MeterFacts& meter = reader.header().meter;
  std::string text;
  bool titled = false;
  int64_t first_ns = 0;
  const auto title = [&](const base::PowerSamples& block) {
    text += "time_s";
    if (!block.current_ua.empty()) text += ",current_ua";
    if (!block.voltage_mv.empty()) text += ",voltage_mv";
    if (!block.power_uw.empty()) text += ",power_uw";
    if (!block.range.empty()) text += ",range";
    for (uint32_t line = 0; !block.markers.empty() && line < meter.marker_lines; ++line) {
      fmt::format_to(std::back_inserter(text), ",d{}", line);
    }
    text += ",flags\n";
    if (!block.time_ns.empty()) first_ns = block.time_ns.front();
    titled = true;
  };
  const auto take = [&](const base::PowerSamples& block, std::size_t i, int64_t index) -> Done {
    if (!titled) title(block);
    auto out = std::back_inserter(text);
    if (!block.time_ns.empty()) {
      fmt::format_to(out, "{:.9f}", static_cast<double>(block.time_ns[i] - first_ns) * 1e-9);
    } else {
      fmt::format_to(out, "{:.9g}", static_cast<double>(index) / meter.sample_rate_hz);
    }
    if (!block.current_ua.empty()) fmt::format_to(out, ",{}", block.current_ua[i]);
    if (!block.voltage_mv.empty()) fmt::format_to(out, ",{}", block.voltage_mv[i]);
    if (!block.power_uw.empty()) fmt::format_to(out, ",{}", block.power_uw[i]);
    if (!block.range.empty()) fmt::format_to(out, ",{}", block.range[i]);
    for (uint32_t line = 0; !block.markers.empty() && line < meter.marker_lines; ++line) {
      text += (block.markers[i] >> line & 1U) != 0 ? ",1" : ",0";
    }
    fmt::format_to(out, ",{}\n", block.flags.empty() ? 0 : block.flags[i]);
    if (text.size() < 1U << 16U) return {};
    SLMRIG_TRY(output.write(text));
    text.clear();
    return {};
  };
  SLMRIG_ASSIGN(const ExportReport report, for_each_sample(reader, take, [](int64_t) -> Done { return {}; }));
  SLMRIG_TRY(output.write(text));
  return report;
}

// Two bits a line, the lowest for D0: 1 it was low, 2 it was high.
uint16_t logic_states(uint8_t lines) {
  uint16_t states = 0;
  for (unsigned line = 0; line < 8; ++line) {
    states = static_cast<uint16_t>(states | (((lines >> line) & 1U) != 0 ? 2U : 1U) << (2 * line));
  }
  return states;
}

Result<ExportReport> write_session(CaptureReader& reader, OutputFile& session, Minimap& minimap) {
  std::string bytes;
  const double microseconds = 1e6 / reader.header().meter.sample_rate_hz;
  int64_t place = 0;
  const auto put = [&](float current_ua, uint16_t states) -> Done {
    uint32_t word = 0;
    std::memcpy(&word, &current_ua, sizeof word);
    put_u32(bytes, word);
    bytes += static_cast<char>(states & 0xffU);
    bytes += static_cast<char>(states >> 8U);
    minimap.add(static_cast<double>(current_ua), static_cast<double>(place++) * microseconds);
    if (bytes.size() < 1U << 16U) return {};
    SLMRIG_TRY(session.write(bytes));
    bytes.clear();
    return {};
  };
  const auto take = [&](const base::PowerSamples& block, std::size_t i, int64_t) {
    return put(block.current_ua[i], logic_states(block.markers.empty() ? uint8_t{0} : block.markers[i]));
  };
  const auto gap = [&](int64_t count) -> Done {
    for (int64_t i = 0; i < count; ++i) SLMRIG_TRY(put(std::numeric_limits<float>::quiet_NaN(), 0));
    return {};
  };
  SLMRIG_ASSIGN(const ExportReport report, for_each_sample(reader, take, gap));
  SLMRIG_TRY(session.write(bytes));
  return report;
}

// The library reads its sources when it is closed.
Done write_zip(const std::filesystem::path& to, const std::filesystem::path& session,
               const std::string& minimap, const std::string& metadata) {
  int code = 0;
  const std::string part = to.string() + ".part";
  zip_t* archive = zip_open(part.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (archive == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return base::fail(ErrorCode::kIo, fmt::format("writing {}: {}", part, text));
  }
  const auto add = [&](const char* name, zip_source_t* source) {
    if (source != nullptr && zip_file_add(archive, name, source, ZIP_FL_OVERWRITE) >= 0) return true;
    zip_source_free(source);
    return false;
  };
  const bool added = add("session.raw", zip_source_file(archive, session.c_str(), 0, -1)) &&
                     add("minimap.raw", zip_source_buffer(archive, minimap.data(), minimap.size(), 0)) &&
                     add("metadata.json", zip_source_buffer(archive, metadata.data(), metadata.size(), 0));
  if (!added || zip_close(archive) != 0) {
    const std::string text = zip_strerror(archive);
    zip_discard(archive);
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    return base::fail(ErrorCode::kIo, fmt::format("writing {}: {}", part, text));
  }
  if (std::rename(part.c_str(), to.c_str()) == 0) return {};
  return tl::unexpected(base::file_error("writing", to, errno));
}

Result<ExportReport> export_ppk2(CaptureReader& reader, const std::filesystem::path& to) {
  const CaptureHeader& header = reader.header();
  if (header.meter.sample_rate_hz <= 0) {
    return base::fail(
        ErrorCode::kUnsupported,
        fmt::format("a {} has no fixed rate, which .ppk2 needs: export it as csv", header.meter.kind));
  }
  SLMRIG_ASSIGN(OutputFile session, OutputFile::create(to.string() + ".session"));
  Minimap minimap;
  base::PowerSamples first;
  SLMRIG_ASSIGN(const bool any, reader.next(first));
  if (any && first.current_ua.empty()) {
    return base::fail(
        ErrorCode::kUnsupported,
        fmt::format("a {} tells no current, which .ppk2 needs: export it as csv", header.meter.kind));
  }
  SLMRIG_TRY(reader.rewind());
  SLMRIG_ASSIGN(const ExportReport report, write_session(reader, session, minimap));
  SLMRIG_ASSIGN(const std::filesystem::path session_file, session.flush());
  const nlohmann::json metadata = {{"metadata",
                                    {{"samplesPerSecond", header.meter.sample_rate_hz},
                                     {"startSystemTime", header.started_at_ns / 1'000'000}}},
                                   {"formatVersion", 2}};
  SLMRIG_TRY(write_zip(to, session_file, minimap.json(), metadata.dump()));
  return report;
}

}  // namespace

Result<ExportReport> export_capture(const std::filesystem::path& capture, ExportFormat format,
                                    const std::filesystem::path& to) {
  SLMRIG_ASSIGN(const std::unique_ptr<CaptureReader> reader, CaptureReader::open(capture));
  if (format == ExportFormat::kPpk2) return export_ppk2(*reader, to);
  SLMRIG_ASSIGN(OutputFile output, OutputFile::create(to));
  SLMRIG_ASSIGN(const ExportReport report, export_csv(*reader, output));
  SLMRIG_TRY(output.finish());
  return report;
}

}  // namespace slmrig::measure
