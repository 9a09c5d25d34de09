// GGUF -> the flat image that boards run in place (runtime/image.h).
//
// Deterministic: the same model and options give the same bytes. The runtime opens what was written before it
// is returned, so an image that a board would refuse is never handed out.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

struct ImageOptions {
  std::uint32_t context_tokens = 0;  // 0: the model's own, at most 65536
};

// What a planner must know of an image. Arena sizes are those of a board; the host's own kernels take more
// scratch.
struct ImageInfo {
  std::uint64_t image_bytes = 0;
  std::string sha256;        // of the image
  std::string model;         // valid UTF-8, as `variant`
  std::string model_sha256;  // of the GGUF file it was made from
  std::string variant;
  std::uint32_t context_tokens = 0;
  std::uint32_t vocabulary_tokens = 0;
  std::uint64_t arena_kv_bytes = 0;
  std::uint64_t arena_activations_bytes = 0;
  std::uint64_t arena_scratch_bytes = 0;
  std::uint64_t arena_total_bytes = 0;
  std::uint64_t weight_macs_per_token = 0;
};

struct ImageBuild {
  std::vector<std::uint8_t> bytes;
  ImageInfo info;
};

// `model_sha256` is that of the file that `file` was read from.
base::Result<ImageBuild> write_image(const GgufFile& file, const std::array<std::uint8_t, 32>& model_sha256,
                                     const ImageOptions& options);

// Reads the GGUF file and writes its image in memory. Errors name the file.
base::Result<ImageBuild> image_from_gguf(const std::filesystem::path& gguf, const ImageOptions& options);

// What an image says of itself, after a full validation. The error carries the reason and the byte offset.
base::Result<ImageInfo> describe_image(std::span<const std::uint8_t> image);

nlohmann::json to_json(const ImageInfo& info);

}  // namespace slmrig::forge
