#include "workloads/forge/gguf.h"

#include <cstring>

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::forge {
namespace {

using Catch::Matchers::Contains;

GgufFile small_file() {
  GgufFile file;
  file.set("general.architecture", std::string("llama"));
  file.set("a.u8", std::uint8_t{7});
  file.set("a.i64", std::int64_t{-5});
  file.set("a.f32", 1.5F);
  file.set("a.f64", 2.5);
  file.set("a.bool", true);
  file.set("a.texts", GgufArray(std::vector<std::string>{"x", "", "yz"}));
  file.set("a.ints", GgufArray(std::vector<std::int32_t>{1, -2}));
  file.set("a.flags", GgufArray(std::vector<bool>{true, false}));
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  REQUIRE(file.add_floats("m", {3, 2}, values));
  REQUIRE(file.add_floats("v", {2}, std::vector<float>{8, 9}));
  return file;
}

std::vector<std::byte> with_bytes(std::vector<std::byte> bytes, std::size_t at,
                                  std::initializer_list<int> values) {
  for (const int value : values) bytes.at(at++) = static_cast<std::byte>(value);
  return bytes;
}

std::size_t find(const std::vector<std::byte>& bytes, std::string_view text) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t at = all.find(text);
  REQUIRE(at != std::string_view::npos);
  return at;
}

std::string refusal(std::vector<std::byte> bytes) {
  const auto file = parse_gguf(std::move(bytes));
  REQUIRE_FALSE(file);
  return file.error().message;
}

}  // namespace

TEST_CASE("A GGUF file that was written is read back the same") {
  const GgufFile written = small_file();
  const auto read = parse_gguf(serialise_gguf(written));
  REQUIRE(read);
  CHECK(read->metadata() == written.metadata());
  REQUIRE(read->tensors().size() == 2);
  CHECK(read->tensors()[0].dims == std::vector<std::uint64_t>{3, 2});
  const GgufTensor* vector = read->find_tensor("v");
  REQUIRE(vector != nullptr);
  CHECK(vector->floats()[1] == 9.0F);
  CHECK(reinterpret_cast<std::uintptr_t>(vector->data.data()) % 4 == 0);
  CHECK(read->strings_of("a.texts").value() == std::vector<std::string>{"x", "", "yz"});
  CHECK(read->count_of("a.u8").value() == 7);
}

TEST_CASE("The bytes are those of the format") {
  const std::vector<std::byte> bytes = serialise_gguf(small_file());
  CHECK(std::memcmp(bytes.data(), "GGUF\x03\0\0\0\x02\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0", 24) == 0);
  // The data part: 24 bytes of m, padded to 32, then v at offset 32, padded.
  CHECK(bytes.size() % 32 == 0);
  float value = 0;
  std::memcpy(&value, bytes.data() + bytes.size() - 32, sizeof(value));
  CHECK(value == 8.0F);
}

TEST_CASE("Typed look-ups name the key and what was expected") {
  const GgufFile file = small_file();
  CHECK_THAT(file.count_of("a.none").error().message, Contains("a.none"));
  CHECK_THAT(file.count_of("a.i64").error().message, Contains("not negative"));
  CHECK_THAT(file.string_of("a.u8").error().message, Contains("a string"));
  CHECK(file.number_of("a.f64").value() == 2.5);
  CHECK(file.bool_of("a.bool").value());
}

