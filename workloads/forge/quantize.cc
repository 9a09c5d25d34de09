#include "workloads/forge/quantize.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <system_error>

#include <cblas.h>
#include <fmt/format.h>

#include "harness/base/sha256.h"
#include "workloads/forge/block_encode.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/calibration_forward.h"
#include "workloads/forge/gptq.h"
#include "workloads/forge/llama_model.h"

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::uint32_t kQuantizationVersion = 2;

// What is known of the inputs of a linear layer.
struct InputStatistics {
  std::vector<float> mean_squares;  // [columns]
  std::vector<float> hessian;       // [columns, columns] mean of x x^T
};

InputStatistics statistics_of(const LinearInput& input) {
  const std::size_t n = input.columns;
  const std::size_t tokens = input.x.size() / n;
  InputStatistics statistics;
  statistics.hessian.resize(n * n);
  cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, static_cast<blasint>(n), static_cast<blasint>(tokens),
              1.0F / static_cast<float>(tokens), input.x.data(), static_cast<blasint>(n), 0.0F,
              statistics.hessian.data(), static_cast<blasint>(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) statistics.hessian[i * n + j] = statistics.hessian[j * n + i];
    statistics.mean_squares.push_back(statistics.hessian[i * n + i]);
  }
  return statistics;
}

// general.file_type, as llama.cpp numbers them; nothing for NF4, which it does not know.
std::optional<std::uint32_t> file_type_of(std::uint32_t type) {
  switch (type) {
    case kGgmlF32: return 0;
    case kGgmlF16: return 1;
    case kGgmlQ4_0: return 2;
    case kGgmlQ8_0: return 7;
    case kGgmlQ2_K: return 10;
    case kGgmlQ4_K: return 14;
    case kGgmlQ6_K: return 18;
    case kGgmlIq4Nl: return 25;
    case kGgmlTq2_0: return 37;
    default: return std::nullopt;
  }
}

bool is_block_type(std::uint32_t type) { return gguf_type_info(type)->block_size > 1; }

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

// Tensors in their new form, by name; calibrated ones come in the order of the forward pass.
class Quantizer {
 public:
  Quantizer(const GgufFile& file, const Recipe& recipe, const QuantizeOptions& options)
      : file_(file), recipe_(recipe), options_(options) {}

  Result<Quantized> run() {
    SLMRIG_ASSIGN(const LlamaModel model, read_llama(file_));
    for (const GgufTensor& tensor : file_.tensors()) {
      SLMRIG_ASSIGN(plans_[tensor.name], plan_tensor(recipe_, tensor, options_.allow_fallback));
      SLMRIG_TRY(check_requantizing(tensor));
    }
    SLMRIG_TRY(calibrate(model));
    return assemble();
  }

 private:
  struct Converted {
    QuantizedTensor report;
    std::vector<std::byte> bytes;
  };

  Done check_requantizing(const GgufTensor& tensor) const {
    if (!requantizes(tensor) || options_.allow_requantize) return {};
    return fail(
        ErrorCode::kBadInput,
        fmt::format(
            "tensor `{}` is quantized already ({}), and rounding it again to {} loses more than either "
            "alone; start from the F32 or F16 model, or give --allow-requantize",
            tensor.name, gguf_type_info(tensor.type)->name,
            gguf_type_info(plans_.at(tensor.name).type)->name));
  }

  bool requantizes(const GgufTensor& tensor) const {
    const std::uint32_t after = plans_.at(tensor.name).type;
    return tensor.type != after && is_block_type(tensor.type) && is_block_type(after);
  }

  bool wants_calibration() const {
    return std::any_of(plans_.begin(), plans_.end(), [this](const auto& entry) {
      const auto& [name, plan] = entry;
      return plan.method != QuantizeMethod::kNearest && file_.find_tensor(name)->type != plan.type;
    });
  }

