// A student that learns a teacher's distribution with the weights that a board will hold.
//
// The optimizer moves weights in floats; every forward and backward pass sees the ternary weights nearest to
// them, and the gradient passes the rounding as if it were not there (straight-through estimation). So what
// is stored in the end is what was trained. Embedding and gains stay floats here: Q8_0 costs them nothing
// that could be measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"
#include "workloads/forge/train_network.h"

namespace slmrig::forge {

// Replaces the layer matrices of a network by the ternary weights nearest to them for as long as it lives.
class TernaryWeights {
 public:
  explicit TernaryWeights(Network* network);
  ~TernaryWeights();
  TernaryWeights(const TernaryWeights&) = delete;
  TernaryWeights& operator=(const TernaryWeights&) = delete;

 private:
  Network* network_;
  std::vector<float> exact_;
};

// Whether rounding applies to this tensor: the matrices of layers.
bool is_ternary(const NamedSlice& slice);

class Teacher {
 public:
  // An f32 GGUF file of this shape. A shape whose rows are no whole number of blocks has no ternary student.
  static base::Result<Teacher> open(const std::filesystem::path& file, const ModelShape& shape);

  const std::string& sha256() const { return sha256_; }
  // The tokenizer's keys, which the student shares.
  const GgufFile& vocabulary() const { return vocabulary_; }
  // The student begins where its teacher ended.
  void initialise(Network* student) const;
  // Divergence of the student's ternary weights from the teacher, and its gradient.
  BatchLoss forward_backward(Network* student, const TrainBatch& batch);

 private:
  std::string sha256_;
  GgufFile vocabulary_;
  std::unique_ptr<Network> network_;
};

// The student with its layer matrices as TQ2_0 and its embedding as Q8_0.
base::Result<GgufFile> student_gguf(const Network& student, const Teacher& teacher);

}  // namespace slmrig::forge
