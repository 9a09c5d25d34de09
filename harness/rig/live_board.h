// A board that was deployed to and answers: what the flashers of deploy hand to measure.
//
// Owns everything that keeps it alive (link, process, temporary files); destruction ends it. One thread at a
// time.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/base/error.h"
#include "harness/base/records/rig.h"
#include "harness/rig/agent.h"

namespace slmrig::rig {

// What the host knows of the agent's file: static sizes and identity.
struct AgentFacts {
  std::string file;
  std::string sha256;    // of the file
  std::string build_id;  // GNU build id, hex; what the banner must say
  std::string machine;   // "x86_64", "aarch64", "arm", as `uname -m` names it; empty where it is another
  std::string compiler;  // "GNU C++17 12.2.0"; empty where the file does not say
  std::string compiler_flags;
  uint64_t text_bytes = 0;
  uint64_t data_bytes = 0;
  uint64_t bss_bytes = 0;
};

// Bytes on their way to the board. What was there already was not sent again.
struct Transfer {
  uint64_t written_bytes = 0;
  uint64_t skipped_bytes = 0;
  int64_t took_ns = 0;  // of the writing; 0: nothing was written
  std::string way;      // "probe", "link", "ssh", "emulator", ...
};

// How agent and image got onto the board.
struct Deployment {
  std::string flasher;  // as the rig names it
  std::string tool;     // "pyocd 0.36.0-2.1"; empty where none is needed
  Transfer agent;
  Transfer image;
  std::map<std::string, std::string> facts;       // the flasher's own: "probe", "target", "host"
  std::map<std::string, uint32_t> forced_resets;  // of a board that went silent, by what did it
};

class LiveBoard {
 public:
  virtual ~LiveBoard() = default;

  virtual const base::Bench& bench() const = 0;
  virtual const AgentFacts& agent_facts() const = 0;
  // Of the present life of the agent: renewed by reset().
  virtual const Banner& banner() const = 0;
  virtual Agent& agent() = 0;

  // The slot that holds the image, and its SHA-256 as the device computed it.
  virtual uint32_t slot() const = 0;
  virtual const std::string& image_sha256() const = 0;

  // Resets the board and waits for its banner: the beginning of a cold start. Nothing is loaded afterwards;
  // the slots keep what they hold.
  virtual base::Result<Banner> reset() = 0;

  virtual const Deployment& deployment() const = 0;

  // Messages to and from the agent so far, as text with times; bounded, with the middle left out when it is
  // long.
  virtual std::string transcript() = 0;
  // What the emulator or agent process wrote to its stderr; empty where there is none.
  virtual std::string process_log() = 0;
};

}  // namespace slmrig::rig