  // Runs the text through the layers, quantizing each as the inputs reach it.
  Done calibrate(const LlamaModel& model) {
    if (options_.without_calibration || !wants_calibration()) return {};
    const CalibrationTokens* tokens = options_.calibration;
    if (tokens == nullptr) {
      if (!has_bundled_calibration(file_) && !recipe_.needs_calibration()) return {};
      SLMRIG_ASSIGN(bundled_, bundled_calibration(file_));
      tokens = &bundled_;
    }
    calibrated_on_ = tokens;
    SLMRIG_ASSIGN(const std::vector<float> embedding, convert_and_decode(*model.embedding, nullptr));
    return calibration_forward(model, *tokens, embedding,
                               [this](const LinearInput& input) { return visit(input); });
  }

  Result<std::vector<std::vector<float>>> visit(const LinearInput& input) {
    const InputStatistics statistics = statistics_of(input);
    std::vector<std::vector<float>> weights;
    for (const GgufTensor* tensor : input.tensors) {
      SLMRIG_ASSIGN(std::vector<float> values, convert_and_decode(*tensor, &statistics));
      weights.push_back(std::move(values));
    }
    return weights;
  }

  Result<std::vector<float>> convert_and_decode(const GgufTensor& tensor, const InputStatistics* statistics) {
    SLMRIG_ASSIGN(Converted converted, convert(tensor, statistics));
    const GgufTensor after = {tensor.name, converted.report.type_after, tensor.dims, converted.bytes};
    SLMRIG_ASSIGN(std::vector<float> values, dequantize(after));
    converted_[tensor.name] = std::move(converted);
    return values;
  }

