// A model that runs on the host, by the very code that runs on a board.
//
// Holds the image (a GGUF file is made into one in memory) and an arena; movable, one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/aligned_bytes.h"
#include "workloads/forge/image_writer.h"
#include "workloads/runtime/runtime.h"

namespace slmrig::forge {

struct RunnerOptions {
  std::uint32_t context_tokens = 0;             // 0: the model's own
  const runtime::KernelSet* kernels = nullptr;  // null: the fastest that this processor runs
  runtime::KvFormat kv_format = runtime::KvFormat::kF32;
};

struct GenerationSettings {
  runtime::Sampling sampling;
  std::uint32_t max_new_tokens = 32;
  bool stop_at_end = true;
  runtime::SpecialTokens specials = runtime::SpecialTokens::kNone;  // what of them is read from the prompt
};

struct Generation {
  std::uint32_t prompt_tokens = 0;
  std::vector<std::int32_t> token_ids;  // generated; an end token included
  bool ended = false;                   // by an end token
  std::string text;                     // valid UTF-8
  std::int64_t ttft_ns = 0;             // tokenise, prefill, first token
  std::int64_t decode_ns = 0;           // the other tokens
};

class ModelRunner {
 public:
  // `file` is a GGUF file or an image; the first bytes tell. Errors name it.
  static base::Result<ModelRunner> open(const std::filesystem::path& file, const RunnerOptions& options);
  static base::Result<ModelRunner> from_image(std::span<const std::uint8_t> image,
                                              const RunnerOptions& options);

  // Stops at the end token, at max_new_tokens, or where the context is full. kBadInput for a prompt that does
  // not fit.
  base::Result<Generation> generate(std::string_view prompt, const GenerationSettings& settings);

  runtime::Runtime& runtime() { return *runtime_; }
  const ImageInfo& info() const { return info_; }

 private:
  ImageInfo info_;
  AlignedBytes image_;
  AlignedBytes arena_;
  std::unique_ptr<runtime::Runtime> runtime_;  // its address is kept by what it loaded
};

// SHA-256 (hex) of ids as 32-bit little-endian integers: how answers of host and board are compared.
std::string token_ids_sha256(const std::vector<std::int32_t>& ids);

// A runtime status as a host error; `doing` opens the message.
base::Error runtime_error(std::string_view doing, runtime::Status status);

}  // namespace slmrig::forge
