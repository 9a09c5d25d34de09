#include "harness/serve/view_request.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/store/row_text.h"

namespace slmrig::serve {
namespace {

using base::ErrorCode;
using base::Result;
using store::SqlValue;

constexpr std::size_t kMostRows = 100'000;
constexpr std::size_t kMostConditions = 64;

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number value = {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Names in double quotes are names to SQLite, whatever they hold.
std::string sql_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

Result<std::size_t> count_in(const std::string& key, const std::string& text, std::size_t least,
                             std::size_t most) {
  const auto value = number_in<std::size_t>(text);
  if (value && *value >= least && *value <= most) return *value;
  return base::fail(ErrorCode::kBadInput,
                    fmt::format("'{}' is not a whole number from {} to {}", text, least, most), key);
}

base::Done check_column(const PublicView& view, const std::string& column, const char* kind) {
  const auto& known = view.columns;
  if (std::find(known.begin(), known.end(), column) != known.end()) return {};
  std::vector<std::string> names = known;
  names.insert(names.end(), {"limit", "offset", "order"});
  return base::fail(ErrorCode::kBadInput, base::unknown_name(kind, column, names), view.name);
}

// A column of a view has no type of its own, so that 3 and '3' differ: a value that reads as a number is
// both.
void add_value(const std::string& value, std::vector<std::string>& alternatives,
               std::vector<SqlValue>& parameters, const std::string& column) {
  if (value.empty()) {
    alternatives.push_back(column + " is null");
    return;
  }
  const auto bind = [&](SqlValue bound) {
    parameters.push_back(std::move(bound));
    alternatives.push_back(fmt::format("{} = ?{}", column, parameters.size()));
  };
  bind(value);
  if (const auto integer = number_in<int64_t>(value)) {
    bind(*integer);
  } else if (const auto real = number_in<double>(value)) {
    bind(*real);
  }
}

struct Sql {
  std::string text;
  std::vector<SqlValue> parameters;
};

Sql sql_of(const ViewRequest& request) {
  Sql sql;
  std::vector<std::string> conditions;
  std::vector<std::string> done;
  for (const auto& [column, unused] : request.equals) {
    if (std::find(done.begin(), done.end(), column) != done.end()) continue;
    done.push_back(column);
    std::vector<std::string> alternatives;
    for (const auto& [other, value] : request.equals) {
      if (other == column) add_value(value, alternatives, sql.parameters, sql_name(column));
    }
    conditions.push_back(fmt::format("({})", fmt::join(alternatives, " or ")));
  }
  sql.text = "select * from " + sql_name(request.view);
  if (!conditions.empty()) sql.text += fmt::format(" where {}", fmt::join(conditions, " and "));
  if (!request.order_by.empty()) {
    sql.text += fmt::format(" order by {}{}", sql_name(request.order_by), request.descending ? " desc" : "");
  }
  // One more than asked for tells whether there are more.
  sql.text += fmt::format(" limit {} offset {}", request.limit + 1, request.offset);
  return sql;
}

}  // namespace

Result<std::vector<std::string>> public_view_names(const std::string& database) {
  SLMRIG_ASSIGN(
      const store::SqlTable table,
      store::run_query(
          database, "select name from sqlite_schema where type = 'view' and name glob 'v_*' order by name"));
  std::vector<std::string> names;
  for (const auto& row : table.rows) names.push_back(std::get<std::string>(row[0]));
  return names;
}

Result<PublicView> public_view(const std::string& database, const std::string& name) {
  SLMRIG_ASSIGN(const std::vector<std::string> names, public_view_names(database));
  if (std::find(names.begin(), names.end(), name) == names.end())
    return base::fail(ErrorCode::kBadInput, base::unknown_name("view", name, names));
  SLMRIG_ASSIGN(store::SqlTable table,
                store::run_query(database, "select * from " + sql_name(name) + " limit 0"));
  return PublicView{name, std::move(table.columns)};
}

Result<ViewRequest> view_request(const PublicView& view, const HttpFields& query) {
  ViewRequest request;
  request.view = view.name;
  for (const auto& [key, value] : query) {
    if (key == "limit") {
      SLMRIG_ASSIGN(request.limit, count_in(key, value, 1, kMostRows));
    } else if (key == "offset") {
      SLMRIG_ASSIGN(request.offset, count_in(key, value, 0, 1'000'000'000));
    } else if (key == "order") {
      request.descending = value.starts_with('-');
      request.order_by = request.descending ? value.substr(1) : value;
      SLMRIG_TRY(check_column(view, request.order_by, "column"));
    } else {
      SLMRIG_TRY(check_column(view, key, "key"));
      request.equals.emplace_back(key, value);
    }
  }
  if (request.equals.size() <= kMostConditions) return request;
  return base::fail(
      ErrorCode::kBadInput,
      fmt::format("{} conditions; at most {} are taken", request.equals.size(), kMostConditions), view.name);
}

std::string url_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string next_query(const ViewRequest& request, std::size_t rows) {
  std::string query = fmt::format("?limit={}&offset={}", request.limit, request.offset + rows);
  if (!request.order_by.empty()) {
    query += fmt::format("&order={}{}", request.descending ? "-" : "", url_encoded(request.order_by));
  }
  for (const auto& [column, value] : request.equals) {
    query += fmt::format("&{}={}", url_encoded(column), url_encoded(value));
  }
  return query;
}

Result<TableText> table_text(const std::string& database, const ViewRequest& request, TableForm form,
                             std::size_t most_bytes, const std::function<bool()>& stop) {
  const bool json = form == TableForm::kJson;
  TableText table;
  std::vector<std::string> columns;
  store::RowVisitor visitor;
  visitor.on_columns = [&](std::span<const std::string> names) {
    columns.assign(names.begin(), names.end());
    table.text = json ? "[" : store::csv_line(names);
  };
  visitor.on_row = [&](std::span<const SqlValue> row) {
    table.more = table.rows == request.limit || table.text.size() > most_bytes;
    if (table.more) return false;
    if (json) table.text += table.rows == 0 ? "\n" : ",\n";
    table.text += json ? store::json_row(columns, row) : store::csv_line(row);
    ++table.rows;
    return true;
  };
  Sql sql = sql_of(request);
  SLMRIG_TRY(store::visit_query(database, sql.text, visitor, {std::move(sql.parameters), stop}));
  if (json) table.text += table.rows == 0 ? "]\n" : "\n]\n";
  return table;
}

}  // namespace slmrig::serve
