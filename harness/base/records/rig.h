// The benches that this host can reach: one rig file (boards/rigs/*.json, schema:
// boards/rigs/rig.schema.json).
#pragma once

#include <string>
#include <vector>

#include "harness/base/records/board.h"

namespace slmrig::base {

// A byte stream to a device. `address` by kind: unix socket path, host:port, serial port; empty for stdio.
struct LinkSpec {
  std::string kind = "stdio";  // "stdio", "unix", "tcp", "tty", "serial"
  std::string address;
  int baud = 115200;
};

// A station with its link, probe, meter and switch, and the board that is in it.
struct Bench {
  std::string name;
  Board board;
  std::string unit_id;  // expected unique id of the physical board; empty: taken from the first banner
  LinkSpec link;
  std::string agent;  // ELF or program; empty: the one built for the board
};

struct Rig {
  std::string name;
  std::vector<Bench> benches;
  std::string file;
  std::string sha256;
};

}  // namespace slmrig::base
