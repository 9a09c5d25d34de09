// From what an ST X-NUCLEO-LPM01A sends while it measures to samples: its text and its binary form. Pure.
//
// Samples have no number. Every 1000 of them the instrument tells the time and how full its buffer is: other
// than 1000 in between are a loss. Text comes in lines ("6409-07" is 6409e-7 A); a binary sample is two bytes
// (a nibble n and twelve bits m: m * 16^-n A), between which records F0 Fx ... FF FF tell the rest.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/records/power.h"

namespace slmrig::rig {

// "6409-07" -> 0.0006409. False: that is no sample.
bool parse_lpm01a_number(std::string_view text, double* value);
// Amperes of two bytes whose first nibble is not F.
double lpm01a_amperes(uint8_t first, uint8_t second);

// One thread.
class Lpm01aDecoder {
 public:
  // binary: what the instrument was asked for; one that sends text all the same is understood.
  explicit Lpm01aDecoder(bool binary) : asked_binary_(binary), binary_(binary) {}

  // A new acquisition: the next sample is index 0.
  void restart();
  // Appends to `block`. What is not whole yet is held back.
  void feed(std::span<const uint8_t> bytes, base::PowerSamples& block);

  int64_t next_index() const { return next_index_; }
  int64_t lost_samples() const { return lost_; }
  int buffer_percent() const { return buffer_percent_; }  // of the last time stamp
  // "error" lines and records, overcurrent, overflow: the first one; empty: none.
  const std::string& error() const { return error_; }
  bool ended() const { return ended_; }
  int64_t events() const { return events_; }

 private:
  std::size_t feed_text(base::PowerSamples& block);
  std::size_t feed_binary(base::PowerSamples& block);
  bool answers_in_text() const;
  void take_line(std::string_view line, base::PowerSamples& block);
  void take_event(std::string_view line);
  void take_record(std::string_view record, base::PowerSamples& block);
  void take_sample(double amperes, base::PowerSamples& block);
  void take_stamp(int buffer_percent, base::PowerSamples& block);

  bool asked_binary_;
  bool binary_;
  bool in_stream_ = false;  // binary: the text before the first time stamp is over
  std::string held_;
  int64_t next_index_ = 0;
  int64_t since_stamp_ = 0;
  bool stamped_ = false;
  int64_t lost_ = 0;
  int64_t events_ = 0;
  int64_t next_event_ = -1;
  uint8_t line_level_ = 0;  // of D0, which toggles at each event
  int buffer_percent_ = 0;
  bool ended_ = false;
  std::string error_;
};

}  // namespace slmrig::rig
