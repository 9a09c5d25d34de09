// Text to token ids and back on the host, by the tokenizer of the runtime: what the trainer sees is what a
// board sees. Owns its tables; encode and decode are not safe from two threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

class TextCodec {
 public:
  // From the tokenizer.ggml.* keys.
  static base::Result<TextCodec> from(const GgufFile& file);
  TextCodec(TextCodec&&) noexcept;
  TextCodec& operator=(TextCodec&&) noexcept;
  ~TextCodec();

  // BOS first where the vocabulary asks for it. Texts over 4 kB are refused.
  base::Result<std::vector<std::int32_t>> encode(std::string_view text) const;
  // Without special tokens. The space that opens the text of a first token is dropped.
  std::string decode(std::span<const std::int32_t> ids, bool is_start_of_text) const;

 private:
  struct Tables;
  explicit TextCodec(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

}  // namespace slmrig::forge
