// What the commands report as JSON.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace slmrig::forge {

// `Json` is json or ordered_json. Prompts and the names of files and models are bytes; what of them is not
// UTF-8 is printed as U+FFFD, where dump() by itself would throw.
template <typename Json>
void print_json(const Json& report) {
  fmt::print("{}\n", report.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace slmrig::forge
