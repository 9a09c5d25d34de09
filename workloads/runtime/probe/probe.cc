#include "workloads/runtime/probe/probe.h"

#include <cstring>

#include "workloads/runtime/image_formats.h"
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
// The widest preparation of any set takes fewer bytes a column.
alignas(32) uint8_t g_room[kTokens * kColumns * 16];
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

// How a group of a format begins: halves, then sub-scales up to where the codes are.
struct GroupShape {
  uint32_t bytes;
  uint32_t halves;
  uint32_t codes_at;
};

GroupShape shape_of(Format format) {
  switch (format) {
    case Format::kQ4_0:
    case Format::kIq4Nl: return {kQ4GroupBytes, 4, 8};
    case Format::kNf4: return {kNf4GroupBytes, 4, 8};
    case Format::kTq2_0: return {kTq2GroupBytes, 4, 8};
    case Format::kQ2_K: return {kQ2KGroupBytes, 8, 80};
    case Format::kF16: return {2, 1, 2};
    default: return {kQ8GroupBytes, 4, 8};
  }
}

// A byte of codes that the format may hold.
uint8_t next_codes(Format format) {
  if (format == Format::kTq2_0) {
    uint32_t crumbs = 0;
    for (int i = 0; i < 4; ++i) crumbs = crumbs << 2 | next_random() % 3;
    return static_cast<uint8_t>(crumbs);
  }
  const uint32_t byte = next_random() & 255U;
  return static_cast<uint8_t>(format == Format::kQ8_0 && byte == 128 ? 129 : byte);
}

// Scales from zero and subnormal halves to about 1, of either sign.
uint16_t next_half(uint32_t group) {
  const uint32_t magnitude = group % 37 == 0 ? next_random() % 4 : next_random() % 0x3C00;
  return static_cast<uint16_t>(magnitude | (next_random() & 0x8000U));
}

template <Format kFormat>
void prepare_weights() {
  prepare_floats();
  if (kFormat == Format::kF32) return;
  const GroupShape shape = shape_of(kFormat);
  const uint32_t groups = static_cast<uint32_t>(stored_bytes(kFormat, kRows, kColumns)) / shape.bytes;
  for (uint32_t group = 0; group < groups; ++group) {
    uint8_t* to = g_weights + group * shape.bytes;
    for (uint32_t i = 0; i < shape.halves; ++i) {
      const uint16_t half = next_half(group);
      std::memcpy(to + 2 * i, &half, 2);
    }
    for (uint32_t i = 2 * shape.halves; i < shape.bytes; ++i) {
      to[i] = i < shape.codes_at ? static_cast<uint8_t>(next_random()) : next_codes(kFormat);
    }
  }
  for (uint32_t i = 0; i < kBlockColumns; ++i) g_x[i] = 0.0F;
}

// A set may lack the format: then nothing is run, and the outputs are not those of the plain kernels.
template <Format kFormat, uint32_t kWidth, uint32_t kBatch>
void multiply(const KernelSet& kernels) {
  g_out_count = kRows * kBatch;
  const FormatKernels* with = kernels.formats[static_cast<uint32_t>(kFormat)];
  if (with == nullptr) return;
  const Matrix matrix = {g_weights, kRows, kWidth, kFormat};
  const Activations activations = with->prepare(g_x, kBatch, kWidth, g_room);
  with->multiply(matrix, activations, kBatch, g_out);
}

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

void mix_narrow(const KernelSet& kernels) {
  kernels.mix(g_x, reinterpret_cast<const float*>(g_weights), kPositions, 8, g_out);
  g_out_count = 8;
}

// Rows of a cache, by the plain function: sets that could not read each other's would differ.
template <KvFormat kFormat, uint32_t kWidth>
void prepare_cached() {
  prepare_floats();
  const KvKernels& plain = kFormat == KvFormat::kF16 ? plain::kF16Kv : plain::kInt8Kv;
  static_assert(kPositions * kWidth * sizeof(float) <= sizeof(g_room), "the rows fit");
  for (uint32_t t = 0; t < kPositions; ++t) {
    plain.store(reinterpret_cast<const float*>(g_weights) + t * kWidth, kWidth,
                g_room + t * plain.row_bytes(kWidth));
  }
}

// An odd number of positions: a row is left of pairs and fours.
constexpr uint32_t kCachedPositions = kPositions - 1;

template <KvFormat kFormat, uint32_t kWidth>
void scores_cached(const KernelSet& kernels) {
  kernels.kv[static_cast<uint32_t>(kFormat)]->scores(g_x, g_room, kCachedPositions, kWidth, 0.25F, g_out);
  g_out_count = kCachedPositions;
}

