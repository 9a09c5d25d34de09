#include "harness/base/json_reader.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/suggest.h"

namespace slmrig::base {

namespace internal {

struct Visit {
  const nlohmann::json* json = nullptr;
  std::vector<std::string> asked;
};

struct JsonState {
  std::string name;
  std::string text;
  std::string sha256;
  nlohmann::json json;
  std::map<std::string, Visit> visits;  // by JSON path
  std::optional<Error> error;           // the first one
};

}  // namespace internal

namespace {

using nlohmann::json;

std::string kind_of(const json& value) {
  if (value.is_string()) return fmt::format("the text \"{}\"", value.get_ref<const std::string&>());
  if (value.is_number()) return fmt::format("the number {}", value.dump());
  if (value.is_boolean()) return value.dump();
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return "null";
}

std::string joined(const std::string& path, std::string_view key) {
  if (path.empty() || key.empty()) return path + std::string(key);
  return path + '.' + std::string(key);
}

std::string place_in(const std::string& text, std::size_t byte) {
  const std::size_t end = std::min(byte > 0 ? byte - 1 : 0, text.size());
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
  const std::size_t line_start = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  const std::size_t column = end - (line_start == std::string::npos ? 0 : line_start + 1) + 1;
  return fmt::format("line {}, column {}", line, column);
}

// nlohmann's own texts carry an id and a byte offset in front; the part after the last position reads well.
std::string parser_complaint(std::string_view what) {
  const std::size_t colon = what.find(": ");
  if (colon != std::string_view::npos) what.remove_prefix(colon + 2);
  constexpr std::size_t kMaxCharacters = 200;
  return std::string(what.substr(0, kMaxCharacters));
}

// Remembers the keys of each open object, so that the second of two equal keys is noticed.
class DuplicateKeys {
 public:
  bool operator()(int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open_.emplace_back();
    if (event == json::parse_event_t::object_end) open_.pop_back();
    if (event == json::parse_event_t::key && !open_.back().insert(value.get<std::string>()).second &&
        found.empty()) {
      found = value.get<std::string>();
    }
    return true;
  }
  std::string found;

