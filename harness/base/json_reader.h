// Strict reading of JSON files that people write: plans, rigs, boards, suites.
//
// A getter returns the value, or notes the first thing wrong in the document and returns a harmless default,
// so that a reader is a plain list of getters with one finish() at its end:
//
//   SLMRIG_ASSIGN(JsonDocument document, JsonDocument::read(path));
//   JsonObject root = document.root();
//   board.name = root.required_string("name");
//   for (JsonObject region : root.object("memory").objects("regions")) ...
//   SLMRIG_TRY(document.finish());
//
// finish() also refuses every key that no getter asked for ("$schema" and "$comment" excepted), with the
// nearest known one. Errors are kBadInput with the file and the JSON path as context ("rig.json:
// benches[1].board"); errors of the parser give line and column; a key that stands twice in one object is
// refused. One thread; JsonObjects live no longer than their document.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace slmrig::base {

namespace internal {
struct JsonState;
}

class JsonObject {
 public:
  bool has(std::string_view key);

  std::string required_string(std::string_view key);
  std::string optional_string(std::string_view key, std::string fallback = {});
  // One of `allowed`; anything else is refused with the nearest.
  std::string required_choice(std::string_view key, const std::vector<std::string>& allowed);
  std::string optional_choice(std::string_view key, const std::vector<std::string>& allowed,
                              std::string fallback);
  // Whole numbers in [minimum, maximum].
  uint64_t required_uint(std::string_view key, uint64_t minimum = 0, uint64_t maximum = INT64_MAX);
  uint64_t optional_uint(std::string_view key, uint64_t fallback, uint64_t minimum = 0,
                         uint64_t maximum = INT64_MAX);
  double optional_number(std::string_view key, double fallback, double minimum, double maximum);
  bool optional_bool(std::string_view key, bool fallback);
  // A number, or text like "0x21000000".
  uint64_t required_address(std::string_view key);
  // Lists; an absent optional one is empty.
  std::vector<std::string> required_strings(std::string_view key);
  std::vector<std::string> optional_strings(std::string_view key);
  JsonObject required_object(std::string_view key);
  // has() tells whether it is there; an absent one reads as an empty object.
  JsonObject optional_object(std::string_view key);
  std::vector<JsonObject> required_objects(std::string_view key);
  std::vector<JsonObject> optional_objects(std::string_view key);
  // The value as it stands, for readers of their own; null where the key is absent.
  const nlohmann::json* raw(std::string_view key);

  // Elements of a list that may be text or objects: raw() and element() serve those.
  JsonObject element(std::string_view key, std::size_t index);
  // Every key, marked as known: for objects whose keys are data.
  std::vector<std::string> keys();

  // Notes an error at `key` (empty: at this object) unless an earlier one was noted.
  void fail(std::string_view key, std::string message);
  // "benches[1].board"; the key may be empty.
  std::string path(std::string_view key = {}) const;

 private:
  friend class JsonDocument;
  JsonObject(std::shared_ptr<internal::JsonState> state, const nlohmann::json* json, std::string path);

  const nlohmann::json* find(std::string_view key, bool required);
  std::string missing_text(std::string_view key, const std::vector<std::string>& asked) const;
  std::vector<JsonObject> object_list(std::string_view key, bool required);
  std::vector<std::string> string_list(std::string_view key, bool required);
  uint64_t unsigned_of(std::string_view key, const nlohmann::json& json, uint64_t minimum, uint64_t maximum);

  std::shared_ptr<internal::JsonState> state_;
  const nlohmann::json* json_;
  std::string path_;
};

class JsonDocument {
 public:
  // Reads and parses a file whose root is an object.
  static Result<JsonDocument> read(const std::filesystem::path& path);
  // `name` stands for the file in messages.
  static Result<JsonDocument> parse(std::string text, std::string name);

  JsonObject root();
  Done finish();

  // The file as read, and its SHA-256.
  const std::string& text() const;
  const std::string& sha256() const;

 private:
  explicit JsonDocument(std::shared_ptr<internal::JsonState> state) : state_(std::move(state)) {}
  std::shared_ptr<internal::JsonState> state_;
};

}  // namespace slmrig::base
