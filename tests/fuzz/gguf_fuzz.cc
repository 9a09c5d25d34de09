// The GGUF reader on any bytes; what it accepts is written and read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "workloads/forge/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  std::vector<std::byte> bytes(size_bytes);
  if (size_bytes > 0) std::memcpy(bytes.data(), data, size_bytes);
  const auto file = slmrig::forge::parse_gguf(std::move(bytes));
  if (!file) {
    if (file.error().message.empty()) std::abort();  // every refusal gives its reason
    return 0;
  }
  const auto again = slmrig::forge::parse_gguf(slmrig::forge::serialise_gguf(*file));
  if (!again || again->tensors().size() != file->tensors().size()) std::abort();
  return 0;
}
