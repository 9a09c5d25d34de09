// The bundled reference runtime (workloads/runtime) behind the agent's engine interface.
//
// Linking this library defines agent::linked_engine(). One static instance; no state outside it and the
// arena.
#pragma once

#include "device-agent/core/engine.h"
#include "workloads/runtime/runtime.h"

namespace slmrig::engines {

class SlmEngine final : public agent::Engine {
 public:
  using Status = agent::Status;

  const char* name() const override { return "slm"; }
  const char* version() const override { return runtime::kRuntimeVersion; }
  const char* kernel_isa() const override { return runtime::best_kernels().isa; }

  uint32_t image_context_tokens(agent::ByteView image) const override;
  Status load(agent::ByteView image, const agent::LoadSettings& settings, uint8_t* arena, size_t arena_bytes,
              size_t* arena_needed_bytes) override;
  agent::ModelFacts facts() const override;
  Status begin(const agent::Sampling& sampling) override;
  Status encode(const char* text, size_t text_bytes, int32_t* ids, uint32_t capacity,
                uint32_t* count) override;
  void set_deadline(const agent::Deadline& deadline) override {
    deadline_ = {deadline.tick, deadline.end_ticks};
  }
  Status prefill(const int32_t* ids, uint32_t count) override;
  Status next_token(int32_t* id, bool* is_end) override;
  Status token_text(int32_t id, bool is_first, char* text, size_t capacity, size_t* text_bytes) override;
  agent::MemoryUse memory() const override;
  Status profile(agent::TickFunction tick) override;
  uint32_t profile_entry_count() const override { return runtime_.profiler().entry_count(); }
  agent::ProfileEntry profile_entry(uint32_t index) const override;
  uint64_t profile_subtracted_ticks(agent::Phase phase) const override;
  uint32_t roofline_count() const override { return runtime_.roofline_count(); }
  Status roofline(uint32_t index, agent::TickFunction tick, agent::RooflineEntry* entry) override;

 private:
  runtime::Runtime runtime_;
  runtime::Deadline deadline_;  // of the next prefill()
};

}  // namespace slmrig::engines
