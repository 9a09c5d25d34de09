#include "workloads/runtime/profile.h"

namespace slmrig::runtime {
namespace {

constexpr uint32_t kCalibrationRounds = 4;
constexpr uint32_t kCalibrationLaps = 64;

constexpr const char* kNames[kLayerOperators + kModelOperators] = {"attention_norm",
                                                                   "prepare",
                                                                   "query",
                                                                   "key",
                                                                   "value",
                                                                   "rope",
                                                                   "kv_store",
                                                                   "scores",
                                                                   "softmax",
                                                                   "mix",
                                                                   "attention_output",
                                                                   "residual",
                                                                   "feed_forward_norm",
                                                                   "gate",
                                                                   "up",
                                                                   "activation",
                                                                   "down",
                                                                   "tokenize",
                                                                   "embedding",
                                                                   "output_norm",
                                                                   "output_prepare",
                                                                   "output",
                                                                   "sampling",
                                                                   "other"};

}  // namespace

const char* operator_name(Operator op) { return kNames[static_cast<uint32_t>(op)]; }

bool Profiler::lay_out(uint32_t layer_count, Arena* arena) {
  layer_count_ = layer_count;
  cells_ = arena->take<ProfileCell>(MemoryClass::kProfile, kPhaseCount * cells_per_phase());
  return cells_ != nullptr;
}

uint32_t Profiler::place_of(Operator op, uint32_t layer) const {
  const auto index = static_cast<uint32_t>(op);
  const bool of_layer = index < kLayerOperators;
  return phase_ * cells_per_phase() + (of_layer ? layer * kLayerOperators + index
                                                : layer_count_ * kLayerOperators + index - kLayerOperators);
}

void Profiler::start(TickFunction tick) {
  tick_ = tick;
  phase_ = kPrefill;
  lap_ticks_ = 0;
  for (uint32_t i = 0; i < kPhaseCount * cells_per_phase(); ++i) cells_[i] = {};
  // The clock may count coarser than a reading takes: the mean of many, unless something came between.
  uint64_t best = ~uint64_t{0};
  mark();
  for (uint32_t round = 0; round < kCalibrationRounds; ++round) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < kCalibrationLaps; ++i) {
      const uint64_t seen = now();
      sum += seen - last_;
      note(Operator::kOther, 0, seen, {});
    }
    const uint64_t mean = (sum + kCalibrationLaps / 2) / kCalibrationLaps;
    if (mean < best) best = mean;
  }
  lap_ticks_ = best;
  cells_[place_of(Operator::kOther, 0)] = {};
  for (uint64_t& ticks : subtracted_ticks_) ticks = 0;
}

void Profiler::note(Operator op, uint32_t layer, uint64_t now, const ProfileWork& work) {
  const uint64_t passed = now - last_;
  const uint64_t own = passed < lap_ticks_ ? passed : lap_ticks_;
  ProfileCell& cell = cells_[place_of(op, layer)];
  cell.ticks += passed - own;
  cell.work.macs += work.macs;
  cell.work.bytes += work.bytes;
  ++cell.calls;
  mark();
  subtracted_ticks_[phase_] += own + (last_ - now);
}

uint32_t Profiler::entry_count() const {
  if (cells_ == nullptr || tick_ == nullptr) return 0;
  uint32_t count = 0;
  for (uint32_t i = 0; i < kPhaseCount * cells_per_phase(); ++i) count += cells_[i].calls != 0 ? 1 : 0;
  return count;
}

Profiler::Entry Profiler::entry(uint32_t index) const {
  uint32_t place = 0;
  for (uint32_t skipped = 0; skipped <= index; ++place) skipped += cells_[place].calls != 0 ? 1 : 0;
  --place;
  const uint32_t of_phase = place % cells_per_phase();
  const bool of_layer = of_phase < layer_count_ * kLayerOperators;
  const uint32_t op = of_layer ? of_phase % kLayerOperators : of_phase - (layer_count_ - 1) * kLayerOperators;
  return {static_cast<Phase>(place / cells_per_phase()),
          static_cast<int16_t>(of_layer ? of_phase / kLayerOperators : -1), static_cast<Operator>(op),
          cells_[place]};
}

}  // namespace slmrig::runtime
