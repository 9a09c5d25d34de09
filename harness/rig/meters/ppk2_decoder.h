// From the bytes of a PPK2's stream to samples: conversion, lost samples, lost alignment. Pure.
//
// The stream has no frames: a sample's counter of 6 bits is all that tells of losses. A jump that later
// samples confirm is a gap of that many periods, which advances the index; it may be longer by any multiple
// of 64 (the first sample behind it is kSampleDoubtful), and a gap of exactly 64, 128, ... is not seen: the
// rate against the host's clock tells of those. Four jumps in a row mean that bytes were lost: the alignment
// whose counters run is taken, and what lies before it is dropped.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/records/power.h"
#include "harness/rig/meters/ppk2_protocol.h"

namespace slmrig::rig {

// One thread. Samples come out in the order in which they went in.
class Ppk2Decoder {
 public:
  Ppk2Decoder(const Ppk2Metadata& metadata, double supply_v);

  // For samples that are fed from now on.
  void set_supply(double supply_v);
  // A new stream: the next sample is index 0.
  void restart();

  // Appends the samples of `bytes` to `block`, whose first_index is set where it was empty. Up to five words
  // are held back where only later ones can tell what they are.
  void feed(std::span<const uint8_t> bytes, base::PowerSamples& block);
  // So many bytes never reached us, here.
  void skip(int64_t bytes);
  // The stream has ended: what was held back.
  void finish(base::PowerSamples& block);

  int64_t next_index() const { return next_index_; }
  int64_t lost_samples() const { return lost_samples_; }
  int64_t dropped_bytes() const { return dropped_bytes_; }
  // Bytes since samples were last made out; a stream of something else only ever grows it.
  int64_t senseless_bytes() const { return synced_ ? 0 : senseless_bytes_; }

 private:
  // What a word is whose counter was not expected.
  enum class Verdict { kAwaitMore, kAfterGap, kOddOne, kMisaligned };

  // One entry for each range and code: 17 bits of the word. Shorter than computing it, and exact.
  static constexpr std::size_t kTableEntries = std::size_t{1} << 17U;

  std::size_t decode(std::span<const uint8_t> bytes, bool is_end, base::PowerSamples& block);
  std::size_t decode_run(std::span<const uint8_t> bytes, base::PowerSamples& block);
  std::size_t align(std::span<const uint8_t> bytes, bool is_end, base::PowerSamples& block);
  Verdict judge(std::span<const uint8_t> bytes, bool is_end) const;
  void open_gap(uint32_t counter, int64_t at_least, base::PowerSamples& block);
  void append(const uint8_t* bytes, std::size_t words, base::PowerSamples& block);

  std::array<Ppk2Calibration, kPpk2Ranges> calibration_;
  std::vector<float> table_;
  std::vector<uint8_t> held_;  // bytes that await later ones
  bool synced_ = false;
  bool started_ = false;   // a counter is known
  uint32_t expected_ = 0;  // counter of the next sample
  int64_t next_index_ = 0;
  int64_t lost_samples_ = 0;
  int64_t dropped_bytes_ = 0;
  int64_t senseless_bytes_ = 0;
  uint8_t next_flags_ = 0;  // of the next sample, besides its own
};

}  // namespace slmrig::rig
