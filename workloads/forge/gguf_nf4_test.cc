#include "workloads/forge/gguf_nf4.h"

#include <catch2/catch.hpp>

namespace slmrig::forge {
namespace {

using Catch::Matchers::Contains;

// Two rows of 128, each byte of its own value.
GgufFile nf4_file() {
  std::vector<std::byte> blocks(4 * 34);
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<std::byte>(i);
  GgufFile file;
  file.set("general.architecture", std::string("llama"));
  REQUIRE(file.add_floats("norm", {2}, std::vector<float>{1, 2}));
  REQUIRE(file.add_tensor("w", kGgmlNf4, {128, 2}, std::move(blocks)));
  return file;
}

std::string refusal_of(const GgufFile& file) {
  const auto folded = parse_gguf(serialise_gguf(file));
  REQUIRE_FALSE(folded);
  return folded.error().message;
}

TEST_CASE("NF4 goes through a file as codes, scales and keys that any tool can parse") {
  const GgufFile file = nf4_file();
  const GgufFile stored = unfold_nf4(file);
  REQUIRE(stored.tensors().size() == 3);
  const GgufTensor* codes = stored.find_tensor("w");
  CHECK(codes->type == kGgmlI8);
  CHECK(codes->dims == std::vector<std::uint64_t>{64, 2});
  CHECK(codes->data[0] == std::byte{2});
  CHECK(codes->data[32] == std::byte{36});
  const GgufTensor* scales = stored.find_tensor("w.absmax");
  CHECK(scales->type == kGgmlF16);
  CHECK(scales->dims == std::vector<std::uint64_t>{2, 2});
  CHECK(scales->data[2] == std::byte{34});
  CHECK(stored.string_of("slmrig.quant.w.scheme").value() == "nf4");

  const auto read = parse_gguf(serialise_gguf(file));
  REQUIRE(read);
  CHECK(read->metadata() == file.metadata());
  REQUIRE(read->tensors().size() == 2);
  const GgufTensor* w = read->find_tensor("w");
  CHECK(w->type == kGgmlNf4);
  CHECK(w->dims == std::vector<std::uint64_t>{128, 2});
  const auto& data = file.find_tensor("w")->data;
  CHECK(std::equal(w->data.begin(), w->data.end(), data.begin(), data.end()));
}

TEST_CASE("NF4 keys that lie are refused by tensor") {
  const GgufFile good = unfold_nf4(nf4_file());
  GgufFile file = good;
  file.set("slmrig.quant.w.scheme", std::string("fp4"));
  CHECK_THAT(refusal_of(file), Contains("`fp4`"));
  file = good;
  file.set("slmrig.quant.w.block_size", std::uint32_t{32});
  CHECK_THAT(refusal_of(file), Contains("blocks of 32"));
  file = good;
  file.set("slmrig.quant.w.scales", std::string("norm"));
  CHECK_THAT(refusal_of(file), Contains("tensor `w`") && Contains("`norm`"));
  file = good;
  file.set("slmrig.quant.w.scales", std::string("gone"));
  CHECK_THAT(refusal_of(file), Contains("`gone`"));
  file = good;
  file.set("slmrig.quant.w.dims", GgufArray(std::vector<std::uint64_t>{128, 1ULL << 60}));
  CHECK_THAT(refusal_of(file), Contains("63 bits"));
  file = good;
  file.set("slmrig.quant.w.dims", GgufArray(std::vector<std::uint64_t>{64, 2}));
  CHECK_THAT(refusal_of(file), Contains("64 bytes of I8 codes"));
  file = good;
  file.set("slmrig.quant.w.dims", std::uint32_t{256});
  CHECK_THAT(refusal_of(file), Contains("slmrig.quant.w.dims"));
}

TEST_CASE("NF4 whose scales could not be named when it is written again is refused") {
  // `w` takes its scales from elsewhere, and `w.absmax` is something else.
  GgufFile file = unfold_nf4(nf4_file());
  const GgufTensor scales = *file.find_tensor("w.absmax");
  REQUIRE(file.add_tensor("elsewhere", scales.type, scales.dims, {scales.data.begin(), scales.data.end()}));
  file.set("slmrig.quant.w.scales", std::string("elsewhere"));
  CHECK_THAT(refusal_of(file), Contains("`w.absmax` must be its scales"));

  GgufFile long_name;
  REQUIRE(long_name.add_tensor(std::string(56, 'n'), kGgmlNf4, {64}, std::vector<std::byte>(34)));
  CHECK(parse_gguf(serialise_gguf(long_name)));
  GgufFile longer;
  const std::string name(57, 'n');
  REQUIRE(longer.add_tensor(name, kGgmlI8, {32}, std::vector<std::byte>(32)));
  REQUIRE(longer.add_tensor("s", kGgmlF16, {1}, std::vector<std::byte>(2)));
  longer.set("slmrig.quant." + name + ".scheme", std::string("nf4"));
  longer.set("slmrig.quant." + name + ".block_size", std::uint32_t{64});
  longer.set("slmrig.quant." + name + ".dims", GgufArray(std::vector<std::uint64_t>{64}));
  longer.set("slmrig.quant." + name + ".scales", std::string("s"));
  CHECK_THAT(refusal_of(longer), Contains("at most 56 bytes"));
}

TEST_CASE("The number that stands for NF4 in memory is refused in a file") {
  GgufFile file;
  REQUIRE(file.add_floats("t", {2}, std::vector<float>{1, 2}));
  std::vector<std::byte> bytes = serialise_gguf(file);
  // name (8 + 1), count of dims (4), one dim (8), then the type.
  const std::size_t type = 24 + 8 + 1 + 4 + 8;
  bytes.at(type + 2) = std::byte{1};
  const auto refused = parse_gguf(bytes);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Contains("type 65536"));
}

}  // namespace
}  // namespace slmrig::forge
