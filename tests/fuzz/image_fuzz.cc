// Images that lie: a good small image with some bytes of its header, tensor table or tokenizer changed and
// every checksum put right again. What the reader accepts runs unchecked, so it is run.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "workloads/forge/image_writer.h"
#include "workloads/forge/random_model.h"
#include "workloads/runtime/crc32c.h"
#include "workloads/runtime/runtime.h"

namespace {

using namespace slmrig;
using runtime::crc32c;
using runtime::ImageHeader;
using runtime::TensorEntry;

struct alignas(32) Line {
  uint8_t bytes[32];
};

const std::vector<uint8_t>& good_image() {
  static const std::vector<uint8_t> kImage = [] {
    forge::RandomModelOptions options;
    options.width = 32;
    options.layer_count = 1;
    options.feed_forward = 32;
    options.context_tokens = 32;
    const auto build = forge::write_image(forge::random_model(options), std::array<uint8_t, 32>{}, {});
    if (!build) std::abort();
    return build->bytes;
  }();
  return kImage;
}

bool fits(uint64_t offset, uint64_t bytes, uint64_t size_bytes) {
  return offset <= size_bytes && bytes <= size_bytes - offset;
}

void put_checksums_right(uint8_t* image, size_t size_bytes) {
  ImageHeader header;
  std::memcpy(&header, image, sizeof header);
  const uint64_t table_bytes = uint64_t{header.tensor_count} * sizeof(TensorEntry);
  if (!fits(header.tensor_table_offset, table_bytes, size_bytes)) return;
  for (uint32_t i = 0; i < header.tensor_count; ++i) {
    uint8_t* place = image + header.tensor_table_offset + i * sizeof(TensorEntry);
    TensorEntry entry;
    std::memcpy(&entry, place, sizeof entry);
    const size_t place_in_good = static_cast<size_t>(place - image);
    if (std::memcmp(place, good_image().data() + place_in_good, sizeof entry) == 0) continue;
    if (!fits(entry.offset, entry.bytes, size_bytes)) continue;
    entry.crc32c = crc32c(image + entry.offset, static_cast<size_t>(entry.bytes));
    std::memcpy(place, &entry, sizeof entry);
  }
  if (fits(header.tokenizer_offset, header.tokenizer_bytes, size_bytes)) {
    header.tokenizer_crc32c =
        crc32c(image + header.tokenizer_offset, static_cast<size_t>(header.tokenizer_bytes));
  }
  if (!fits(sizeof header, header.header_bytes - sizeof header, size_bytes)) return;
  header.directory_crc32c = 0;
  uint32_t crc = crc32c(reinterpret_cast<const uint8_t*>(&header), sizeof header);
  crc = crc32c(image + sizeof header, header.header_bytes - sizeof header, crc);
  header.directory_crc32c = crc32c(image + header.tensor_table_offset, static_cast<size_t>(table_bytes), crc);
  std::memcpy(image, &header, sizeof header);
}

void run(const uint8_t* image, size_t size_bytes) {
  static std::vector<Line> arena(1U << 15U);
  static runtime::Runtime runtime;
  size_t needed_bytes = 0;
  const runtime::Status status = runtime.load(image, size_bytes, {}, reinterpret_cast<uint8_t*>(arena.data()),
                                              arena.size() * sizeof(Line), &needed_bytes);
  if (status != runtime::Status::kOk || runtime.begin({}) != runtime::Status::kOk) return;
  int32_t ids[32];
  uint32_t count = 0;
  const char text[] = "set a timer \xE2\x82\xAC";
  if (runtime.encode(text, sizeof text - 1, ids, 32, &count) != runtime::Status::kOk) return;
  if (runtime.prefill(ids, count) != runtime::Status::kOk) return;
  for (int i = 0; i < 3; ++i) {
    int32_t id = 0;
    bool is_end = false;
    char piece[64];
    size_t piece_bytes = 0;
    if (runtime.next_token(&id, &is_end) != runtime::Status::kOk || is_end) return;
    (void)runtime.token_text(id, i == 0, piece, sizeof piece, &piece_bytes);
  }
}

}  // namespace

// The input is a list of edits: two bytes of place, one of value. Places count from the start of the image
// for the header and tensor table, and from the tokenizer for every second edit.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const std::vector<uint8_t>& good = good_image();
  static std::vector<Line> lines(good.size() / sizeof(Line) + 1);
  auto* image = reinterpret_cast<uint8_t*>(lines.data());
  std::memcpy(image, good.data(), good.size());
  ImageHeader header;
  std::memcpy(&header, image, sizeof header);
  const size_t directory_bytes =
      static_cast<size_t>(header.tensor_table_offset) + header.tensor_count * sizeof(TensorEntry);
  for (size_t at = 0; at + 3 <= size_bytes && at < 24; at += 3) {
    const size_t place = data[at] | size_t{data[at + 1]} << 8U;
    if (at % 2 == 0) {
      image[place % directory_bytes] = data[at + 2];
    } else {
      image[header.tokenizer_offset + place % header.tokenizer_bytes] = data[at + 2];
    }
  }
  put_checksums_right(image, good.size());
  run(image, good.size());
  return 0;
}
