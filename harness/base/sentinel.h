// Sentinels: models that every night measures with the agent and the image of the first one, so that what
// moves in them is the rig. Their models, and no others, have names that begin so.
#pragma once

#include <string_view>

namespace slmrig::base {

inline constexpr std::string_view kSentinelPrefix = "sentinel-";

}  // namespace slmrig::base
