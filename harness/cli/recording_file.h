// The file of `slmrig power record`: by its name, lines of text (FILE.csv) or a capture, which keeps all that
// the meter says and can be exported later.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "harness/base/records/power.h"
#include "harness/cli/power_csv.h"
#include "harness/measure/capture_file.h"

namespace slmrig::cli {

class RecordingFile {
 public:
  static base::Result<RecordingFile> create(const std::string& file, const base::MeterFacts& facts,
                                            double supply_mv);

  base::Done write(const base::PowerSamples& block);
  base::Done finish();
  // Of a capture that is finished; empty: lines of text.
  const std::string& sha256() const { return sha256_; }

 private:
  std::optional<PowerCsv> lines_;
  std::unique_ptr<measure::CaptureWriter> capture_;
  std::string sha256_;
};

}  // namespace slmrig::cli
