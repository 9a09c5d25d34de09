// Whether an answer has the form that a suite asks for: the device's half of the check `valid_form`
// (harness/base/check.h), for whoever must answer at once and cannot ask a host.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::agent {

// Values are those of the wire.
enum class AnswerForm : uint8_t { kAny = 0, kIntentLine = 1, kSentence = 2 };

// White space at both ends is ignored.
//   kIntentLine  one line `intent slot=value slot=value`: a dotted lower-case name, then slots, each once; a
//                value runs to the next word that holds '='
//   kSentence    one line with a letter in it that ends in '.', '!' or '?'
bool has_form(AnswerForm form, const char* text, size_t size_bytes);

}  // namespace slmrig::agent
