#include "harness/cli/text_table.h"

#include <algorithm>
#include <numeric>

#include "harness/base/error.h"

namespace slmrig::cli {
namespace {

constexpr std::size_t kShortestName = 6;  // names are not cut below this

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::size_t used = display_width(text);
  const std::string blanks(width > used ? width - used : 0, ' ');
  return align == Align::kLeft ? text + blanks : blanks + text;
}

void trim_end(std::string& line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_code_point));
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t kept = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    if (begins_code_point(text[end]) && ++kept == width) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::vector<std::string> wrap_words(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

TextTable::TextTable(std::vector<Column> columns, std::size_t gap)
    : columns_(std::move(columns)), gap_(gap) {}

void TextTable::add_row(std::vector<std::string> cells) {
  SLMRIG_CHECK(cells.size() <= columns_.size());
  rows_.push_back({std::move(cells), {}});
}

void TextTable::add_note_row(std::vector<std::string> cells, std::string note) {
  SLMRIG_CHECK(cells.size() <= columns_.size());
  rows_.push_back({std::move(cells), std::move(note)});
}

std::vector<std::size_t> TextTable::widths(std::size_t limit) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row.cells[i]));
    }
  }
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), gap_ * (widths.size() - 1));
  };
  while (total() > limit) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::size_t least = std::max(kShortestName, display_width(columns_[i].title));
      if (columns_[i].align == Align::kRight || widths[i] <= least) continue;
      if (widest == nullptr || widths[i] > *widest) widest = &widths[i];
    }
    if (widest == nullptr) break;
    --*widest;
  }
  return widths;
}

std::string TextTable::line_of(const std::vector<std::string>& cells,
                               const std::vector<std::size_t>& widths) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) line.append(gap_, ' ');
    line += padded(shorten(cells[i], widths[i]), widths[i], columns_[i].align);
  }
  return line;
}

void TextTable::append_note_lines(const Row& row, const std::vector<std::size_t>& widths, std::size_t limit,
                                  std::vector<std::string>& lines) const {
  std::string line = line_of(row.cells, widths);
  if (!line.empty()) line.append(gap_, ' ');
  const std::size_t indent = display_width(line);
  const std::size_t room = limit > indent + 20 ? limit - indent : 20;
  for (const std::string& part : wrap_words(row.note, room)) {
    lines.push_back(line + part);
    line.assign(indent, ' ');
  }
}

std::vector<std::string> TextTable::lines(std::size_t width) const {
  const std::vector<std::size_t> columns = widths(width);
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::vector<std::string> lines = {line_of(titles, columns)};
  for (const Row& row : rows_) {
    if (row.note.empty()) {
      lines.push_back(line_of(row.cells, columns));
    } else {
      append_note_lines(row, columns, width, lines);
    }
  }
  for (std::string& line : lines) trim_end(line);
  return lines;
}

std::string TextTable::text(std::size_t width) const {
  std::string text;
  for (const std::string& line : lines(width)) text += line + "\n";
  return text;
}

}  // namespace slmrig::cli
