#include "harness/analyse/flips.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace slmrig::analyse {
namespace {

constexpr std::string_view kReferenceVariant = "f32";

struct Place {
  const store::SessionData* session = nullptr;
  const store::CellData* cell = nullptr;
};

// What a cell and its reference have in common.
auto identity_of(const Place& place) {
  const store::SessionRow& session = place.session->session;
  const store::CellRow& cell = place.cell->cell;
  return std::tie(session.engine, session.model, session.model_sha256, cell.suite, cell.settings);
}

// The smaller, the better a reference.
auto distance_of(const Place& reference, const Place& place) {
  const store::SessionRow& there = reference.session->session;
  const store::SessionRow& here = place.session->session;
  return std::tuple(there.bench != here.bench, there.bench, there.ordinal != here.ordinal, there.ordinal);
}

using AnswerId = std::pair<std::string, uint32_t>;  // prompt, repeat

CellFlips compare(const Place& reference, const Place& place) {
  std::map<AnswerId, bool> known;
  for (const store::GenerationRow& each : reference.cell->generations) {
    if (each.correct) known[{each.prompt_id, each.repeat}] = *each.correct;
  }
  CellFlips flips;
  flips.session_id = place.session->session.session_id;
  flips.cell_id = place.cell->cell.cell_id;
  flips.reference_cell_id = reference.cell->cell.cell_id;
  for (const store::GenerationRow& each : place.cell->generations) {
    const auto found = known.find({each.prompt_id, each.repeat});
    if (!each.correct || found == known.end()) continue;
    ++flips.compared;
    if (*each.correct == found->second) continue;
    ++(found->second ? flips.to_wrong : flips.to_right);
    flips.prompt_ids.push_back(each.prompt_id);
  }
  return flips;
}

}  // namespace

std::vector<CellFlips> flips_of(const store::RunData& run) {
  std::vector<Place> references;
  std::vector<Place> others;
  for (const store::SessionData& session : run.sessions) {
    for (const store::CellData& cell : session.cells) {
      if (cell.cell.status != base::CellStatus::kOk) continue;
      (session.session.variant == kReferenceVariant ? references : others).push_back({&session, &cell});
    }
  }
  std::vector<CellFlips> all;
  for (const Place& place : others) {
    const Place* best = nullptr;
    for (const Place& reference : references) {
      if (identity_of(reference) != identity_of(place)) continue;
      if (best == nullptr || distance_of(reference, place) < distance_of(*best, place)) best = &reference;
    }
    if (best == nullptr) continue;
    CellFlips flips = compare(*best, place);
    if (flips.compared > 0) all.push_back(std::move(flips));
  }
  return all;
}

}  // namespace slmrig::analyse
