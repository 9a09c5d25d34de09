// Sessions made by hand, for the tests of analyse.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/store/rows.h"

namespace slmrig::analyse {

inline store::GenerationRow generation_of(std::vector<int64_t> token_costs) {
  store::GenerationRow generation;
  generation.prompt_tokens = 10;
  generation.generated_tokens = static_cast<uint32_t>(token_costs.size());
  generation.prefill_cost = 400;
  if (!token_costs.empty()) generation.ttft_cost = token_costs[0];
  for (std::size_t i = 1; i < token_costs.size(); ++i) generation.decode_cost += token_costs[i];
  generation.token_costs = std::move(token_costs);
  return generation;
}

inline store::CellData cell_of(std::string cell_id, std::vector<store::GenerationRow> generations) {
  store::CellData data;
  data.cell.cell_id = std::move(cell_id);
  data.cell.suite = "intents";
  data.cell.status = base::CellStatus::kOk;
  data.generations = std::move(generations);
  return data;
}

inline store::SessionData session_of(std::vector<store::CellData> cells) {
  store::SessionData data;
  data.session.session_id = "s-1";
  data.session.bench = "desk-3";
  data.session.tier = base::Tier::kHardware;
  data.session.cost_unit = store::CostUnit::kNanoseconds;
  data.session.image_bytes = 4096;
  data.cells = std::move(cells);
  return data;
}

inline store::SessionData emulated(store::SessionData data) {
  data.session.tier = base::Tier::kEmulated;
  data.session.cost_unit = store::CostUnit::kInstructions;
  return data;
}

}  // namespace slmrig::analyse