TEST_CASE("A file cut anywhere is refused and never read beyond its end") {
  const std::vector<std::byte> bytes = serialise_gguf(small_file());
  for (std::size_t size = 0; size + 32 < bytes.size(); ++size) {
    INFO("cut to " << size);
    const auto file = parse_gguf({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
    REQUIRE_FALSE(file);
  }
}

TEST_CASE("What is wrong in a file is named with its byte") {
  const std::vector<std::byte> good = serialise_gguf(small_file());
  CHECK_THAT(refusal(with_bytes(good, 0, {'X'})), Contains("at byte 0") && Contains("magic"));
  CHECK_THAT(refusal(with_bytes(good, 4, {1})), Contains("version 1"));
  CHECK_THAT(refusal(with_bytes(good, 4, {0, 0, 0, 3})), Contains("byte order"));
  CHECK_THAT(refusal(with_bytes(good, 14, {255})), Contains("do not fit"));
  CHECK_THAT(refusal(with_bytes(good, 24, {255, 255, 255, 255, 255, 255, 255, 255})),
             Contains("a string of"));
  const std::size_t key = find(good, "a.i64");
  CHECK_THAT(refusal(with_bytes(good, key + 5, {13})), Contains("value type 13"));
  CHECK_THAT(refusal(with_bytes(good, key, {'a', '.', 'f', '3', '2'})), Contains("twice"));
  const std::size_t flag = find(good, "a.bool") + 6 + 4;
  CHECK_THAT(refusal(with_bytes(good, flag, {2})), Contains("bool"));
  // An array of 2^60 integers: the count must not be believed.
  const std::size_t ints = find(good, "a.ints") + 6 + 4 + 4;
  CHECK_THAT(refusal(with_bytes(good, ints + 7, {16})), Contains("an array of"));
}

TEST_CASE("Tensors outside the file, misaligned, twice or of a strange shape are refused") {
  const std::vector<std::byte> good = serialise_gguf(small_file());
  // Of tensor v: name (8 + 1), count of dims (4), one dim (8), type (4), offset (8).
  const std::size_t name = find(good, std::string_view("\x01\0\0\0\0\0\0\0v", 9)) + 8;
  const std::size_t dim = name + 1 + 4;
  const std::size_t type = dim + 8;
  const std::size_t offset = type + 4;
  CHECK_THAT(refusal(with_bytes(good, name, {'m'})), Contains("`m` twice"));
  CHECK_THAT(refusal(with_bytes(good, dim - 4, {5})), Contains("5 dimensions"));
  CHECK_THAT(refusal(with_bytes(good, dim + 7, {0x7f})), Contains("63 bits"));
  CHECK_THAT(refusal(with_bytes(good, dim, {0})), Contains("empty"));
  CHECK_THAT(refusal(with_bytes(good, type, {4})), Contains("type 4"));
  CHECK_THAT(refusal(with_bytes(good, type, {kGgmlQ8_0})), Contains("blocks of 32"));
  CHECK_THAT(refusal(with_bytes(good, offset, {16})), Contains("not a multiple of 32"));
  CHECK_THAT(refusal(with_bytes(good, offset, {64})), Contains("takes 8 bytes at offset 64"));
  CHECK_THAT(refusal(with_bytes(good, offset + 7, {0x80})), Contains("takes 8 bytes at offset"));
  CHECK_THAT(refusal(with_bytes(good, offset, {0})), Contains("overlaps"));
}

TEST_CASE("A tensor that does not fit its own description is not added") {
  GgufFile file = small_file();
  CHECK_FALSE(file.add_floats("m", {2}, std::vector<float>{1, 2}));
  CHECK_FALSE(file.add_floats("n", {3}, std::vector<float>{1, 2}));
  CHECK_FALSE(file.add_floats(std::string(64, 'n'), {2}, std::vector<float>{1, 2}));
  CHECK_FALSE(file.add_floats("", {2}, std::vector<float>{1, 2}));
  CHECK(file.tensors().size() == 2);
}

TEST_CASE("Files are loaded and saved whole, and errors name them") {
  const auto folder = base::TemporaryDirectory::create("gguf-test");
  REQUIRE(folder);
  const std::filesystem::path path = folder->path() / "a.gguf";
  REQUIRE(save_gguf(small_file(), path));
  CHECK_FALSE(std::filesystem::exists(path.string() + ".part"));
  const auto loaded = load_gguf(path);
  REQUIRE(loaded);
  CHECK(loaded->tensors().size() == 2);
  CHECK_THAT(load_gguf(folder->path() / "none.gguf").error().text(), Contains("none.gguf"));
  CHECK_FALSE(load_gguf(folder->path()));
  CHECK_THAT(save_gguf(small_file(), folder->path() / "no" / "a.gguf").error().text(), Contains("a.gguf"));
}

}  // namespace slmrig::forge
