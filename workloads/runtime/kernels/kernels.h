// The kernel interface: everything that depends on the instruction set or on how weights are stored.
//
// The transformer calls through a KernelSet and knows neither. A new weight format is a new FormatKernels in
// each set; a new instruction set is a new KernelSet that may borrow the plain functions where it has none.
//
// Numbers. Every set computes the same bits: floats are added in one canonical order, products are rounded
// before they are added (no fused multiply-add; the runtime is compiled with -ffp-contract=off), block sums
// of integers are exact, and exp is ours (math.h). So an answer on a board equals the host's for the same
// image, and a kernel test may ask for equality. The orders:
//   Q8_0 row     y = ((0 + s0*d0) + s1*d1) + ...  over blocks; s the integer sum, d = weight scale * x scale
//   f32 row, sum of squares, sum of a softmax: element i goes to lane i % 8, in order; then the lanes fold
//                ((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7))
//   mix          over positions, in order
// The one exception is subnormal floats, which Cortex-M55's vector unit takes as zero: the thresholds in
// math.h and kQuantizeFloor keep them out of anything that could reach a result.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::runtime {

// How a tensor's weights are stored. Values are part of the image format: append, never renumber.
enum class Format : uint16_t {
  // Rows of float, one after the other.
  kF32 = 0,
  // Groups of 4 rows x 32 columns, 136 bytes: 4 half-precision scales (row 0..3), then for each run of 4
  // columns the 4 bytes of row 0, of row 1, of row 2, of row 3. Groups run along the row first. One LDM reads
  // a run for four rows on a Cortex-M4, a VLD4 gives rows of 16 columns on an M55, and four 32-bit lanes are
  // four rows on x86 and NEON. Rows are a multiple of 4, columns of 32. Codes lie in -127..127.
  kQ8_0 = 1,
};
constexpr size_t kFormatCount = 2;

constexpr uint32_t kBlockColumns = 32;
constexpr uint32_t kQ8GroupRows = 4;
constexpr uint32_t kQ8GroupBytes = 136;

// A block of activations whose largest magnitude is below this is taken as zero.
constexpr float kQuantizeFloor = 1e-20F;

struct Matrix {
  const uint8_t* data = nullptr;  // aligned to 32 bytes
  uint32_t rows = 0;
  uint32_t columns = 0;
  Format format = Format::kF32;
};

// Activations in the form that a format's multiply() reads: one token every token_stride_bytes.
struct Activations {
  const void* data = nullptr;
  size_t token_stride_bytes = 0;
};

struct FormatKernels {
  // Room that prepare() needs for one token, a multiple of 32.
  size_t (*prepared_bytes)(uint32_t columns);

  // x [tokens, columns] -> activations, in `room` [tokens * prepared_bytes(columns), aligned to 32] or in x
  // itself. Q8_0: quantized per 32 columns, scale = largest magnitude / 127, codes to the nearest even.
  Activations (*prepare)(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);

  // y [tokens, rows] = activations times the matrix transposed.
  void (*multiply)(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y);

  // One row as floats, y [columns].
  void (*read_row)(const Matrix& matrix, uint32_t row, float* y);
};

struct KernelSet {
  const char* isa;  // "plain", "avx2", "dsp", "mve"
  const FormatKernels* formats[kFormatCount];

  // y [n] = x / sqrt(mean(x^2) + epsilon) * gain. y may be x.
  void (*rms_norm)(const float* x, const float* gain, uint32_t n, float epsilon, float* y);

  // out [positions] = scale * (keys [positions, head_dim] . query [head_dim])
  void (*scores)(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
                 float* out);

  // x [n] becomes exp(x - max) / sum.
  void (*softmax)(float* x, uint32_t n);

  // out [head_dim] = weights [positions] . values [positions, head_dim]
  void (*mix)(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out);

  // Rotates neighbouring pairs of x [heads, head_dim] by table [head_dim] = cosine, sine of each pair.
  void (*rotate)(float* x, const float* table, uint32_t heads, uint32_t head_dim);

  // gate [n] = silu(gate) * up
  void (*silu_multiply)(float* gate, const float* up, uint32_t n);

  // x [n] += y
  void (*add)(float* x, const float* y, uint32_t n);
};

const KernelSet& plain_kernels();

// The fastest set that this build has and this processor can run.
const KernelSet& best_kernels();

}  // namespace slmrig::runtime
