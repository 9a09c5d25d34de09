#include "workloads/forge/noise.h"

#include <array>
#include <cctype>
#include <string_view>
#include <utility>

namespace slmrig::forge {

namespace {

// Words that speech recognition loses or swallows without changing the meaning.
constexpr std::array<std::string_view, 16> kFunctionWords = {
    "a", "the", "my", "to", "for", "of", "on", "me", "in", "is", "at", "you", "i", "some", "it", "please"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 26> kHomophones = {{
    {"for", "four"},       {"to", "too"},          {"to", "two"},      {"my", "mine"},
    {"what's", "whats"},   {"what's", "what is"},  {"how's", "hows"},  {"i'm", "im"},
    {"don't", "dont"},     {"weather", "whether"}, {"heart", "hart"},  {"rate", "rait"},
    {"read", "red"},       {"write", "right"},     {"right", "write"}, {"alarm", "a larm"},
    {"timer", "time her"}, {"pause", "paws"},      {"wake", "weak"},   {"steps", "step"},
    {"sleep", "slip"},     {"call", "coal"},       {"new", "knew"},    {"there", "their"},
    {"hour", "our"},       {"volume", "volum"},
}};

constexpr std::array<std::string_view, 26> kNeighbours = {
    "qs", "vn", "xv", "sf", "wr", "dg", "fh", "gj", "uo", "hk", "jl", "k",  "n",
    "bm", "ip", "o",  "wa", "et", "ad", "ry", "yi", "cb", "qe", "zc", "tu", "x"};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c == ' ') {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

struct Word {
  std::string text;
  bool is_value;
};

bool has_digit(std::string_view text) {
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) return true;
  }
  return false;
}

bool typo(Word& word, Random& random) {
  if (word.is_value || word.text.size() < 4 || has_digit(word.text)) return false;
  const std::size_t at = 1 + random.below(word.text.size() - 2);
  const char c = word.text[at];
  switch (random.below(4)) {
    case 0: std::swap(word.text[at], word.text[at + 1]); return word.text[at] != c;
    case 1: word.text.erase(at, 1); return true;
    case 2: word.text.insert(at, 1, c); return true;
    default: {
      if (c < 'a' || c > 'z') return false;
      const std::string_view near = kNeighbours[static_cast<std::size_t>(c - 'a')];
      word.text[at] = near[random.below(near.size())];
      return true;
    }
  }
}

bool lose_word(std::vector<Word>& words, Random& random) {
  if (words.size() < 4) return false;
  const std::size_t at = random.below(words.size());
  if (words[at].is_value) return false;
  for (const std::string_view function_word : kFunctionWords) {
    if (words[at].text == function_word) {
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
      return true;
    }
  }
  return false;
}

bool mishear(std::vector<Word>& words, Random& random) {
  const std::size_t first = random.below(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    Word& word = words[(first + i) % words.size()];
    if (word.is_value) continue;
    std::vector<std::string_view> heard;
    for (const auto& [said, sounds_like] : kHomophones) {
      if (word.text == said) heard.push_back(sounds_like);
    }
    if (!heard.empty()) {
      word.text = heard[random.below(heard.size())];
      return true;
    }
  }
  return false;
}

void capitalise(std::string& text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
}

bool change_casing(std::vector<Word>& words, Random& random) {
  switch (random.below(4)) {
    case 0:
      for (Word& word : words) capitalise(word.text);
      return true;
    case 1: {
      Word& word = words[random.below(words.size())];
      if (word.is_value) return false;
      for (char& c : word.text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      return true;
    }
    case 2: {
      const char last = words.back().text.back();
      if (last == '.' || last == '?') return false;
      words.back().text += random.chance(0.5) ? '.' : '?';
      return true;
    }
    default: capitalise(words[0].text); return true;
  }
}

bool disturb_once(std::vector<Word>& words, Random& random) {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: return typo(words[random.below(words.size())], random);
    case 4:
    case 5: return lose_word(words, random);
    case 6:
    case 7: return mishear(words, random);
    default: return change_casing(words, random);
  }
}

}  // namespace

std::string join(const std::vector<Segment>& segments) {
  std::string text;
  for (const Segment& segment : segments) text += segment.text;
  return text;
}

std::string disturb(const std::vector<Segment>& segments, Random& random) {
  std::vector<Word> words;
  for (const Segment& segment : segments) {
    for (std::string& word : words_of(segment.text)) words.push_back({std::move(word), segment.is_value});
  }
  if (words.empty()) return join(segments);
  const int wanted = random.between(1, 3);
  int done = 0;
  // Not every attempt finds a word it applies to; an utterance of one value may offer none at all.
  for (int attempt = 0; attempt < 40 && done < wanted; ++attempt) {
    if (disturb_once(words, random)) ++done;
  }
  std::string text;
  for (const Word& word : words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

}  // namespace slmrig::forge
