// The plan reader on any text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "harness/plan/plan_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const std::string_view text(reinterpret_cast<const char*>(data), size_bytes);
  const auto plan = slmrig::plan::parse_plan(text, "workloads/plans/fuzz.json", ".");
  if (!plan && plan.error().text().empty()) std::abort();
  return 0;
}
