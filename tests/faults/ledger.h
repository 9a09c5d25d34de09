// The table of faults: what was injected, by kind, and what became of it.
//
// Every test adds its cases here; what they held is left in a file for each kind, from which ctest prints the
// table once the tests have run (print_table.cmake). One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace slmrig::faults {

class Ledger {
 public:
  // The file is written when the ledger goes. A test needs one of its own: tests run side by side.
  Ledger() = default;
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // broken: the invariant that did not hold, in words; empty: all did. Fails the test where it is not empty.
  // `where` tells how to make this case again.
  void add(const std::string& kind, const std::string& where, const std::string& broken);

 private:
  struct Count {
    int64_t cases = 0;
    int64_t lost = 0;
  };
  std::map<std::string, Count> kinds_;
};

}  // namespace slmrig::faults
