// A debug probe with a board in QEMU on its wires: what ties the layers together.
//
//   usb (packets) -> cmsis_dap (commands) -> debug_port (registers of the wire) -> cortex_debug (the core)
//     -> emulated_board (QEMU)
//
// One thread, one loop.
#pragma once

#include <poll.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/rigsim/line_server.h"
#include "harness/rigsim/probe/cmsis_dap.h"
#include "harness/rigsim/probe/cortex_debug.h"
#include "harness/rigsim/probe/emulated_board.h"
#include "harness/rigsim/usb/usb_server.h"

namespace slmrig::rigsim {

struct VirtualProbeOptions {
  std::string usb_socket;
  std::string serial_number;
  std::string control_socket;  // empty: none
  ProbeFaultPlan fault;
  EmulatedBoardOptions board;  // without a board file: nothing is on the wires
};

class VirtualProbe {
 public:
  static base::Result<std::unique_ptr<VirtualProbe>> start(const VirtualProbeOptions& options);

  void add_descriptors(std::vector<pollfd>* wait) const;
  // Serves whoever has something to say. Never waits for them.
  void serve();

  // "fault KIND[@AFTER][xCOUNT]", "plug", "unplug", "power on|off|cycle", "reset", "freeze", "transfers". The
  // answer is "ok", "ok VALUE" or "error: ...".
  std::string control(std::string_view command);

 private:
  VirtualProbe() = default;

  std::vector<uint8_t> answer(std::span<const uint8_t> packet);
  void apply_fault();
  // Everything between the USB socket and the board, as after power came on.
  base::Done build_layers();
  base::Done switch_power(std::string_view to);
  base::Result<std::string> execute(std::string_view command);
  void tell_of_death();

  std::string serial_number_;
  ProbeFaults faults_;
  std::unique_ptr<EmulatedBoard> board_;
  std::unique_ptr<CortexDebug> core_;
  std::unique_ptr<DebugPort> port_;
  std::unique_ptr<CmsisDap> commands_;
  bool told_of_death_ = false;
  // Last, so that they end first: they call into the others.
  std::unique_ptr<LineServer> control_;
  std::unique_ptr<UsbServer> usb_;
};

}  // namespace slmrig::rigsim
