// What an image needs of a board's memory, as slmforge computes it with the runtime's own code.
#include "harness/deploy/deploy.h"
#include "harness/deploy/forge_tool.h"

namespace slmrig::deploy {

using base::Result;

Result<ArenaFacts> arena_facts(const std::string& image_file, const ArenaSettings& arena,
                               uint64_t capacity_bytes, const Workshop& workshop) {
  constexpr int64_t kArenaMs = 60'000;
  std::vector<std::string> arguments = {"arena",      image_file,
                                        "--kv",       std::string(base::to_string(arena.kv)),
                                        "--capacity", std::to_string(capacity_bytes),
                                        "--json"};
  if (arena.context_tokens != 0) {
    arguments.insert(arguments.end(), {"--context", std::to_string(arena.context_tokens)});
  }
  SLMRIG_ASSIGN(const nlohmann::json json, run_forge(workshop.slmforge, arguments, kArenaMs, workshop.stop));
  ArenaFacts facts;
  const struct {
    const char* pointer;
    uint64_t* number;
  } bytes[] = {{"/arena_bytes/kv", &facts.kv_bytes},
               {"/arena_bytes/activations", &facts.activations_bytes},
               {"/arena_bytes/scratch", &facts.scratch_bytes},
               {"/arena_bytes/total", &facts.total_bytes}};
  for (const auto& [pointer, number] : bytes) {
    SLMRIG_ASSIGN(*number, forge_number(json, pointer));
  }
  const struct {
    const char* pointer;
    uint32_t* number;
  } tokens[] = {{"/context_tokens", &facts.context_tokens},
                {"/most_context_tokens", &facts.most_context_tokens},
                {"/largest_context_tokens", &facts.largest_context_tokens}};
  for (const auto& [pointer, number] : tokens) {
    SLMRIG_ASSIGN(const uint64_t value, forge_number(json, pointer));
    *number = static_cast<uint32_t>(value);
  }
  return facts;
}

}  // namespace slmrig::deploy