 private:
  std::vector<std::set<std::string>> open_;
};

bool is_annotation(const std::string& key) { return key == "$schema" || key == "$comment"; }

}  // namespace

JsonObject::JsonObject(std::shared_ptr<internal::JsonState> state, const json* object, std::string path)
    : state_(std::move(state)), json_(object), path_(std::move(path)) {
  state_->visits[path_].json = json_;
}

std::string JsonObject::path(std::string_view key) const { return joined(path_, key); }

void JsonObject::fail(std::string_view key, std::string message) {
  if (state_->error) return;
  const std::string where = path(key);
  state_->error = Error{ErrorCode::kBadInput, std::move(message),
                        where.empty() ? state_->name : fmt::format("{}: {}", state_->name, where)};
}

const json* JsonObject::find(std::string_view key, bool required) {
  internal::Visit& visit = state_->visits[path_];
  visit.asked.emplace_back(key);
  if (json_ != nullptr) {
    if (const auto found = json_->find(std::string(key)); found != json_->end()) return &*found;
  }
  if (required) fail({}, missing_text(key, visit.asked));
  return nullptr;
}

// Names the key that was probably meant, so that a slip of the pen is found at once.
std::string JsonObject::missing_text(std::string_view key, const std::vector<std::string>& asked) const {
  std::vector<std::string> unasked;
  if (json_ != nullptr) {
    for (const auto& [name, value] : json_->items()) {
      if (std::find(asked.begin(), asked.end(), name) == asked.end()) unasked.push_back(name);
    }
  }
  const auto meant = nearest_name(key, unasked);
  if (!meant) return fmt::format("the key \"{}\" is missing", key);
  return fmt::format("the key \"{}\" is missing (is it meant by \"{}\"?)", key, *meant);
}

bool JsonObject::has(std::string_view key) { return find(key, false) != nullptr; }

const json* JsonObject::raw(std::string_view key) { return find(key, false); }

std::vector<std::string> JsonObject::keys() {
  std::vector<std::string> all;
  if (json_ == nullptr) return all;
  for (const auto& item : json_->items()) {
    if (is_annotation(item.key())) continue;
    all.push_back(item.key());
    state_->visits[path_].asked.push_back(item.key());
  }
  return all;
}

std::string JsonObject::required_string(std::string_view key) {
  const json* value = find(key, true);
  if (value == nullptr) return {};
  if (!value->is_string()) {
    fail(key, fmt::format("must be text, found {}", kind_of(*value)));
    return {};
  }
  std::string text = value->get<std::string>();
  if (text.empty()) fail(key, "must not be empty");
  return text;
}

std::string JsonObject::optional_string(std::string_view key, std::string fallback) {
  const json* value = find(key, false);
  if (value == nullptr) return fallback;
  if (value->is_string()) return value->get<std::string>();
  fail(key, fmt::format("must be text, found {}", kind_of(*value)));
  return fallback;
}

std::string JsonObject::required_choice(std::string_view key, const std::vector<std::string>& allowed) {
  std::string text = required_string(key);
  if (!text.empty() && std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    fail(key, unknown_name("value", text, allowed));
  }
  return text;
}

std::string JsonObject::optional_choice(std::string_view key, const std::vector<std::string>& allowed,
                                        std::string fallback) {
  return has(key) ? required_choice(key, allowed) : std::move(fallback);
}

uint64_t JsonObject::unsigned_of(std::string_view key, const json& value, uint64_t minimum,
                                 uint64_t maximum) {
  const bool whole = value.is_number_unsigned();
  if (whole && value.get<uint64_t>() >= minimum && value.get<uint64_t>() <= maximum)
    return value.get<uint64_t>();
  const std::string range = maximum == INT64_MAX
                                ? fmt::format("a whole number of at least {}", minimum)
                                : fmt::format("a whole number from {} to {}", minimum, maximum);
  fail(key, fmt::format("must be {}, found {}", range, kind_of(value)));
  return minimum;
}

uint64_t JsonObject::required_uint(std::string_view key, uint64_t minimum, uint64_t maximum) {
  const json* value = find(key, true);
  return value == nullptr ? minimum : unsigned_of(key, *value, minimum, maximum);
}

uint64_t JsonObject::optional_uint(std::string_view key, uint64_t fallback, uint64_t minimum,
                                   uint64_t maximum) {
  const json* value = find(key, false);
  return value == nullptr ? fallback : unsigned_of(key, *value, minimum, maximum);
}

double JsonObject::optional_number(std::string_view key, double fallback, double minimum, double maximum) {
  const json* value = find(key, false);
  if (value == nullptr) return fallback;
  if (value->is_number()) {
    const double number = value->get<double>();
    if (std::isfinite(number) && number >= minimum && number <= maximum) return number;
  }
  fail(key, fmt::format("must be a number from {} to {}, found {}", minimum, maximum, kind_of(*value)));
  return fallback;
}

bool JsonObject::optional_bool(std::string_view key, bool fallback) {
  const json* value = find(key, false);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  fail(key, fmt::format("must be true or false, found {}", kind_of(*value)));
  return fallback;
}

uint64_t JsonObject::required_address(std::string_view key) {
  const json* value = find(key, true);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  if (value->is_string()) {
    const std::string& text = value->get_ref<const std::string&>();
    const bool digits = text.size() > 2 && text.size() <= 18 && text.starts_with("0x") &&
                        text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
    if (digits) return std::stoull(text, nullptr, 16);
  }
  fail(key, fmt::format("must be an address like \"0x21000000\", found {}", kind_of(*value)));
  return 0;
}

std::vector<std::string> JsonObject::string_list(std::string_view key, bool required) {
  const json* value = find(key, required);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (!value->is_array()) {
    fail(key, fmt::format("must be a list of texts, found {}", kind_of(*value)));
    return texts;
  }
  for (std::size_t i = 0; i < value->size(); ++i) {
    const json& item = (*value)[i];
    if (!item.is_string()) {
      fail(fmt::format("{}[{}]", key, i), fmt::format("must be text, found {}", kind_of(item)));
      return texts;
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::vector<std::string> JsonObject::required_strings(std::string_view key) { return string_list(key, true); }
std::vector<std::string> JsonObject::optional_strings(std::string_view key) {
  return string_list(key, false);
}

JsonObject JsonObject::required_object(std::string_view key) {
  find(key, true);
  return optional_object(key);
}

JsonObject JsonObject::optional_object(std::string_view key) {
  const json* value = find(key, false);
  if (value != nullptr && !value->is_object()) {
    fail(key, fmt::format("must be an object, found {}", kind_of(*value)));
    value = nullptr;
  }
  return JsonObject(state_, value, path(key));
}

std::vector<JsonObject> JsonObject::object_list(std::string_view key, bool required) {
  const json* value = find(key, required);
  std::vector<JsonObject> objects;
  if (value == nullptr) return objects;
  if (!value->is_array()) {
    fail(key, fmt::format("must be a list of objects, found {}", kind_of(*value)));
    return objects;
  }
  for (std::size_t i = 0; i < value->size(); ++i) objects.push_back(element(key, i));
  return objects;
}

std::vector<JsonObject> JsonObject::required_objects(std::string_view key) { return object_list(key, true); }
std::vector<JsonObject> JsonObject::optional_objects(std::string_view key) { return object_list(key, false); }

JsonObject JsonObject::element(std::string_view key, std::size_t index) {
  const json* list = find(key, false);
  const json* item = list != nullptr && list->is_array() && index < list->size() ? &(*list)[index] : nullptr;
  const std::string name = fmt::format("{}[{}]", key, index);
  if (item != nullptr && !item->is_object()) {
    fail(name, fmt::format("must be an object, found {}", kind_of(*item)));
    item = nullptr;
  }
  return JsonObject(state_, item, path(name));
}

Result<JsonDocument> JsonDocument::read(const std::filesystem::path& path) {
  SLMRIG_ASSIGN(std::string text, read_text(path));
  return parse(std::move(text), path.string());
}

Result<JsonDocument> JsonDocument::parse(std::string text, std::string name) {
  auto state = std::make_shared<internal::JsonState>();
  state->name = std::move(name);
  state->text = std::move(text);
  state->sha256 = sha256_hex(state->text);
  DuplicateKeys duplicates;
  try {
    state->json = json::parse(state->text, std::ref(duplicates));
  } catch (const json::parse_error& error) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("not valid JSON at {}: {}", place_in(state->text, error.byte),
                                  parser_complaint(error.what())),
                      state->name);
  } catch (const json::exception& error) {
    return base::fail(ErrorCode::kBadInput, fmt::format("not valid JSON: {}", error.what()), state->name);
  }
  if (!duplicates.found.empty()) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("the key \"{}\" stands twice in one object", duplicates.found),
                      state->name);
  }
  if (!state->json.is_object()) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("must be a JSON object, found {}", kind_of(state->json)), state->name);
  }
  return JsonDocument(std::move(state));
}

JsonObject JsonDocument::root() { return JsonObject(state_, &state_->json, {}); }

Done JsonDocument::finish() {
  if (state_->error) return tl::unexpected<Error>(*state_->error);
  for (const auto& [path, visit] : state_->visits) {
    if (visit.json == nullptr) continue;
    for (const auto& item : visit.json->items()) {
      const bool asked = std::find(visit.asked.begin(), visit.asked.end(), item.key()) != visit.asked.end();
      if (asked || is_annotation(item.key())) continue;
      return base::fail(ErrorCode::kBadInput, unknown_name("key", item.key(), visit.asked),
                        path.empty() ? state_->name : fmt::format("{}: {}", state_->name, path));
    }
  }
  return {};
}

const std::string& JsonDocument::text() const { return state_->text; }
const std::string& JsonDocument::sha256() const { return state_->sha256; }

}  // namespace slmrig::base
