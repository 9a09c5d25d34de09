// A forward pass in f32, layer by layer, that shows the input of each linear layer and goes on with the
// weights that it is given back: so later layers see what the quantized ones before them make of the text.
//
// Independent of the runtime; matrix products go to OpenBLAS, whose sums depend on the kind of CPU and on
// nothing else. One thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/calibration.h"
#include "workloads/forge/llama_model.h"

namespace slmrig::forge {

// What several matrices multiply, and which they are (q, k, v; gate, up; ...).
struct LinearInput {
  std::vector<const GgufTensor*> tensors;
  std::span<const float> x;  // [tokens, columns]
  std::size_t columns = 0;
};

// Returns the weights to go on with, [rows, columns] of each tensor, in the order of input.tensors.
using VisitLinear = std::function<base::Result<std::vector<std::vector<float>>>(const LinearInput& input)>;

// Visits the matrices of every layer in order, then the head where it is a tensor of its own. `embedding`
// [vocabulary, width] is what tokens are looked up in. Refuses models that it does not compute as the runtime
// does.
base::Done calibration_forward(const LlamaModel& model, const CalibrationTokens& tokens,
                               std::span<const float> embedding, const VisitLinear& visit);

}  // namespace slmrig::forge
