// Samples as lines of text.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/base/records/power.h"

namespace slmrig::cli {

// time_s,current_ua,voltage_mv,power_uw,range,lines,flags: cells that the meter has nothing for are empty.
// What was written stays when the disk is full: the error names the file.
class PowerCsv {
 public:
  static base::Result<PowerCsv> create(const std::string& file, const base::MeterFacts& facts);

  base::Done write(const base::PowerSamples& block);
  base::Done finish();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  base::Done put(const std::string& text);

  std::unique_ptr<std::FILE, Closer> stream_;
  std::string file_;
  double sample_rate_hz_ = 0;
  int64_t first_time_ns_ = 0;
};

}  // namespace slmrig::cli
