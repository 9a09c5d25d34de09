// A virtual PPK2 on pseudo-terminals: device, sample source, and who may tell it what to do.
#pragma once

#include <poll.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/rigsim/line_server.h"
#include "harness/rigsim/ppk2/edge_listener.h"
#include "harness/rigsim/ppk2/live_source.h"
#include "harness/rigsim/ppk2/modelled_source.h"
#include "harness/rigsim/ppk2/ppk2_device.h"
#include "harness/rigsim/virtual_terminal.h"

namespace slmrig::rigsim {

struct VirtualPpk2Options {
  std::string port;        // the link to the measuring port
  std::string shell_port;  // to the second one; empty: the device has one port
  std::string control;     // socket on which commands are heard; empty: none
  std::string load = "constant:1mA";
  // Modelled time instead of the wall clock's: the socket on which marker edges come in, and the board.json
  // of the board that sends them. Empty: `load`, by the wall clock.
  std::string edges;
  std::string board;
  std::string
      truth;  // file for what was really drawn (ModelledTruth), written when a stream ends; empty: none
  // Supply below which that board stops, as it does without power; its process is killed. 0: it never does.
  int brown_out_mv = 0;
  std::vector<std::string> faults;
  Ppk2DeviceOptions device;
};

// One thread: the owner polls and calls serve().
class VirtualPpk2 {
 public:
  static base::Result<std::unique_ptr<VirtualPpk2>> start(const VirtualPpk2Options& options);

  void add_descriptors(std::vector<pollfd>* wait) const;
  // How long the owner may wait for descriptors.
  int patience_ms() const;
  void serve(int64_t now_ns);

 private:
  VirtualPpk2() = default;
  std::string answer(std::string_view line);
  base::Done add_fault(const std::string& text);
  void serve_shell();
  void serve_unplugged(int64_t now_ns);
  void take_edges();
  void write_truth() const;

  std::unique_ptr<LiveSource> live_;  // one of the two
  std::unique_ptr<ModelledSource> modelled_;
  std::unique_ptr<EdgeListener> edges_;
  std::string truth_file_;
  int brown_out_mv_ = 0;
  std::unique_ptr<Ppk2Device> device_;
  std::string port_link_;
  VirtualTerminal port_;
  int64_t plug_in_at_ns_ = 0;  // while it is unplugged; 0: never
  std::optional<VirtualTerminal> shell_;
  std::unique_ptr<LineServer> control_;
};

}  // namespace slmrig::rigsim
