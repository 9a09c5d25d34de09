// The corpus of a wearable assistant: commands with their intent and slots, sensor streams with a
// one-sentence summary, small talk. Generated, seeded, the same on every machine.
//
// Four splits that share neither templates nor slot combinations:
//   - A template is one concrete wording: a pattern of the grammar with every alternative chosen and the
//   slots
//     left open. Each belongs to one split, by the rank of its hash among the templates of its intent.
//   - A slot combination is an intent with all its slot values (for streams: the facts that the summary must
//     state). Each belongs to one split, by its hash. An intent without slots has none to hold out.
// So a test prompt says something never said in training, in words never put that way in training.
// Noise (noise.h) changes the wording of any split and never a slot value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/forge/random.h"

namespace slmrig::forge {

enum class Split { kTrain, kCalibration, kValidation, kTest };
inline constexpr Split kAllSplits[] = {Split::kTrain, Split::kCalibration, Split::kValidation, Split::kTest};
std::string_view to_string(Split split);

enum class ExampleKind { kCommand, kSummary, kTalk };

struct Example {
  ExampleKind kind = ExampleKind::kCommand;
  std::string utterance;  // without the line feed that ends a prompt
  std::string answer;
  std::string template_text;  // its hash is the template's identity
  std::string combination;    // "timer.set duration=12m"; empty where there is nothing to hold out
  std::string intent;         // kCommand
  std::map<std::string, std::string> slots;  // kCommand
  std::vector<std::string> facts;            // kSummary: numbers and times that the answer must state
  std::vector<std::string>
      phrases;  // kSummary: wordings that the answer must hold ("three heart rate spikes")
};

struct CorpusOptions {
  double noise_rate = 0.0;  // share of examples whose wording is disturbed
  double command_share = 0.62;
  double summary_share = 0.28;  // the rest is talk
};

// The split that a template or a combination belongs to, from its text alone.
Split split_of_combination(std::string_view combination);
// Splits `templates` in place order: element i is the split of template i. Every split gets at least one
// when there are four or more.
std::vector<Split> split_templates(const std::vector<std::string>& templates);

// One example of a kind; `random` advances. Pure otherwise.
Example make_command(Split split, Random& random);
Example make_summary(Split split, Random& random);
Example make_talk(Split split, Random& random);

// One example of the mixture, disturbed at the noise rate.
Example make_example(Split split, const CorpusOptions& options, Random& random);

// Names of all intents, in the order of the tables.
std::vector<std::string> intent_names();

}  // namespace slmrig::forge
