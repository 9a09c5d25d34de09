// Variants: model + recipe -> image, cached.
#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/deploy/deploy.h"
#include "harness/deploy/forge_tool.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::VariantFacts;

constexpr int64_t kQuantizeMs = 600'000;
constexpr int64_t kImageMs = 120'000;

// What goes into a variant; the key of its place in the cache.
struct Recipe {
  const base::ModelRef& model;
  const std::string& variant;
  const ArenaSettings& arena;
  std::string model_sha256;
  std::string forge_sha256;
  // Files beside the model that slmforge may use; empty: there is none.
  std::string student_sha256;    // <model>.<variant>.gguf: a trained variant
  std::string calibration_file;  // <model>.calibration.txt
  std::string calibration_sha256;

  std::string key() const {
    return base::sha256_hex(fmt::format("image 2\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", model_sha256, student_sha256,
                                        calibration_sha256, variant, arena.context_tokens,
                                        base::to_string(arena.kv), forge_sha256));
  }
};

// The SHA-256 of a file that need not be there; empty when it is not.
Result<std::string> sha256_if_there(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return std::string();
  return remembered_sha256(file);
}

Result<Recipe> identify(const base::ModelRef& model, const std::string& variant, const ArenaSettings& arena,
                        const Workshop& workshop) {
  Recipe recipe{model, variant, arena, {}, {}, {}, {}, {}};
  SLMRIG_ASSIGN(recipe.model_sha256, remembered_sha256(model.file));
  SLMRIG_ASSIGN(recipe.forge_sha256, remembered_sha256(workshop.slmforge));
  const fs::path file = model.file;
  SLMRIG_ASSIGN(recipe.student_sha256, sha256_if_there(fs::path(file).replace_extension(variant + ".gguf")));
  recipe.calibration_file = fs::path(file).replace_extension("calibration.txt").string();
  SLMRIG_ASSIGN(recipe.calibration_sha256, sha256_if_there(recipe.calibration_file));
  return recipe;
}

// From slmforge's own JSON, which is also what the cache keeps.
Result<VariantFacts> read_facts(const nlohmann::json& json, const Recipe& recipe, const fs::path& image) {
  VariantFacts facts;
  facts.model = recipe.model.name;
  facts.variant = recipe.variant;
  facts.image_file = image.string();
  facts.model_sha256 = recipe.model_sha256;
  if (!json.contains("sha256") || !json["sha256"].is_string()) {
    return fail(ErrorCode::kCorrupt, "slmforge's answer has no sha256");
  }
  facts.image_sha256 = json["sha256"].get<std::string>();
  const struct {
    const char* pointer;
    uint64_t* number;
  } numbers[] = {{"/image_bytes", &facts.image_bytes},
                 {"/arena_bytes/kv", &facts.arena_kv_bytes},
                 {"/arena_bytes/activations", &facts.arena_activations_bytes},
                 {"/arena_bytes/scratch", &facts.arena_scratch_bytes},
                 {"/arena_bytes/total", &facts.arena_total_bytes},
                 {"/weight_macs_per_token", &facts.weight_macs_per_token}};
  for (const auto& [pointer, number] : numbers) {
    SLMRIG_ASSIGN(*number, forge_number(json, pointer));
  }
  SLMRIG_ASSIGN(const uint64_t context_tokens, forge_number(json, "/context_tokens"));
  facts.context_tokens = static_cast<uint32_t>(context_tokens);
  facts.kv = recipe.arena.kv;
  return facts;
}

// Makes the image in a folder of its own inside the cache (renames do not cross file systems), then moves it
// in: the image first, the facts last, so that facts without an image never stand there.
Done make_variant(const Recipe& recipe, const fs::path& image, const fs::path& facts_file,
                  const Workshop& workshop) {
  std::string folder = image.string() + ".making-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr)
    return tl::unexpected(base::file_error("creating folder", folder, errno));
  struct Remover {
    fs::path folder;
    ~Remover() {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
    }
  } remover{folder};
  const fs::path gguf = remover.folder / "variant.gguf";
  const fs::path made = remover.folder / "variant.img";
  std::vector<std::string> quantize_arguments = {"quantize", recipe.model.file, "--recipe", recipe.variant,
                                                 "-o",       gguf.string(),     "--json"};
  if (!recipe.calibration_sha256.empty()) {
    quantize_arguments.insert(quantize_arguments.end(), {"--calibration", recipe.calibration_file});
  }
  SLMRIG_TRY(run_forge(workshop.slmforge, quantize_arguments, kQuantizeMs, workshop.stop));
  std::vector<std::string> image_arguments = {"image", gguf.string(), "-o", made.string(), "--json"};
  if (recipe.arena.context_tokens != 0) {
    image_arguments.insert(image_arguments.end(), {"--context", std::to_string(recipe.arena.context_tokens)});
  }
  SLMRIG_ASSIGN(nlohmann::json json, run_forge(workshop.slmforge, image_arguments, kImageMs, workshop.stop));
  if (recipe.arena.kv != base::KvFormat::kF32) {
    SLMRIG_ASSIGN(const ArenaFacts need, arena_facts(made.string(), recipe.arena, 0, workshop));
    json["arena_bytes"] = {{"kv", need.kv_bytes},
                           {"activations", need.activations_bytes},
                           {"scratch", need.scratch_bytes},
                           {"total", need.total_bytes}};
  }
  SLMRIG_ASSIGN(const VariantFacts facts, read_facts(json, recipe, made));
  SLMRIG_ASSIGN(const std::string sha256, base::sha256_hex_of_file(made));
  if (sha256 != facts.image_sha256) {
    return fail(ErrorCode::kCorrupt, fmt::format("slmforge says its image has SHA-256 {}, the file has {}",
                                                 facts.image_sha256, sha256));
  }
  if (::rename(made.c_str(), image.c_str()) != 0)
    return tl::unexpected(base::file_error("writing", image, errno));
  return base::write_file_atomically(facts_file, json.dump(1) + "\n");
}

}  // namespace

Result<VariantFacts> provision_variant(const base::ModelRef& model, const std::string& variant,
                                       const ArenaSettings& arena, const Workshop& workshop) {
  const std::string context = fmt::format("model {} as {}", model.name, variant);
  const auto provision = [&]() -> Result<VariantFacts> {
    SLMRIG_ASSIGN(const Recipe recipe, identify(model, variant, arena, workshop));
    const fs::path folder = workshop.cache_directory / "images";
    SLMRIG_TRY(base::make_directories(folder));
    const std::string name = fmt::format("{}-{}-{}", model.name, variant, recipe.key().substr(0, 16));
    const fs::path image = folder / (name + ".img");
    const fs::path facts_file = folder / (name + ".json");
    for (int attempt = 0;; ++attempt) {
      SLMRIG_TRY(make_once(facts_file, [&] { return make_variant(recipe, image, facts_file, workshop); }));
      SLMRIG_ASSIGN(const std::string text, base::read_text(facts_file));
      const auto facts = read_facts(nlohmann::json::parse(text, nullptr, false), recipe, image);
      const auto sha256 = remembered_sha256(image);
      if (facts && sha256 && *sha256 == facts->image_sha256) return facts;
      // Somebody cleaned up half of it, or a disk rotted: make it again, once.
      if (attempt > 0) return facts ? Result<VariantFacts>(tl::unexpected(sha256.error())) : facts;
      std::error_code ignored;
      fs::remove(facts_file, ignored);
    }
  };
  auto facts = provision();
  if (!facts) return tl::unexpected(base::within(context, facts.error()));
  return facts;
}

}  // namespace slmrig::deploy
