// What files of other benchmark programs say, read. Pure but for SQLite in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::store {

struct ImportedFigure {
  std::string model;    // empty: the file does not say
  std::string variant;  // likewise
  std::string suite;
  std::string settings;
  std::string metric;  // of base/metrics.h
  uint64_t samples = 0;
  double value = 0;
};

struct ImportedFile {
  std::string format;
  std::string engine;
  std::string commit_sha;
  std::optional<int64_t> started_at_ns;
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<ImportedFigure> figures;
  std::vector<std::string> notices;
};

// By what is in it. kBadInput where it is neither.
base::Result<ImportedFile> read_import(std::string_view text);

}  // namespace slmrig::store
