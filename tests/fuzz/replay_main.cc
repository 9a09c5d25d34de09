// Stands in for libFuzzer where there is none: the same targets, fed with a fixed number of mutations of seed
// files (the arguments) from a fixed random seed. Always the same work, so it can be a unit test.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes);

namespace {

#ifndef SLMRIG_MUTATIONS
#define SLMRIG_MUTATIONS 20000
#endif
constexpr int kMutations = SLMRIG_MUTATIONS;
constexpr size_t kLongestSeedBytes = 16384;  // large files are cut: their heads are what parsers decide on

using Bytes = std::vector<uint8_t>;

Bytes read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  bytes.resize(std::min(bytes.size(), kLongestSeedBytes));
  return bytes;
}

Bytes random_bytes(size_t size_bytes, std::mt19937& random) {
  Bytes bytes(size_bytes);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

Bytes mutate(Bytes bytes, std::mt19937& random) {
  static constexpr uint8_t kEdges[] = {0, 1, 0x7F, 0x80, 0xFF};
  const auto below = [&](size_t limit) { return limit == 0 ? 0 : random() % limit; };
  for (size_t edits = 1 + below(6); edits > 0; --edits) {
    const size_t at = below(bytes.size());
    switch (below(5)) {
      case 0:
        if (!bytes.empty()) bytes[at] ^= static_cast<uint8_t>(1U << below(8));
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = kEdges[below(std::size(kEdges))];
        break;
      case 2:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<uint8_t>(random()));
        break;
      case 3: bytes.resize(at); break;
      default:
        for (size_t i = at; i < std::min(bytes.size(), at + 8); ++i)
          bytes[i] = static_cast<uint8_t>(random());
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  std::mt19937 random(1);
  std::vector<Bytes> seeds = {
      {}, random_bytes(32, random), random_bytes(300, random), random_bytes(2000, random)};
  for (int i = 1; i < argc; ++i) {
    seeds.push_back(read(argv[i]));
    if (seeds.back().empty()) {
      std::fprintf(stderr, "cannot read the seed file %s\n", argv[i]);
      return 2;
    }
  }
  for (const Bytes& seed : seeds) LLVMFuzzerTestOneInput(seed.data(), seed.size());
  for (int i = 0; i < kMutations; ++i) {
    const Bytes input = mutate(seeds[static_cast<size_t>(i) % seeds.size()], random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%d mutations of %zu seeds\n", kMutations, seeds.size());
  return 0;
}
