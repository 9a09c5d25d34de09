// A PPK2 without its wires: what it does with the bytes of its host, and which bytes it has for it.
//
// Time and current come from outside: a SampleSource hands out the samples that are due, by the wall clock or
// in modelled time. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/rigsim/ppk2/calibration.h"
#include "harness/rigsim/ppk2/ppk2_faults.h"
#include "harness/rigsim/ppk2/sampler.h"

namespace slmrig::rigsim {

// A current and the levels of the logic port, for one sample period.
struct DueSample {
  double current_ua = 0;
  uint8_t lines = 0;
};

class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual void stream_started(int64_t now_ns) = 0;
  // Whether samples are still owed after the host asked to stop: modelled time ends with its last edge.
  virtual bool owes() const = 0;
  // Samples that are lost instead of waiting for a host that does not read.
  virtual bool may_lose() const = 0;
  // Appends at most `most` samples that are due.
  virtual void take_due(int64_t now_ns, std::size_t most, std::vector<DueSample>* due) = 0;
};

struct Ppk2DeviceOptions {
  std::string calibration = "A";
  Ppk2Settings settings;
  bool powered = true;  // at first
  // Not all units let the board's power fall when the port is closed.
  bool power_stays = false;
  Ppk2Imperfections imperfections;
  // What the device itself holds for a host that is late.
  std::size_t buffer_bytes = 64U << 10U;
};

class Ppk2Device {
 public:
  Ppk2Device(const Ppk2DeviceOptions& options, const Ppk2Constants& constants, SampleSource& source);

  void receive(std::span<const uint8_t> bytes, int64_t now_ns);
  // Makes what is due by now.
  void advance(int64_t now_ns);
  // The host's port was closed, or opened again: the board's power falls half a second after it was closed.
  void host_is_there(bool there, int64_t now_ns);

  // What is to be sent; the caller erases what went.
  std::vector<uint8_t>& output() { return output_; }
  Ppk2Faults& faults() { return faults_; }
  bool wants_unplug() const { return unplug_; }
  // For how long it is to be away; 0: for ever.
  int64_t away_ns() const { return away_ns_; }
  // As when it is plugged in again after that.
  void plug_in();
  bool streaming() const { return streaming_; }
  bool powered() const { return powered_; }
  int supply_mv() const { return settings_.vdd_mv; }
  int mode() const { return settings_.mode; }
  int64_t samples() const { return samples_; }
  int64_t dropped() const { return dropped_; }
  std::string state_text() const;

 private:
  void obey(std::span<const uint8_t> command, int64_t now_ns);
  void answer_metadata(int64_t now_ns);
  void send_later(int64_t now_ns);
  void start(int64_t now_ns);
  void stream(int64_t now_ns);
  void emit(const DueSample& sample);
  void emit_word(uint32_t word);
  void do_wrong(const Ppk2Fault& fault, uint32_t word);

  SampleSource& source_;
  Ppk2Constants constants_;
  Ppk2Settings settings_;
  Ppk2Sampler sampler_;
  Ppk2Faults faults_;
  std::size_t buffer_bytes_;
  bool powered_;
  bool power_stays_;
  bool streaming_ = false;
  int64_t stop_ns_ = 0;  // when the stream ends by itself; 0: not
  bool stopping_ = false;
  bool unplug_ = false;
  int64_t away_ns_ = 0;
  bool host_there_ = true;
  int64_t gone_ns_ = 0;
  int64_t samples_ = 0;  // of this stream
  int64_t dropped_ = 0;
  std::vector<uint8_t> input_;
  std::vector<uint8_t> output_;
  std::vector<std::pair<int64_t, std::string>> later_;  // pieces and when they are sent
  std::vector<DueSample> due_;
};

}  // namespace slmrig::rigsim
