#include "harness/campaign/sentinels.h"

#include <algorithm>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/sentinel.h"
#include "harness/base/sha256.h"
#include "harness/base/uuid.h"
#include "harness/deploy/agent_choice.h"

namespace slmrig::campaign {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::VariantFacts;

// A copy under `to`, unless there is one: made in the folder above and linked into place, so that of two
// processes the first one's stands, and half a copy is never taken for one.
Done keep_copy(const fs::path& from, const fs::path& to) {
  std::error_code problem;
  if (fs::exists(to, problem)) return {};
  SLMRIG_TRY(base::make_directories(to.parent_path()));
  const fs::path beside = to.parent_path().parent_path() / base::uuid_v7();
  fs::copy_file(from, beside, problem);
  if (problem) return tl::unexpected(base::file_error("copying to", beside, problem.value()));
  fs::create_hard_link(beside, to, problem);
  const bool lost_the_race = problem == std::errc::file_exists;
  std::error_code ignored;
  fs::remove(beside, ignored);
  if (problem && !lost_the_race) return tl::unexpected(base::file_error("keeping", to, problem.value()));
  return {};
}

nlohmann::json json_of(const VariantFacts& facts) {
  return {{"image_sha256", facts.image_sha256},
          {"model_sha256", facts.model_sha256},
          {"image_bytes", facts.image_bytes},
          {"arena_kv_bytes", facts.arena_kv_bytes},
          {"arena_activations_bytes", facts.arena_activations_bytes},
          {"arena_scratch_bytes", facts.arena_scratch_bytes},
          {"arena_total_bytes", facts.arena_total_bytes},
          {"weight_macs_per_token", facts.weight_macs_per_token},
          {"context_tokens", facts.context_tokens}};
}

Result<VariantFacts> read_kept(const fs::path& file, const fs::path& image, VariantFacts facts) {
  SLMRIG_ASSIGN(const std::string text, base::read_text(file));
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  const auto broken = [&](const std::string& what) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{}: {}; remove the folder {} to freeze the sentinels anew", file.string(), what,
                            file.parent_path().parent_path().string()));
  };
  const nlohmann::json expected = json_of(facts);
  for (const auto& [key, value] : expected.items()) {
    const bool good = json.is_object() && json.contains(key) &&
                      (value.is_string() ? json[key].is_string() : json[key].is_number_unsigned());
    if (!good) return broken(fmt::format("no usable \"{}\"", key));
  }
  facts.image_file = image.string();
  facts.image_sha256 = json["image_sha256"].get<std::string>();
  facts.model_sha256 = json["model_sha256"].get<std::string>();
  facts.image_bytes = json["image_bytes"].get<uint64_t>();
  facts.arena_kv_bytes = json["arena_kv_bytes"].get<uint64_t>();
  facts.arena_activations_bytes = json["arena_activations_bytes"].get<uint64_t>();
  facts.arena_scratch_bytes = json["arena_scratch_bytes"].get<uint64_t>();
  facts.arena_total_bytes = json["arena_total_bytes"].get<uint64_t>();
  facts.weight_macs_per_token = json["weight_macs_per_token"].get<uint64_t>();
  facts.context_tokens = json["context_tokens"].get<uint32_t>();
  SLMRIG_ASSIGN(const std::string sha256, base::sha256_hex_of_file(image));
  if (sha256 != facts.image_sha256)
    return broken(fmt::format("{} is another file than was kept", image.string()));
  return facts;
}

// What is kept, or what was provisioned now and is kept from here on.
Result<VariantFacts> frozen_variant(const VariantKey& key, const Result<VariantFacts>& provisioned,
                                    const fs::path& folder) {
  const std::string name =
      fmt::format("{}-{}-ctx{}-{}", key.model, key.variant, key.context_tokens, base::to_string(key.kv));
  const fs::path image = folder / "images" / (name + ".img");
  const fs::path facts_file = folder / "images" / (name + ".json");
  std::error_code problem;
  if (!fs::exists(facts_file, problem)) {
    if (!provisioned) return provisioned;
    SLMRIG_TRY(keep_copy(provisioned->image_file, image));
    SLMRIG_TRY(base::write_file_atomically(facts_file, json_of(*provisioned).dump(1) + "\n"));
  }
  VariantFacts facts;
  facts.model = key.model;
  facts.variant = key.variant;
  facts.kv = key.kv;
  return read_kept(facts_file, image, facts);
}

Result<std::string> frozen_agent(const base::Bench& bench, const deploy::Workshop& workshop,
                                 const fs::path& folder) {
  const fs::path place = folder / "agents" / bench.name;
  const auto current = deploy::agent_file_of(bench, workshop);
  std::error_code problem;
  for (const fs::directory_entry& entry : fs::directory_iterator(place, problem)) {
    if (entry.is_regular_file(problem)) return entry.path().string();
  }
  if (!current || !fs::exists(*current, problem)) return std::string();
  const fs::path kept = place / current->filename();
  SLMRIG_TRY(keep_copy(*current, kept));
  return kept.string();
}

}  // namespace

bool is_sentinel(const base::Session& session) { return session.model.starts_with(base::kSentinelPrefix); }

fs::path sentinel_folder(const deploy::Workshop& workshop) {
  return workshop.cache_directory.parent_path() / "sentinels";
}

Done freeze_sentinels(const base::ExpandedPlan& expanded, const deploy::Workshop& workshop,
                      const fs::path& folder, Preparation& preparation) {
  for (const base::Session& session : expanded.sessions) {
    if (!is_sentinel(session) || session.status != base::CellStatus::kOk) continue;
    const VariantKey key = variant_key(session);
    auto& variant = preparation.variants.at(key);
    if (!variant || !fs::path(variant->image_file).string().starts_with(folder.string()))
      variant = frozen_variant(key, variant, folder);
    if (preparation.frozen_agents.contains(session.bench)) continue;
    const auto bench = std::find_if(expanded.rig.benches.begin(), expanded.rig.benches.end(),
                                    [&](const base::Bench& one) { return one.name == session.bench; });
    SLMRIG_CHECK(bench != expanded.rig.benches.end());
    SLMRIG_ASSIGN(const std::string agent, frozen_agent(*bench, workshop, folder));
    preparation.frozen_agents[session.bench] = agent;
  }
  return {};
}

}  // namespace slmrig::campaign
