#include "device-agent/core/answer_form.h"

#include <cstring>

namespace slmrig::agent {
namespace {

struct Text {
  const char* data;
  size_t size_bytes;
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Text trimmed(Text text) {
  while (text.size_bytes != 0 && is_space(text.data[0])) {
    ++text.data;
    --text.size_bytes;
  }
  while (text.size_bytes != 0 && is_space(text.data[text.size_bytes - 1])) --text.size_bytes;
  return text;
}

size_t find(Text text, char wanted) {
  size_t at = 0;
  while (at < text.size_bytes && text.data[at] != wanted) ++at;
  return at;
}

// Cuts the first word off; words are one space apart.
Text next_word(Text* rest) {
  const Text word = {rest->data, find(*rest, ' ')};
  const size_t used = word.size_bytes == rest->size_bytes ? word.size_bytes : word.size_bytes + 1;
  rest->data += used;
  rest->size_bytes -= used;
  return word;
}

// Dotted lower-case names: "timer.set".
bool is_intent_name(Text name) {
  bool at_start = true;
  for (size_t i = 0; i < name.size_bytes; ++i) {
    const char c = name.data[i];
    if (at_start ? !is_lower(c) : !(is_lower(c) || is_digit(c) || c == '_' || c == '.')) return false;
    at_start = c == '.';
  }
  return !at_start;
}

// Whether a slot of this name stands in the words of `before`.
bool has_slot(Text before, Text name) {
  while (before.size_bytes != 0) {
    const Text word = next_word(&before);
    const size_t equals = find(word, '=');
    if (equals != word.size_bytes && equals == name.size_bytes &&
        std::memcmp(word.data, name.data, equals) == 0) {
      return true;
    }
  }
  return false;
}

bool is_intent_line(Text line) {
  Text rest = line;
  if (!is_intent_name(next_word(&rest))) return false;
  const char* slots = rest.data;
  bool has_value = false;
  while (rest.size_bytes != 0) {
    const Text word = next_word(&rest);
    const size_t equals = find(word, '=');
    if (equals == word.size_bytes) {
      if (!has_value || word.size_bytes == 0) return false;
      continue;
    }
    if (equals == 0 || equals + 1 == word.size_bytes) return false;
    if (has_slot({slots, static_cast<size_t>(word.data - slots)}, {word.data, equals})) return false;
    has_value = true;
  }
  return true;
}

bool is_sentence(Text line) {
  if (line.size_bytes == 0) return false;
  bool has_letter = false;
  for (size_t i = 0; i < line.size_bytes; ++i) {
    const char c = line.data[i];
    has_letter = has_letter || is_lower(c) || (c >= 'A' && c <= 'Z');
  }
  const char last = line.data[line.size_bytes - 1];
  return has_letter && (last == '.' || last == '!' || last == '?');
}

}  // namespace

bool has_form(AnswerForm form, const char* text, size_t size_bytes) {
  if (form == AnswerForm::kAny) return true;
  const Text line = trimmed({text, size_bytes});
  if (find(line, '\n') != line.size_bytes) return false;
  return form == AnswerForm::kSentence ? is_sentence(line) : is_intent_line(line);
}

}  // namespace slmrig::agent
