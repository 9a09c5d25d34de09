// What models are calibrated on: token sequences, never of the test split.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

struct CalibrationTokens {
  std::vector<std::vector<std::int32_t>> sequences;  // each at most the model's context
  std::uint64_t token_count = 0;
  std::string source;  // "corpus, calibration split" or the file's name
  std::string sha256;  // of the texts
};

// 16,384 tokens tell a layer of 256 inputs apart from noise 64 times over; GPTQ's loss does not fall with
// more.
constexpr std::uint64_t kCalibrationTokens = 16384;

// Whether slmforge knows what a model of this name was trained for: the bundled ones.
bool has_bundled_calibration(const GgufFile& file);

// Examples of the corpus' calibration split, prompt and answer, the same for every call.
std::vector<std::string> bundled_calibration_texts(std::size_t count);

// Of a bundled model. Refused for others: name a text.
base::Result<CalibrationTokens> bundled_calibration(const GgufFile& file);

// A text of the user's own, cut at line ends; at most kCalibrationTokens of it.
base::Result<CalibrationTokens> calibration_from_text(const GgufFile& file,
                                                      const std::filesystem::path& path);

}  // namespace slmrig::forge
