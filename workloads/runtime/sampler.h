// Chooses the next token: greedy, or from the k likeliest with a temperature and a seed.
//
// Same logits, same settings, same seed: same tokens, on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::runtime {

constexpr uint32_t kMaxTopK = 256;

// Greedy where top_k <= 1 or temperature <= 0. top_k is at most kMaxTopK.
struct Sampling {
  uint32_t top_k = 1;
  float temperature = 0.0F;
  uint64_t seed = 1;
};

class Sampler {
 public:
  struct Candidate {
    float logit;
    uint32_t id;
  };

  void begin(const Sampling& sampling);
  bool greedy() const { return sampling_.top_k <= 1 || !(sampling_.temperature > 0.0F); }

  // logits [count], count > 0; room for kMaxTopK candidates where not greedy. Of equal logits the lower id
  // comes first.
  uint32_t sample(const float* logits, uint32_t count, Candidate* room);

 private:
  float next_uniform();  // in [0, 1), 24 bits

  Sampling sampling_;
  uint64_t state_ = 0;
};

}  // namespace slmrig::runtime
