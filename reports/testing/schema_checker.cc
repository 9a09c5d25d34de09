#include "reports/testing/schema_checker.h"

#include <algorithm>
#include <regex>
#include <string_view>

#include <fmt/format.h>

namespace slmrig::reports {
namespace {

using Json = nlohmann::json;

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  return type == "integer" && value.is_number_integer();
}

class Checker {
 public:
  explicit Checker(const Json& root) : root_(root) {}

  std::string problem(const Json& value, const Json& schema, const std::string& path) const {
    if (schema.contains("$ref")) {
      const auto name = schema["$ref"].get<std::string>().substr(std::string_view("#/$defs/").size());
      return problem(value, root_.at("$defs").at(name), path);
    }
    if (schema.contains("anyOf")) {
      for (const Json& choice : schema["anyOf"]) {
        if (problem(value, choice, path).empty()) return {};
      }
      return problem(value, schema["anyOf"][0], path);
    }
    std::string found = scalar_problem(value, schema, path);
    if (found.empty() && value.is_object()) found = object_problem(value, schema, path);
    if (found.empty() && value.is_array() && schema.contains("items")) {
      for (std::size_t at = 0; at < value.size() && found.empty(); ++at)
        found = problem(value[at], schema["items"], fmt::format("{}[{}]", path, at));
    }
    return found;
  }

 private:
  static std::string scalar_problem(const Json& value, const Json& schema, const std::string& path) {
    if (schema.contains("type")) {
      const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
      const bool fits = std::any_of(types.begin(), types.end(), [&](const Json& type) {
        return has_type(value, type.get<std::string>());
      });
      if (!fits) return fmt::format("{}: found {}, expected {}", path, value.dump(), types.dump());
    }
    if (schema.contains("const") && value != schema["const"])
      return fmt::format("{}: found {}, expected {}", path, value.dump(), schema["const"].dump());
    if (schema.contains("enum")) {
      const Json& allowed = schema["enum"];
      if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
        return fmt::format("{}: found {}, expected one of {}", path, value.dump(), allowed.dump());
    }
    if (schema.contains("pattern") && value.is_string() &&
        !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>())))
      return fmt::format("{}: {} is not of the form {}", path, value.dump(), schema["pattern"].dump());
    return {};
  }

  std::string object_problem(const Json& value, const Json& schema, const std::string& path) const {
    for (const Json& key : schema.value("required", Json::array())) {
      if (!value.contains(key.get<std::string>()))
        return fmt::format("{}.{}: missing", path, key.get<std::string>());
    }
    for (const auto& [key, child] : value.items()) {
      const auto child_path = fmt::format("{}.{}", path, key);
      if (!schema.contains("properties") || !schema["properties"].contains(key))
        return child_path + ": unknown";
      if (auto found = problem(child, schema["properties"][key], child_path); !found.empty()) return found;
    }
    return {};
  }

  const Json& root_;
};

}  // namespace

std::string schema_problem(const Json& value, const Json& schema) {
  return Checker(schema).problem(value, schema, "report");
}

}  // namespace slmrig::reports
