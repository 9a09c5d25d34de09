// The chat templates that GGUF files carry (tokenizer.chat_template): the part of Jinja that they are mostly
// written in, applied on the host, so that a board gets the text that the model was trained on.
//
// Understood: {{ output }}, {# comments #} and the tags for, if, elif, else, set, with the white space rules
// of trim_blocks, lstrip_blocks and `-`; names, strings, numbers, lists' and maps' elements and slices;
// or, and, not, comparisons, in, + ~ - *, %, `a if b else c`; `is defined`, the filters trim, length and
// string, the method strip(), loop.*, and raise_exception(). Everything else (macros, tojson, namespace, ...)
// is refused by name where it would be executed: a branch for tools that is not taken does no harm.
// Pure functions, safe from many threads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::forge {

struct ChatMessage {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

struct ChatValues {
  std::vector<ChatMessage> messages;
  std::string bos_token;
  std::string eos_token;
  bool add_generation_prompt = true;
};

// The prompt's text. Errors say the line of the template.
base::Result<std::string> render_chat(std::string_view chat_template, const ChatValues& values);

}  // namespace slmrig::forge
