#include "harness/rig/meters/ppk2_decoder.h"

#include <algorithm>
#include <cstring>

namespace slmrig::rig {
namespace {

constexpr std::size_t kWord = 4;
constexpr std::size_t kConfirmingWords = 4;  // the one that does not fit and three behind it
constexpr std::size_t kAligningWords = 5;
// Of that many words, at any of the four offsets.
constexpr std::size_t kLookaheadBytes = (kAligningWords + 1) * kWord - 1;

uint32_t word_at(const uint8_t* bytes) {
  uint32_t word = 0;
  std::memcpy(&word, bytes, kWord);  // hosts are little-endian
  return word;
}

uint32_t counter_at(const uint8_t* bytes) { return ppk2_counter(word_at(bytes)); }

bool follows(uint32_t counter, uint32_t before) { return ((counter - before) & 63U) == 1; }

// How many counters in a row go up by one from the first.
bool runs(const uint8_t* bytes, std::size_t words) {
  for (std::size_t i = 1; i < words; ++i) {
    if (!follows(counter_at(bytes + i * kWord), counter_at(bytes + (i - 1) * kWord))) return false;
  }
  return true;
}

bool has_ranges(const uint8_t* bytes, std::size_t words) {
  for (std::size_t i = 0; i < words; ++i) {
    if (ppk2_range(word_at(bytes + i * kWord)) >= kPpk2Ranges) return false;
  }
  return true;
}

bool is_aligned(std::span<const uint8_t> bytes, std::size_t words) {
  return bytes.size() >= words * kWord && runs(bytes.data(), words) && has_ranges(bytes.data(), words);
}

// Words from the beginning whose counters are expected, expected + 1, ...
std::size_t expected_run(const uint8_t* bytes, std::size_t words, uint32_t expected) {
  constexpr std::size_t kAtOnce = 64;
  std::size_t i = 0;
  for (; i + kAtOnce <= words; i += kAtOnce) {
    uint32_t wrong = 0;
    for (std::size_t k = 0; k < kAtOnce; ++k) {
      const auto counter = static_cast<uint32_t>(expected + i + k);
      wrong |= (word_at(bytes + (i + k) * kWord) ^ counter << 18U) & 63U << 18U;
    }
    if (wrong != 0) break;
  }
  while (i < words && counter_at(bytes + i * kWord) == ((expected + i) & 63U)) ++i;
  return i;
}

}  // namespace

Ppk2Decoder::Ppk2Decoder(const Ppk2Metadata& metadata, double supply_v)
    : calibration_(metadata.ranges), table_(kTableEntries) {
  set_supply(supply_v);
}

void Ppk2Decoder::set_supply(double supply_v) {
  for (uint32_t entry = 0; entry < kTableEntries; ++entry) {
    const uint32_t range = ppk2_range(entry);
    table_[entry] =
        range >= kPpk2Ranges
            ? 0.0F
            : static_cast<float>(ppk2_current_ua(calibration_[range], ppk2_code(entry), supply_v));
  }
}

void Ppk2Decoder::restart() {
  held_.clear();
  synced_ = false;
  started_ = false;
  next_index_ = 0;
  lost_samples_ = 0;
  dropped_bytes_ = 0;
  senseless_bytes_ = 0;
  next_flags_ = 0;
}

void Ppk2Decoder::feed(std::span<const uint8_t> bytes, base::PowerSamples& block) {
  if (held_.empty()) {
    const std::size_t used = decode(bytes, false, block);
    held_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
    return;
  }
  held_.insert(held_.end(), bytes.begin(), bytes.end());
  const std::size_t used = decode(held_, false, block);
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(used));
}

void Ppk2Decoder::skip(int64_t bytes) {
  // Whether the rest of a word is among them is not known: the alignment is looked for again.
  dropped_bytes_ += bytes + static_cast<int64_t>(held_.size());
  senseless_bytes_ = bytes + static_cast<int64_t>(held_.size());
  held_.clear();
  synced_ = false;
}

void Ppk2Decoder::finish(base::PowerSamples& block) {
  const std::size_t used = decode(held_, true, block);
  dropped_bytes_ += static_cast<int64_t>(held_.size() - used);
  held_.clear();
}

// Returns how many bytes are done with.
std::size_t Ppk2Decoder::decode(std::span<const uint8_t> bytes, bool is_end, base::PowerSamples& block) {
  std::size_t used = 0;
  for (;;) {
    const std::span<const uint8_t> rest = bytes.subspan(used);
    if (!synced_) {
      const std::size_t before_words = align(rest, is_end, block);
      used += before_words;
      if (!synced_ && before_words == 0) return used;
      continue;
    }
    const std::size_t run = decode_run(rest, block);
    used += run;
    if (rest.size() - run < kWord) return used;
    const uint8_t* word = rest.data() + run;
    switch (judge(rest.subspan(run), is_end)) {
      case Verdict::kAwaitMore: return used;
      case Verdict::kAfterGap:
        open_gap(counter_at(word), 0, block);
        expected_ = counter_at(word);
        break;
      case Verdict::kOddOne:
        next_flags_ |= base::kSampleInvalid;
        append(word, 1, block);
        used += kWord;
        break;
      case Verdict::kMisaligned:
        synced_ = false;
        senseless_bytes_ = 0;
        break;
    }
  }
}

