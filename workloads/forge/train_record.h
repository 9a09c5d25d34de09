// What is known of a training when it ends: written beside the model, read for its card.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/error.h"
#include "workloads/forge/train_loop.h"

namespace slmrig::forge {

struct TrainRecord {
  TrainOptions options;
  TrainResult result;
  std::string processor;  // "Intel(R) Xeon(R) Processor, model 207": as /proc/cpuinfo has it
  std::string blas;       // "OpenBLAS 0.3.21 SkylakeX"
};

// Of this machine, now.
TrainRecord make_train_record(const TrainOptions& options, const TrainResult& result);

// wrist-wide.gguf -> wrist-wide.train.json
std::filesystem::path train_record_path(const std::filesystem::path& model);

base::Done save_train_record(const TrainRecord& record, const std::filesystem::path& path);
base::Result<TrainRecord> load_train_record(const std::filesystem::path& path);

}  // namespace slmrig::forge
