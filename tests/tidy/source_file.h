// The files that the rules look at.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace slmrig::tidy {

enum class Language { kCpp, kTypeScript, kOther };

struct SourceFile {
  std::string path;  // relative to the project root, with '/'
  std::string text;
};

struct Violation {
  std::string file;
  std::size_t line = 0;  // 1-based
  std::string message;

  std::string text() const { return file + ":" + std::to_string(line) + ": " + message; }
};

Language language_of(std::string_view path);

// Tests, benchmarks, fuzz targets, their helpers (folders `testing`, sample_data) and everything under
// tests/: they may include any room, and no room includes them.
bool is_test_code(std::string_view path);

// Every text file below `root` that people write: no build folders, no packages, no data (JSON, GGUF).
std::vector<SourceFile> read_tree(const std::string& root);

std::size_t line_of(std::string_view text, std::size_t offset);
std::size_t line_count(std::string_view text);

}  // namespace slmrig::tidy