std::size_t Ppk2Decoder::decode_run(std::span<const uint8_t> bytes, base::PowerSamples& block) {
  const std::size_t words = expected_run(bytes.data(), bytes.size() / kWord, expected_);
  append(bytes.data(), words, block);
  return words * kWord;
}

// Looks for the one of four offsets at which counters run. Returns bytes that are done with; 0 while more are
// needed.
std::size_t Ppk2Decoder::align(std::span<const uint8_t> bytes, bool is_end, base::PowerSamples& block) {
  std::size_t words = kAligningWords;
  if (is_end) words = std::min(words, bytes.size() / kWord);
  if (words == 0 || (!is_end && bytes.size() < kLookaheadBytes)) return 0;
  for (std::size_t offset = 0; offset < kWord && offset < bytes.size(); ++offset) {
    if (!is_aligned(bytes.subspan(offset), words)) continue;
    dropped_bytes_ += static_cast<int64_t>(offset);
    senseless_bytes_ += static_cast<int64_t>(offset);
    const uint32_t counter = counter_at(bytes.data() + offset);
    if (started_) open_gap(counter, senseless_bytes_ / static_cast<int64_t>(kWord), block);
    started_ = true;
    synced_ = true;
    expected_ = counter;
    senseless_bytes_ = 0;
    return offset;
  }
  dropped_bytes_ += kWord;
  senseless_bytes_ += kWord;
  return kWord;
}

// `bytes` begin with a word whose counter is not the expected one.
Ppk2Decoder::Verdict Ppk2Decoder::judge(std::span<const uint8_t> bytes, bool is_end) const {
  const std::size_t words = std::min(bytes.size() / kWord, kAligningWords);
  if (bytes.size() < kLookaheadBytes && !is_end) return Verdict::kAwaitMore;
  // The stream goes on as if this word had been right: its counter is wrong, and nothing is lost.
  const bool goes_on =
      words == kAligningWords && expected_run(bytes.data() + kWord, words - 1, expected_ + 1) == words - 1;
  if (goes_on) return Verdict::kOddOne;
  if (runs(bytes.data(), std::min(words, kConfirmingWords))) return Verdict::kAfterGap;
  // Several jumps: losses that follow each other closely, unless another alignment makes sense of it.
  for (std::size_t offset = 1; offset < kWord; ++offset) {
    if (is_aligned(bytes.subspan(std::min(offset, bytes.size())), kAligningWords))
      return Verdict::kMisaligned;
  }
  std::size_t good_steps = 0;
  for (std::size_t i = 1; i < words; ++i) {
    good_steps += runs(bytes.data() + (i - 1) * kWord, 2) ? 1 : 0;
  }
  return good_steps == 0 && words == kAligningWords ? Verdict::kMisaligned : Verdict::kAfterGap;
}

// Before the next sample, which has this counter.
void Ppk2Decoder::open_gap(uint32_t counter, int64_t at_least, base::PowerSamples& block) {
  int64_t missing = (counter - expected_) & 63U;
  while (missing < at_least) missing += 64;
  if (missing == 0) return;
  next_index_ += missing;
  lost_samples_ += missing;
  next_flags_ = base::kSampleDoubtful;
  block.gaps.push_back({next_index_, missing});
}

void Ppk2Decoder::append(const uint8_t* bytes, std::size_t words, base::PowerSamples& block) {
  if (words == 0) return;
  const std::size_t before = block.current_ua.size();
  if (before == 0) block.first_index = next_index_;
  block.current_ua.resize(before + words);
  block.range.resize(before + words);
  block.markers.resize(before + words);
  block.flags.resize(before + words);
  float* current = block.current_ua.data() + before;
  uint8_t* range = block.range.data() + before;
  uint8_t* markers = block.markers.data() + before;
  uint8_t* flags = block.flags.data() + before;
  const float* table = table_.data();
  for (std::size_t i = 0; i < words; ++i) {
    const uint32_t word = word_at(bytes + i * kWord);
    const uint32_t raw_range = ppk2_range(word);
    current[i] = table[word & (kTableEntries - 1)];
    range[i] = static_cast<uint8_t>(std::min<uint32_t>(raw_range, kPpk2Ranges - 1));
    markers[i] = static_cast<uint8_t>(ppk2_lines(word));
    flags[i] = static_cast<uint8_t>((ppk2_code(word) == kPpk2FullScale ? base::kSampleSaturated : 0) |
                                    (raw_range >= kPpk2Ranges ? base::kSampleInvalid : 0));
  }
  flags[0] |= next_flags_;
  next_flags_ = 0;
  next_index_ += static_cast<int64_t>(words);
  expected_ = (expected_ + words) & 63U;
}

}  // namespace slmrig::rig
