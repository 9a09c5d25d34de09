#include "harness/plan/estimate.h"

#include <algorithm>
#include <cmath>
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
constexpr double kRecordingNs = 0.15e9;       // a meter is started, stopped and evaluated
constexpr double kBetweenPromptsNs = 0.01e9;  // asleep, in front of a meter

bool is_quantized(const VariantFacts& variant) { return variant.variant != "f32"; }

// Wall time of one multiply-accumulate with all that comes with it. Measured with wrist-nano and wrist-wide:
// on an AVX2 core, and in QEMU 7.2, which runs some 3 x 10^8 instructions a second of a Cortex-M4 and a tenth
// of that where they are vectors, of which fewer are needed.
double ns_per_mac(const Board& board, const VariantFacts& variant) {
  switch (board.tier) {
    case Tier::kEmulated:
      if (board.isa == "mve") return is_quantized(variant) ? 9.0 : 25.0;
      return is_quantized(variant) ? 4.0 : 9.0;
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

double generation_macs(const VariantFacts& variant, const base::Suite& suite,
                       const base::CellSettings& settings) {
  const double tokens = prompt_tokens(suite, base::prompt_count(settings, suite)) +
                        kShareOfNewTokens * base::generation_settings(settings, suite).max_new_tokens;
  return tokens * static_cast<double>(variant.weight_macs_per_token);
}

// The board's time is the meter's, also where both are modelled.
double metered_generation_ns(const base::Bench& bench, const VariantFacts& variant, const base::Suite& suite,
                             const base::CellSettings& settings) {
  const Board& board = bench.board;
  if (!bench.meter.modelled_clock || board.clock_hz == 0)
    return static_cast<double>(expected_generation_ns(board, variant, suite, settings));
  const double instructions_per_mac = board.isa == "mve" ? 0.5 : is_quantized(variant) ? 1.6 : 2.8;
  return generation_macs(variant, suite, settings) * instructions_per_mac *
         board.power_model.cycles_per_instruction * 1e9 / static_cast<double>(board.clock_hz);
}

bool is_metered(const base::Bench& bench, const base::Plan& plan) {
  return !bench.meter.kind.empty() && plan.energy.prompts != 0;
}

// Asleep before and after each recording; what is modelled takes no time of ours.
double idle_ns(const base::Bench& bench, const base::Plan& plan) {
  return bench.meter.modelled_clock ? 0 : 2e6 * plan.energy.idle_ms;
}

}  // namespace

int64_t expected_generation_ns(const Board& board, const VariantFacts& variant, const base::Suite& suite,
                               const base::CellSettings& settings) {
  return static_cast<int64_t>(generation_macs(variant, suite, settings) * ns_per_mac(board, variant)) +
         200'000;
}

int64_t expected_cold_start_ns(const Board& board, const VariantFacts& variant) {
  const double first_prompt_ns =
      40.0 * static_cast<double>(variant.weight_macs_per_token) * ns_per_mac(board, variant);
  return static_cast<int64_t>(boot_ns(board) + image_ns(board, variant) + first_prompt_ns);
}

int64_t expected_deploy_ns(const Board& board, const VariantFacts& variant) {
  return static_cast<int64_t>(boot_ns(board) + 2.0 * image_ns(board, variant));
}

int64_t expected_energy_ns(const base::Bench& bench, const VariantFacts& variant, const base::Plan& plan,
                           const base::Cell& cell) {
  if (!is_metered(bench, plan)) return 0;
  const base::EnergySettings& settings = plan.energy;
  const base::Suite& suite = base::suite_of(plan, cell);
  const auto prompts =
      static_cast<double>(std::min<std::size_t>(settings.prompts, base::prompt_count(cell.settings, suite)));
  const double between_ns = bench.meter.modelled_clock ? 0 : kBetweenPromptsNs;
  const auto generation_ns =
      static_cast<double>(expected_generation_ns(bench.board, variant, suite, cell.settings));
  const double round_ns = prompts * (generation_ns + between_ns);
  const double around_ns = idle_ns(bench, plan) + kRecordingNs;
  if (settings.windows == 0) return static_cast<int64_t>(settings.repeats * (round_ns + around_ns));
  const double metered_ns = prompts * metered_generation_ns(bench, variant, suite, cell.settings);
  const double rounds = metered_ns > 0 ? std::ceil(settings.window_s * 1e9 / metered_ns) : 1;
  const double window_ns = std::min(rounds * round_ns, std::max(settings.window_limit_s * 1e9, round_ns));
  return static_cast<int64_t>(settings.windows * (window_ns + around_ns));
}

int64_t expected_cold_start_energy_ns(const base::Bench& bench, const VariantFacts& variant,
                                      const base::Plan& plan, const base::Session& session) {
  if (!is_metered(bench, plan) || session.cold_starts == 0) return 0;
  const double each_ns =
      boot_ns(bench.board) + image_ns(bench.board, variant) + idle_ns(bench, plan) + kRecordingNs;
  return static_cast<int64_t>(plan.energy.cold_starts * each_ns);
}

int64_t expected_session_ns(const base::Bench& bench, const VariantFacts& variant, const base::Plan& plan,
                            const base::Session& session) {
  const Board& board = bench.board;
  int64_t total = expected_deploy_ns(board, variant) +
                  int64_t{session.cold_starts} * expected_cold_start_ns(board, variant) +
                  expected_cold_start_energy_ns(bench, variant, plan, session);
  for (const base::Cell& cell : session.cells) {
    const base::Suite& suite = base::suite_of(plan, cell);
    const auto generations =
        static_cast<int64_t>(base::prompt_count(cell.settings, suite)) * cell.settings.repeats;
    total += generations * expected_generation_ns(board, variant, suite, cell.settings);
    total += expected_energy_ns(bench, variant, plan, cell);
  }
  return total;
}

}  // namespace slmrig::plan
