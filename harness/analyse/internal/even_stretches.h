// Stretches of a meter with a fixed rate. Not for users: make_stretch_builder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/analyse/spike_filter.h"
#include "harness/analyse/stretches.h"

namespace slmrig::analyse {

class EvenStretches final : public StretchBuilder {
 public:
  explicit EvenStretches(const StretchOptions& options);
  void add(const base::PowerSamples& block) override;
  std::vector<Stretch> finish() override;

 private:
  static constexpr std::size_t kEdgeSamples = 8;  // over which the power beside an edge or a gap is taken

  struct Hole {
    std::size_t before = 0;  // position in work_
    int64_t count = 0;
  };

  void take(const base::PowerSamples& block);
  void take_states(const base::PowerSamples& block, std::size_t from);
  void clean_states(std::size_t count);
  void sum_up(std::size_t count);
  void drop(std::size_t count);
  std::size_t run_end(std::size_t begin, std::size_t end) const;
  void sum_run(std::size_t begin, std::size_t end);
  void fill(int64_t count, std::size_t after, std::size_t end);
  void add_fill(int64_t count, double power_uw, double spread_uw);
  void add_to_blocks(const float* power_uw, std::size_t count);
  void remember(std::size_t begin, std::size_t end);
  void enter(uint8_t state);
  void close();
  int64_t ns_at(int64_t index) const;

  StretchOptions options_;
  double period_s_ = 0;
  std::array<uint8_t, 256> states_ = {};
  SpikeFilter filter_;
  // Samples that are not summed up yet: those of the block, before them the last of the block before.
  std::vector<float> power_uw_;
  std::vector<float> filtered_uw_;
  std::vector<float> current_ua_;
  std::vector<uint8_t> range_;
  std::vector<uint8_t> state_;  // as sampled; clean once clean_states() has been over it
  std::vector<uint8_t> flags_;
  std::vector<Hole> holes_;
  bool any_ = false;
  int64_t expected_index_ = 0;  // of the next sample to come in
  int64_t next_index_ = 0;      // of the next sample to be summed up, from 0
  uint8_t clean_ = 0;
  std::size_t next_cut_ = 0;
  std::array<float, kEdgeSamples> recent_uw_ = {};
  std::size_t recent_count_ = 0;
  uint8_t last_range_ = 0;
  bool is_open_ = false;
  double first_sum_uw_ = 0;
  std::size_t first_count_ = 0;
  double block_sum_uw_ = 0;
  int64_t block_count_ = 0;
  int64_t block_samples_ = 1;
  Stretch current_;
  std::vector<Stretch> done_;
};

}  // namespace slmrig::analyse
