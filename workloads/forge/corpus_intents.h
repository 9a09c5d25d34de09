// The tables of intents: name and wordings. Data only.
#pragma once

#include <span>
#include <string_view>

namespace slmrig::forge {

struct IntentSpec {
  std::string_view name;
  // Patterns of grammar.h. A slot is {kind} or {name:kind}; a pattern that begins with '!' is an order and
  // may be wrapped in politeness ("could you ...").
  std::span<const std::string_view> patterns;
};

// At least 40 intents of a wearable assistant.
std::span<const IntentSpec> intent_specs();

}  // namespace slmrig::forge
