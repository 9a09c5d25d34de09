// The ladder of a model: every variant of it, measured with the same yardstick against the f32 one.
//
// Each variant is quantized, laid out as the image that boards run, and run by the runtime's own code: the
// answers are those of a board. Not thread-safe; results repeat bit for bit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"
#include "workloads/forge/evaluate.h"

namespace slmrig::forge {

// What variants are measured with.
struct Yardstick {
  std::string text;
  std::string text_source;  // for people: a file, or how the text is made again
  bool is_documents = false;
  std::vector<base::Suite> suites;
};

// For a bundled model: examples of the test split as documents, and the bundled suites of `suite_folder`.
base::Result<Yardstick> bundled_yardstick(const std::filesystem::path& suite_folder);

// Every *.json suite of a folder (the schema excepted), in the order of their names.
base::Result<std::vector<base::Suite>> load_suites(const std::filesystem::path& folder);

struct LadderOptions {
  std::vector<std::string> recipes;   // f32 comes first in any case; empty: all
  std::filesystem::path calibration;  // a text; empty: the model's bundled one
  std::uint64_t prompts = 0;          // of each suite; 0: all
  bool allow_requantize = false;      // of a model that is quantized already
};

struct RungSuite {
  SuiteScore score;
  SuiteComparison to_reference;
};

// One variant.
struct Rung {
  std::string variant;                // the recipe's name
  std::string kv_format = "f32";      // how keys and values are kept
  std::string not_applicable_reason;  // not empty: there are no figures
  std::uint64_t file_bytes = 0;
  std::uint64_t image_bytes = 0;
  std::string image_sha256;
  double bits_per_weight = 0.0;
  std::optional<TextScore> text;  // where the yardstick has one
  std::vector<RungSuite> suites;
  double seconds = 0.0;  // quantizing and measuring
};

struct Ladder {
  std::string model;
  std::string model_sha256;
  std::string kernels;  // that measured it
  std::string text_source;
  bool is_documents = false;
  std::vector<Rung> rungs;
  double seconds = 0.0;
};

// Told what is going on, for a progress bar: a variant, a piece of work, and how much of it is done.
using LadderProgress = std::function<void(std::string_view variant, std::string_view work, std::uint64_t done,
                                          std::uint64_t total)>;

// A recipe that cannot apply to the model becomes a rung that says why; any other error ends the ladder.
base::Result<Ladder> measure_ladder(const std::filesystem::path& model, const Yardstick& yardstick,
                                    const LadderOptions& options, const LadderProgress& progress);

nlohmann::ordered_json to_json(const Ladder& ladder);
// The table, and what was lost to f32.
std::string ladder_text(const Ladder& ladder);
// The same as a section of a model card, from its heading on.
std::string ladder_markdown(const Ladder& ladder);

// Replaces the section in <folder>/card.md and the key `ladder` in <folder>/card.json, or adds them; files
// that do not exist are begun. A card of another model (by SHA-256) is refused.
base::Done update_card(const Ladder& ladder, const std::filesystem::path& folder);

}  // namespace slmrig::forge
