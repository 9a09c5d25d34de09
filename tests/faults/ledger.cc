#include "tests/faults/ledger.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace slmrig::faults {

void Ledger::add(const std::string& kind, const std::string& where, const std::string& broken) {
  Count& count = kinds_[kind];
  ++count.cases;
  count.lost += broken.empty() ? 0 : 1;
  INFO(kind << ", " << where);
  CHECK(broken == "");
}

Ledger::~Ledger() {
  const std::filesystem::path folder = SLMRIG_FAULT_TABLE;
  std::error_code ignored;  // without the folder the file cannot be written, and the table lacks these rows
  std::filesystem::create_directories(folder, ignored);
  for (const auto& [kind, count] : kinds_) {
    std::string name = kind;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '-');
    std::ofstream(folder / (name + ".row"))
        << fmt::format("{:<52} {:>7} {:>9} {:>6}\n", kind, count.cases, count.cases - count.lost, count.lost);
  }
}

}  // namespace slmrig::faults
