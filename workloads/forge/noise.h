// What typing and speech recognition do to a sentence: typos, lost function words, homophones, casing.
#pragma once

#include <string>
#include <vector>

#include "workloads/forge/random.h"

namespace slmrig::forge {

// A piece of an utterance. Noise may reword free text; of a value it only changes the casing.
struct Segment {
  std::string text;
  bool is_value = false;
};

std::string join(const std::vector<Segment>& segments);

// One to three disturbances, at least one of which changes the text where it can be changed at all.
std::string disturb(const std::vector<Segment>& segments, Random& random);

}  // namespace slmrig::forge
