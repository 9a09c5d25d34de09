// The agent: answers the host's requests until the link ends.
//
// One object a program, static (it holds every buffer), used from one thread of control. It owns nothing but
// its own memory; the engine is the program's linked_engine() and everything of the board comes from the
// port.
#pragma once

#include <cstdint>

#include "device-agent/core/engine.h"
#include "device-agent/core/generation.h"
#include "device-agent/core/link.h"
#include "device-agent/core/slots.h"

namespace slmrig::agent {

class Agent {
 public:
  // After port::start().
  explicit Agent(Engine& engine);

  // Serves at most one request; waits up to wait_ms for it. False once the link is gone for good.
  bool serve(uint32_t wait_ms);
  // The program ends in an orderly way.
  void end();

 private:
  void answer(const fb::Envelope& envelope);
  void on_slot_query(uint32_t request_id, const fb::SlotQuery& query);
  void on_upload_begin(uint32_t request_id, const fb::UploadBegin& begin);
  void on_upload_chunk(uint32_t request_id, const fb::UploadChunk& chunk);
  void on_chunk(const wire::Chunk& chunk);
  void on_upload_copy(uint32_t request_id, const fb::UploadCopy& copy);
  void end_piece(uint32_t request_id, Status status, const Shortage& shortage);
  void on_upload_end(uint32_t request_id, const fb::UploadEnd& end);
  void on_chunk_query(uint32_t request_id, const fb::ChunkQuery& query);
  void on_activate(uint32_t request_id, const fb::Activate& activate);
  void on_rollback(uint32_t request_id);
  void answer_with_hash(uint32_t request_id, uint32_t slot, Status status, Shortage shortage,
                        const char* detail);
  void on_load(uint32_t request_id, const fb::Load& load);
  Status load_image(ByteView image, const LoadSettings& settings, bool markers, uint64_t* load_ticks,
                    Shortage* arena);
  void on_run(uint32_t request_id, const fb::Run& run);
  Status accept_run(const fb::Run& run, Shortage* shortage);
  bool still_loaded();
  void on_roofline(uint32_t request_id);
  void on_idle(uint32_t request_id, const fb::Idle& idle);
  void on_reset(uint32_t request_id);
  void on_set_link_rate(uint32_t request_id, const fb::SetLinkRate& rate);
  void watch_rate_trial();

  void send_banner(uint32_t request_id);
  void send_slot_state(uint32_t request_id, uint32_t slot, const SlotInfo& info);
  void send_load_report(uint32_t request_id, uint64_t load_ticks, size_t arena_needed_bytes);
  void send_generation(uint32_t request_id);
  bool send_trace(uint32_t request_id, uint32_t first_index);
  void send_profile(uint32_t request_id);
  // Null: there are no entries. status: why this one has no figures.
  bool send_roofline(uint32_t request_id, const RooflineEntry* entry, Status status, bool last);
  void send_memory(uint32_t request_id);
  void send_board_state(uint32_t request_id);
  void send_failure(uint32_t request_id, Status status, const char* detail, Shortage shortage = {});
  void refuse_the_hasty();

  Engine& engine_;
  Link link_;
  SlotTable slots_;
  bool loaded_ = false;
  uint32_t loaded_slot_ = 0;
  ByteView loaded_image_;
  uint32_t rate_before_ = 0;  // to which the line goes back unless the host is heard; 0: no trial
  uint32_t rate_changed_ms_ = 0;
  uint32_t frames_before_ = 0;
  bool upload_failed_ = false;  // the first failure was answered; what follows of that upload is not
  uint32_t upload_request_id_ = 0;
  TraceRoom trace_;  // at the end of the arena, while a model is loaded
  GenerationRequest request_;
  Generation generation_;
};

// Starts the port and serves for ever, or until the link ends; returns the program's exit code.
int run_agent(int argc, char** argv);

}  // namespace slmrig::agent
