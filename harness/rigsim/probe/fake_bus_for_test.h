// A bus of plain memory, and a processor that does as it is told, for tests of the layers above them.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "harness/rigsim/probe/core_backend.h"
#include "harness/rigsim/probe/debug_bus.h"

namespace slmrig::rigsim {

// `bytes` at `base`; everything else is a bus error.
class FakeBus final : public DebugBus {
 public:
  explicit FakeBus(uint32_t base, std::size_t bytes) : base_(base), memory(bytes) {}

  base::Result<uint32_t> read(uint32_t address, unsigned bytes) override {
    ++accesses;
    if (!holds(address, bytes)) return base::fail(base::ErrorCode::kDeviceFault, "no memory");
    uint32_t value = 0;
    std::memcpy(&value, &memory[address - base_], bytes);
    return value;
  }
  base::Done write(uint32_t address, uint32_t value, unsigned bytes) override {
    ++accesses;
    if (!holds(address, bytes)) return base::fail(base::ErrorCode::kDeviceFault, "no memory");
    std::memcpy(&memory[address - base_], &value, bytes);
    return {};
  }
  base::Done read_block(uint32_t address, std::span<uint8_t> bytes) override {
    ++accesses;
    if (!holds(address, bytes.size())) return base::fail(base::ErrorCode::kDeviceFault, "no memory");
    std::memcpy(bytes.data(), &memory[address - base_], bytes.size());
    return {};
  }
  base::Done write_block(uint32_t address, std::span<const uint8_t> bytes) override {
    ++accesses;
    if (!holds(address, bytes.size())) return base::fail(base::ErrorCode::kDeviceFault, "no memory");
    std::memcpy(&memory[address - base_], bytes.data(), bytes.size());
    return {};
  }

 private:
  bool holds(uint32_t address, std::size_t bytes) const {
    return address - base_ < memory.size() && address - base_ + bytes <= memory.size();
  }
  uint32_t base_;

 public:
  std::vector<uint8_t> memory;
  int accesses = 0;
};

// Stops when `stops_now` says so. Notes what it was told.
class FakeCore final : public CoreBackend {
 public:
  FakeCore(uint32_t base, std::size_t bytes) : bus(base, bytes) {}

  base::Result<CoreRegisters> read_registers() override { return registers; }
  base::Done write_registers(const CoreRegisters& values, uint32_t mask) override {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if ((mask >> i & 1U) != 0) registers[i] = values[i];
    }
    return {};
  }
  base::Done resume(const std::vector<uint32_t>& at) override {
    if (dies_at_start) return lost();
    breakpoints = at;
    runs = true;
    return {};
  }
  base::Done step() override {
    registers[kProgramCounter] += 2;
    return {};
  }
  base::Done interrupt() override {
    runs = false;
    return {};
  }
  base::Result<bool> wait_stop(int) override {
    if (!runs || !stops_now) return false;
    runs = false;
    return true;
  }
  base::Done reset() override {
    runs = false;
    ++resets;
    registers = {};
    registers[kProgramCounter] = reset_counter;
    registers[kProgramStatus] = reset_status;
    return {};
  }
  base::Done before_start() override {
    ++saves;
    return {};
  }
  base::Done recover() override {
    ++recoveries;
    dies_at_start = false;
    return reset();
  }
  base::Result<uint32_t> read(uint32_t address, unsigned bytes) override {
    return address >= 0xE0000000 ? base::Result<uint32_t>(private_words[address]) : bus.read(address, bytes);
  }
  base::Done write(uint32_t address, uint32_t value, unsigned bytes) override {
    if (address < 0xE0000000) return bus.write(address, value, bytes);
    private_words[address] = value;
    return {};
  }
  base::Done read_block(uint32_t address, std::span<uint8_t> bytes) override {
    return bus.read_block(address, bytes);
  }
  base::Done write_block(uint32_t address, std::span<const uint8_t> bytes) override {
    return bus.write_block(address, bytes);
  }

  static base::Done lost() { return base::fail(base::ErrorCode::kLinkLost, "the processor is gone"); }

  FakeBus bus;
  CoreRegisters registers = {};
  uint32_t reset_counter = 0;
  uint32_t reset_status = 0x01000000;
  std::map<uint32_t, uint32_t> private_words;
  std::vector<uint32_t> breakpoints;
  bool runs = false;
  bool stops_now = false;
  bool dies_at_start = false;
  int resets = 0;
  int saves = 0;
  int recoveries = 0;
};

}  // namespace slmrig::rigsim
