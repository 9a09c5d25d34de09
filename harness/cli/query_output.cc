#include "harness/cli/query_output.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/sha256.h"
#include "harness/base/utf8.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using store::Blob;
using store::SqlValue;

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

bool is_number(const SqlValue& value) {
  return std::holds_alternative<int64_t>(value) || std::holds_alternative<double>(value);
}

// A line break or a control character would tear a table apart.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = ' ';
  }
  return text;
}

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

std::string query_table_text(const store::SqlTable& table) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const bool numbers =
        !table.rows.empty() && std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
          return is_number(row[i]) || std::holds_alternative<std::monostate>(row[i]);
        });
    columns.push_back({table.columns[i], numbers ? Align::kRight : Align::kLeft});
  }
  TextTable text(std::move(columns), 2);
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (const SqlValue& value : row) {
      cells.push_back(std::holds_alternative<std::monostate>(value) ? "NULL"
                                                                    : one_line(std::visit(ToText{}, value)));
    }
    text.add_row(std::move(cells));
  }
  // Nothing is cut: a query's result is data, and its reader may scroll.
  return text.text(std::numeric_limits<std::size_t>::max());
}

std::string csv_line(std::span<const std::string> titles) {
  return csv_of(titles, [](const std::string& title) { return title; });
}

std::string csv_line(std::span<const SqlValue> row) {
  return csv_of(row, [](const SqlValue& value) { return std::visit(ToText{}, value); });
}

std::string json_row(std::span<const std::string> columns, std::span<const SqlValue> row) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < columns.size(); ++i) object[columns[i]] = std::visit(ToJson{}, row[i]);
  return object.dump();
}

}  // namespace slmrig::cli
