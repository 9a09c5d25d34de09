// Whole tokens from a model image, where the emulator has loaded one (-device loader): decodes greedily and
// prints a line for every 16 positions, "position ticks macs id".
#include <cstring>

#include "workloads/runtime/probe/board.h"
#include "workloads/runtime/runtime.h"

extern "C" const uint8_t image_start[];

namespace slmrig::runtime::probe {
namespace {

constexpr uint32_t kContextTokens = 72;
constexpr uint32_t kReportEvery = 16;

alignas(32) uint8_t g_arena[384 * 1024];
Runtime g_runtime;

bool load() {
  // How large the image is, it says itself; load() checks it against nothing here, as a slot's size would.
  ImageHeader header = {};
  std::memcpy(&header, image_start, sizeof(header));
  LoadOptions options;
  options.context_tokens = kContextTokens;
  size_t needed_bytes = 0;
  return g_runtime.load(image_start, static_cast<size_t>(header.image_bytes), options, g_arena,
                        sizeof(g_arena), &needed_bytes) == Status::kOk;
}

void report(uint32_t position, uint32_t taken, int32_t id) {
  Line line;
  line.put_decimal(position);
  line.put(' ');
  line.put_decimal(taken);
  line.put(' ');
  line.put_decimal(static_cast<uint32_t>(g_runtime.weight_macs_per_token()));
  line.put(' ');
  line.put_decimal(static_cast<uint32_t>(id));
  print(line);
}

}  // namespace

bool has_image() { return std::memcmp(image_start, kImageMagic, sizeof(kImageMagic)) == 0; }

void run_tokens() {
  if (!load()) leave(false);
  const int32_t first = g_runtime.bos_id();
  int32_t id = 0;
  bool is_end = false;
  // The first call samples from the prompt's logits; each one after it runs a token and samples.
  if (g_runtime.prefill(&first, 1) != Status::kOk || g_runtime.next_token(&id, &is_end) != Status::kOk) {
    leave(false);
  }
  for (uint32_t position = 2; position < kContextTokens; ++position) {
    start_ticks();
    const Status status = g_runtime.next_token(&id, &is_end);
    const uint32_t taken = ticks();
    if (status != Status::kOk) leave(false);
    if (position % kReportEvery == 0) report(position, taken, id);
  }
}

}  // namespace slmrig::runtime::probe
