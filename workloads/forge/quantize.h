// One model under one recipe: GGUF in, GGUF out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/calibration.h"
#include "workloads/forge/gguf.h"
#include "workloads/forge/imatrix.h"
#include "workloads/forge/recipe.h"

namespace slmrig::forge {

struct QuantizeOptions {
  // The text that a recipe is calibrated on. Null: the bundled one of a bundled model; other models are
  // refused where the recipe needs one.
  const CalibrationTokens* calibration = nullptr;
  // Do without any: gptq becomes search, and the list says so.
  bool without_calibration = false;
  // What errors count in a search, instead of what the calibration says.
  const Imatrix* imatrix = nullptr;
  // Weights that are quantized already may be quantized into another type; it is recorded.
  bool allow_requantize = false;
  // A matrix whose rows do not fit the wanted type takes the recipe's next one; it is recorded.
  bool allow_fallback = false;
  // Where the model was read from: a recipe for a trained student looks beside it.
  std::filesystem::path model_path;
};

// What became of one tensor.
struct QuantizedTensor {
  std::string name;
  std::uint32_t type_before = 0;
  std::uint32_t type_after = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  double relative_rmse = 0.0;  // of the weights
  std::string method;          // "kept", "exact", or a QuantizeMethod
  bool fell_back = false;
  bool requantized = false;
};

struct Quantized {
  GgufFile file;
  std::vector<QuantizedTensor> tensors;
};

// Tensors in the order of the file; one that is of its type already keeps its bytes. The result carries
// slmrig.variant (the recipe's name), and slmrig.quantize.*: what it was calibrated on, what fell back, what
// was requantized.
//
// kUnsupported: the recipe cannot apply (not_applicable_reason), or a model that slmforge does not run.
base::Result<Quantized> quantize(const GgufFile& file, const Recipe& recipe, const QuantizeOptions& options);

// A bundled recipe by name, with the bundled calibration.
base::Result<Quantized> quantize(const GgufFile& file, std::string_view recipe);

// Why the recipe cannot apply to this model, or nothing: rows that are not a whole number of blocks (unless
// options.allow_fallback), a matrix without a rule, no student beside the model.
std::string not_applicable_reason(const GgufFile& file, const Recipe& recipe, const QuantizeOptions& options);

// The mean squares of every linear layer's inputs, of the weights as they are.
base::Result<Imatrix> collect_imatrix(const GgufFile& file, const CalibrationTokens& tokens);

}  // namespace slmrig::forge
