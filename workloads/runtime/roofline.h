// What a board can do at most, measured with the runtime's own code, so that a profile has a yardstick: the
// rate of each kernel with everything it reads in the fastest memory there is, and how fast the memories that
// a model lives in can be read.
//
// Freestanding; not thread-safe.
#pragma once

#include <cstdint>

#include "workloads/runtime/arena.h"
#include "workloads/runtime/image.h"
#include "workloads/runtime/status.h"

namespace slmrig::runtime {

enum class RooflineKind : uint8_t { kKernel = 0, kMemory = 1 };

// One limit: what was done in `ticks`, the best of several rounds.
struct RooflineEntry {
  RooflineKind kind = RooflineKind::kKernel;
  const char* name = "";  // static: of the weights' format ("Q8_0"), or "weights" and "arena"
  uint32_t tokens = 0;    // that the kernel multiplied at once; 0 for a memory
  uint64_t macs = 0;
  uint64_t bytes = 0;  // of weights that the kernel read, or of the memory
  uint64_t ticks = 0;
};

// The limits of a loaded model: for each format of its matrices the kernel with one token and, where prompts
// go through in batches, with a batch; then the image and the part of the arena that is in use.
class Roofline {
 public:
  using TickFunction = uint64_t (*)();

  struct Subject {
    const Image* image;
    const LayerWeights* layers;  // [image->header.layer_count]
    const KernelSet* kernels;
    uint32_t batch_tokens;
  };
  // What the subject points to must outlive it.
  explicit Roofline(const Subject& subject);

  uint32_t count() const { return matrix_count_ * token_choices() + kMemories; }

  // index < count(). Works in what `arena`, a copy, has left; kArenaTooSmall where that does not hold the
  // activations: the entry then says of what, and has no figures. Weights are copied there, too, if there is
  // room for them.
  Status measure(uint32_t index, TickFunction tick, Arena arena, RooflineEntry* entry) const;

 private:
  static constexpr uint32_t kMemories = 2;

  void consider(const Matrix& matrix);
  uint32_t token_choices() const { return subject_.batch_tokens > 1 ? 2 : 1; }
  Status measure_kernel(const Matrix& matrix, uint32_t tokens, TickFunction tick, Arena arena,
                        RooflineEntry* entry) const;

  Subject subject_;
  // Of each format the matrix with the longest rows, where a row's own cost weighs least.
  const Matrix* matrices_[kFormatCount] = {};
  uint32_t matrix_count_ = 0;
};

}  // namespace slmrig::runtime