  Result<Converted> convert(const GgufTensor& tensor, const InputStatistics* statistics) const {
    const TensorPlan& plan = plans_.at(tensor.name);
    Converted result;
    QuantizedTensor& report = result.report;
    report.name = tensor.name;
    report.type_before = tensor.type;
    report.type_after = plan.type;
    report.bytes_before = tensor.data.size();
    report.fell_back = plan.type != plan.wanted_type;
    report.requantized = requantizes(tensor);
    // Bytes that are already right are kept: quantizing a quantized tensor again would not be exact.
    if (tensor.type == plan.type) {
      result.bytes.assign(tensor.data.begin(), tensor.data.end());
      report.method = "kept";
    } else {
      SLMRIG_ASSIGN(const std::vector<float> exact, dequantize(tensor));
      if (!all_finite(exact)) {
        return fail(ErrorCode::kCorrupt,
                    fmt::format("tensor `{}` holds weights that are not finite", tensor.name));
      }
      SLMRIG_ASSIGN(result.bytes, encode(tensor, exact, statistics, &report.method));
      const GgufTensor after = {tensor.name, plan.type, tensor.dims, result.bytes};
      SLMRIG_ASSIGN(const std::vector<float> approximate, dequantize(after));
      if (!all_finite(approximate)) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("tensor `{}` holds weights too large for the half-precision scales of {}",
                                tensor.name, gguf_type_info(plan.type)->name));
      }
      report.relative_rmse = relative_rmse(exact, approximate);
    }
    report.bytes_after = result.bytes.size();
    return result;
  }

  Result<std::vector<std::byte>> encode(const GgufTensor& tensor, std::span<const float> values,
                                        const InputStatistics* statistics, std::string* method) const {
    const TensorPlan& plan = plans_.at(tensor.name);
    const auto columns = static_cast<std::size_t>(tensor.dims[0]);
    if (!is_block_type(plan.type)) {
      *method = "exact";
      return encode_rows(plan.type, values, columns, {});
    }
    SLMRIG_ASSIGN(const std::span<const float> importance, importance_of(tensor, statistics));
    if (plan.method == QuantizeMethod::kGptq && statistics != nullptr) {
      *method = to_string(QuantizeMethod::kGptq);
      return gptq_encode({plan.type, values, columns, statistics->hessian, importance});
    }
    const bool search = plan.method != QuantizeMethod::kNearest;
    *method = to_string(search ? QuantizeMethod::kSearch : QuantizeMethod::kNearest);
    return encode_rows(plan.type, values, columns,
                       {search ? ScaleChoice::kSearch : ScaleChoice::kAbsmax, importance});
  }

  // Empty where nothing is known.
  Result<std::span<const float>> importance_of(const GgufTensor& tensor,
                                               const InputStatistics* statistics) const {
    if (options_.imatrix != nullptr) {
      const auto found = options_.imatrix->mean_squares.find(tensor.name);
      if (found != options_.imatrix->mean_squares.end()) {
        if (found->second.size() == tensor.dims[0]) return std::span<const float>(found->second);
        return fail(
            ErrorCode::kBadInput,
            fmt::format("the importance matrix has {} inputs for tensor `{}`, which has {}; it is of another "
                        "model",
                        found->second.size(), tensor.name, tensor.dims[0]));
      }
    }
    if (statistics == nullptr) return std::span<const float>();
    return std::span<const float>(statistics->mean_squares);
  }

  Result<Quantized> assemble() {
    Quantized result;
    const std::uint32_t type = main_type();
    for (const auto& [key, value] : file_.metadata()) {
      if (key != "general.file_type" || file_type_of(type)) result.file.set(key, value);
    }
    for (const GgufTensor& tensor : file_.tensors()) {
      auto found = converted_.find(tensor.name);
      if (found == converted_.end()) {
        SLMRIG_ASSIGN(Converted converted, convert(tensor, nullptr));
        found = converted_.emplace(tensor.name, std::move(converted)).first;
      }
      Converted& converted = found->second;
      SLMRIG_TRY(result.file.add_tensor(tensor.name, converted.report.type_after, tensor.dims,
                                        std::move(converted.bytes)));
      result.tensors.push_back(std::move(converted.report));
    }
    describe(type, &result);
    return result;
  }

  // What most elements of matrices will be.
  std::uint32_t main_type() const {
    std::map<std::uint32_t, std::uint64_t> elements;
    for (const GgufTensor& tensor : file_.tensors()) {
      if (tensor.dims.size() > 1) elements[plans_.at(tensor.name).type] += tensor.element_count();
    }
    const auto most = std::max_element(elements.begin(), elements.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == elements.end() ? std::uint32_t{kGgmlF32} : most->first;
  }

  void describe(std::uint32_t type, Quantized* result) const {
    GgufFile& file = result->file;
    if (const auto file_type = file_type_of(type)) file.set("general.file_type", *file_type);
    if (is_block_type(type)) file.set("general.quantization_version", kQuantizationVersion);
    file.set("slmrig.variant", recipe_.name);
    if (calibrated_on_ != nullptr) {
      file.set("slmrig.quantize.calibration", calibrated_on_->source);
      file.set("slmrig.quantize.calibration_sha256", calibrated_on_->sha256);
      file.set("slmrig.quantize.calibration_tokens", calibrated_on_->token_count);
    }
    if (options_.imatrix != nullptr) {
      file.set("slmrig.quantize.imatrix", options_.imatrix->source);
      file.set("slmrig.quantize.imatrix_sha256", options_.imatrix->sha256);
    }
    std::vector<std::string> fallen_back;
    std::vector<std::string> requantized;
    for (const QuantizedTensor& tensor : result->tensors) {
      const auto change = [&](std::uint32_t from) {
        return fmt::format("{}: {} to {}", tensor.name, gguf_type_info(from)->name,
                           gguf_type_info(tensor.type_after)->name);
      };
      if (tensor.fell_back) fallen_back.push_back(change(plans_.at(tensor.name).wanted_type));
      if (tensor.requantized) requantized.push_back(change(tensor.type_before));
    }
    if (!fallen_back.empty()) file.set("slmrig.quantize.fallback", GgufArray(fallen_back));
    if (!requantized.empty()) file.set("slmrig.quantize.requantized", GgufArray(requantized));
  }

  const GgufFile& file_;
  const Recipe& recipe_;
  const QuantizeOptions& options_;
  std::map<std::string, TensorPlan> plans_;
  std::map<std::string, Converted> converted_;
  CalibrationTokens bundled_;
  const CalibrationTokens* calibrated_on_ = nullptr;
};

