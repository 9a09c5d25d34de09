#include "harness/analyse/comparison_subjects.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace slmrig::analyse {
namespace {

constexpr std::size_t kShortIdCharacters = 13;  // of a UUIDv7: enough to tell milliseconds apart

template <typename Visit>
void for_each_good_cell(const store::RunData& run, const Visit& visit) {
  for (const store::SessionData& session : run.sessions) {
    for (const store::CellData& cell : session.cells) {
      if (cell.cell.status == base::CellStatus::kOk) visit(session, cell);
    }
  }
}

ComparedPlace place_of(const store::SessionData& session, const store::CellData& cell) {
  return {session.session.bench, session.session.model, cell.cell.suite, cell.cell.settings};
}

struct Names {
  std::string reference;
  std::string other;
};

Names names_of(const store::RunRow& reference, const store::RunRow& other) {
  if (reference.build != other.build && !reference.build.empty() && !other.build.empty())
    return {reference.build, other.build};
  if (reference.label != other.label && !reference.label.empty() && !other.label.empty())
    return {reference.label, other.label};
  return {reference.run_id.substr(0, kShortIdCharacters), other.run_id.substr(0, kShortIdCharacters)};
}

}  // namespace

std::vector<Subject> variants_at(const store::RunData& run, const ComparedPlace& place,
                                 const std::vector<std::string>& variants) {
  std::vector<Subject> subjects;
  for (const std::string& variant : variants) subjects.push_back({variant, {}});
  for_each_good_cell(run, [&](const store::SessionData& session, const store::CellData& cell) {
    if (place_of(session, cell) != place) return;
    auto found = std::find_if(subjects.begin(), subjects.end(), [&](const Subject& subject) {
      return subject.name == session.session.variant;
    });
    if (found == subjects.end()) {
      if (!variants.empty()) return;
      found = subjects.insert(subjects.end(), {session.session.variant, {}});
    }
    found->sessions.push_back({&session, &cell});
  });
  std::erase_if(subjects, [](const Subject& subject) { return subject.sessions.empty(); });
  return subjects;
}

std::vector<ComparedPlace> places_of(const store::RunData& run) {
  std::vector<ComparedPlace> places;
  for_each_good_cell(run, [&](const store::SessionData& session, const store::CellData& cell) {
    ComparedPlace place = place_of(session, cell);
    if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(std::move(place));
  });
  std::erase_if(places, [&](const ComparedPlace& place) { return variants_at(run, place).size() < 2; });
  return places;
}

std::vector<RunPair> pairs_of(const store::RunData& reference, const store::RunData& other) {
  const Names names = names_of(reference.run, other.run);
  using Key = std::tuple<ComparedPlace, std::string, base::Tier>;
  std::vector<RunPair> pairs;
  std::map<Key, std::size_t> indices;
  for_each_good_cell(reference, [&](const store::SessionData& session, const store::CellData& cell) {
    const Key key{place_of(session, cell), session.session.variant, session.session.tier};
    const auto [at, is_new] = indices.emplace(key, pairs.size());
    if (is_new) {
      pairs.push_back({std::get<0>(key), std::get<1>(key), {{names.reference, {}}, {names.other, {}}}});
    }
    pairs[at->second].subjects[0].sessions.push_back({&session, &cell});
  });
  for_each_good_cell(other, [&](const store::SessionData& session, const store::CellData& cell) {
    const auto found =
        indices.find(Key{place_of(session, cell), session.session.variant, session.session.tier});
    if (found == indices.end()) return;
    pairs[found->second].subjects[1].sessions.push_back({&session, &cell});
  });
  std::erase_if(pairs, [](const RunPair& pair) { return pair.subjects[1].sessions.empty(); });
  return pairs;
}

}  // namespace slmrig::analyse
