// Tables of plain text for a terminal. Pure: columns and cells in, lines out.
//
// A column is as wide as its widest cell. Where a table would be wider than the limit, the widest
// left-aligned columns (names) are shortened with an ellipsis; figures never are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace slmrig::cli {

inline constexpr std::size_t kTableWidth = 100;

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

class TextTable {
 public:
  // Columns stand `gap` blanks apart.
  explicit TextTable(std::vector<Column> columns, std::size_t gap = 1);

  // [columns]; fewer cells leave the rest of the row empty.
  void add_row(std::vector<std::string> cells);

  // Cells for the first columns and then text that runs over all the others, wrapped: why a row has no
  // figures.
  void add_note_row(std::vector<std::string> cells, std::string note);

  // Lines with a title line first; no trailing blanks.
  std::vector<std::string> lines(std::size_t width = kTableWidth) const;

  // The lines, each ended.
  std::string text(std::size_t width = kTableWidth) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string note;
  };

  std::vector<std::size_t> widths(std::size_t limit) const;
  std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;
  void append_note_lines(const Row& row, const std::vector<std::size_t>& widths, std::size_t limit,
                         std::vector<std::string>& lines) const;

  std::vector<Column> columns_;
  std::size_t gap_;
  std::vector<Row> rows_;
};

// Columns that a terminal needs for UTF-8 text (a code point each; we print no wide characters).
std::size_t display_width(std::string_view text);

// At most `width` columns; a cut end becomes an ellipsis.
std::string shorten(std::string_view text, std::size_t width);

// Words broken into lines of at most `width` columns; longer words are left whole.
std::vector<std::string> wrap_words(std::string_view text, std::size_t width);

}  // namespace slmrig::cli
