#include "harness/cli/compared.h"

#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/accept.h"
#include "harness/cli/compare_text.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {
namespace {

using base::Result;

// As many as a table on a terminal has room for.
constexpr std::size_t kWidth = 120;

void print_text(const Compared& compared, const base::Board* board, std::size_t most_flips) {
  std::fputs(comparison_text(compared.comparison, board, kWidth).c_str(), stdout);
  if (compared.acceptance) {
    fmt::print("\n{}", acceptance_text(*compared.acceptance, compared.comparison.subjects.front().name));
  }
  if (most_flips > 0) fmt::print("\n{}", flips_text(compared.comparison, most_flips));
}

}  // namespace

Result<std::vector<Compared>> compare_two_runs(store::Reader& reader, const RunPairQuestion& question) {
  SLMRIG_ASSIGN(const store::RunData reference, reader.run_data(question.reference));
  SLMRIG_ASSIGN(const store::RunData other, reader.run_data(question.other));
  std::vector<Compared> all;
  for (const analyse::RunPair& pair : analyse::pairs_of(reference, other)) {
    if (question.is_wanted && !question.is_wanted(pair)) continue;
    Compared compared{analyse::compare(pair.subjects), std::nullopt};
    if (!question.conditions.empty()) {
      const gate::Candidate candidate{pair.subjects.back().name, pair.place.bench, pair.place.model,
                                      pair.variant, pair.place.suite};
      SLMRIG_ASSIGN(
          compared.acceptance,
          accept(reader, question.conditions, {question.database, question.other, pair.place, {candidate}}));
    }
    all.push_back(std::move(compared));
  }
  return all;
}

void print_compared(const std::vector<Compared>& all, const Places& places, const ComparedOutput& how) {
  const Result<std::filesystem::path> root = places.root();
  std::vector<std::string> objects;
  for (const Compared& compared : all) {
    const Result<base::Board> board =
        root ? rig::find_board(compared.comparison.board, *root) : tl::unexpected(root.error());
    const base::Board* known = board ? &*board : nullptr;
    if (how.json) {
      objects.push_back(
          comparison_json(compared.comparison, known, compared.acceptance ? &*compared.acceptance : nullptr));
      continue;
    }
    if (&compared != &all.front()) fmt::print("\n\n");
    print_text(compared, known, how.most_flips);
  }
  if (how.json) fmt::print("{{\"comparisons\": [{}]}}\n", fmt::join(objects, ",\n"));
}

}  // namespace slmrig::cli
