// What an image holds of a GGUF matrix is what the GGUF file says: random blocks of every type, decoded from
// the file's bytes and read back from the image's, row by row.
#include "workloads/forge/image_layout.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "workloads/forge/aligned_bytes.h"
#include "workloads/forge/block_formats.h"
#include "workloads/runtime/image_formats.h"

namespace slmrig::forge {
namespace {

// Where the halves of a block are; other bytes may be anything.
const std::map<std::uint32_t, std::vector<std::size_t>>& halves_of_types() {
  static const std::map<std::uint32_t, std::vector<std::size_t>> halves = {
      {kGgmlF16, {0}},    {kGgmlQ8_0, {0}},    {kGgmlQ4_0, {0}},    {kGgmlIq4Nl, {0}},
      {kGgmlNf4, {0}},    {kGgmlTq2_0, {64}},  {kGgmlTq1_0, {52}},  {kGgmlQ2_K, {80, 82}},
      {kGgmlQ3_K, {108}}, {kGgmlQ4_K, {0, 2}}, {kGgmlQ6_K, {208}},  {kGgmlQ4_1, {0, 2}},
      {kGgmlQ5_0, {0}},   {kGgmlQ5_1, {0, 2}}, {kGgmlQ5_K, {0, 2}},
  };
  return halves;
}

// Images hold neither code -128 of Q8_0 nor crumb 3 of TQ2_0.
std::byte random_byte(std::uint32_t type, std::mt19937& random) {
  if (type == kGgmlQ8_0) return static_cast<std::byte>(129 + random() % 255);
  if (type != kGgmlTq2_0) return static_cast<std::byte>(random());
  std::mt19937::result_type crumbs = 0;
  for (int i = 0; i < 4; ++i) crumbs = crumbs << 2 | random() % 3;
  return static_cast<std::byte>(crumbs);
}

GgufFile random_matrix(std::uint32_t type, std::uint64_t columns, std::uint64_t rows, std::mt19937& random) {
  const GgmlTypeInfo& info = *gguf_type_info(type);
  std::vector<std::byte> bytes(rows * columns / info.block_size * info.block_bytes);
  for (std::byte& byte : bytes) byte = random_byte(type, random);
  for (std::size_t block = 0; block < bytes.size(); block += info.block_bytes) {
    for (const std::size_t at : halves_of_types().at(type)) {
      const auto half = static_cast<std::uint16_t>(0x2000 + random() % 0x1800 + (random() % 2 << 15));
      std::memcpy(bytes.data() + block + at, &half, 2);
    }
  }
  GgufFile file;
  REQUIRE(file.add_tensor("w", type, {columns, rows}, std::move(bytes)));
  return file;
}

// The rows of a stored matrix, as the plain kernels read them.
std::vector<float> read_back(const StoredMatrix& stored, std::size_t rows) {
  const AlignedBytes data(stored.bytes);
  REQUIRE(stored.bytes.size() == runtime::stored_bytes(stored.format, stored.rows, stored.columns));
  REQUIRE(runtime::weights_refusal(stored.format, data.data(), stored.bytes.size()) == nullptr);
  const runtime::Matrix matrix = {data.data(), stored.rows, stored.columns, stored.format};
  std::vector<float> values(rows * stored.columns);
  for (std::size_t row = 0; row < rows; ++row) {
    runtime::plain_kernels().formats[static_cast<std::size_t>(stored.format)]->read_row(
        matrix, static_cast<std::uint32_t>(row), values.data() + row * stored.columns);
  }
  return values;
}

TEST_CASE("Images hold the weights of every GGUF type") {
  std::mt19937 random(31);
  for (const auto& [type, halves] : halves_of_types()) {
    INFO(gguf_type_info(type)->name);
    const std::uint64_t columns = type == kGgmlF16 ? 45 : 2 * std::uint64_t{gguf_type_info(type)->block_size};
    const GgufFile file = random_matrix(type, columns, 8, random);
    const auto exact = dequantize(file.tensors()[0]);
    REQUIRE(exact);
    const auto stored = lay_out_matrix(file.tensors()[0], false);
    REQUIRE(stored);
    const std::vector<float> read = read_back(*stored, 8);
    REQUIRE(read.size() == exact->size());
    for (std::size_t i = 0; i < read.size(); ++i) {
      INFO("weight " << i);
      // NF4's codes are rounded to 1/127 and its scale to a half of its own; a value with a minimum may be
      // rounded at another place.
      const double most = type == kGgmlNf4 ? 0.5 / 127 + 0.001 : 1e-6;
      CHECK(static_cast<double>(read[i]) ==
            Approx(static_cast<double>((*exact)[i])).epsilon(most).margin(type == kGgmlNf4 ? 0.01 : 1e-4));
    }
  }
}

TEST_CASE("Rows that make no whole group are filled up with zeros where the kind allows it") {
  std::mt19937 random(32);
  for (const std::uint32_t type : {kGgmlQ8_0, kGgmlQ4_0, kGgmlNf4, kGgmlTq2_0, kGgmlQ2_K, kGgmlQ6_K}) {
    INFO(gguf_type_info(type)->name);
    const GgufFile file = random_matrix(type, 256, 6, random);
    const auto stored = lay_out_matrix(file.tensors()[0], true);
    REQUIRE(stored);
    CHECK(stored->rows == 8);
    const std::vector<float> read = read_back(*stored, 8);
    for (std::size_t i = 6 * 256; i < read.size(); ++i) CHECK(read[i] == 0.0F);
    const auto refused = lay_out_matrix(file.tensors()[0], false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("`w` has 6 rows") != std::string::npos);
  }
}

TEST_CASE("A type without kernels is refused by name") {
  GgufFile file;
  REQUIRE(file.add_tensor("w", kGgmlI32, {8, 4}, std::vector<std::byte>(8 * 4 * 4)));
  const auto refused = lay_out_matrix(file.tensors()[0], true);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kUnsupported);
  CHECK(refused.error().message.find("type I32") != std::string::npos);
}

}  // namespace
}  // namespace slmrig::forge
