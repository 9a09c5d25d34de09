// The benches that this host can reach: one rig file (boards/rigs/*.json, schema:
// boards/rigs/rig.schema.json).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/records/board.h"

namespace slmrig::base {

// A byte stream to a device. `address` by kind: unix socket path, host:port, serial port; empty for stdio.
struct LinkSpec {
  std::string kind = "stdio";  // "stdio", "unix", "tcp", "rfc2217", "tty", "serial"
  std::string address;
  int baud = 115200;            // at which the agent starts to talk
  int fast_baud = 0;            // to which both ends go once they talk; 0: they stay
  std::string usb_serial = {};  // serial: the adapter's own serial number, instead of an address
  std::string reset_line = {};  // "dtr", "rts": the line that is wired to the board's reset; empty: none
};

// pyOCD as a child process.
struct PyocdSpec {
  std::string probe;          // serial number of the debug probe; never chosen by chance
  std::string target;         // pyOCD's name of the chip
  std::string script;         // a user script (--script); empty: none
  std::string pack;           // a CMSIS-Pack (--pack); empty: none
  uint64_t frequency_hz = 0;  // of the debug clock; 0: pyOCD's own
  int timeout_s = 0;          // of one pyOCD; 0: by how much it has to write
};

// An account on a Linux board. Host keys are respected, and nothing is ever asked.
struct SshSpec {
  std::string host;
  int port = 0;                           // 0: ssh's own choice (22, or what its configuration says)
  std::string user;                       // empty: ssh's own choice
  std::string identity_file;              // empty: ssh's own choice
  std::string known_hosts_file;           // empty: ssh's own
  std::string directory = ".slmrig";      // on the board, relative to the home folder, or absolute
  std::vector<std::string> agent_prefix;  // what the agent is started through: {"taskset", "-c", "3"}
  std::string file_cache = "drop";        // before a cold start: "drop" the image's pages, "drop-all", "keep"
};

// The user's own way: J-Link, probe-rs, west. Without a shell; {agent}, {image}, {image_address}, {unit},
// {port} are filled in.
struct CommandFlasherSpec {
  std::vector<std::string> flash_agent;
  std::vector<std::string> flash_image;  // empty: the image goes over the link
  std::vector<std::string> reset;        // empty: the agent resets itself
  int timeout_s = 120;
};

// How agent and image get onto the board: `kind` as Board::flasher, with that kind's own settings.
struct FlasherSpec {
  std::string kind;  // empty: the board's own
  PyocdSpec pyocd;
  SshSpec ssh;
  CommandFlasherSpec command;
};

// The bench's own means to take the power away, for boards that went silent. Empty commands: none.
struct PowerSwitchSpec {
  std::vector<std::string> on;
  std::vector<std::string> off;
  int off_ms = 1000;  // for how long it stays off in a power cycle
};

// The power meter of a bench, and how it is wired to the board.
struct MeterSpec {
  std::string kind;             // "ppk2", "lpm01a", "scpi", "hwmon", "rapl", ...; empty: the bench has none
  std::string address;          // by kind: serial port (by-id), host:port, name of a sensor
  std::string usb_serial;       // of the instrument, instead of an address
  std::string mode;             // "source": it feeds the board; "ampere": it sits in the board's supply
  int voltage_mv = 0;           // of the board's supply; 0: the board's own nominal one
  bool leave_powered = true;    // how the board's power is left after a run
  bool modelled_clock = false;  // an instrument that samples in the modelled time of an emulated board
  // Which of the meter's lines carries which of the agent's markers; negative: not wired.
  int active_line = 0;
  int token_line = 1;
  int phase_line = 2;  // and the next one
  // Linux boards: the pins that are the agent's markers 0 to 3, "/dev/gpiochip0:17,27,22,23"; empty: none.
  std::string board_pins;
  std::map<std::string, std::string> settings;  // by kind: "rate_hz", "profile", "format", ...
};

// A process that stands in for hardware which this bench has not got (a virtual debug probe, a virtual
// meter): started before the bench is used and ended with it. {folder} is a temporary folder that all
// stand-ins and child processes of the bench share.
struct StandInSpec {
  std::vector<std::string> command;
  std::string ready_file;  // appears once it serves, such as "{folder}/usb"
  // For the programs that are to meet it (pyocd, ...): NAME=VALUE.
  std::vector<std::string> environment;
};

// A station with its link, probe, meter and switch, and the board that is in it.
struct Bench {
  std::string name;
  Board board;
  std::string unit_id;  // expected unique id of the physical board; empty: taken from the first banner
  LinkSpec link;
  FlasherSpec flasher;
  PowerSwitchSpec power;
  MeterSpec meter;
  std::vector<StandInSpec> stand_ins;
  std::string agent;  // ELF or program; empty: the one built for the board
  // Left out with a notice, instead of failing, on a host that has not got the programs it needs.
  bool optional = false;
};

inline const std::string& flasher_kind(const Bench& bench) {
  return bench.flasher.kind.empty() ? bench.board.flasher : bench.flasher.kind;
}

struct Rig {
  std::string name;
  std::vector<Bench> benches;
  std::string file;
  std::string sha256;
};

}  // namespace slmrig::base
