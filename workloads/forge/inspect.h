// What is in a GGUF file or a model image, as a table for people or as JSON.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/error.h"

namespace slmrig::forge {

// Keys, values (long arrays shortened) and tensors. A file that is damaged is refused with the reason; a
// valid GGUF of a model that the runtime cannot run is shown all the same.
base::Result<nlohmann::json> inspect(const std::filesystem::path& file);

// The same, laid out for a terminal.
std::string inspection_text(const nlohmann::json& inspection);

}  // namespace slmrig::forge
