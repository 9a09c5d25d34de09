#include "reports/comparison_json.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/analyse/comparison.h"
#include "harness/analyse/comparison_subjects.h"
#include "reports/json_values.h"

namespace slmrig::reports {
namespace {

using Json = nlohmann::ordered_json;

Json figure_json(const analyse::ComparedFigure& figure) {
  const auto& interval = figure.interval;
  return {{"metric", figure.metric->name},
          {"tier", base::to_string(figure.tier)},
          {"value", std::isfinite(figure.value) ? figure.value : 0},
          {"sessions", figure.sessions},
          {"change", number_or_null(figure.change)},
          {"is_ratio", figure.metric->unit != "ratio"},
          {"low", interval ? number_or_null(interval->low) : Json(nullptr)},
          {"high", interval ? number_or_null(interval->high) : Json(nullptr)},
          {"exact", figure.is_exact},
          {"judgement", analyse::to_string(figure.judgement)},
          {"reason", figure.reason}};
}

Json correct_json(const std::optional<bool>& correct) { return correct ? Json(*correct) : Json(nullptr); }

Json flip_json(const analyse::Flip& flip) {
  return {{"prompt_id", flip.prompt_id},
          {"prompt", flip.prompt_text},
          {"reference_text", flip.reference_text},
          {"text", flip.text},
          {"reference_correct", correct_json(flip.reference_correct)},
          {"correct", correct_json(flip.correct)}};
}

Json subject_json(const analyse::Subject& measured, const analyse::ComparedSubject& subject,
                  const gate::Acceptance* acceptance,
                  const std::map<std::string, std::size_t>& cell_indices) {
  const gate::CandidateAnswer* answer = acceptance == nullptr ? nullptr : acceptance->answer_of(subject.name);
  Json cells = Json::array();
  for (const analyse::MeasuredSession& session : measured.sessions) {
    cells.push_back(cell_indices.at(session.cell->cell.cell_id));
  }
  Json figures = Json::array();
  for (const analyse::ComparedFigure& figure : subject.figures) figures.push_back(figure_json(figure));
  Json flips = Json::array();
  for (std::size_t i = 0; i < std::min(kMostFlips, subject.flips.size()); ++i) {
    flips.push_back(flip_json(subject.flips[i]));
  }
  return {{"name", subject.name},
          {"cells", std::move(cells)},
          {"figures", std::move(figures)},
          {"answers", subject.answers},
          {"flipped", subject.flips.size()},
          {"flips", std::move(flips)},
          {"recommendation", subject.recommendation},
          {"accepted", answer == nullptr ? "" : answer->sentence}};
}

// The largest image first: what the others are compared with, whatever the order of measuring was.
std::vector<analyse::Subject> in_order(std::vector<analyse::Subject> subjects) {
  const auto bytes = [](const analyse::Subject& subject) {
    return subject.sessions.front().session->session.image_bytes;
  };
  std::sort(subjects.begin(), subjects.end(), [&](const analyse::Subject& a, const analyse::Subject& b) {
    return bytes(a) != bytes(b) ? bytes(a) > bytes(b) : a.name < b.name;
  });
  return subjects;
}

std::vector<analyse::ComparedPlace> sorted_places(const store::RunData& run) {
  std::vector<analyse::ComparedPlace> places = analyse::places_of(run);
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace

Json comparisons_json(const store::RunData& run, const std::map<std::string, std::size_t>& cell_indices,
                      const Acceptances* acceptances) {
  Json list = Json::array();
  for (const analyse::ComparedPlace& place : sorted_places(run)) {
    const std::vector<analyse::Subject> measured = in_order(analyse::variants_at(run, place));
    const analyse::Comparison comparison = analyse::compare(measured);
    const gate::Acceptance* acceptance = nullptr;
    if (acceptances != nullptr && acceptances->contains(place)) acceptance = &acceptances->at(place);
    Json subjects = Json::array();
    for (std::size_t i = 0; i < measured.size(); ++i) {
      subjects.push_back(subject_json(measured[i], comparison.subjects[i], acceptance, cell_indices));
    }
    list.push_back(
        {{"bench", comparison.bench},
         {"board", comparison.board},
         {"model", comparison.model},
         {"suite", comparison.suite},
         {"settings", comparison.settings},
         {"tier", base::to_string(comparison.tier)},
         {"accept", acceptance == nullptr ? "" : fmt::format("{}", fmt::join(acceptance->conditions, ", "))},
         {"subjects", std::move(subjects)}});
  }
  return list;
}

}  // namespace slmrig::reports
