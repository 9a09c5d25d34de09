// The host's end of the wire: Agent over a Link.
//
// Owns its link. One thread at a time; nothing happens between calls (no thread of its own), so an agent may
// find its host silent for as long as the host likes. A frame from a device is untrusted: every message is
// verified, and every answer checked against what was asked.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "device-agent/wire/connection.h"
#include "device-agent/wire/messages.h"
#include "harness/base/clock.h"
#include "harness/rig/agent.h"
#include "harness/rig/bounded_text.h"
#include "harness/rig/image_delta.h"
#include "harness/rig/link.h"

namespace slmrig::rig {

struct ClientTimeouts {
  int64_t connect_ms = 10'000;       // until the agent says hello
  int64_t answer_ms = 5'000;         // of questions that take no work
  int64_t hash_ms = 60'000;          // reading a whole slot
  int64_t load_ms = 60'000;          // validating an image
  int64_t limit_ms = 60'000;         // measuring one limit of a roofline
  int64_t upload_stall_ms = 15'000;  // without one chunk being taken
  base::Clock* clock = nullptr;      // that all of them are counted by; null: the system's
};

// Of a line that has rates: every life of an agent begins at `baud`, to which the link was opened. With a
// `fast_baud` both ends go there once they talk; where that fails they stay as they are, and the transcript
// says why.
struct LineRates {
  int baud = 0;
  int fast_baud = 0;  // 0: they stay
};

class AgentClient final : public Agent {
 public:
  AgentClient(std::unique_ptr<Link> link, const ClientTimeouts& timeouts, LineRates rates = {});
  ~AgentClient() override;

  // Seeks the agent and asks who it is. A silent link, garbage, and an agent of another protocol are told
  // apart. Where it was connected before, to this agent or another, it begins anew. patience_ms 0: as long as
  // the timeouts say.
  base::Result<Banner> connect(int64_t patience_ms = 0);
  // Asks for a reset and waits for the next life.
  base::Result<Banner> reset();
  // Asserts the line that is wired to the board's reset for a moment.
  base::Done pulse_line(const std::string& line);
  // In place of one that is gone; connect() comes next.
  void use_link(std::unique_ptr<Link> link);
  // The rate that the line runs at, 0 where nothing was said of rates.
  int baud() const { return baud_; }

  base::Result<SlotState> query_slot(uint32_t slot, bool hash) override;
  base::Result<SlotState> upload(uint32_t slot, std::span<const uint8_t> image,
                                 const UploadProgress& progress) override;
  base::Result<LoadReport> load(uint32_t slot, const LoadRequest& request) override;
  base::Result<RunReply> run(const RunRequest& request) override;
  base::Result<std::vector<MemoryBytes>> memory() override;
  base::Result<std::vector<base::RooflineEntry>> roofline() override;
  base::Result<ClockReading> clock() override;
  base::Done idle(uint64_t ticks) override;
  base::Result<BoardFacts> board_facts() override;

  // Makes a slot the active one, on trial until its first generation; the device hashes it before. For agents
  // whose banner says has_slots, as rollback(), which makes the other confirmed slot active.
  base::Result<SlotState> activate(uint32_t slot, uint64_t image_bytes, const std::string& sha256);
  base::Result<SlotState> rollback() override;
  // What the last upload() cost.
  const UploadFigures& upload_figures() const { return upload_; }

  // What a flasher laid into a slot behind the agent's back, who cannot know where it ends: query_slot()
  // hashes this much of the slot from now on. Forgotten by an upload to the slot.
  void expect_image(uint32_t slot, uint64_t image_bytes);

  std::string transcript() const { return transcript_.text(); }
  const wire::LinkStatistics& statistics() const { return connection_.statistics(); }
  // Called whenever the client waits: for whoever must drain a process's stderr meanwhile.
  void on_wait(std::function<void()> hook) { wait_hook_ = std::move(hook); }

 private:
  static constexpr uint32_t kWindowFrames = 16;
  using Envelope = wire::fb::Envelope;

