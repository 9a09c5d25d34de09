#include "workloads/runtime/pretokenizer.h"

namespace slmrig::runtime {
namespace {

bool is_letter(uint8_t c) { return c >= 128 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_line_end(uint8_t c) { return c == '\n' || c == '\r'; }
bool is_other(uint8_t c) { return !is_letter(c) && !is_digit(c) && !is_space(c); }

// What Unicode calls punctuation, and the signs that llama.cpp's "default" names beside it.
bool is_mark(uint8_t c) { return is_other(c) && c != '`' && c >= '!' && c <= '~'; }

template <typename Is>
uint32_t run_of(const uint8_t* text, uint32_t begin, uint32_t end, Is is) {
  while (begin < end && is(text[begin])) ++begin;
  return begin;
}

// 's 't 're 've 'm 'll 'd; 0 where there is none.
uint32_t contraction_bytes(const uint8_t* text, uint32_t end, bool any_case) {
  if (end < 2 || text[0] != '\'') return 0;
  const auto letter = [&](uint32_t i) -> uint8_t {
    if (i >= end) return 0;
    return any_case && text[i] >= 'A' && text[i] <= 'Z' ? static_cast<uint8_t>(text[i] + 32) : text[i];
  };
  const uint8_t first = letter(1);
  const uint8_t second = letter(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' || first == 'v') && second == 'e') return 3;
  return first == 'l' && second == 'l' ? 3 : 0;
}

// \s+(?!\S)|\s+ : a run of spaces leaves its last to the word that follows, unless it is alone.
uint32_t spaces_bytes(const uint8_t* text, uint32_t end) {
  const uint32_t run = run_of(text, 0, end, is_space);
  return run < end && run > 1 ? run - 1 : run;
}

// 's|'t|...| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
uint32_t gpt2_bytes(const uint8_t* text, uint32_t end) {
  if (const uint32_t bytes = contraction_bytes(text, end, false); bytes != 0) return bytes;
  const uint32_t start = text[0] == ' ' && end > 1 ? 1 : 0;
  if (is_letter(text[start])) return run_of(text, start, end, is_letter);
  if (is_digit(text[start])) return run_of(text, start, end, is_digit);
  if (is_other(text[start])) return run_of(text, start, end, is_other);
  return spaces_bytes(text, end);
}

// (?i:'s|'t|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
uint32_t llama3_bytes(const uint8_t* text, uint32_t end, uint32_t most_digits) {
  if (const uint32_t bytes = contraction_bytes(text, end, true); bytes != 0) return bytes;
  if (is_letter(text[0])) return run_of(text, 0, end, is_letter);
  if (!is_line_end(text[0]) && !is_digit(text[0]) && end > 1 && is_letter(text[1])) {
    return run_of(text, 1, end, is_letter);
  }
  if (is_digit(text[0])) {
    const uint32_t run = run_of(text, 0, end, is_digit);
    return run < most_digits ? run : most_digits;
  }
  const uint32_t start = text[0] == ' ' && end > 1 ? 1 : 0;
  if (is_other(text[start])) return run_of(text, run_of(text, start, end, is_other), end, is_line_end);
  const uint32_t run = run_of(text, 0, end, is_space);
  for (uint32_t i = run; i > 0; --i) {
    if (is_line_end(text[i - 1])) return i;
  }
  return spaces_bytes(text, end);
}

// Digits stand alone, and what is between them is cut as if nothing followed.
uint32_t smollm_bytes(const uint8_t* text, uint32_t end) {
  if (is_digit(text[0])) return 1;
  return gpt2_bytes(text, run_of(text, 0, end, [](uint8_t c) { return !is_digit(c); }));
}

// Four expressions one after the other, each within what the one before left: marks; GPT-2's without the last
// alternative; digits; groups of three digits.
uint32_t default_bytes(const uint8_t* text, uint32_t end) {
  if (is_mark(text[0])) return run_of(text, 0, end, is_mark);
  const uint32_t part = run_of(text, 0, end, [](uint8_t c) { return !is_mark(c); });
  if (is_digit(text[0])) {
    const uint32_t run = run_of(text, 0, part, is_digit);
    return run < 3 ? run : 3;
  }
  const uint32_t word = gpt2_bytes(text, part);
  // " 12" is one word of the second expression, and the third cuts its digits off.
  return run_of(text, 0, word, [](uint8_t c) { return !is_digit(c); });
}

}  // namespace

uint32_t first_word_bytes(PreTokenizer kind, const uint8_t* text, uint32_t text_bytes) {
  switch (kind) {
    case PreTokenizer::kGpt2: return gpt2_bytes(text, text_bytes);
    case PreTokenizer::kLlama3: return llama3_bytes(text, text_bytes, 3);
    case PreTokenizer::kQwen2: return llama3_bytes(text, text_bytes, 1);
    case PreTokenizer::kSmollm: return smollm_bytes(text, text_bytes);
    case PreTokenizer::kDefault: break;
  }
  return default_bytes(text, text_bytes);
}

}  // namespace slmrig::runtime
