#include "harness/cli/query_output.h"

#include <algorithm>
#include <limits>

#include "harness/cli/text_table.h"
#include "harness/store/row_text.h"

namespace slmrig::cli {
namespace {

using store::SqlValue;

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
                                                                    : one_line(store::value_text(value)));
    }
    text.add_row(std::move(cells));
  }
  // Nothing is cut: a query's result is data, and its reader may scroll.
  return text.text(std::numeric_limits<std::size_t>::max());
}

}  // namespace slmrig::cli
