#include "harness/store/finding_rows.h"

#include <algorithm>
#include <array>

namespace slmrig::store {
namespace {

// As in the database: in the order of the enumerations.
constexpr std::array<std::string_view, 4> kStates = {"new", "ongoing", "acknowledged", "resolved"};
constexpr std::array<std::string_view, 2> kLevels = {"watch", "alert"};
constexpr std::array<std::string_view, 4> kDirections = {"regression", "improvement", "trade", "change"};
constexpr std::array<std::string_view, 4> kCauses = {"rig", "model", "code", "unknown"};

template <typename Enum, std::size_t kCount>
std::optional<Enum> named(const std::array<std::string_view, kCount>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

template <typename Enum, std::size_t kCount>
std::string_view name_of(const std::array<std::string_view, kCount>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

}  // namespace

std::string_view to_string(FindingState state) { return name_of(kStates, state); }
std::string_view to_string(FindingLevel level) { return name_of(kLevels, level); }
std::string_view to_string(FindingDirection direction) { return name_of(kDirections, direction); }
std::string_view to_string(FindingCause cause) { return name_of(kCauses, cause); }

std::optional<FindingState> parse_finding_state(std::string_view name) {
  return named<FindingState>(kStates, name);
}
std::optional<FindingLevel> parse_finding_level(std::string_view name) {
  return named<FindingLevel>(kLevels, name);
}
std::optional<FindingDirection> parse_finding_direction(std::string_view name) {
  return named<FindingDirection>(kDirections, name);
}
std::optional<FindingCause> parse_finding_cause(std::string_view name) {
  return named<FindingCause>(kCauses, name);
}

}  // namespace slmrig::store
