// A capture in formats that other programs read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/base/error.h"
#include "harness/measure/capture_file.h"

namespace slmrig::measure {

enum class ExportFormat {
  kCsv,   // one line a sample: time_s, the columns that the meter has, D0 .. Dn-1, flags; gaps are missing
          // lines
  kPpk2,  // the zip of Nordic's Power Profiler: session.raw, minimap.raw, metadata.json
};

struct ExportReport {
  uint64_t samples = 0;
  uint64_t lost =
      0;  // kPpk2: written as "not a number" without logic states, so that later ones stay in place
  bool complete = true;  // false: the capture was cut, and what was there is exported
};

// `to` is replaced when the export is whole. kUnsupported: kPpk2 of a meter without a fixed rate or without
// current, whose samples that format cannot say. kIo, kCorrupt name the file.
base::Result<ExportReport> export_capture(const std::filesystem::path& capture, ExportFormat format,
                                          const std::filesystem::path& to);

}  // namespace slmrig::measure
