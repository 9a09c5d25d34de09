#include "workloads/forge/train_record.h"

#include <fstream>
#include <sstream>

#include <cblas.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/json_reader.h"

namespace slmrig::forge {

namespace {

// The value of the first line of /proc/cpuinfo that begins with `key`; empty where there is none.
std::string cpuinfo(std::string_view key) {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos || !line.starts_with(key)) continue;
    // "model" must not find "model name".
    if (line.find_first_not_of(" \t", key.size()) == line.find(':')) return line.substr(colon + 2);
  }
  return {};
}

std::string blas_name() {
  std::istringstream config(openblas_get_config());
  std::string name;
  std::string version;
  config >> name >> version;
  return fmt::format("{} {} {}", name, version, openblas_get_corename());
}

}  // namespace

TrainRecord make_train_record(const TrainOptions& options, const TrainResult& result) {
  const std::string name = cpuinfo("model name");
  return {options, result, fmt::format("{}, model {}", name.empty() ? "unknown" : name, cpuinfo("model")),
          blas_name()};
}

std::filesystem::path train_record_path(const std::filesystem::path& model) {
  std::filesystem::path path = model;
  return path.replace_extension(".train.json");
}

base::Done save_train_record(const TrainRecord& record, const std::filesystem::path& path) {
  const TrainOptions& options = record.options;
  const nlohmann::ordered_json json = {{"model", options.model},
                                       {"seed", options.seed},
                                       {"steps", options.step_count},
                                       {"batch_tokens", options.batch_tokens},
                                       {"learning_rate", options.learning_rate},
                                       {"final_learning_rate_share", options.final_learning_rate_share},
                                       {"warmup_steps", options.warmup_steps},
                                       {"decay_share", options.decay_share},
                                       {"weight_decay", options.weight_decay},
                                       {"noise_rate", options.noise_rate},
                                       {"summary_share", options.summary_share},
                                       {"parameters", record.result.parameter_count},
                                       {"tokens", record.result.token_count},
                                       {"seconds", record.result.seconds},
                                       {"processor", record.processor},
                                       {"blas", record.blas}};
  return base::write_file_atomically(path, json.dump(1) + "\n");
}

base::Result<TrainRecord> load_train_record(const std::filesystem::path& path) {
  SLMRIG_ASSIGN(base::JsonDocument document, base::JsonDocument::read(path));
  base::JsonObject root = document.root();
  constexpr double kHuge = 1e18;
  TrainRecord record;
  TrainOptions& options = record.options;
  options.model = root.required_string("model");
  options.seed = root.required_uint("seed");
  options.step_count = root.required_uint("steps");
  options.batch_tokens = root.required_uint("batch_tokens");
  options.learning_rate = root.optional_number("learning_rate", 0.0, 0.0, kHuge);
  options.final_learning_rate_share = root.optional_number("final_learning_rate_share", 0.0, 0.0, 1.0);
  options.warmup_steps = root.required_uint("warmup_steps");
  options.decay_share = root.optional_number("decay_share", 0.0, 0.0, 1.0);
  options.weight_decay = root.optional_number("weight_decay", 0.0, 0.0, kHuge);
  options.noise_rate = root.optional_number("noise_rate", 0.0, 0.0, 1.0);
  options.summary_share = root.optional_number("summary_share", 0.0, 0.0, 1.0);
  record.result.parameter_count = root.required_uint("parameters");
  record.result.token_count = root.required_uint("tokens");
  record.result.seconds = root.optional_number("seconds", 0.0, 0.0, kHuge);
  record.processor = root.required_string("processor");
  record.blas = root.required_string("blas");
  SLMRIG_TRY(document.finish());
  return record;
}

}  // namespace slmrig::forge
