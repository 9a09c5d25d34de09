#include "workloads/runtime/probe/probe.h"

#include <cstring>

#include "workloads/runtime/math.h"

namespace slmrig::runtime::probe {
namespace {

constexpr uint32_t kRows = 64;
constexpr uint32_t kColumns = 512;
constexpr uint32_t kTokens = 3;
constexpr uint32_t kHeadDim = 32;
constexpr uint32_t kPositions = 100;
constexpr uint32_t kOddLength = 77;

alignas(32) uint8_t g_weights[kRows * kColumns * sizeof(float)];
alignas(32) float g_x[kTokens * kColumns];
alignas(32) float g_y[kTokens * kColumns];
alignas(32) float g_out[kTokens * kColumns];
// The widest preparation of any set: 9 bytes a column.
alignas(32) uint8_t g_room[kTokens * kColumns * 9];
uint32_t g_out_count;
uint32_t g_random;

uint32_t next_random() {
  g_random = g_random * 1664525U + 1013904223U;
  return g_random >> 8;
}

// In [-scale, scale).
float next_float(float scale) {
  return (static_cast<float>(next_random()) * (1.0F / 8388608.0F) - 1.0F) * scale;
}

void fill(float* values, uint32_t count, float scale) {
  for (uint32_t i = 0; i < count; ++i) values[i] = next_float(scale);
}

uint32_t hash_outputs() {
  uint32_t hash = 2166136261U;
  const auto* bytes = reinterpret_cast<const uint8_t*>(g_out);
  for (uint32_t i = 0; i < g_out_count * sizeof(float); ++i) hash = (hash ^ bytes[i]) * 16777619U;
  return hash;
}

void prepare_floats() {
  g_random = 1;
  fill(reinterpret_cast<float*>(g_weights), kRows * kColumns, 0.2F);
  fill(g_x, kTokens * kColumns, 2.0F);
  fill(g_y, kTokens * kColumns, 1.0F);
  std::memset(g_out, 0, sizeof(g_out));
}

// Codes in -127..127; scales from zero and subnormal halves to about 1.
void prepare_q8() {
  prepare_floats();
  for (uint32_t group = 0; group < kRows / kQ8GroupRows * (kColumns / kBlockColumns); ++group) {
    uint8_t* to = g_weights + group * kQ8GroupBytes;
    for (uint32_t row = 0; row < kQ8GroupRows; ++row) {
      const auto half = static_cast<uint16_t>(group % 37 == 0 ? next_random() % 4 : next_random() % 0x3C00);
      std::memcpy(to + 2 * row, &half, 2);
    }
    for (uint32_t i = 2 * kQ8GroupRows; i < kQ8GroupBytes; ++i) {
      to[i] = static_cast<uint8_t>(static_cast<int>(next_random() % 255) - 127);
    }
  }
  for (uint32_t i = 0; i < kBlockColumns; ++i) g_x[i] = 0.0F;
}

void multiply(const KernelSet& kernels, Format format, uint32_t columns, uint32_t tokens) {
  const FormatKernels& with = *kernels.formats[static_cast<uint32_t>(format)];
  const Matrix matrix = {g_weights, kRows, columns, format};
  const Activations activations = with.prepare(g_x, tokens, columns, g_room);
  with.multiply(matrix, activations, tokens, g_out);
  g_out_count = kRows * tokens;
}

void q8_decode(const KernelSet& kernels) { multiply(kernels, Format::kQ8_0, kColumns, 1); }
void q8_prefill(const KernelSet& kernels) { multiply(kernels, Format::kQ8_0, kColumns, kTokens); }
void q8_narrow(const KernelSet& kernels) { multiply(kernels, Format::kQ8_0, 96, kTokens); }
void f32_decode(const KernelSet& kernels) { multiply(kernels, Format::kF32, kColumns, 1); }
void f32_odd(const KernelSet& kernels) { multiply(kernels, Format::kF32, kOddLength, kTokens); }

void q8_prepare_only(const KernelSet& kernels) {
  (void)kernels.formats[static_cast<uint32_t>(Format::kQ8_0)]->prepare(g_x, 1, kColumns, g_room);
  g_out_count = 0;
}

void q8_read_row(const KernelSet& kernels) {
  const Matrix matrix = {g_weights, kRows, kColumns, Format::kQ8_0};
  kernels.formats[static_cast<uint32_t>(Format::kQ8_0)]->read_row(matrix, 7, g_out);
  g_out_count = kColumns;
}

void scores(const KernelSet& kernels) {
  kernels.scores(g_x, reinterpret_cast<const float*>(g_weights), kPositions, kHeadDim, 0.25F, g_out);
  g_out_count = kPositions;
}

void scores_narrow(const KernelSet& kernels) {
  kernels.scores(g_x, reinterpret_cast<const float*>(g_weights), kPositions, 8, 0.25F, g_out);
  g_out_count = kPositions;
}

void softmax(const KernelSet& kernels) {
  std::memcpy(g_out, g_x, kPositions * sizeof(float));
  for (uint32_t i = 0; i < kPositions; ++i) g_out[i] *= 30.0F;
  kernels.softmax(g_out, kPositions);
  g_out_count = kPositions;
}

void mix(const KernelSet& kernels) {
  kernels.mix(g_x, reinterpret_cast<const float*>(g_weights), kPositions, kHeadDim, g_out);
  g_out_count = kHeadDim;
}

void rms_norm(const KernelSet& kernels) {
  kernels.rms_norm(g_x, g_y, 256, 1e-5F, g_out);
  g_out_count = 256;
}

void rms_norm_odd(const KernelSet& kernels) {
  kernels.rms_norm(g_x, g_y, kOddLength, 1e-5F, g_out);
  g_out_count = kOddLength;
}

void rotate(const KernelSet& kernels) {
  std::memcpy(g_out, g_x, 8 * kHeadDim * sizeof(float));
  kernels.rotate(g_out, g_y, 8, kHeadDim);
  g_out_count = 8 * kHeadDim;
}

void silu_multiply(const KernelSet& kernels) {
  std::memcpy(g_out, g_x, kColumns * sizeof(float));
  for (uint32_t i = 0; i < kColumns; ++i) g_out[i] *= 45.0F;
  kernels.silu_multiply(g_out, g_y, kColumns - 3);
  g_out_count = kColumns;
}

void add(const KernelSet& kernels) {
  std::memcpy(g_out, g_x, kColumns * sizeof(float));
  kernels.add(g_out, g_y, kColumns - 1);
  g_out_count = kColumns;
}

constexpr Case kCases[] = {
    {"q8_decode", kRows* kColumns, prepare_q8, q8_decode, hash_outputs},
    {"q8_prefill", kRows* kColumns* kTokens, prepare_q8, q8_prefill, hash_outputs},
    {"q8_narrow", kRows * 96 * kTokens, prepare_q8, q8_narrow, hash_outputs},
    {"q8_prepare", kColumns, prepare_q8, q8_prepare_only, hash_outputs},
    {"q8_read_row", kColumns, prepare_q8, q8_read_row, hash_outputs},
    {"f32_decode", kRows* kColumns, prepare_floats, f32_decode, hash_outputs},
    {"f32_odd", kRows* kOddLength* kTokens, prepare_floats, f32_odd, hash_outputs},
    {"scores", kPositions* kHeadDim, prepare_floats, scores, hash_outputs},
    {"scores_narrow", kPositions * 8, prepare_floats, scores_narrow, hash_outputs},
    {"softmax", kPositions, prepare_floats, softmax, hash_outputs},
    {"mix", kPositions* kHeadDim, prepare_floats, mix, hash_outputs},
    {"rms_norm", 256, prepare_floats, rms_norm, hash_outputs},
    {"rms_norm_odd", kOddLength, prepare_floats, rms_norm_odd, hash_outputs},
    {"rotate", 8 * kHeadDim, prepare_floats, rotate, hash_outputs},
    {"silu_multiply", kColumns, prepare_floats, silu_multiply, hash_outputs},
    {"add", kColumns, prepare_floats, add, hash_outputs},
};

}  // namespace

const Case* cases(uint32_t* count) {
  *count = sizeof(kCases) / sizeof(kCases[0]);
  return kCases;
}

}  // namespace slmrig::runtime::probe
