// Memory of the emulated board through QEMU's test socket: works while the guest runs, device registers
// included, and is fifty times as fast as the debug stub.
//
// One line a command, one line an answer. Writes are posted: they are sent at once, in order, and their
// answers are taken in before the next read, or by settle().
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::rigsim {

// One thread. Every wait is bounded; kLinkLost when QEMU has gone, kDeviceFault when it refused a command.
class QtestClient {
 public:
  QtestClient() = default;
  // One attempt: kIo while nobody listens there.
  static base::Result<QtestClient> connect(const std::string& path);

  // One access of 1, 2 or 4 bytes, as a bus does it.
  base::Result<uint32_t> read(uint32_t address, unsigned bytes);
  base::Done write(uint32_t address, uint32_t value, unsigned bytes);

  base::Done read_block(uint32_t address, std::span<uint8_t> bytes);
  base::Done write_block(uint32_t address, std::span<const uint8_t> bytes);

  base::Done fill(uint32_t address, uint32_t bytes, uint8_t value);

  // Until every posted write has been done.
  base::Done settle();

 private:
  base::Done post(const std::string& command);
  base::Result<std::string> answer();
  base::Result<std::string> ask(const std::string& command);

  base::UniqueFd socket_;
  std::string received_;
  std::size_t taken_ = 0;  // bytes of received_ that were used up
  unsigned posted_ = 0;
};

}  // namespace slmrig::rigsim
