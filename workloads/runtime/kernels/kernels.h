// The kernel interface: everything that depends on the instruction set or on how weights are stored.
//
// The transformer calls through a KernelSet and knows neither. A new weight format is a new FormatKernels in
// each set; a new instruction set is a new KernelSet that may borrow the plain functions where it has none.
//
// Numbers. Every set computes the same bits: floats are added in one canonical order, products are rounded
// before they are added (no fused multiply-add; the runtime is compiled with -ffp-contract=off), block sums
// of integers are exact, and exp is ours (math.h). So an answer on a board equals the host's for the same
// image, and a kernel test may ask for equality. The orders:
//   block rows   activations are quantized per 32 columns, whatever the weights' format: codes x, scale xs.
//                y = ((0 + t0) + t1) + ...  over blocks b of 32 columns, where
//     Q8_0, Q4_0, IQ4_NL, NF4, TQ2_0   t = float(sum of w*x) * (d * xs)      w = the integer of a code
//     Q6_K                             t = float(a0*s0 + a1*s1) * (d * xs)   s = sum over 16 columns
//     Q2_K    y = (y + float(a0*s0 + a1*s1) * (d * xs)) - float(m0*x0 + m1*x1) * (dmin * xs)   x0 = sum of x
//     Q4_K    y = (y + float(a*s) * (d * xs)) - float(m*sum of x) * (dmin * xs)
//                Every integer in the parentheses of float() is exact in 24 bits or rounded once by the
//                conversion.
//   f32, F16 and decoded rows, sum of squares, sum of a softmax: element i goes to lane i % 8, in order; then
//   the lanes fold
//                ((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7))
//   mix          over positions, in order
// The one exception is subnormal floats, which Cortex-M55's vector unit takes as zero: the thresholds in
// math.h and kQuantizeFloor keep them out of anything that could reach a result.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::runtime {

// How a tensor's weights are stored. Values are part of the image format: append, never renumber.
//
// Grouped formats hold 4 rows together: 4 half-precision scales first, then runs in which the bytes of row 0,
// row 1, row 2 and row 3 follow each other, 4 bytes each. One LDM reads such a run of 16 bytes on a
// Cortex-M4, a VLD4 gives 16 bytes of each row on an M55, four 32-bit lanes are four rows on x86 and NEON.
// Rows are a multiple of 4, groups run along the row first. r = row, q = run, j = byte of the run, b = block
// of 32.
enum class Format : uint16_t {
  // Rows of float, one after the other.
  kF32 = 0,
  // 32 columns, 136 bytes: 4 scales, 8 runs of codes; code (r, 4q + j) in -127..127.
  kQ8_0 = 1,
  // 32 columns, 72 bytes: 4 scales, 4 runs of nibble pairs; low nibble (r, 4q + j), high (r, 16 + 4q + j).
  // Weight = scale * (nibble - 8).
  kQ4_0 = 2,
  // As kQ4_0; weight = scale * kIq4NlCodes[nibble].
  kIq4Nl = 3,
  // 64 columns, 136 bytes: 4 scales (absmax / 127), then two times the 4 runs of kQ4_0.
  // Weight = scale * kNf4Codes[nibble].
  kNf4 = 4,
  // 256 columns, 264 bytes: 4 scales, then four times 4 runs of 64 columns: bits 2s.. of a byte are
  // (r, 64k + 16s + 4q + j), s = 0..3. Weight = scale * (crumb - 1); crumb 3 is refused at load.
  kTq2_0 = 5,
  // 256 columns, 336 bytes: 4 scales d, 4 scales dmin, 16 x 4 bytes of sub-scales (sub-block of 16 columns,
  // row; low nibble a, high nibble m), then crumbs as in kTq2_0. Weight = d*a*crumb - dmin*m.
  kQ2_K = 6,
  // 256 columns, 592 bytes: 4 scales d, 4 scales dmin, 8 x 4 bytes a, 8 x 4 bytes m (block of 32, row), then
  // eight times the 4 runs of kQ4_0. Weight = d*a*nibble - dmin*m.
  kQ4_K = 7,
  // 256 columns, 1096 bytes: 4 scales d, 16 x 4 signed bytes a (sub-block of 16, row), then 64 runs of
  // signed codes as in kQ8_0. Weight = d*a*code. Holds Q6_K and Q3_K without loss.
  kQ6_K = 8,
  // Rows of IEEE half, one after the other.
  kF16 = 9,
  // GGUF blocks as they are, row after row, decoded to floats while multiplying: what users bring and no
  // kernel is tuned for.
  kBf16 = 10,
  kQ4_1 = 11,
  kQ5_0 = 12,
  kQ5_1 = 13,
  kQ5_K = 14,
};
constexpr size_t kFormatCount = 15;

