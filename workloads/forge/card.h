// The card of a bundled model: what it was trained on and how good it is, from measurements only.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/evaluate.h"
#include "workloads/forge/train_record.h"

namespace slmrig::forge {

struct CardSuite {
  std::string name;
  std::uint64_t prompts = 0;
  std::uint64_t correct = 0;
};

struct ModelCard {
  TrainRecord training;
  std::optional<TrainRecord> student;  // of the ternary student, where there is one
  std::string model_sha256;
  std::uint64_t model_bytes = 0;
  // On undisturbed test examples of the mixture, teacher-forced; EOS is not counted.
  double bits_per_byte_answers = 0.0;  // given the prompt
  double bits_per_byte_text = 0.0;     // prompt and answer
  std::vector<CardSuite> suites;       // greedy, by the runtime's own code, judged by base/check.h
};

// Runs every *.json suite of the folder (the schema excepted), in the order of their names.
base::Result<ModelCard> measure_card(const std::filesystem::path& model, const TrainRecord& training,
                                     const std::filesystem::path& suite_folder, const Progress& progress);

std::string card_json(const ModelCard& card);
std::string card_markdown(const ModelCard& card);

}  // namespace slmrig::forge