// MODEL.gguf -> MODEL.<student>.gguf
std::filesystem::path student_path(const Recipe& recipe, std::filesystem::path model_path) {
  return model_path.replace_extension(recipe.student + ".gguf");
}

// The student must have been trained from this very model.
Result<GgufFile> load_student(const Recipe& recipe, const std::filesystem::path& model_path) {
  const std::filesystem::path path = student_path(recipe, model_path);
  SLMRIG_ASSIGN(GgufFile student, load_gguf(path));
  SLMRIG_ASSIGN(const std::string teacher, student.string_of("slmrig.teacher_sha256"));
  SLMRIG_ASSIGN(const std::string model, base::sha256_hex_of_file(model_path));
  if (teacher != model) {
    return fail(ErrorCode::kBadInput,
                fmt::format("was trained from another model (SHA-256 {}...) than {} ({}...); train it anew",
                            teacher.substr(0, 12), model_path.string(), model.substr(0, 12)),
                path.string());
  }
  return student;
}

Result<Quantized> as_student(const Recipe& recipe, const QuantizeOptions& options) {
  Quantized result;
  SLMRIG_ASSIGN(result.file, load_student(recipe, options.model_path));
  for (const GgufTensor& tensor : result.file.tensors()) {
    result.tensors.push_back({tensor.name, tensor.type, tensor.type, tensor.data.size(), tensor.data.size(),
                              0.0, "trained", false, false});
  }
  return result;
}

}  // namespace

std::string not_applicable_reason(const GgufFile& file, const Recipe& recipe,
                                  const QuantizeOptions& options) {
  if (!recipe.student.empty()) {
    const std::filesystem::path path = student_path(recipe, options.model_path);
    // What cannot be looked at may be there: reading it will say what is wrong.
    std::error_code problem;
    if (std::filesystem::exists(path, problem) || problem) return {};
    return fmt::format(
        "recipe `{}` stands for a student that is trained and kept beside the model; there is no {}",
        recipe.name, path.string());
  }
  for (const GgufTensor& tensor : file.tensors()) {
    const auto plan = plan_tensor(recipe, tensor, options.allow_fallback);
    if (!plan) return plan.error().message;
  }
  return {};
}

Result<Quantized> quantize(const GgufFile& file, const Recipe& recipe, const QuantizeOptions& options) {
  const std::string reason = not_applicable_reason(file, recipe, options);
  if (!reason.empty()) return fail(ErrorCode::kUnsupported, reason);
  if (!recipe.student.empty()) return as_student(recipe, options);
  return Quantizer(file, recipe, options).run();
}

Result<Quantized> quantize(const GgufFile& file, std::string_view recipe) {
  SLMRIG_ASSIGN(const Recipe found, find_recipe(std::string(recipe)));
  return quantize(file, found, {});
}

Result<Imatrix> collect_imatrix(const GgufFile& file, const CalibrationTokens& tokens) {
  SLMRIG_ASSIGN(const LlamaModel model, read_llama(file));
  SLMRIG_ASSIGN(const std::vector<float> embedding, dequantize(*model.embedding));
  Imatrix imatrix;
  imatrix.source = tokens.source;
  SLMRIG_TRY(calibration_forward(model, tokens, embedding,
                                 [&](const LinearInput& input) -> Result<std::vector<std::vector<float>>> {
                                   const InputStatistics statistics = statistics_of(input);
                                   std::vector<std::vector<float>> weights;
                                   for (const GgufTensor* tensor : input.tensors) {
                                     imatrix.mean_squares[tensor->name] = statistics.mean_squares;
                                     SLMRIG_ASSIGN(std::vector<float> values, dequantize(*tensor));
                                     weights.push_back(std::move(values));
                                   }
                                   return weights;
                                 }));
  return imatrix;
}

}  // namespace slmrig::forge
