// What comes behind a stop where the calibration was asked for, too: the samples that the instrument still
// had, and then its answer. So the end of the samples is known, and no silence is waited for. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slmrig::rig {

class Ppk2Tail {
 public:
  // What of all bytes so far is samples for sure and was not given before; valid until the next call. The
  // last few bytes are held back: they may be the answer's beginning.
  std::span<const uint8_t> samples_of(std::span<const uint8_t> bytes);
  // All of the answer is there.
  bool has_ended() const { return has_ended_; }

 private:
  std::vector<uint8_t> given_;
  std::vector<uint8_t> kept_;
  bool has_ended_ = false;
};

}  // namespace slmrig::rig
