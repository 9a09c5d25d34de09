// What a program said last, for the message that tells of its failure. Pure.
#pragma once

#include <string>
#include <string_view>

namespace slmrig::deploy {

// The end of `words`, on one line and in valid UTF-8; empty where nothing was said.
std::string last_words(std::string_view words);

}  // namespace slmrig::deploy
