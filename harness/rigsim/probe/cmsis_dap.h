// The CMSIS-DAP command set of a debug probe, version 2 (SWD): a packet in, a packet out.
//
// Source: Arm CMSIS-DAP, "Firmware for CoreSight Debug Access Port", commands 0x00 to 0x13, 0x7F. A packet is
// untrusted: one that is too short for what it says answers with DAP_ERROR. Not there: JTAG, SWO, trace,
// vendor commands.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/rigsim/probe/debug_port.h"

namespace slmrig::rigsim {

// What of the probe is not the debug port.
struct ProbePins {
  std::function<void()> assert_reset = [] {};
  std::function<void()> release_reset = [] {};
  std::function<bool()> in_reset = [] { return false; };
};

inline constexpr uint16_t kPacketBytes = 4096;
inline constexpr uint8_t kPacketCount = 8;

// One thread.
class CmsisDap {
 public:
  CmsisDap(DebugPort& port, ProbePins pins, std::string serial_number)
      : port_(port), pins_(std::move(pins)), serial_number_(std::move(serial_number)) {}

  // Empty: a command that is not answered. At most kPacketBytes.
  std::vector<uint8_t> answer(std::span<const uint8_t> packet);
  // As after the cable was pulled: settings are forgotten.
  void forget();

 private:
  class Reader;
  using Bytes = std::vector<uint8_t>;

  Bytes answer_one(Reader* packet);
  Bytes information(Reader* packet) const;
  Bytes configure_transfers(Reader* packet);
  Bytes transfer(Reader* packet);
  Acknowledge transfer_one(uint8_t request, Reader* packet, Bytes* response, uint8_t* flags);
  Bytes transfer_block(Reader* packet);
  Bytes write_abort(Reader* packet);
  Bytes reset_target();
  Bytes set_pins(Reader* packet);
  Bytes run_commands(Reader* packet);

  template <typename Transfer>
  Acknowledge with_retries(Transfer transfer);

  DebugPort& port_;
  ProbePins pins_;
  std::string serial_number_;
  uint16_t wait_retries_ = 100;
  uint16_t match_retries_ = 0;
  uint32_t match_mask_ = 0;
};

}  // namespace slmrig::rigsim
