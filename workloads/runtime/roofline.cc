#include "workloads/runtime/roofline.h"

#include <cstring>

#include "workloads/runtime/image_formats.h"

namespace slmrig::runtime {
namespace {

// Rows of a matrix and their activations that stay in the first-level cache of a host together.
constexpr uint64_t kCachedBytes = 24576;

// Kernels take up to so many rows together.
constexpr uint32_t kRowsTogether = 16;

// Enough that reading the clock does not count: a few microseconds of a fast core, a hundredth of a second of
// a Cortex-M at 25 MHz.
constexpr uint64_t kRoundMacs = 1U << 17;
constexpr uint64_t kRoundBytes = 1U << 18;
constexpr uint64_t kMostSweptBytes = 1U << 26;

// Rounds go on until so many agree with the best one to one part in kAgreement, so that a counter of cycles
// or instructions is soon believed, and a core that has yet to raise its clock or to power its wide vectors
// up gets the time.
constexpr uint32_t kAgreeing = 8;
constexpr uint32_t kMostRounds = 96;
constexpr uint32_t kMostSweeps = 16;
constexpr uint64_t kAgreement = 256;

// Whether a matrix is better than the one that is known: see Roofline::matrices_.
bool better(const Matrix& matrix, const Matrix* known) {
  if (known == nullptr || matrix.columns != known->columns) {
    return known == nullptr || matrix.columns > known->columns;
  }
  return matrix.rows > known->rows;
}

// Of a matrix, beside activations of so many bytes; not less than a kernel takes together.
uint32_t cached_rows(const Matrix& matrix, uint64_t activations_bytes) {
  const uint32_t group = rows_per_group(matrix.format);
  const uint64_t group_bytes = stored_bytes(matrix.format, group, matrix.columns);
  const uint64_t left_bytes = activations_bytes < kCachedBytes ? kCachedBytes - activations_bytes : 0;
  const uint64_t least = (kRowsTogether + group - 1) / group;
  const uint64_t groups = left_bytes / group_bytes < least ? least : left_bytes / group_bytes;
  uint64_t rows = groups * group;
  if (rows > kRowsTogether) rows -= rows % kRowsTogether;
  return rows < matrix.rows ? static_cast<uint32_t>(rows) : matrix.rows;
}

// Runs `round` many times; the fewest ticks of one.
template <typename Round>
uint64_t best_ticks(Roofline::TickFunction tick, uint32_t most_rounds, const Round& round) {
  uint64_t best = UINT64_MAX;
  uint32_t agreeing = 0;
  for (uint32_t i = 0; i < most_rounds && agreeing < kAgreeing; ++i) {
    const uint64_t start = tick();
    round();
    const uint64_t ticks = tick() - start;
    const bool is_better = best == UINT64_MAX || ticks + ticks / kAgreement < best;
    agreeing = is_better ? 0 : agreeing;
    if (ticks < best) best = ticks;
    if (ticks <= best + best / kAgreement) ++agreeing;
  }
  return best;
}

// Reads words [count, a multiple of 8].
void read_words(const uint32_t* words, size_t count) {
  uint32_t sum = 0;
  for (size_t i = 0; i < count; i += 8) {
    sum += words[i] ^ words[i + 1] ^ words[i + 2] ^ words[i + 3];
    sum += words[i + 4] ^ words[i + 5] ^ words[i + 6] ^ words[i + 7];
  }
  // Or nothing would be read.
  asm volatile("" : : "r"(sum));
}

// data aligned to 32.
void measure_memory(const uint8_t* data, uint64_t size_bytes, Roofline::TickFunction tick,
                    RooflineEntry* entry) {
  const uint64_t swept = (size_bytes < kMostSweptBytes ? size_bytes : kMostSweptBytes) / 32 * 32;
  if (swept == 0) return;
  const uint64_t times = swept < kRoundBytes ? kRoundBytes / swept : 1;
  const auto* words = reinterpret_cast<const uint32_t*>(data);
  entry->bytes = swept * times;
  entry->ticks = best_ticks(tick, kMostSweeps, [&] {
    for (uint64_t i = 0; i < times; ++i) read_words(words, static_cast<size_t>(swept / 4));
  });
}

}  // namespace

Roofline::Roofline(const Subject& subject) : subject_(subject) {
  for (uint32_t i = 0; i < subject.image->header.layer_count; ++i) {
    const LayerWeights& layer = subject.layers[i];
    const Matrix* const matrices[] = {&layer.query, &layer.key, &layer.value, &layer.attention_output,
                                      &layer.gate,  &layer.up,  &layer.down};
    for (const Matrix* matrix : matrices) consider(*matrix);
  }
  consider(subject.image->output);
  for (const Matrix* matrix : matrices_) matrix_count_ += matrix != nullptr ? 1 : 0;
}

void Roofline::consider(const Matrix& matrix) {
  const Matrix*& known = matrices_[static_cast<size_t>(matrix.format)];
  if (matrix.rows != 0 && better(matrix, known)) known = &matrix;
}

Status Roofline::measure(uint32_t index, TickFunction tick, Arena arena, RooflineEntry* entry) const {
  *entry = {};
  const uint32_t kernels = matrix_count_ * token_choices();
  if (index >= kernels + kMemories) return Status::kBadArgument;
  if (index >= kernels) {
    const bool is_image = index == kernels;
    entry->kind = RooflineKind::kMemory;
    entry->name = is_image ? "weights" : "arena";
    uint64_t used_bytes = 0;
    const uint8_t* used = arena.used(&used_bytes);
    measure_memory(is_image ? subject_.image->data : used,
                   is_image ? subject_.image->header.image_bytes : used_bytes, tick, entry);
    return Status::kOk;
  }
  uint32_t place = 0;
  for (uint32_t skipped = index / token_choices(); matrices_[place] == nullptr || skipped != 0; ++place) {
    if (matrices_[place] != nullptr) --skipped;
  }
  const uint32_t tokens = index % token_choices() == 0 ? 1 : subject_.batch_tokens;
  return measure_kernel(*matrices_[place], tokens, tick, arena, entry);
}

Status Roofline::measure_kernel(const Matrix& whole, uint32_t tokens, TickFunction tick, Arena arena,
                                RooflineEntry* entry) const {
  const FormatKernels& kernels = *subject_.kernels->formats[static_cast<size_t>(whole.format)];
  entry->kind = RooflineKind::kKernel;
  entry->name = format_name(whole.format);
  entry->tokens = tokens;
  const uint64_t inputs = uint64_t{tokens} * whole.columns;
  auto* x = arena.take<float>(MemoryClass::kScratch, inputs);
  auto* prepared =
      arena.take<uint8_t>(MemoryClass::kScratch, uint64_t{tokens} * kernels.prepared_bytes(whole.columns));
  if (x == nullptr || prepared == nullptr) return Status::kArenaTooSmall;
  for (uint64_t i = 0; i < inputs; ++i) x[i] = static_cast<float>(static_cast<int32_t>(i % 61) - 30) / 32.0F;
  const Activations activations = kernels.prepare(x, tokens, whole.columns, prepared);

  Matrix matrix = whole;
  matrix.rows = cached_rows(whole, tokens * activations.token_stride_bytes);
  const uint64_t weights_bytes = stored_bytes(matrix.format, matrix.rows, matrix.columns);
  auto* y = arena.take<float>(MemoryClass::kScratch, uint64_t{tokens} * matrix.rows);
  if (y == nullptr) return Status::kArenaTooSmall;
  if (auto* copy = arena.take<uint8_t>(MemoryClass::kScratch, weights_bytes)) {
    std::memcpy(copy, matrix.data, static_cast<size_t>(weights_bytes));
    matrix.data = copy;
  }

  const uint64_t call_macs = inputs * matrix.rows;
  const uint64_t calls = call_macs < kRoundMacs ? kRoundMacs / call_macs : 1;
  entry->macs = call_macs * calls;
  entry->bytes = weights_bytes * calls;
  entry->ticks = best_ticks(tick, kMostRounds, [&] {
    for (uint64_t i = 0; i < calls; ++i) kernels.multiply(matrix, activations, tokens, y);
  });
  return Status::kOk;
}

}  // namespace slmrig::runtime
