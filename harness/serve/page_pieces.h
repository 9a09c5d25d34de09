// The overview page, built by web/build.mjs and embedded.
#pragma once

#include <string_view>

namespace slmrig::serve {

extern const std::string_view kLivePage;
extern const std::string_view kLiveScript;
extern const std::string_view kLiveStyle;

}  // namespace slmrig::serve
