// What the parts of the corpus hand to make_example: an example whose wording is still in pieces, so that
// noise can tell words from values.
#pragma once

#include <vector>

#include "workloads/forge/corpus.h"
#include "workloads/forge/noise.h"

namespace slmrig::forge {

struct Draft {
  Example example;                // utterance not yet joined
  std::vector<Segment> segments;  // of the utterance
};

// The undisturbed example.
Example finish(Draft draft);

Draft draft_command(Split split, Random& random);
Draft draft_summary(Split split, Random& random);
Draft draft_talk(Split split, Random& random);

}  // namespace slmrig::forge
