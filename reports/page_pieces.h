// The page as the build bundled it (reports/web/build.mjs), cut where a report differs: the title and the
// data.
#pragma once

#include <cstddef>
#include <string_view>

namespace slmrig::reports {

extern const std::string_view kPageBeforeTitle;
extern const std::string_view kPageBeforeData;
extern const std::string_view kPageAfterData;
extern const std::size_t kPageScriptAndStyleBytes;

}  // namespace slmrig::reports
