// A bench supply or multimeter behind a TCP port or a pseudo-terminal.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "harness/rigsim/line_server.h"
#include "harness/rigsim/scpi/text_faults.h"
#include "harness/rigsim/scpi/text_instrument.h"
#include "harness/rigsim/tcp_server.h"
#include "harness/rigsim/virtual_terminal.h"

namespace slmrig::rigsim {

struct VirtualScpiOptions {
  std::string model;
  int port = 0;            // of TCP; 0: any
  std::string terminal;    // a link to a pseudo-terminal instead of TCP; empty: TCP
  std::string ready_file;  // is given "127.0.0.1:PORT" or the terminal once it serves; empty: none
  std::string control;     // socket on which it is told things; empty: none
};

// One thread.
class VirtualScpi {
 public:
  static base::Result<std::unique_ptr<VirtualScpi>> start(const VirtualScpiOptions& options);

  // Serves until `ended` says so.
  template <typename Ended>
  void run(const Ended& ended) {
    while (!ended()) serve();
  }

  // "fault KIND...", "load 12mA", "idn TEXT", "stick on|off", "unplug", "state".
  std::string tell(std::string_view line);

 private:
  explicit VirtualScpi(std::unique_ptr<TextInstrument> instrument);
  base::Result<std::string> listen(const VirtualScpiOptions& options);
  void serve();
  void serve_terminal();
  std::string hear(std::string* received);

  std::unique_ptr<TextInstrument> instrument_;
  TextFaults faults_;
  int64_t heard_ns_ = 0;
  TcpServer tcp_;
  std::optional<VirtualTerminal> terminal_;
  std::string terminal_received_;
  std::optional<LineServer> control_;
};

}  // namespace slmrig::rigsim
