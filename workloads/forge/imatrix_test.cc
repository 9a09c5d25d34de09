#include "workloads/forge/imatrix.h"

#include <cstring>

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {
namespace {

using Catch::Matchers::Contains;

class Bytes {
 public:
  Bytes& number(std::int32_t value) { return raw(&value, sizeof(value)); }
  Bytes& real(float value) { return raw(&value, sizeof(value)); }
  Bytes& text(std::string_view value) { return raw(value.data(), value.size()); }
  const std::vector<std::uint8_t>& all() const { return bytes_; }

 private:
  Bytes& raw(const void* from, std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + size);
    std::memcpy(bytes_.data() + at, from, size);
    return *this;
  }
  std::vector<std::uint8_t> bytes_;
};

// Two entries of a file that llama.cpp might have written: sums over 4 calls.
Bytes flat_file() {
  Bytes bytes;
  bytes.number(2).number(5).text("blk.a").number(4).number(2).real(8.0F).real(0.0F);
  bytes.number(1).text("b").number(4).number(1).real(2.0F);
  bytes.number(4).number(3).text("wik");
  return bytes;
}

base::Result<Imatrix> load_bytes(const std::vector<std::uint8_t>& bytes) {
  const auto folder = base::TemporaryDirectory::create("imatrix-test");
  REQUIRE(folder);
  const auto path = folder->path() / "m.dat";
  REQUIRE(base::write_file_atomically(path, std::span<const std::uint8_t>(bytes)));
  return load_imatrix(path);
}

TEST_CASE("llama.cpp's flat importance matrix is read as means and written as it was") {
  const Bytes bytes = flat_file();
  auto imatrix = load_bytes(bytes.all());
  REQUIRE(imatrix);
  CHECK(imatrix->mean_squares.at("blk.a") == std::vector<float>{2.0F, 0.0F});
  CHECK(imatrix->mean_squares.at("b") == std::vector<float>{0.5F});
  CHECK(imatrix->sha256.size() == 64);

  const auto folder = base::TemporaryDirectory::create("imatrix-test");
  REQUIRE(folder);
  const auto path = folder->path() / "out.dat";
  imatrix->source = "wik";
  REQUIRE(save_imatrix(*imatrix, 4, path));
  const auto again = load_imatrix(path);
  REQUIRE(again);
  CHECK(again->mean_squares == imatrix->mean_squares);
  // The entries come sorted by name; all else is the same bytes.
  CHECK(base::read_bytes(path)->size() == bytes.all().size());
}

TEST_CASE("A flat importance matrix that lies or ends early is refused") {
  const std::vector<std::uint8_t> good = flat_file().all();
  const std::size_t trailer = 4 + 4 + 3;  // nobody needs it
  for (std::size_t size = 0; size + trailer < good.size(); ++size) {
    INFO("cut to " << size);
    REQUIRE_FALSE(load_bytes({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
  CHECK_THAT(load_bytes(Bytes().number(-1).all()).error().message, Contains("-1 entries"));
  CHECK_THAT(load_bytes(Bytes().number(1).number(1 << 30).all()).error().message,
             Contains("bytes of a name"));
  CHECK_THAT(
      load_bytes(Bytes().number(1).number(1).text("a").number(0).number(1).real(1).all()).error().message,
      Contains("0 calls"));
  CHECK_THAT(
      load_bytes(Bytes().number(1).number(1).text("a").number(1).number(2147483647).all()).error().message,
      Contains("more bytes"));
  CHECK_THAT(
      load_bytes(Bytes().number(1).number(1).text("a").number(1).number(1).real(-1).all()).error().message,
      Contains("mean squares"));
}

TEST_CASE("The newer importance matrix, a GGUF file, is read") {
  GgufFile file;
  file.set("general.type", std::string("imatrix"));
  REQUIRE(file.add_floats("blk.0.ffn_up.weight.in_sum2", {2, 1}, std::vector<float>{6.0F, 3.0F}));
  REQUIRE(file.add_floats("blk.0.ffn_up.weight.counts", {1, 1}, std::vector<float>{3.0F}));
  const std::vector<std::byte> bytes = serialise_gguf(file);
  std::vector<std::uint8_t> raw(bytes.size());
  std::memcpy(raw.data(), bytes.data(), bytes.size());
  const auto imatrix = load_bytes(raw);
  REQUIRE(imatrix);
  CHECK(imatrix->mean_squares.at("blk.0.ffn_up.weight") == std::vector<float>{2.0F, 1.0F});

  const auto refused_without = [](std::string name, std::vector<float> counts) {
    GgufFile other;
    REQUIRE(other.add_floats("w.in_sum2", {2}, std::vector<float>{6.0F, 3.0F}));
    REQUIRE(other.add_floats(std::move(name), {counts.size()}, counts));
    const std::vector<std::byte> written = serialise_gguf(other);
    std::vector<std::uint8_t> copy(written.size());
    std::memcpy(copy.data(), written.data(), written.size());
    return load_bytes(copy).error().message;
  };
  CHECK_THAT(refused_without("other", {1.0F}), Contains("w.counts"));
  CHECK_THAT(refused_without("w.counts", {1.0F, 1.0F}), Contains("w.counts"));
  CHECK_THAT(refused_without("w.counts", {0.0F}), Contains("counts 0"));
}

}  // namespace
}  // namespace slmrig::forge
