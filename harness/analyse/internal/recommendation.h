// The recommendation of a comparison in words: what is gained, what is lost, and what to do. Pure.
#pragma once

#include <string>

#include "harness/analyse/comparison.h"

namespace slmrig::analyse {

// "1.8x faster, 47 % less memory, no accuracy loss beyond noise (±0.6 points): use it". Never "use it" where
// accuracy is worse or could not be decided, or where nothing is better.
std::string recommendation(const ComparedSubject& subject);

}  // namespace slmrig::analyse
