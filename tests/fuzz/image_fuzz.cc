// Images that lie: one of several good small images with some bytes of its header, tensor table or tokenizer
// changed and every checksum put right again. What the reader accepts runs unchecked, so it is run.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "workloads/forge/image_writer.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/random_model.h"
#include "workloads/forge/recipe.h"
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

std::vector<uint8_t> good_image_of(const char* architecture, const char* recipe_name, uint32_t width) {
  forge::RandomModelOptions options;
  options.architecture = architecture;
  options.width = width;
  options.layer_count = 1;
  options.feed_forward = width;
  options.context_tokens = 32;
  const auto recipe = forge::find_recipe(recipe_name);
  if (!recipe) std::abort();
  forge::QuantizeOptions quantize_options;
  quantize_options.without_calibration = true;
  const auto quantized = forge::quantize(forge::random_model(options), *recipe, quantize_options);
  if (!quantized) std::abort();
  const auto build = forge::write_image(quantized->file, std::array<uint8_t, 32>{}, {});
  if (!build) std::abort();
  return build->bytes;
}

// Every architecture and every way of storing weights that recipes know.
const std::vector<std::vector<uint8_t>>& good_images() {
  static const std::vector<std::vector<uint8_t>> kImages = {
      good_image_of("llama", "f32", 32),    good_image_of("qwen2", "int8", 32),
      good_image_of("gemma", "int4", 32),   good_image_of("llama", "nf4", 64),
      good_image_of("llama", "f16", 32),    good_image_of("llama", "2bit", 256),
      good_image_of("llama", "int4-k", 256)};
  return kImages;
}

bool fits(uint64_t offset, uint64_t bytes, uint64_t size_bytes) {
  return offset <= size_bytes && bytes <= size_bytes - offset;
}

void put_checksums_right(const std::vector<uint8_t>& good, uint8_t* image) {
  const size_t size_bytes = good.size();
  ImageHeader header;
  std::memcpy(&header, image, sizeof header);
  const uint64_t table_bytes = uint64_t{header.tensor_count} * sizeof(TensorEntry);
  if (!fits(header.tensor_table_offset, table_bytes, size_bytes)) return;
  for (uint32_t i = 0; i < header.tensor_count; ++i) {
    uint8_t* place = image + header.tensor_table_offset + i * sizeof(TensorEntry);
    TensorEntry entry;
    std::memcpy(&entry, place, sizeof entry);
    const size_t place_in_good = static_cast<size_t>(place - image);
    if (std::memcmp(place, good.data() + place_in_good, sizeof entry) == 0) continue;
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

// The first byte of the input chooses an image; the rest is a list of edits: two bytes of place, one of
// value. Places count from the start of the image for the header and tensor table, and from the tokenizer for
// every second edit.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  if (size_bytes == 0) return 0;
  const std::vector<uint8_t>& good = good_images()[data[0] % good_images().size()];
  static std::vector<Line> lines;
  lines.resize(good.size() / sizeof(Line) + 1);
  auto* image = reinterpret_cast<uint8_t*>(lines.data());
  std::memcpy(image, good.data(), good.size());
  ImageHeader header;
  std::memcpy(&header, image, sizeof header);
  const size_t directory_bytes =
      static_cast<size_t>(header.tensor_table_offset) + header.tensor_count * sizeof(TensorEntry);
  for (size_t at = 1; at + 3 <= size_bytes && at < 25; at += 3) {
    const size_t place = data[at] | size_t{data[at + 1]} << 8U;
    if (at % 2 == 1) {
      image[place % directory_bytes] = data[at + 2];
    } else {
      image[header.tokenizer_offset + place % header.tokenizer_bytes] = data[at + 2];
    }
  }
  put_checksums_right(good, image);
  run(image, good.size());
  return 0;
}
