#include "harness/cli/power_plot.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/cli/power_summary.h"

namespace slmrig::cli {
namespace {

constexpr std::size_t kScaleColumns = 10;
constexpr std::size_t kDotsAcross = 2;
constexpr std::size_t kDotsDown = 4;

// 1, 2 or 5 times a power of ten, and at least `value`.
double round_up(double value) {
  if (value <= 0) return 1;
  const double decade = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * decade) return step * decade;
  }
  return 10 * decade;
}

// The bit of a dot in the code points from U+2800 on, counted from the top left.
constexpr std::array<std::array<unsigned, kDotsAcross>, kDotsDown> kDotBits = {
    {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};

std::string utf8_of_dots(unsigned dots) {
  std::string text = "\xE2\xA0\x80";
  text[1] = static_cast<char>(0xA0 | dots >> 6U);
  text[2] = static_cast<char>(0x80 | (dots & 0x3FU));
  return text;
}

}  // namespace

void PlotBins::add(const base::PowerSamples& block) {
  for (const float current : block.current_ua) {
    if (bins_.empty() || in_last_ == samples_per_bin_) {
      bins_.push_back({current, current});
      in_last_ = 0;
    }
    bins_.back().lowest_ua = std::min<double>(bins_.back().lowest_ua, current);
    bins_.back().highest_ua = std::max<double>(bins_.back().highest_ua, current);
    ++in_last_;
  }
  if (bins_.size() > most_) {
    bins_.erase(bins_.begin(), bins_.end() - static_cast<std::ptrdiff_t>(most_));
  }
}

std::size_t plot_capacity(std::size_t columns) {
  return columns > kScaleColumns ? (columns - kScaleColumns) * kDotsAcross : kDotsAcross;
}

std::vector<std::string> plot_lines(const std::vector<PlotBin>& bins, std::size_t columns, std::size_t rows) {
  const std::size_t capacity = plot_capacity(columns);
  const std::size_t count = std::min(bins.size(), capacity);
  const PlotBin* shown = bins.data() + (bins.size() - count);
  double lowest = 0;
  double highest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    lowest = std::min(lowest, shown[i].lowest_ua);
    highest = std::max(highest, shown[i].highest_ua);
  }
  const double top = round_up(highest);
  const double bottom = lowest < 0 ? -round_up(-lowest) : 0;
  const std::size_t dots_down = rows * kDotsDown;
  const auto dot_row = [&](double current) {
    const double share = (top - current) / (top - bottom);
    return static_cast<std::size_t>(
        std::clamp(share * static_cast<double>(dots_down), 0.0, static_cast<double>(dots_down - 1)));
  };
  std::vector<unsigned> cells(rows * (capacity / kDotsAcross));
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t x = capacity - count + i;
    for (std::size_t y = dot_row(shown[i].highest_ua); y <= dot_row(shown[i].lowest_ua); ++y)
      cells[y / kDotsDown * (capacity / kDotsAcross) + x / kDotsAcross] |=
          kDotBits[y % kDotsDown][x % kDotsAcross];
  }
  std::vector<std::string> lines;
  for (std::size_t row = 0; row < rows; ++row) {
    std::string scale;
    if (row == 0) scale = quantity_text(top, "A");
    if (row + 1 == rows) scale = quantity_text(bottom, "A");
    std::string line = fmt::format("{:>{}} ", scale, kScaleColumns - 1);
    for (std::size_t column = 0; column < capacity / kDotsAcross; ++column)
      line += utf8_of_dots(cells[row * (capacity / kDotsAcross) + column]);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace slmrig::cli
