// A board whose agent is a process of this host: the native agent, or an emulator that runs the firmware.
//
// Internal to deploy: what the flashers build and hand out as rig::LiveBoard. Owns the process, its folder of
// sockets and the client, and ends them in the right order.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/rig/agent_client.h"
#include "harness/rig/bounded_text.h"
#include "harness/rig/live_board.h"

namespace slmrig::deploy {

// What a process writes to its stderr (and, where that is no link, to its stdout), within limits. drain()
// never waits.
class ProcessLog {
 public:
  // `with_output`: its stdout is text too.
  ProcessLog(base::ChildProcess& child, bool with_output);
  void drain();
  std::string text();

 private:
  void drain_descriptor(int fd, std::string* partial);

  base::ChildProcess& child_;
  bool with_output_;
  std::string partial_output_;
  std::string partial_errors_;
  rig::BoundedText text_;
};

class StartedBoard final : public rig::LiveBoard {
 public:
  // How bytes reach the agent once the process runs.
  enum class Via { kStdio, kSocket };

  struct Start {
    base::Bench bench;
    rig::AgentFacts agent;
    std::vector<std::string> command;
    std::optional<base::TemporaryDirectory> folder;  // kept for as long as the process runs
    Via via = Via::kStdio;
    base::LinkSpec link;  // kSocket: where to connect
    rig::ClientTimeouts timeouts;
  };

  // Starts the process, connects, and checks that what answers is this bench's board and this agent. An error
  // tells what the process said last.
  static base::Result<std::unique_ptr<StartedBoard>> start(Start start);
  ~StartedBoard() override;

  const base::Bench& bench() const override { return bench_; }
  const rig::AgentFacts& agent_facts() const override { return agent_facts_; }
  const rig::Banner& banner() const override { return banner_; }
  rig::Agent& agent() override { return *client_; }
  uint32_t slot() const override { return slot_; }
  const std::string& image_sha256() const override { return image_sha256_; }
  base::Result<rig::Banner> reset() override;
  std::string transcript() override { return client_->transcript(); }
  std::string process_log() override { return log_->text(); }

  rig::AgentClient& client() { return *client_; }
  base::ChildProcess& process() { return *child_; }
  // After the device's hash of the slot was seen to be right.
  void set_image(uint32_t slot, std::string sha256);

 private:
  explicit StartedBoard(Start start);
  base::Done check_banner() const;
  base::Error explained(base::Error error);

  base::Bench bench_;
  rig::AgentFacts agent_facts_;
  std::optional<base::TemporaryDirectory> folder_;
  std::unique_ptr<base::ChildProcess> child_;
  std::unique_ptr<ProcessLog> log_;
  std::unique_ptr<rig::AgentClient> client_;
  rig::Banner banner_;
  uint32_t slot_ = 0;
  std::string image_sha256_;
};

}  // namespace slmrig::deploy
