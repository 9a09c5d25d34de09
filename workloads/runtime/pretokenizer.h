// Cuts a text into words, within which byte-level BPE merges: the splitting expressions of GPT-2, Llama 3,
// Qwen 2, SmolLM and llama.cpp's "default", without a regular expression engine.
//
// The expressions ask for Unicode's letters, digits, spaces and punctuation. Here those are known for ASCII
// alone, and every code point from 128 on counts as a letter: text in English and most of what is written in
// Latin, Greek, Cyrillic or Han letters is cut the same; typographic quotes and dashes, emoji and other
// digits or spaces than ASCII's may be cut otherwise than in training.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/tokenizer_format.h"

namespace slmrig::runtime {

// The bytes of the word at the front of text [text_bytes], at least 1. text_bytes is not 0. The cuts depend
// on what follows the word, so the whole rest of the text is given.
uint32_t first_word_bytes(PreTokenizer kind, const uint8_t* text, uint32_t text_bytes);

}  // namespace slmrig::runtime
