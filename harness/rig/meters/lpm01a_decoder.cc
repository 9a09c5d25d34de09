#include "harness/rig/meters/lpm01a_decoder.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace slmrig::rig {
namespace {

constexpr int64_t kSamplesPerStamp = 1000;
constexpr std::string_view kPrompt = "PowerShield > ";
constexpr std::size_t kLongestRecord = 256;  // of text in a record

uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<uint8_t>(bytes[at]); }

bool parse_whole(std::string_view text, int64_t* value) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, *value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

// Bytes of the record that begins here, its end included; 0: the rest has not come.
std::size_t record_bytes(std::string_view bytes) {
  constexpr std::size_t kHead = 2, kEnd = 2;
  if (bytes.size() < kHead) return 0;
  std::size_t content = 0;
  switch (byte_at(bytes, 1)) {
    case 0xF3: content = 5; break;
    case 0xF7:
    case 0xF8: content = 2; break;
    case 0xF9: content = 1; break;
    case 0xF1:
    case 0xF2: {
      const std::size_t end = bytes.find("\xFF\xFF", kHead);
      if (end == std::string_view::npos) return bytes.size() > kLongestRecord ? kHead : 0;
      return end + kEnd;
    }
    default: break;
  }
  const std::size_t all = kHead + content + kEnd;
  return bytes.size() < all ? 0 : all;
}

}  // namespace

bool parse_lpm01a_number(std::string_view text, double* value) {
  if (text.size() != 7 || (text[4] != '-' && text[4] != '+')) return false;
  int64_t mantissa = 0;
  int64_t exponent = 0;
  if (!parse_whole(text.substr(0, 4), &mantissa) || !parse_whole(text.substr(5), &exponent)) return false;
  if (mantissa < 0 || exponent < 0) return false;
  *value = static_cast<double>(mantissa) *
           std::pow(10.0, static_cast<double>(text[4] == '-' ? -exponent : exponent));
  return true;
}

double lpm01a_amperes(uint8_t first, uint8_t second) {
  const int mantissa = (first & 0x0F) << 8 | second;
  return std::ldexp(static_cast<double>(mantissa), -4 * (first >> 4));
}

void Lpm01aDecoder::restart() { *this = Lpm01aDecoder(asked_binary_); }

void Lpm01aDecoder::feed(std::span<const uint8_t> bytes, base::PowerSamples& block) {
  held_.append(bytes.begin(), bytes.end());
  if (binary_ && !in_stream_ && answers_in_text()) binary_ = false;
  held_.erase(0, binary_ ? feed_binary(block) : feed_text(block));
}

// A whole line that is a sample, before any record.
bool Lpm01aDecoder::answers_in_text() const {
  constexpr std::size_t kSampleLine = 9;  // "6409-07\r\n"
  double amperes = 0;
  for (std::size_t end = held_.find('\n'); end != std::string::npos; end = held_.find('\n', end + 1)) {
    if (end + 1 < kSampleLine || held_[end - 1] != '\r') continue;
    const std::size_t begin = end + 1 - kSampleLine;
    if (begin > 0 && held_[begin - 1] != '\n') continue;
    if (parse_lpm01a_number(std::string_view(held_).substr(begin, kSampleLine - 2), &amperes)) return true;
  }
  return false;
}

std::size_t Lpm01aDecoder::feed_text(base::PowerSamples& block) {
  std::size_t used = 0;
  for (std::size_t end = 0; (end = held_.find('\n', used)) != std::string::npos; used = end + 1) {
    // NUL bytes stand around time stamps and answers.
    std::string line;
    for (const char c : std::string_view(held_).substr(used, end - used)) {
      if (c != '\0' && c != '\r') line += c;
    }
    if (!line.empty()) take_line(line, block);
  }
  return used;
}

