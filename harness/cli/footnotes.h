// Numbered texts below tables of plain text: a line points at them by "!1". Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace slmrig::cli {

class Footnotes {
 public:
  // `head` stands before each text: "doubtful: ".
  explicit Footnotes(std::string head = "doubtful: ") : head_(std::move(head)) {}

  // "!1!2"; the same text keeps its number.
  std::string mark(const std::vector<std::string>& texts);

  // A line or more for each; empty where nothing was marked.
  std::string text() const;

 private:
  std::string head_;
  std::map<std::string, std::size_t> numbers_;
  std::vector<std::string> texts_;
};

}  // namespace slmrig::cli
