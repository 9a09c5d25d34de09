// An Arm debug port of version 1 (SWD) with one memory access port (AHB-AP), as in a Cortex-M3 or M4.
//
// Source: Arm Debug Interface Architecture Specification ADIv5.2 (IHI 0031C), chapters B2 and C2. The access
// port's address wraps at 4 kB when it counts up by itself, as debuggers expect of this IDR. Reads are not
// posted: probes hide that from debuggers anyhow.
#pragma once

#include <cstdint>
#include <span>

#include "harness/rigsim/probe/debug_bus.h"
#include "harness/rigsim/probe/probe_faults.h"

namespace slmrig::rigsim {

// The three bits with which a chip answers each transfer.
enum class Acknowledge : uint8_t {
  kOk = 1,
  kWait = 2,
  kFault = 4,
  kNone = 7,  // the line stayed silent
};

// Which register: `address` is 0, 4, 8 or 12.
struct PortRegister {
  bool access_port = false;
  uint8_t address = 0;
};

// One thread.
class DebugPort {
 public:
  DebugPort(DebugBus& bus, ProbeFaults& faults) : bus_(bus), faults_(faults) {}

  Acknowledge read(PortRegister which, uint32_t* value);
  Acknowledge write(PortRegister which, uint32_t value);
  // The same register again and again; `done` is how many transfers went well.
  Acknowledge read_many(PortRegister which, std::span<uint32_t> values, std::size_t* done);
  Acknowledge write_many(PortRegister which, std::span<const uint32_t> values, std::size_t* done);

  // Whether there is a chip on the wire at all.
  void set_powered(bool powered);

 private:
  Acknowledge begin_transfer();
  Acknowledge begin_access_port_transfer(PortRegister which);
  uint32_t read_debug_port(uint8_t address) const;
  void write_debug_port(uint8_t address, uint32_t value);
  Acknowledge read_access_port(uint32_t address, uint32_t* value);
  Acknowledge write_access_port(uint32_t address, uint32_t value);
  Acknowledge read_memory(uint32_t address, uint32_t* value);
  Acknowledge write_memory(uint32_t address, uint32_t value);
  Acknowledge bus_answer(const base::Done& result);
  bool can_stream(PortRegister which) const;
  uint32_t next_address();
  unsigned access_bytes() const { return 1U << (csw_ & 3U); }

  DebugBus& bus_;
  ProbeFaults& faults_;
  bool powered_ = true;
  uint32_t select_ = 0;
  uint32_t control_ = 0;
  uint32_t read_buffer_ = 0;
  bool sticky_error_ = false;
  uint32_t csw_ = 0x03000042;  // word accesses, device enabled
  uint32_t tar_ = 0;
};

}  // namespace slmrig::rigsim