void Lpm01aDecoder::take_line(std::string_view line, base::PowerSamples& block) {
  double amperes = 0;
  while (line.starts_with(kPrompt)) line.remove_prefix(kPrompt.size());
  if (parse_lpm01a_number(line, &amperes)) {
    if (!ended_) take_sample(amperes, block);
  } else if (line.starts_with("TimeStamp:")) {
    const std::size_t buffer = line.find("buff ");
    int percent = 0;
    if (buffer != std::string_view::npos)
      std::from_chars(line.data() + buffer + 5, line.data() + line.size(), percent);
    take_stamp(percent, block);
  } else if (line.starts_with("event ")) {
    take_event(line);
  } else if (line == "end" || line.find("Acquisition completed") != std::string_view::npos) {
    ended_ = true;
  } else if (error_.empty() && (line.starts_with("error") || line.starts_with("err "))) {
    error_ = line;
  }
}

// "event NN ris", with NN from 0 on; a hole in the numbers is an edge that was lost.
void Lpm01aDecoder::take_event(std::string_view line) {
  const std::string_view rest = line.substr(6);
  int64_t number = 0;
  if (!parse_whole(rest.substr(0, rest.find(' ')), &number)) return;
  if (next_event_ >= 0 && number != next_event_ && error_.empty())
    error_ = fmt::format("event {} came where {} was expected", number, next_event_);
  next_event_ = number + 1;
  ++events_;
  line_level_ ^= 1;
}

std::size_t Lpm01aDecoder::feed_binary(base::PowerSamples& block) {
  std::size_t used = 0;
  if (!in_stream_) {
    // The answer to the command comes before it, as text.
    const std::size_t begin = held_.find("\xF0\xF3");
    // The line that is under way stays: it may turn out to be a sample in text.
    if (begin == std::string::npos) return held_.rfind('\n') == std::string::npos ? 0 : held_.rfind('\n');
    in_stream_ = true;
    used = begin;
  }
  while (held_.size() - used >= 2 && !ended_) {
    const std::string_view rest = std::string_view(held_).substr(used);
    if (byte_at(rest, 0) >> 4 != 0xF) {
      take_sample(lpm01a_amperes(byte_at(rest, 0), byte_at(rest, 1)), block);
      used += 2;
      continue;
    }
    const std::size_t bytes = record_bytes(rest);
    if (bytes == 0) break;
    take_record(rest.substr(0, bytes), block);
    used += bytes;
  }
  return ended_ ? held_.size() : used;
}

void Lpm01aDecoder::take_record(std::string_view record, base::PowerSamples& block) {
  const auto note = [&](std::string text) {
    if (error_.empty()) error_ = std::move(text);
  };
  switch (byte_at(record, 1)) {
    case 0xF1: note(std::string(record.substr(2, record.size() > 4 ? record.size() - 4 : 0))); break;
    case 0xF3:
      take_stamp(byte_at(record, 6), block);
      if ((byte_at(record, 2) & 0x80) != 0) note("its buffer overflowed");
      break;
    case 0xF4: ended_ = true; break;
    case 0xF5: note("overcurrent"); break;
    case 0xF6: note("the board's power was switched off"); break;
    default: break;
  }
}

void Lpm01aDecoder::take_sample(double amperes, base::PowerSamples& block) {
  if (block.current_ua.empty()) block.first_index = next_index_;
  block.current_ua.push_back(static_cast<float>(amperes * 1e6));
  block.markers.push_back(line_level_);
  ++next_index_;
  ++since_stamp_;
}

void Lpm01aDecoder::take_stamp(int buffer_percent, base::PowerSamples& block) {
  buffer_percent_ = buffer_percent;
  // Where in the thousand they were lost is not told: the time stamp is where they are missed.
  const int64_t missing = kSamplesPerStamp - since_stamp_;
  if (stamped_ && missing > 0) {
    next_index_ += missing;
    lost_ += missing;
    block.gaps.push_back({next_index_, missing});
  }
  stamped_ = true;
  since_stamp_ = 0;
}

}  // namespace slmrig::rig
