// The tokenizer section of an image (runtime/tokenizer_format.h), made from a GGUF vocabulary.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

// SentencePiece ("llama") and byte-level ("gpt2") vocabularies. Errors name the key.
base::Result<std::vector<std::uint8_t>> tokenizer_section(const GgufFile& file);

}  // namespace slmrig::forge
