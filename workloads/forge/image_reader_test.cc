// The runtime's image reader refuses what is damaged or lies, with the reason and the place.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "workloads/forge/aligned_bytes.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/random_model.h"
#include "workloads/runtime/crc32c.h"
#include "workloads/runtime/runtime.h"

namespace slmrig::forge {
namespace {

using runtime::ImageHeader;
using runtime::Status;
using runtime::TensorEntry;

std::vector<std::uint8_t> small_image() {
  auto quantized = quantize(random_model({}), "int8");
  REQUIRE(quantized);
  auto build = write_image(quantized->file, {}, {});
  REQUIRE(build);
  return build->bytes;
}

ImageHeader header_of(const std::vector<std::uint8_t>& image) {
  ImageHeader header;
  std::memcpy(&header, image.data(), sizeof(header));
  return header;
}

// Makes the directory's checksum right again, as a liar would.
void seal(std::vector<std::uint8_t>* image) {
  ImageHeader header = header_of(*image);
  header.directory_crc32c = 0;
  std::uint32_t crc = runtime::crc32c(reinterpret_cast<const std::uint8_t*>(&header), sizeof(header));
  const std::size_t table_bytes = header.tensor_count * sizeof(TensorEntry);
  if (header.tensor_table_offset <= image->size() &&
      table_bytes <= image->size() - header.tensor_table_offset) {
    crc = runtime::crc32c(image->data() + header.tensor_table_offset, table_bytes, crc);
  }
  header.directory_crc32c = crc;
  std::memcpy(image->data(), &header, sizeof(header));
}

struct Outcome {
  Status status;
  std::string reason;
  std::uint64_t offset;
};

Outcome load(const std::vector<std::uint8_t>& bytes) {
  const AlignedBytes image(bytes);
  AlignedBytes arena(std::size_t{1} << 20);
  runtime::Runtime runtime;
  std::size_t needed = 0;
  const Status status = runtime.load(image.data(), image.size(), {}, arena.data(), arena.size(), &needed);
  return {status, runtime.refusal().reason, runtime.refusal().offset};
}

Outcome load_with_header(const std::function<void(ImageHeader*)>& change) {
  std::vector<std::uint8_t> image = small_image();
  ImageHeader header = header_of(image);
  change(&header);
  std::memcpy(image.data(), &header, sizeof(header));
  seal(&image);
  return load(image);
}

Outcome load_with_entry(std::size_t index, const std::function<void(TensorEntry*)>& change) {
  std::vector<std::uint8_t> image = small_image();
  TensorEntry entry;
  std::uint8_t* place = image.data() + header_of(image).tensor_table_offset + index * sizeof(entry);
  std::memcpy(&entry, place, sizeof(entry));
  change(&entry);
  std::memcpy(place, &entry, sizeof(entry));
  seal(&image);
  return load(image);
}

TEST_CASE("A good image is loaded, also from a slot that is larger") {
  std::vector<std::uint8_t> image = small_image();
  CHECK(load(image).status == Status::kOk);
  image.resize(image.size() + 4096, 0xFF);
  CHECK(load(image).status == Status::kOk);
}

TEST_CASE("Every truncation is refused") {
  const std::vector<std::uint8_t> image = small_image();
  for (std::size_t size = 0; size < image.size(); size += size < 600 ? 7 : 1999) {
    INFO(size << " bytes");
    const Outcome outcome =
        load(std::vector<std::uint8_t>(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(size)));
    CHECK(outcome.status == Status::kBadImage);
    CHECK(outcome.reason ==
          (size < sizeof(ImageHeader) ? "the image is shorter than its header" : "the image is cut short"));
  }
}

TEST_CASE("A flipped bit in any part is found") {
  const std::vector<std::uint8_t> image = small_image();
  const ImageHeader header = header_of(image);
  for (std::uint32_t i = 0; i < header.tensor_count; ++i) {
    TensorEntry entry;
    std::memcpy(&entry, image.data() + header.tensor_table_offset + i * sizeof(entry), sizeof(entry));
    for (const std::uint64_t at :
         {entry.offset, entry.offset + entry.bytes / 2, entry.offset + entry.bytes - 1}) {
      std::vector<std::uint8_t> damaged = image;
      damaged[at] ^= 0x10;
      const Outcome outcome = load(damaged);
      CHECK(outcome.status == Status::kBadImage);
      CHECK(outcome.reason == "a tensor does not have its checksum");
      CHECK(outcome.offset == entry.offset);
    }
  }
  std::vector<std::uint8_t> damaged = image;
  damaged[header.tokenizer_offset + header.tokenizer_bytes / 2] ^= 1;
  CHECK(load(damaged).reason == "the tokenizer does not have its checksum");
  damaged = image;
  damaged[offsetof(ImageHeader, rms_epsilon)] ^= 1;
  CHECK(load(damaged).reason == "the header or tensor table does not have its checksum");
}

TEST_CASE("A header that lies under a right checksum is refused by reason") {
  const auto reason = [](const std::function<void(ImageHeader*)>& change) {
    const Outcome outcome = load_with_header(change);
    CHECK(outcome.status != Status::kOk);
    return outcome.reason;
  };
  CHECK(reason([](ImageHeader* h) { h->magic[0] = 'X'; }) == "this is not a model image");
  CHECK(reason([](ImageHeader* h) { h->activation = 2; }) == "an activation that this runtime does not know");
  CHECK(reason([](ImageHeader* h) { h->embedding_scale = -1.0F; }) ==
        "a hyper-parameter is out of its range");
  CHECK(reason([](ImageHeader* h) { h->version = 3; }) == "an image of another version");
  CHECK(reason([](ImageHeader* h) { h->header_bytes = 64; }) == "the header's own size is wrong");
  CHECK(reason([](ImageHeader* h) { h->image_bytes += 32; }) == "the image is cut short");
  CHECK(reason([](ImageHeader* h) { h->tensor_count = 5000; }) ==
        "the tensor table reaches beyond the image");
  CHECK(reason([](ImageHeader* h) { h->tensor_table_offset = ~0ULL - 31; }) ==
        "the tensor table reaches beyond the image");
  CHECK(reason([](ImageHeader* h) { h->tokenizer_bytes = ~0ULL; }) ==
        "the tokenizer reaches beyond the image");
  const std::string range = "a hyper-parameter is out of its range";
  CHECK(reason([](ImageHeader* h) { h->layer_count = 0; }) == range);
  CHECK(reason([](ImageHeader* h) { h->layer_count = 1U << 30; }) == range);
  CHECK(reason([](ImageHeader* h) { h->kv_head_count = 3; }) == range);
  CHECK(reason([](ImageHeader* h) { h->head_dim = 15; }) == range);
  CHECK(reason([](ImageHeader* h) { h->context_tokens = 1; }) == range);
  CHECK(reason([](ImageHeader* h) { h->rms_epsilon = NAN; }) == range);
  CHECK(reason([](ImageHeader* h) { h->rms_epsilon = 0.0F; }) == range);
  CHECK(reason([](ImageHeader* h) { std::memset(h->name, 'a', sizeof(h->name)); }) == range);
  CHECK(reason([](ImageHeader* h) { h->width *= 2; }) == "a tensor of another shape than the header says");
  CHECK(reason([](ImageHeader* h) { h->layer_count = 3; }) == "a tensor is missing");
}

TEST_CASE("A header whose cache would overflow an address asks for an arena, and gets none") {
  const Outcome outcome = load_with_header([](ImageHeader* h) {
    h->context_tokens = runtime::kMaxContextTokens;
    h->layer_count = runtime::kMaxLayers;
    h->head_count = h->kv_head_count = 64;
    h->head_dim = 256;
  });
  CHECK(outcome.status == Status::kArenaTooSmall);
}

TEST_CASE("A tensor table that lies under a right checksum is refused by reason") {
  const auto reason = [](std::size_t index, const std::function<void(TensorEntry*)>& change) {
    const Outcome outcome = load_with_entry(index, change);
    CHECK(outcome.status != Status::kOk);
    return outcome.reason;
  };
  CHECK(reason(0, [](TensorEntry* e) { e->kind = 99; }) == "a tensor of an unknown kind");
  CHECK(reason(0, [](TensorEntry* e) { e->format = 77; }) == "a tensor of an unknown format");
  CHECK(reason(1, [](TensorEntry* e) { e->format = 1; }) == "a norm, bias or rope tensor that is not f32");
  CHECK(reason(3, [](TensorEntry* e) { e->layer = 9; }) ==
        "a tensor of a layer that the model does not have");
  CHECK(reason(0, [](TensorEntry* e) { e->rows += 4; }) == "a tensor of another shape than the header says");
  CHECK(reason(0, [](TensorEntry* e) { e->bytes -= 1; }) == "a tensor of a wrong number of bytes");
  CHECK(reason(0, [](TensorEntry* e) { e->offset += 8; }) == "a tensor that is not aligned");
  CHECK(reason(0, [](TensorEntry* e) { e->offset = ~0ULL - 31; }) == "a tensor reaches beyond the image");
  CHECK(reason(0, [](TensorEntry* e) { e->offset += 1ULL << 20; }) == "a tensor reaches beyond the image");
  CHECK(reason(0, [](TensorEntry* e) { e->offset += 32; }) == "a tensor does not have its checksum");
}

TEST_CASE("A tokenizer that lies under a right checksum is refused by reason") {
  using runtime::TokenizerHeader;
  const auto reason = [](const std::function<void(std::uint8_t*, TokenizerHeader*)>& change) {
    std::vector<std::uint8_t> image = small_image();
    ImageHeader header = header_of(image);
    std::uint8_t* section = image.data() + header.tokenizer_offset;
    TokenizerHeader tokenizer;
    std::memcpy(&tokenizer, section, sizeof(tokenizer));
    change(section, &tokenizer);
    std::memcpy(section, &tokenizer, sizeof(tokenizer));
    header.tokenizer_crc32c = runtime::crc32c(section, header.tokenizer_bytes);
    std::memcpy(image.data(), &header, sizeof(header));
    seal(&image);
    const Outcome outcome = load(image);
    CHECK(outcome.status != Status::kOk);
    return outcome.reason;
  };
  const auto fill_slots = [](std::uint8_t* section, TokenizerHeader* t) {
    const std::uint16_t id = 300;
    for (std::uint32_t i = 0; i < t->slot_count; ++i) std::memcpy(section + t->slots_offset + 2 * i, &id, 2);
  };
  CHECK(reason([](std::uint8_t*, TokenizerHeader* t) { t->kind = 9; }) ==
        "the tokenizer is of a kind that this runtime does not know");
  CHECK(reason([](std::uint8_t*, TokenizerHeader* t) { t->piece_count = 0; }) ==
        "the tokenizer has no or too many pieces");
  CHECK(reason([](std::uint8_t*, TokenizerHeader* t) { t->piece_count = 511; }) ==
        "the tokenizer's hash table holds a wrong id");
  CHECK(reason([](std::uint8_t*, TokenizerHeader* t) { t->pieces_offset = 0xFFFFFFFC; }) ==
        "a part of the tokenizer reaches beyond its section");
  CHECK(reason([](std::uint8_t*, TokenizerHeader* t) { t->text_bytes += 64; }) ==
        "a part of the tokenizer reaches beyond its section");
  CHECK(reason([](std::uint8_t*, TokenizerHeader* t) { t->slot_count -= 1; }) ==
        "the tokenizer's hash table is not a power of two");
  CHECK(reason([](std::uint8_t*, TokenizerHeader* t) { t->bos_id = 512; }) ==
        "a special token is outside the vocabulary");
  CHECK(reason([](std::uint8_t*, TokenizerHeader* t) { t->longest_piece_bytes = 0; }) ==
        "a piece reaches beyond the tokenizer's text");
  CHECK(reason(fill_slots) == "the tokenizer's hash table is full");
}

TEST_CASE("A weight that is not a number is refused") {
  std::vector<std::uint8_t> image = small_image();
  const ImageHeader header = header_of(image);
  // The first tensor is the embedding: its first bytes are half-precision scales.
  TensorEntry entry;
  std::uint8_t* place = image.data() + header.tensor_table_offset;
  std::memcpy(&entry, place, sizeof(entry));
  const std::uint16_t infinity = 0x7C00;
  std::memcpy(image.data() + entry.offset, &infinity, 2);
  entry.crc32c = runtime::crc32c(image.data() + entry.offset, entry.bytes);
  std::memcpy(place, &entry, sizeof(entry));
  seal(&image);
  const Outcome outcome = load(image);
  CHECK(outcome.status == Status::kBadImage);
  CHECK(outcome.reason == "a tensor holds a number that is not finite");
}

TEST_CASE("An image that does not stand at a multiple of 32 is refused") {
  const std::vector<std::uint8_t> image = small_image();
  AlignedBytes moved(image.size() + 32);
  std::memcpy(moved.data() + 4, image.data(), image.size());
  AlignedBytes arena(std::size_t{1} << 20);
  runtime::Runtime runtime;
  std::size_t needed = 0;
  CHECK(runtime.load(moved.data() + 4, image.size(), {}, arena.data(), arena.size(), &needed) ==
        Status::kBadImage);
}

std::string name_in_image(const std::string& name) {
  RandomModelOptions options;
  options.name = name;
  const auto build = write_image(random_model(options), {}, {});
  REQUIRE(build);
  return build->info.model;
}

TEST_CASE("A model's name is cut between characters and is always UTF-8") {
  const std::string name(29, 'a');
  CHECK(name_in_image(name + "\u00e9") == name + "\u00e9");
  CHECK(name_in_image(name + "b\u00e9") == name + "b");
  CHECK(name_in_image(name + "\u4e2d") == name);
  CHECK(name_in_image(name + "bcdef") == name + "bc");
  CHECK(name_in_image("a\xff") == "a\uFFFD");
}

}  // namespace
}  // namespace slmrig::forge
