// A board that answers: a process of this host (the native agent, an emulator, ssh), or hardware behind a
// link.
//
// Internal to deploy: what the flashers build and hand out as rig::LiveBoard. Owns the process, its folder of
// sockets and the client, and ends them in the right order.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/deploy/process_log.h"
#include "harness/deploy/stand_in.h"
#include "harness/rig/agent_client.h"
#include "harness/rig/live_board.h"

namespace slmrig::deploy {

class SshConnection;

class StartedBoard final : public rig::LiveBoard {
 public:
  // How bytes reach the agent.
  enum class Via {
    kStdio,   // through the process that is started
    kSocket,  // through a unix socket that the process serves
    kLink,    // no process of ours: the board is there by itself
  };

  // A way to restart a board that does not do it by itself any more.
  struct ResetMeans {
    std::string name;  // "probe", "power_switch": part of a key of the provenance
    std::function<base::Done()> reset;
  };

  struct Start {
    base::Bench bench;
    rig::AgentFacts agent;
    Via via = Via::kStdio;
    std::vector<std::string> command;                // kStdio, kSocket
    std::optional<base::TemporaryDirectory> folder;  // kept for as long as the process runs
    std::shared_ptr<StandIns> stand_ins = {};        // of the bench; null: none
    std::shared_ptr<SshConnection> connection = {};  // that the process is a channel of; null: none
    base::LinkSpec link;                             // kSocket, kLink: where to connect
    std::vector<ResetMeans> reset_means = {};        // the gentlest first
    rig::ClientTimeouts timeouts = {};
    rig::Deployment deployment = {};
  };

  // open() and connect().
  static base::Result<std::unique_ptr<StartedBoard>> start(Start start);
  // Starts the process where there is one, and opens the link. Nothing was asked yet.
  static base::Result<std::unique_ptr<StartedBoard>> open(Start start);
  ~StartedBoard() override;

  // Who is there now, for flashers that decide by it what to write: a board or unit that the rig file does
  // not expect is an error, another agent is none. kTimeout where nobody answers within `patience_ms`.
  base::Result<rig::Banner> ask_who(int64_t patience_ms);
  // Connects, anew where it was connected, and checks that what answers is this bench's board and this agent.
  // An error tells what the process said last.
  base::Done connect();
  // The same; a board that stays silent is reset by the means that there are.
  base::Done connect_or_reset();

  const base::Bench& bench() const override { return bench_; }
  const rig::AgentFacts& agent_facts() const override { return agent_facts_; }
  const rig::Banner& banner() const override { return banner_; }
  rig::Agent& agent() override { return *client_; }
  uint32_t slot() const override { return slot_; }
  const std::string& image_sha256() const override { return image_sha256_; }
  // By the agent; where that does not answer, by the means that the bench has, one after the other.
  base::Result<rig::Banner> reset() override;
  const rig::Deployment& deployment() const override { return deployment_; }
  std::string transcript() override { return client_->transcript(); }
  std::string process_log() override;

  rig::AgentClient& client() { return *client_; }
  base::ChildProcess& process() { return *child_; }  // not of a board behind a link
  rig::Deployment& deployment() { return deployment_; }
  // After the device's hash of the slot was seen to be right.
  void set_image(uint32_t slot, std::string sha256);

 private:
  explicit StartedBoard(Start start);
  base::Done start_process(const std::vector<std::string>& command, bool with_output);
  base::Done open_link(const Start& start);
  base::Result<rig::Banner> connect_again();
  base::Done check_place(const rig::Banner& banner) const;
  base::Done check_agent() const;
  // Asks again after each; `error` is what was wrong before.
  base::Result<rig::Banner> reset_by_means(base::Error error);
  base::Done take_banner(base::Result<rig::Banner> banner, std::string_view when);
  base::Error explained(base::Error error);

  base::Bench bench_;
  std::optional<base::LinkSpec> link_;  // of a board behind a link
  rig::AgentFacts agent_facts_;
  std::shared_ptr<StandIns> stand_ins_;
  std::shared_ptr<SshConnection> connection_;
  std::vector<ResetMeans> reset_means_;
  rig::Deployment deployment_;
  std::optional<base::TemporaryDirectory> folder_;
  std::unique_ptr<base::ChildProcess> child_;
  std::unique_ptr<ProcessLog> log_;
  std::unique_ptr<rig::AgentClient> client_;
  rig::Banner banner_;
  uint32_t slot_ = 0;
  std::string image_sha256_;
};

}  // namespace slmrig::deploy
