// Importance matrices: for each linear layer the mean square of each of its inputs. llama.cpp writes them in
// two forms, a flat .dat and (newer) a GGUF file; both are read, the first is written.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::forge {

struct Imatrix {
  std::map<std::string, std::vector<float>, std::less<>> mean_squares;  // by tensor name, [columns]
  std::string source;  // the file's name, or what the text was
  std::string sha256;  // of the file; empty where it was just collected
};

// The first bytes tell the form. Refused: values that are negative or not finite, counts of zero, a file that
// ends early.
base::Result<Imatrix> load_imatrix(const std::filesystem::path& path);

// As .dat; `call_count` is how many batches of text it is to stand for (llama.cpp weighs matrices that it
// merges by it).
base::Done save_imatrix(const Imatrix& imatrix, std::int32_t call_count, const std::filesystem::path& path);

}  // namespace slmrig::forge
