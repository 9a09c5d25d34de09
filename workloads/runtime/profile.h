// Where a generation's time goes: a clock is read at the end of each operator, and what passed since the
// reading before belongs to it. So every tick belongs to an operator, and what is between them is kOther.
//
// Reading the clock and noting it costs time, too. The clock is read again after the noting, so that only the
// reading itself falls into an operator's time; start() measures that, and every lap subtracts it. A null
// profiler costs one comparison an operator. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/arena.h"

namespace slmrig::runtime {

// One noun each; a layer's own first. kPrepare is the quantization of activations for all matrices.
enum class Operator : uint8_t {
  kAttentionNorm,
  kPrepare,
  kQuery,
  kKey,
  kValue,
  kRope,
  kKvStore,
  kScores,
  kSoftmax,
  kMix,
  kAttentionOutput,
  kResidual,
  kFeedForwardNorm,
  kGate,
  kUp,
  kActivation,
  kDown,
  // Of no layer.
  kTokenize,
  kEmbedding,
  kOutputNorm,
  kOutputPrepare,
  kOutput,
  kSampling,
  kOther,
};
constexpr uint32_t kLayerOperators = 17;
constexpr uint32_t kModelOperators = 7;

const char* operator_name(Operator op);

struct ProfileWork {
  uint64_t macs = 0;   // multiply-accumulates with weights or the KV cache
  uint64_t bytes = 0;  // of weights and KV cache, each byte once a call
};

struct ProfileCell {
  uint64_t ticks = 0;
  ProfileWork work;
  uint32_t calls = 0;
};

class Profiler {
 public:
  using TickFunction = uint64_t (*)();
  enum Phase : uint32_t { kPrefill = 0, kDecode = 1 };
  static constexpr uint32_t kPhaseCount = 2;

  // Of the table that lay_out() takes.
  static uint64_t table_bytes(uint32_t layer_count) {
    return uint64_t{kPhaseCount} * (layer_count * kLayerOperators + kModelOperators) * sizeof(ProfileCell);
  }

  // Takes the table from the arena, where it stays. False when it does not fit.
  bool lay_out(uint32_t layer_count, Arena* arena);
  bool laid_out() const { return cells_ != nullptr; }

  // Empties the table and measures the cost of reading the clock.
  void start(TickFunction tick);

  // Nothing more is noted, and what was is forgotten.
  void stop() { tick_ = nullptr; }

  // The clock runs from here: the start of what is measured.
  void mark() { last_ = tick_(); }
  void set_phase(Phase phase) { phase_ = phase; }

  // What passed since the lap before belongs to an operator: read the clock, then note it. What note() and
  // the caller's preparations for it take is no operator's. `layer` counts only for a layer's own.
  uint64_t now() const { return tick_(); }
  // Not inlined, so that its end costs everywhere what it costs in start().
  __attribute__((noinline)) void note(Operator op, uint32_t layer, uint64_t now, const ProfileWork& work);

  // Cells that hold anything, in order of phase, layer, operator.
  uint32_t entry_count() const;
  struct Entry {
    Phase phase;
    int16_t layer;  // -1: of no layer
    Operator op;
    ProfileCell cell;
  };
  Entry entry(uint32_t index) const;

  uint64_t subtracted_ticks(Phase phase) const { return subtracted_ticks_[phase]; }

 private:
  uint32_t cells_per_phase() const { return layer_count_ * kLayerOperators + kModelOperators; }
  uint32_t place_of(Operator op, uint32_t layer) const;

  ProfileCell* cells_ = nullptr;  // [kPhaseCount, layers * kLayerOperators + kModelOperators]
  uint32_t layer_count_ = 0;
  TickFunction tick_ = nullptr;
  Phase phase_ = kPrefill;
  uint64_t last_ = 0;
  uint64_t lap_ticks_ = 0;  // of a lap in which nothing happens
  uint64_t subtracted_ticks_[kPhaseCount] = {};
};

}  // namespace slmrig::runtime
