#include "reports/json_tables.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reports/packed_integers.h"

namespace slmrig::reports {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLeastRows = 3;                             // of two, a table would be no shorter
constexpr double kLargestExactInteger = 9'007'199'254'740'992.0;  // 2^53

bool have_same_keys(const Json& one, const Json& other) {
  return one.size() == other.size() &&
         std::equal(one.items().begin(), one.items().end(), other.items().begin(),
                    [](const auto& a, const auto& b) { return a.key() == b.key(); });
}

bool are_like_objects(const std::vector<Json>& values) {
  return values.front().is_object() && !values.front().empty() &&
         std::all_of(values.begin(), values.end(), [&](const Json& value) {
           return value.is_object() && have_same_keys(value, values.front());
         });
}

// Whole floating-point numbers are integers to whoever reads JSON.
bool is_exact_integer(const Json& value) {
  if (!value.is_number()) return false;
  const auto number = value.get<double>();
  return std::abs(number) < kLargestExactInteger && std::trunc(number) == number;
}

Json table(std::vector<Json> rows);

Json list(std::vector<Json> values) {
  Json out = Json::array();
  for (Json& value : values) out.push_back(in_tables(std::move(value)));
  return out;
}

struct Repetition {
  Json distinct = Json::array();  // in the order in which they first occur
  std::vector<int64_t> at;        // [values]
};

Repetition repetition_of(const std::vector<Json>& values) {
  Repetition found;
  std::unordered_map<std::string, int64_t> places;
  for (const Json& value : values) {
    const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    const auto [place, is_new] = places.emplace(text, static_cast<int64_t>(places.size()));
    if (is_new) found.distinct.push_back(value);
    found.at.push_back(place->second);
  }
  return found;
}

Json column(std::vector<Json> values) {
  Repetition repetition = repetition_of(values);
  if (repetition.distinct.size() == 1) return {{"always", in_tables(std::move(values.front()))}};
  if (std::all_of(values.begin(), values.end(), is_exact_integer)) {
    std::vector<int64_t> integers;
    for (const Json& value : values) integers.push_back(value.get<int64_t>());
    return {{"integers", pack_integers(integers)}};
  }
  if (2 * repetition.distinct.size() <= values.size()) {
    return {{"distinct", in_tables(std::move(repetition.distinct))}, {"at", pack_integers(repetition.at)}};
  }
  return are_like_objects(values) ? table(std::move(values)) : list(std::move(values));
}

Json table(std::vector<Json> rows) {
  Json columns = Json::object();
  std::vector<std::string> keys;
  for (const auto& [key, value] : rows.front().items()) keys.push_back(key);
  for (const std::string& key : keys) {
    std::vector<Json> values;
    values.reserve(rows.size());
    for (Json& row : rows) values.push_back(std::move(row[key]));
    columns[key] = column(std::move(values));
  }
  return {{"table", rows.size()}, {"columns", std::move(columns)}};
}

}  // namespace

Json in_tables(Json json) {
  if (json.is_object()) {
    for (auto& [key, value] : json.items()) value = in_tables(std::move(value));
    return json;
  }
  if (!json.is_array()) return json;
  auto& values = json.get_ref<Json::array_t&>();
  const bool is_table = values.size() >= kLeastRows && are_like_objects(values);
  return is_table ? table(std::move(values)) : list(std::move(values));
}

}  // namespace slmrig::reports
