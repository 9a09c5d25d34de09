// QEMU's gdbstub: registers, run control, breakpoints and, through its monitor, reset and memory dumps.
//
// The remote serial protocol over a unix socket. Two habits of QEMU's stub that this client lives by: any
// byte it receives while the guest runs stops the guest, so acknowledgements travel in front of the next
// packet and never alone; and the stub answers p and P only once its target description was read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::rigsim {

// "$packet#checksum".
std::string gdb_frame(std::string_view packet);

// Takes the first whole packet (its payload) out of `received`; nothing while none is whole. Bytes between
// packets are acknowledgements, and dropped.
std::optional<std::string> take_gdb_packet(std::string* received);

// One thread. Every wait is bounded; kLinkLost when QEMU has gone.
class GdbClient {
 public:
  GdbClient() = default;
  // One attempt: kIo while nobody listens there.
  static base::Result<GdbClient> connect(const std::string& path);

  // One packet, one answer. Console output in front of the answer is dropped.
  base::Result<std::string> ask(std::string_view packet);
  // Many packets in one round trip; the answers in their order.
  base::Result<std::vector<std::string>> ask_all(std::span<const std::string> packets);
  // A packet that is answered only when the guest stops.
  base::Done go(std::string_view packet);
  // The answer to go(), or nothing when the guest still runs after `timeout_ms`.
  base::Result<std::optional<std::string>> wait_stop(int timeout_ms);
  // Stops the running guest; the answer tells how.
  base::Result<std::string> interrupt();

 private:
  base::Done send(std::string_view bytes);
  base::Result<std::optional<std::string>> receive(int timeout_ms);

  base::UniqueFd socket_;
  std::string received_;
  bool owes_acknowledgement_ = false;
};

}  // namespace slmrig::rigsim
