#include "workloads/forge/corpus.h"

#include <algorithm>
#include <numeric>

#include "workloads/forge/corpus_parts.h"

namespace slmrig::forge {

namespace {

// Shares in percent of calibration, validation and test; the rest trains.
constexpr std::size_t kCalibrationPercent = 6;
constexpr std::size_t kValidationPercent = 6;
constexpr std::size_t kTestPercent = 12;

}  // namespace

std::string_view to_string(Split split) {
  switch (split) {
    case Split::kTrain: return "train";
    case Split::kCalibration: return "calibration";
    case Split::kValidation: return "validation";
    case Split::kTest: return "test";
  }
  return "unknown";
}

Split split_of_combination(std::string_view combination) {
  // One more mixing step: the low bits of FNV alone are weak.
  const std::size_t percent = Random(stable_hash(combination)).below(100);
  if (percent < kTestPercent) return Split::kTest;
  if (percent < kTestPercent + kValidationPercent) return Split::kValidation;
  if (percent < kTestPercent + kValidationPercent + kCalibrationPercent) return Split::kCalibration;
  return Split::kTrain;
}

std::vector<Split> split_templates(const std::vector<std::string>& templates) {
  std::vector<std::size_t> order(templates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return Random(stable_hash(templates[a])).next() < Random(stable_hash(templates[b])).next();
  });
  const auto share = [&](std::size_t percent) {
    return std::max<std::size_t>(1, templates.size() * percent / 100);
  };
  std::vector<Split> splits(templates.size(), Split::kTrain);
  if (templates.size() < 4) return splits;
  std::size_t next = 0;
  for (const auto& [split, percent] :
       {std::pair{Split::kTest, kTestPercent}, std::pair{Split::kValidation, kValidationPercent},
        std::pair{Split::kCalibration, kCalibrationPercent}}) {
    for (std::size_t i = 0; i < share(percent); ++i) splits[order[next++]] = split;
  }
  return splits;
}

Example finish(const Draft& draft) {
  Example example = draft.example;
  example.utterance = join(draft.segments);
  return example;
}

Example finish_disturbed(const Draft& draft, Random& random) {
  Example example = draft.example;
  example.utterance = disturb(draft.segments, random);
  return example;
}

Example make_example(Split split, const CorpusOptions& options, Random& random) {
  const double kind = random.unit();
  const Draft draft = kind < options.command_share                           ? draft_command(split, random)
                      : kind < options.command_share + options.summary_share ? draft_summary(split, random)
                                                                             : draft_talk(split, random);
  return random.chance(options.noise_rate) ? finish_disturbed(draft, random) : finish(draft);
}

}  // namespace slmrig::forge
