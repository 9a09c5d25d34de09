// A board in QEMU whose flash a debug probe writes: started without firmware and stopped, with the emulator
// arguments of the board file otherwise, so that it counts instructions as the plain emulated board does.
//
// Registers and run control go through QEMU's debug stub, memory through its test socket. Memory regions that
// are named as flash keep their content over a power cycle, and over the end of this process where a folder
// is given for it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/child_process.h"
#include "harness/rigsim/probe/core_backend.h"
#include "harness/rigsim/probe/cortex_debug.h"
#include "harness/rigsim/probe/gdb_client.h"
#include "harness/rigsim/probe/qtest_client.h"

namespace slmrig::rigsim {

struct EmulatedBoardOptions {
  std::filesystem::path board_file;  // boards/<name>/board.json
  std::string unit_id;
  std::string uart_socket;
  std::vector<std::string> flash_regions;  // names of memory regions of the board file
  std::filesystem::path folder;            // for the emulator's sockets
  std::filesystem::path flash_folder;      // where the content of the flash regions is kept
  bool keeps_flash = true;                 // also when this process ends
};

struct FlashRegion {
  std::string name;
  AddressRange range;
};

// What of the board file concerns the probe.
struct EmulatedBoardFacts {
  std::vector<std::string> command;  // of the emulator, complete
  std::vector<AddressRange> memories;
  std::vector<FlashRegion> flash;
};

// kBadInput where the board is no emulated ARMv7-M board, or has no such memory region.
base::Result<EmulatedBoardFacts> read_board_facts(const EmulatedBoardOptions& options);

// One thread.
class EmulatedBoard final : public CoreBackend {
 public:
  // Starts the emulator; the core stands at its reset vector.
  static base::Result<std::unique_ptr<EmulatedBoard>> start(const EmulatedBoardOptions& options);
  ~EmulatedBoard() override;

  const std::vector<AddressRange>& memories() const { return facts_.memories; }

  // Keeps what the flash holds, and ends the emulator. Until power_on() every call is kLinkLost.
  base::Done power_off();
  base::Done power_on();
  bool powered() const { return process_ != nullptr; }
  // How the emulator ended, once it has and it was not told to.
  std::optional<std::string> death();

  base::Result<CoreRegisters> read_registers() override;
  base::Done write_registers(const CoreRegisters& registers, uint32_t mask) override;
  base::Done resume(const std::vector<uint32_t>& breakpoints) override;
  base::Done step() override;
  base::Done interrupt() override;
  base::Result<bool> wait_stop(int timeout_ms) override;
  base::Done reset() override;
  base::Done before_start() override;
  base::Done recover() override;
  base::Result<uint32_t> read(uint32_t address, unsigned bytes) override;
  base::Done write(uint32_t address, uint32_t value, unsigned bytes) override;
  base::Done read_block(uint32_t address, std::span<uint8_t> bytes) override;
  base::Done write_block(uint32_t address, std::span<const uint8_t> bytes) override;

 private:
  explicit EmulatedBoard(EmulatedBoardOptions options) : options_(std::move(options)) {}

  base::Done connect();
  bool can_read_ahead(uint32_t address) const;
  base::Done save_flash();
  base::Done load_flash();
  std::filesystem::path flash_file(const FlashRegion& region) const;

  EmulatedBoardOptions options_;
  EmulatedBoardFacts facts_;
  std::unique_ptr<base::ChildProcess> process_;
  GdbClient gdb_;
  QtestClient memory_;
  bool running_ = false;
  bool flash_may_differ_ = false;   // from what is saved
  std::set<uint32_t> breakpoints_;  // that the emulator knows
  // Memory behind the last block that was read; holds only as long as the core stands and nobody writes.
  uint32_t ahead_address_ = 0;
  std::vector<uint8_t> ahead_;
};

}  // namespace slmrig::rigsim
