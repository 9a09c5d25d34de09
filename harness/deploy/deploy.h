// From a model file and a bench to a board that holds the image and answers.
//
// Three steps, in this order; each is safe from several threads and processes at once:
//   provision_variant   model + recipe -> image, made by slmforge and cached by what it was made from
//   deploy_variant      agent and image on the board, hashes read back and compared
//   reference_answers   what the host's own run of the same image answers, cached likewise
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"
#include "harness/rig/live_board.h"
#include "harness/rig/meters/meter.h"

namespace slmrig::deploy {

class StandInPool;

// Where things are found and kept. `slmforge` is normally find_program("slmforge", root).
struct Workshop {
  std::filesystem::path root;             // of the project: firmware lies under build/firmware
  std::filesystem::path cache_directory;  // created when it is not there
  std::filesystem::path slmforge;
  std::filesystem::path native_agent;  // empty: find_program("slmrig-agent-native", root)
  // True: slmforge is stopped in its work, and what it was to make is a kTimeout error. Empty: never. Called
  // from many threads.
  std::function<bool()> stop = {};
  // Keeps the stand-ins of benches from one deployment to the next; null: each deployment starts its own.
  std::shared_ptr<StandInPool> stand_ins = {};
};

// What the arena of an image is planned for. context_tokens 0: the model's own maximum.
struct ArenaSettings {
  uint32_t context_tokens = 0;
  base::KvFormat kv = base::KvFormat::kF32;
};

// What the model under this recipe is, with its image in the cache. kBadInput passes slmforge's own words on
// (a broken GGUF, an unknown recipe, a recipe that wants a calibration text: slmforge has one for the bundled
// models, others have it beside them as <model>.calibration.txt); kUnsupported says why the recipe cannot
// apply to this model (its rows do not hold a whole block, ...); kIo when the cache cannot be written.
base::Result<base::VariantFacts> provision_variant(const base::ModelRef& model, const std::string& variant,
                                                   const ArenaSettings& arena, const Workshop& workshop);

// What an image needs of a board's memory beside its weights, and how long a context so much memory has room
// for.
struct ArenaFacts {
  uint64_t kv_bytes = 0;
  uint64_t activations_bytes = 0;
  uint64_t scratch_bytes = 0;
  uint64_t total_bytes = 0;
  uint32_t context_tokens = 0;          // that the bytes are for
  uint32_t most_context_tokens = 0;     // that the image was written for
  uint32_t largest_context_tokens = 0;  // that fits into `capacity_bytes`; 0: none
};

base::Result<ArenaFacts> arena_facts(const std::string& image_file, const ArenaSettings& arena,
                                     uint64_t capacity_bytes, const Workshop& workshop);

struct ReferenceAnswer {
  std::string token_ids_sha256;
  uint32_t generated_tokens = 0;
};
// By prompt id.
using ReferenceAnswers = std::map<std::string, ReferenceAnswer>;

// How much of a suite the host answers, and at what length.
struct ReferenceLimits {
  uint32_t prompts = 0;         // the first N; 0: all
  uint32_t max_new_tokens = 0;  // 0: the suite's
};

// By `slmforge eval` on the image itself, with keys and values as the variant's arena has them.
base::Result<ReferenceAnswers> reference_answers(const base::VariantFacts& variant, const base::Suite& suite,
                                                 ReferenceLimits limits, const Workshop& workshop);

// Brings agent and image to the bench, starts it, and compares: the board's name and unit with the rig file,
// the agent's build id with its file, the SHA-256 that the device computed of its slot with the image. The
// bench must be locked by the caller (rig::BenchLock). `progress` (may be empty) hears of bytes that are
// uploaded.
base::Result<std::unique_ptr<rig::LiveBoard>> deploy_variant(const base::Bench& bench,
                                                             const base::VariantFacts& variant,
                                                             const Workshop& workshop,
                                                             const rig::UploadProgress& progress);

// Opens the meter of a bench as `spec` says, on the bench's stand-ins where it has some.
base::Result<std::unique_ptr<rig::Meter>> open_bench_meter(const base::Bench& bench, base::MeterSpec spec,
                                                           const Workshop& workshop);

// The programs that deploying to the bench needs and this host has not got, with how to get them; empty: all
// are there.
std::string missing_tools(const base::Bench& bench, const Workshop& workshop);

// For Workshop::stand_ins.
std::shared_ptr<StandInPool> make_stand_in_pool();
// Nobody wants the bench's stand-ins any more: they end when the last board that uses them does.
void release_stand_ins(const Workshop& workshop, const std::string& bench);

}  // namespace slmrig::deploy
