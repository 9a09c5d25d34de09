#include "workloads/forge/image_layout.h"

#include <cmath>
#include <cstring>

namespace slmrig::forge {

using runtime::kBlockColumns;
using runtime::kQ8GroupBytes;
using runtime::kQ8GroupRows;

namespace {

constexpr std::size_t kBlockBytes = 34;
constexpr std::size_t kRunColumns = 4;
constexpr std::size_t kGroupScaleBytes = 2 * kQ8GroupRows;

}  // namespace

std::vector<std::uint8_t> interleave_q8_0(std::span<const std::byte> blocks, std::uint32_t rows,
                                          std::uint32_t columns) {
  const std::size_t row_blocks = columns / kBlockColumns;
  const std::size_t row_groups = (rows + kQ8GroupRows - 1) / kQ8GroupRows;
  std::vector<std::uint8_t> groups(row_groups * row_blocks * kQ8GroupBytes);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t lane = row % kQ8GroupRows;
    for (std::size_t block = 0; block < row_blocks; ++block) {
      const std::byte* from = blocks.data() + (row * row_blocks + block) * kBlockBytes;
      std::uint8_t* to = groups.data() + (row / kQ8GroupRows * row_blocks + block) * kQ8GroupBytes;
      std::memcpy(to + 2 * lane, from, 2);
      for (std::size_t run = 0; run < kBlockColumns / kRunColumns; ++run) {
        std::memcpy(to + kGroupScaleBytes + (run * kQ8GroupRows + lane) * kRunColumns,
                    from + 2 + run * kRunColumns, kRunColumns);
      }
    }
  }
  return groups;
}

std::vector<float> rope_table(const RopeOptions& options) {
  const std::size_t pairs = options.head_dim / 2;
  std::vector<float> table;
  table.reserve(static_cast<std::size_t>(options.context_tokens) * options.head_dim);
  for (std::uint32_t position = 0; position < options.context_tokens; ++position) {
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const double exponent = -2.0 * static_cast<double>(pair) / options.head_dim;
      double angle = position / options.position_factor * std::pow(options.base, exponent);
      if (!options.factors.empty()) angle /= static_cast<double>(options.factors[pair]);
      table.push_back(static_cast<float>(std::cos(angle)));
      table.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return table;
}

}  // namespace slmrig::forge
