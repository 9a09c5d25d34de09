// Splits a source text into what the compiler reads and what only people read, without moving anything.
#pragma once

#include <string>
#include <string_view>

#include "tests/tidy/source_file.h"

namespace slmrig::tidy {

// Both texts are as long as the input and have its line breaks, so that offsets and lines are the same.
struct Layers {
  std::string code;      // comments and the insides of literals are spaces; quotes stay
  std::string comments;  // everything else is spaces
};

// Understands escapes, raw strings, digit separators, and in TypeScript template and regex literals.
Layers split_layers(std::string_view text, Language language);

}  // namespace slmrig::tidy