constexpr uint32_t kBlockColumns = 32;
constexpr uint32_t kGroupRows = 4;
constexpr uint32_t kSuperColumns = 256;
constexpr uint32_t kQ8GroupRows = kGroupRows;
constexpr uint32_t kQ8GroupBytes = 136;
constexpr uint32_t kQ4GroupBytes = 72;
constexpr uint32_t kNf4GroupColumns = 64;
constexpr uint32_t kNf4GroupBytes = 136;
constexpr uint32_t kTq2GroupBytes = 264;
constexpr uint32_t kQ2KGroupBytes = 336;
constexpr uint32_t kQ4KGroupBytes = 592;
constexpr uint32_t kQ6KGroupBytes = 1096;

// The sixteen values of a nibble of Q4_0.
constexpr int8_t kQ4Codes[16] = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};
// The sixteen values of IQ4_NL.
constexpr int8_t kIq4NlCodes[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// The sixteen values of NF4 (QLoRA, bitsandbytes' table) times 127, rounded.
constexpr int8_t kNf4Codes[16] = {-127, -88, -67, -50, -36, -23, -12, 0, 10, 20, 31, 43, 56, 71, 92, 127};

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
  // Formats of one set whose prepare() does the same share its address: activations are prepared once for
  // matrices of any of them.
  // Room that prepare() needs for one token, a multiple of 32.
  size_t (*prepared_bytes)(uint32_t columns);

  // x [tokens, columns] -> activations, in `room` [tokens * prepared_bytes(columns), aligned to 32] or in x
  // itself. Block formats: quantized per 32 columns, scale = largest magnitude / 127, codes to the nearest
  // even.
  Activations (*prepare)(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);

  // y [tokens, rows] = activations times the matrix transposed.
  void (*multiply)(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y);

  // One row as floats, y [columns].
  void (*read_row)(const Matrix& matrix, uint32_t row, float* y);
};

// How keys and values are kept. Values are those of the wire and of plans.
enum class KvFormat : uint8_t {
  kF32 = 0,
  kF16 = 1,   // IEEE half: to the nearest even, below 2^-14 zero, above 65504 clamped
  kInt8 = 2,  // a float, the largest magnitude / 127, then a code a number, to the nearest even
};
constexpr size_t kKvFormatCount = 3;

// The KV cache in a format other than f32. A row is one head at one position; rows stand at multiples of 4.
// The orders of kernels.h hold: scores adds (code * query) in lanes, folds, multiplies by the row's scale
// (int8) and then by `scale`; mix adds (weight * row's scale) * code.
struct KvKernels {
  // A multiple of 4.
  size_t (*row_bytes)(uint32_t head_dim);

  // x [head_dim] -> row [row_bytes]
  void (*store)(const float* x, uint32_t head_dim, uint8_t* row);

  // As KernelSet::scores and KernelSet::mix, over rows [positions].
  void (*scores)(const float* query, const uint8_t* keys, uint32_t positions, uint32_t head_dim, float scale,
                 float* out);
  void (*mix)(const float* weights, const uint8_t* values, uint32_t positions, uint32_t head_dim, float* out);
};

namespace plain {
extern const KvKernels kF16Kv;
extern const KvKernels kInt8Kv;
void gelu_multiply(float* gate, const float* up, uint32_t n);
}  // namespace plain

struct KernelSet {
  const char* isa;                             // "plain", "avx2", "dsp", "mve"
  const FormatKernels* formats[kFormatCount];  // null: the set cannot run the format

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

  // What follows is plain where a set does not say otherwise.

  // gate [n] = gelu(gate) * up; gelu(z) = z / (1 + exp(-2 u)), u = sqrt(2/pi) (z + 0.044715 z^3).
  void (*gelu_multiply)(float* gate, const float* up, uint32_t n) = plain::gelu_multiply;

  // By KvFormat; f32 goes through scores and mix above.
  const KvKernels* kv[kKvFormatCount] = {nullptr, &plain::kF16Kv, &plain::kInt8Kv};

  // Tokens of a prompt that go through the model together: a weight is read once for all of them, and the
  // buffers grow with them. At most kMaxBatchTokens. The result does not depend on it.
  uint32_t batch_tokens = 2;
};
constexpr uint32_t kMaxBatchTokens = 64;

const KernelSet& plain_kernels();

// The fastest set that this build has and this processor can run.
const KernelSet& best_kernels();

}  // namespace slmrig::runtime
