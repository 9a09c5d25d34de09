#include "harness/plan/estimate.h"

#include <algorithm>
#include <numeric>

#include "harness/plan/expand.h"

namespace slmrig::plan {
namespace {

using base::Board;
using base::Tier;
using base::VariantFacts;

constexpr double kBytesPerToken = 2.2;             // of English in a vocabulary of 512 pieces
constexpr double kShareOfNewTokens = 0.35;         // answers end before their limit
constexpr double kEmulatedBootNs = 0.4e9;          // starting QEMU and saying hello
constexpr double kBoardBootNs = 1.5e9;             // resetting a real board
constexpr double kProcessBootNs = 0.02e9;          // starting a process on this host
constexpr double kEmulatedImageNsPerByte = 100.0;  // checksums of the image, at load
constexpr double kImageNsPerByte = 3.0;

bool is_quantized(const VariantFacts& variant) { return variant.variant != "f32"; }

// Wall time of one multiply-accumulate with all that comes with it. Measured with wrist-nano and wrist-wide:
// on an AVX2 core, and in QEMU 7.2, which runs some 4 x 10^8 instructions a second of Cortex-M4 or M55.
double ns_per_mac(const Board& board, const VariantFacts& variant) {
  switch (board.tier) {
    case Tier::kEmulated:
    case Tier::kFunctional: return is_quantized(variant) ? 4.0 : 7.0;
    case Tier::kHardware:
    case Tier::kModelled: break;
  }
  if (board.family == "linux") return is_quantized(variant) ? 0.04 : 0.15;
  const double cycles = is_quantized(variant) ? 2.0 : 6.0;
  return board.clock_hz == 0 ? cycles * 10.0 : cycles * 1e9 / static_cast<double>(board.clock_hz);
}

double prompt_tokens(const base::Suite& suite, std::size_t prompts) {
  if (prompts == 0) return 0.0;
  const auto end = suite.prompts.begin() + static_cast<std::ptrdiff_t>(prompts);
  const std::size_t bytes =
      std::accumulate(suite.prompts.begin(), end, std::size_t{0},
                      [](std::size_t sum, const base::Prompt& prompt) { return sum + prompt.text.size(); });
  return 1.0 + static_cast<double>(bytes) / kBytesPerToken / static_cast<double>(prompts);
}

double boot_ns(const Board& board) {
  if (board.tier == Tier::kEmulated) return kEmulatedBootNs;
  return board.family == "linux" ? kProcessBootNs : kBoardBootNs;
}

double image_ns(const Board& board, const VariantFacts& variant) {
  const double per_byte = board.tier == Tier::kEmulated ? kEmulatedImageNsPerByte : kImageNsPerByte;
  return per_byte * static_cast<double>(variant.image_bytes);
}

}  // namespace

int64_t expected_generation_ns(const Board& board, const VariantFacts& variant, const base::Suite& suite,
                               const base::CellSettings& settings) {
  const double tokens = prompt_tokens(suite, base::prompt_count(settings, suite)) +
                        kShareOfNewTokens * base::generation_settings(settings, suite).max_new_tokens;
  const double macs = tokens * static_cast<double>(variant.weight_macs_per_token);
  return static_cast<int64_t>(macs * ns_per_mac(board, variant)) + 200'000;
}

int64_t expected_cold_start_ns(const Board& board, const VariantFacts& variant) {
  const double first_prompt_ns =
      40.0 * static_cast<double>(variant.weight_macs_per_token) * ns_per_mac(board, variant);
  return static_cast<int64_t>(boot_ns(board) + image_ns(board, variant) + first_prompt_ns);
}

int64_t expected_deploy_ns(const Board& board, const VariantFacts& variant) {
  return static_cast<int64_t>(boot_ns(board) + 2.0 * image_ns(board, variant));
}

int64_t expected_session_ns(const Board& board, const VariantFacts& variant, const base::Plan& plan,
                            const base::Session& session) {
  int64_t total = expected_deploy_ns(board, variant) +
                  int64_t{session.cold_starts} * expected_cold_start_ns(board, variant);
  for (const base::Cell& cell : session.cells) {
    const base::Suite& suite = base::suite_of(plan, cell);
    const auto generations =
        static_cast<int64_t>(base::prompt_count(cell.settings, suite)) * cell.settings.repeats;
    total += generations * expected_generation_ns(board, variant, suite, cell.settings);
  }
  return total;
}

}  // namespace slmrig::plan
