#include "harness/store/row_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/sha256.h"
#include "harness/base/utf8.h"

namespace slmrig::store {
namespace {

struct ToText {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const Blob& value) const { return base::to_hex(value.bytes); }
};

struct ToJson {
  nlohmann::json operator()(std::monostate) const { return nullptr; }
  nlohmann::json operator()(int64_t value) const { return value; }
  nlohmann::json operator()(double value) const { return value; }
  nlohmann::json operator()(const std::string& value) const { return base::make_valid_utf8(value); }
  nlohmann::json operator()(const Blob& value) const { return base::to_hex(value.bytes); }
};

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

template <typename Items, typename ToField>
std::string csv_of(const Items& items, ToField to_field) {
  std::string line;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) line += ',';
    line += csv_field(to_field(items[i]));
  }
  return line + "\r\n";
}

}  // namespace

std::string value_text(const SqlValue& value) { return std::visit(ToText{}, value); }

std::string csv_line(std::span<const std::string> titles) {
  return csv_of(titles, [](const std::string& title) { return title; });
}

std::string csv_line(std::span<const SqlValue> row) { return csv_of(row, value_text); }

std::string json_row(std::span<const std::string> columns, std::span<const SqlValue> row) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < columns.size(); ++i) object[columns[i]] = std::visit(ToJson{}, row[i]);
  return object.dump();
}

}  // namespace slmrig::store
