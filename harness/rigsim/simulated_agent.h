// An agent without a model: it speaks the wire protocol, keeps what is uploaded in memory, answers every run
// with the same few tokens, and does one thing wrong when it is told to.
//
// For tests of how the harness takes it when a board misbehaves. Single-threaded; stdin and stdout are its
// link.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "device-agent/wire/connection.h"
#include "device-agent/wire/messages.h"
#include "device-agent/wire/status.h"
#include "harness/rigsim/faults.h"

namespace slmrig::rigsim {

struct SimulatedAgentOptions {
  std::string board = "native";
  std::string unique_id = "simulated";
  std::string build_id;  // hex
  std::string reset_reason;
  Fault fault = Fault::kNone;
  uint32_t fault_at_run = 1;                        // the run at which it happens, from 1
  std::function<void(const char* reason)> restart;  // does not return
};

class SimulatedAgent {
 public:
  explicit SimulatedAgent(SimulatedAgentOptions options);

  // Until stdin ends.
  void serve();

 private:
  using Envelope = wire::fb::Envelope;

  bool pump(int wait_ms);
  void flush();
  void answer(const Envelope& envelope);
  template <typename Table>
  void send(flatbuffers::Offset<Table> message);
  void send_banner();
  void send_slot_state(uint8_t slot, bool with_hash);
  void send_board_state();
  void on_load();
  void on_run(const wire::fb::Run& run);
  void send_generation(uint32_t max_new_tokens);
  void send_profile();
  void send_roofline();
  void send_failure(wire::Status status, const char* detail);
  // True when the fault is this one and its time has come.
  bool misbehaves(Fault fault) const;

  SimulatedAgentOptions options_;
  wire::ConnectionStorage<4> storage_;
  wire::Connection connection_;
  wire::MessageBuilder builder_;
  uint32_t request_id_ = 0;
  uint32_t runs_ = 0;
  uint32_t late_request_id_ = 0;  // of the run that kLateAnswer has not answered yet
  std::vector<uint8_t> image_;
  std::array<uint8_t, wire::kSha256Bytes> sha256_ = {};
  bool complete_ = false;
};

// The faults that happen below the protocol: written to stdout until stdin ends.
void serve_without_protocol(Fault fault);

}  // namespace slmrig::rigsim
