#include "workloads/forge/distil.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/sha256.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/ternary.h"
#include "workloads/forge/train_loop.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::uint32_t kFileTypeTq2_0 = 37;  // general.file_type, as llama.cpp numbers them
constexpr std::uint32_t kQuantizationVersion = 2;

}  // namespace

bool is_ternary(const NamedSlice& slice) { return slice.is_matrix && slice.name.starts_with("blk."); }

TernaryWeights::TernaryWeights(Network* network)
    : network_(network), exact_(network->parameters().begin(), network->parameters().end()) {
  const std::span<float> parameters = network->parameters();
  for (const NamedSlice& slice : network->layout().slices) {
    if (!is_ternary(slice)) continue;
    const std::span<float> weights = parameters.subspan(slice.offset, slice.size);
    nearest_ternary(weights, weights);
  }
}

TernaryWeights::~TernaryWeights() { std::copy(exact_.begin(), exact_.end(), network_->parameters().begin()); }

Result<Teacher> Teacher::open(const std::filesystem::path& file, const ModelShape& shape) {
  Teacher teacher;
  SLMRIG_ASSIGN(teacher.sha256_, base::sha256_hex_of_file(file));
  SLMRIG_ASSIGN(const GgufFile gguf, load_gguf(file));
  teacher.network_ = std::make_unique<Network>(shape);
  for (const NamedSlice& slice : teacher.network_->layout().slices) {
    if (!is_ternary(slice) || slice.dims[0] % kTernaryBlock == 0) continue;
    return fail(
        ErrorCode::kBadInput,
        fmt::format("{} has no ternary student: rows of `{}` have {} weights, expected a multiple of {}",
                    shape.name, slice.name, slice.dims[0], kTernaryBlock));
  }
  if (auto done = load_parameters(gguf, *teacher.network_); !done) {
    return tl::unexpected(base::within(file.string(), done.error()));
  }
  for (const auto& [key, value] : gguf.metadata()) {
    if (key.starts_with("tokenizer.")) teacher.vocabulary_.set(key, value);
  }
  return teacher;
}

void Teacher::initialise(Network* student) const {
  const std::span<const float> from = std::as_const(*network_).parameters();
  std::copy(from.begin(), from.end(), student->parameters().begin());
}

BatchLoss Teacher::forward_backward(Network* student, const TrainBatch& batch) {
  const std::span<const float> logits = network_->forward(batch);
  const TernaryWeights stored(student);
  return student->forward_backward(batch, logits);
}

Result<GgufFile> student_gguf(const Network& student, const Teacher& teacher) {
  SLMRIG_ASSIGN(const GgufFile floats, model_gguf(student, teacher.vocabulary()));
  GgufFile file;
  for (const auto& [key, value] : floats.metadata()) file.set(key, value);
  file.set("general.file_type", kFileTypeTq2_0);
  file.set("general.quantization_version", kQuantizationVersion);
  file.set("slmrig.variant", std::string("2bit-qat"));
  file.set("slmrig.teacher_sha256", teacher.sha256());
  for (const NamedSlice& slice : student.layout().slices) {
    const std::span<const float> weights = student.parameters().subspan(slice.offset, slice.size);
    if (is_ternary(slice)) {
      std::vector<float> ternary(slice.size);
      nearest_ternary(weights, ternary);
      SLMRIG_TRY(file.add_tensor(slice.name, kGgmlTq2_0, slice.dims, pack_ternary(ternary)));
    } else if (slice.is_matrix) {
      SLMRIG_TRY(file.add_tensor(slice.name, kGgmlQ8_0, slice.dims, quantize_q8_0(weights)));
    } else {
      SLMRIG_TRY(file.add_floats(slice.name, slice.dims, weights));
    }
  }
  return file;
}

}  // namespace slmrig::forge
