// The bundled suites: prompts of the test split with the checks that their answers must pass.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::forge {

struct SuiteText {
  std::string name;  // "intents-noisy"
  std::string json;  // the whole file
};

// intents (400 prompts), summaries (150), each also with its wording disturbed, and replies. Seeded; always
// the same. Intents, streams and topics come in turn, so that the first few prompts of a suite are already a
// mixture.
std::vector<SuiteText> bundled_suites();

// Writes <folder>/<name>.json for each.
base::Done write_bundled_suites(const std::filesystem::path& folder);

}  // namespace slmrig::forge