template <KvFormat kFormat, uint32_t kWidth>
void mix_cached(const KernelSet& kernels) {
  kernels.kv[static_cast<uint32_t>(kFormat)]->mix(g_x, g_room, kCachedPositions, kWidth, g_out);
  g_out_count = kWidth;
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

// The fewest columns above a group of the format.
template <Format kFormat>
constexpr uint32_t narrow() {
  return kFormat == Format::kTq2_0 || kFormat == Format::kQ2_K ? 256 : kFormat == Format::kNf4 ? 192 : 96;
}

template <Format kFormat>
constexpr Case decode(const char* name) {
  return {name, kRows * kColumns, prepare_weights<kFormat>, multiply<kFormat, kColumns, 1>, hash_outputs};
}
template <Format kFormat>
constexpr Case prefill(const char* name) {
  return {name, kRows * kColumns * kTokens, prepare_weights<kFormat>, multiply<kFormat, kColumns, kTokens>,
          hash_outputs};
}
template <Format kFormat>
constexpr Case narrow(const char* name) {
  constexpr uint32_t kWidth = narrow<kFormat>();
  return {name, kRows * kWidth * kTokens, prepare_weights<kFormat>, multiply<kFormat, kWidth, kTokens>,
          hash_outputs};
}

template <KvFormat kFormat, uint32_t kWidth>
constexpr Case scores_of(const char* name) {
  return {name, kCachedPositions * kWidth, prepare_cached<kFormat, kWidth>, scores_cached<kFormat, kWidth>,
          hash_outputs};
}
template <KvFormat kFormat, uint32_t kWidth>
constexpr Case mix_of(const char* name) {
  return {name, kCachedPositions * kWidth, prepare_cached<kFormat, kWidth>, mix_cached<kFormat, kWidth>,
          hash_outputs};
}

constexpr Case kCases[] = {
    decode<Format::kQ8_0>("q8_0_decode"),
    prefill<Format::kQ8_0>("q8_0_prefill"),
    narrow<Format::kQ8_0>("q8_0_narrow"),
    decode<Format::kQ4_0>("q4_0_decode"),
    prefill<Format::kQ4_0>("q4_0_prefill"),
    narrow<Format::kQ4_0>("q4_0_narrow"),
    decode<Format::kIq4Nl>("iq4_nl_decode"),
    prefill<Format::kIq4Nl>("iq4_nl_prefill"),
    narrow<Format::kIq4Nl>("iq4_nl_narrow"),
    decode<Format::kNf4>("nf4_decode"),
    prefill<Format::kNf4>("nf4_prefill"),
    narrow<Format::kNf4>("nf4_narrow"),
    decode<Format::kTq2_0>("tq2_0_decode"),
    prefill<Format::kTq2_0>("tq2_0_prefill"),
    narrow<Format::kTq2_0>("tq2_0_narrow"),
    decode<Format::kQ2_K>("q2_k_decode"),
    prefill<Format::kQ2_K>("q2_k_prefill"),
    narrow<Format::kQ2_K>("q2_k_narrow"),
    decode<Format::kF16>("f16_decode"),
    {"q8_0_prepare", kColumns, prepare_weights<Format::kQ8_0>, q8_prepare_only, hash_outputs},
    {"q8_0_read_row", kColumns, prepare_weights<Format::kQ8_0>, q8_read_row, hash_outputs},
    decode<Format::kF32>("f32_decode"),
    {"f32_odd", kRows* kOddLength* kTokens, prepare_floats, multiply<Format::kF32, kOddLength, kTokens>,
     hash_outputs},
    {"scores", kPositions* kHeadDim, prepare_floats, scores, hash_outputs},
    {"scores_narrow", kPositions * 8, prepare_floats, scores_narrow, hash_outputs},
    {"softmax", kPositions, prepare_floats, softmax, hash_outputs},
    {"mix", kPositions* kHeadDim, prepare_floats, mix, hash_outputs},
    {"mix_narrow", kPositions * 8, prepare_floats, mix_narrow, hash_outputs},
    scores_of<KvFormat::kF16, kHeadDim>("f16_scores"),
    scores_of<KvFormat::kF16, 8>("f16_scores_narrow"),
    mix_of<KvFormat::kF16, kHeadDim>("f16_mix"),
    mix_of<KvFormat::kF16, 24>("f16_mix_24"),
    mix_of<KvFormat::kF16, 8>("f16_mix_narrow"),
    scores_of<KvFormat::kInt8, kHeadDim>("int8_scores"),
    scores_of<KvFormat::kInt8, 8>("int8_scores_narrow"),
    mix_of<KvFormat::kInt8, kHeadDim>("int8_mix"),
    mix_of<KvFormat::kInt8, 24>("int8_mix_24"),
    mix_of<KvFormat::kInt8, 8>("int8_mix_narrow"),
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
