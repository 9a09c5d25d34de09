// The expressions of chat_template.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace slmrig::forge {

// Names, the innermost scope last. A value of type `discarded` is undefined: false, and empty as text.
using ChatScopes = std::vector<std::map<std::string, nlohmann::json, std::less<>>>;

base::Result<nlohmann::json> evaluate_chat(std::string_view expression, const ChatScopes& scopes);

bool is_true(const nlohmann::json& value);
std::string text_of(const nlohmann::json& value);
std::string_view trimmed(std::string_view text);

}  // namespace slmrig::forge
