#include "workloads/runtime/sampler.h"

#include "workloads/runtime/math.h"

namespace slmrig::runtime {
namespace {

uint32_t largest(const float* logits, uint32_t count) {
  uint32_t best = 0;
  for (uint32_t id = 1; id < count; ++id) {
    if (logits[id] > logits[best]) best = id;
  }
  return best;
}

// The k largest in falling order. Insertion: after the first few hundred logits hardly any is inserted.
uint32_t select(const float* logits, uint32_t count, uint32_t k, Sampler::Candidate* chosen) {
  uint32_t size = 0;
  for (uint32_t id = 0; id < count; ++id) {
    const float logit = logits[id];
    if (size == k && !(logit > chosen[size - 1].logit)) continue;
    uint32_t place = size < k ? size++ : size - 1;
    while (place > 0 && logit > chosen[place - 1].logit) {
      chosen[place] = chosen[place - 1];
      --place;
    }
    chosen[place] = {logit, id};
  }
  return size;
}

}  // namespace

void Sampler::begin(const Sampling& sampling) {
  sampling_ = sampling;
  state_ = sampling.seed;
}

// SplitMix64 (Steele, Lea, Flood 2014): one word of state, any seed is good.
float Sampler::next_uniform() {
  state_ += 0x9E3779B97F4A7C15ULL;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  z ^= z >> 31;
  return static_cast<float>(static_cast<uint32_t>(z >> 40)) * 5.9604644775390625e-8F;
}

uint32_t Sampler::sample(const float* logits, uint32_t count, Candidate* room) {
  if (greedy()) return largest(logits, count);
  const uint32_t size = select(logits, count, sampling_.top_k < count ? sampling_.top_k : count, room);
  const float top = room[0].logit;
  const float inverse_temperature = 1.0F / sampling_.temperature;
  float sum = 0.0F;
  for (uint32_t i = 0; i < size; ++i) {
    room[i].logit = exp_clamped((room[i].logit - top) * inverse_temperature);
    sum += room[i].logit;
  }
  float rest = next_uniform() * sum;
  for (uint32_t i = 0; i + 1 < size; ++i) {
    rest -= room[i].logit;
    if (rest < 0.0F) return room[i].id;
  }
  return room[size - 1].id;
}

}  // namespace slmrig::runtime
