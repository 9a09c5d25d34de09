// Which variants of a model have room on a board, and how they are shown. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/records/board.h"
#include "harness/base/records/plan.h"
#include "harness/deploy/deploy.h"

namespace slmrig::cli {

// The variant on the board, at the context that was asked for.
struct Fit {
  std::string variant;
  base::CellStatus status = base::CellStatus::kOk;  // ok: fits; or unfit, not_applicable, failed
  std::string reason;
  uint64_t image_bytes = 0;  // weights and tokenizer
  deploy::ArenaFacts arena;
  uint64_t missing_slot_bytes = 0;   // by how much the image is too large
  uint64_t missing_arena_bytes = 0;  // by how much keys, values and buffers are too large
};

struct FitQuestion {
  std::string model;
  base::Board board;  // capacities of 0 do not limit
  base::KvFormat kv = base::KvFormat::kF32;
};

// `image_bytes` and `arena` as slmforge told them.
Fit judge_fit(const FitQuestion& question, std::string variant, uint64_t image_bytes,
              const deploy::ArenaFacts& arena);

// The largest first; those without a size last.
void sort_by_size(std::vector<Fit>& fits);

std::string fit_text(const FitQuestion& question, const std::vector<Fit>& fits);
nlohmann::ordered_json fit_json(const FitQuestion& question, const std::vector<Fit>& fits);

}  // namespace slmrig::cli
