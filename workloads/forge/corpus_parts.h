// What the parts of the corpus hand to make_example: an example whose wording is still in pieces, so that
// noise can tell words from values.
#pragma once

#include <optional>
#include <vector>

#include "workloads/forge/corpus.h"
#include "workloads/forge/noise.h"

namespace slmrig::forge {

struct Draft {
  Example example;                // utterance not yet joined
  std::vector<Segment> segments;  // of the utterance
};

Example finish(const Draft& draft);
// With its wording disturbed.
Example finish_disturbed(const Draft& draft, Random& random);

Draft draft_command(Split split, Random& random);
Draft draft_summary(Split split, Random& random);
Draft draft_talk(Split split, Random& random);

// For suites, which go through all intents and all kinds of streams and talk in turn.
// Nothing for an intent of so few slot values that none belongs to the split.
std::optional<Draft> draft_command_of(std::size_t intent, Split split, Random& random);
std::size_t summary_kind_count();
Draft draft_summary_of(std::size_t kind, Split split, Random& random);
std::size_t talk_topic_count();
Draft draft_talk_of(std::size_t topic, Split split, Random& random);

}  // namespace slmrig::forge