  // One round of input and output, waiting at most wait_ms for bytes.
  base::Done pump(int64_t wait_ms);
  base::Done flush();
  base::Done listen(int64_t wait_ms);
  // The next message that is here already, or null. Valid until the next pump.
  base::Result<const Envelope*> take_message();
  // The next answer to the open question that is here already, or null; a Failure becomes an error.
  base::Result<const Envelope*> take_answer();
  // Waits for an answer of this kind to the open question.
  base::Result<const Envelope*> await(wire::fb::Message kind, int64_t timeout_ms);
  template <typename Table>
  base::Result<const Table*> await_as(int64_t timeout_ms) {
    SLMRIG_ASSIGN(const Envelope* envelope, await(wire::fb::MessageTraits<Table>::enum_value, timeout_ms));
    return envelope->template message_as<Table>();
  }
  // Sends what builder_ holds; waits for room in the window.
  base::Done send(int64_t timeout_ms);
  base::Done send_payload(std::span<const uint8_t> payload, wire::FrameKind kind, int64_t timeout_ms);
  // Sends a question under a new number, or under that of the question before.
  template <typename Table>
  base::Done ask(flatbuffers::Offset<Table> message) {
    ++request_id_;
    return ask_more(message);
  }
  template <typename Table>
  base::Done ask_more(flatbuffers::Offset<Table> message) {
    builder_.finish(request_id_, message);
    return send_question();
  }
  base::Done send_question();

  base::Result<Banner> hello(int64_t patience_ms);
  base::Result<Banner> greet(int64_t patience_ms);
  base::Done find_agent(int64_t patience_ms);
  base::Done seek_at(int baud, int64_t timeout_ms);
  base::Done change_baud(int baud);
  void try_fast_baud();
  base::Done follow_restart();
  base::Error silence_error(int64_t waited_ms) const;
  base::Error no_answer_error(int64_t waited_ms) const;
  base::Error restart_error();
  // What of an image another slot holds.
  struct CopyPlan {
    uint32_t from_slot = 0;
    std::vector<CopiedRange> copies;
  };
  base::Result<std::vector<uint64_t>> chunk_hashes(uint32_t slot, uint32_t chunk_bytes, uint32_t count);
  base::Result<CopyPlan> plan_copies(uint32_t slot, std::span<const uint8_t> image,
                                     const std::string& sha256);
  base::Done send_pieces(uint32_t slot, std::span<const uint8_t> image, uint64_t offset_bytes,
                         const CopyPlan& plan, const UploadProgress& progress);
  base::Done upload_chunks(uint32_t slot, std::span<const uint8_t> image, uint64_t offset_bytes,
                           const UploadProgress& progress);
  void note(char direction, const std::string& text);
  int64_t now_ns() const;
  uint32_t now_ms() const;
  int64_t deadline_after(int64_t timeout_ms) const;
  int64_t left_ms(int64_t deadline_ns) const;

  std::unique_ptr<Link> link_;
  ClientTimeouts timeouts_;
  LineRates rates_;
  int baud_;
  uint32_t frames_seen_ = 0;      // intact ones, when the last of them came
  uint64_t bytes_seen_ = 0;       // up to then
  int64_t garbage_since_ns_ = 0;  // 0: nothing but frames came
  wire::ConnectionStorage<kWindowFrames> storage_;
  wire::Connection connection_;
  wire::MessageBuilder builder_;
  std::map<uint32_t, uint64_t> laid_image_bytes_;  // by slot
  Banner banner_;                                  // of the present life
  UploadFigures upload_;
  uint32_t request_id_ = 0;
  std::string asked_;  // the name of the question that is open
  bool greeting_ = false;

  std::array<uint8_t, 4096> input_ = {};
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  std::string first_bytes_;            // of what was received, to show where it is no protocol at all
  wire::LinkStatistics heard_before_;  // connect()

  BoundedText transcript_;
  int64_t started_ns_;
  std::function<void()> wait_hook_;
};

}  // namespace slmrig::rig
