// The current over time as a block of text: for a terminal while a meter records.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/records/power.h"

namespace slmrig::cli {

// The lowest and the highest current of a stretch of time.
struct PlotBin {
  double lowest_ua = 0;
  double highest_ua = 0;
};

// Folds samples into stretches of equal length, of which the last `most` are kept.
class PlotBins {
 public:
  PlotBins(std::size_t samples_per_bin, std::size_t most) : samples_per_bin_(samples_per_bin), most_(most) {}

  void add(const base::PowerSamples& block);
  const std::vector<PlotBin>& bins() const { return bins_; }

 private:
  std::size_t samples_per_bin_;
  std::size_t most_;
  std::size_t in_last_ = 0;
  std::vector<PlotBin> bins_;
};

// `rows` lines of braille dots, two stretches a column, newest at the right, with the scale at the left; the
// lowest line is zero (or the lowest current, where that is negative). `columns` includes the scale.
std::vector<std::string> plot_lines(const std::vector<PlotBin>& bins, std::size_t columns, std::size_t rows);

// How many stretches such a plot shows.
std::size_t plot_capacity(std::size_t columns);

}  // namespace slmrig::cli
