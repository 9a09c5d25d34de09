// What a virtual PPK2 does wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rigsim {

struct Ppk2Fault {
  std::string kind;
  std::string value;
  int64_t at_sample = 0;  // since the stream began
};

// KIND[=VALUE][@SAMPLE], with KIND one of ppk2_fault_names().
base::Result<Ppk2Fault> parse_ppk2_fault(const std::string& text);
std::vector<std::string> ppk2_fault_names();

// "KIND=VALUE  what it does", a line each.
std::string ppk2_fault_help();

// Those that a device has, looked up by kind.
class Ppk2Faults {
 public:
  void add(Ppk2Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }

  bool has(const std::string& kind) const { return find(kind) != nullptr; }
  // 0: there is no such fault.
  double number(const std::string& kind) const;
  std::vector<std::string> values(const std::string& kind) const;
  // The fault that is due at this sample, which is then forgotten.
  bool take_due(int64_t sample, Ppk2Fault* due);
  // Whether take_due() could find one: cheap.
  bool any_due(int64_t sample) const;

 private:
  const Ppk2Fault* find(const std::string& kind) const;

  std::vector<Ppk2Fault> faults_;
};

}  // namespace slmrig::rigsim
