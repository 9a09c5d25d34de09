#include "tests/tidy/arrows.h"

#include <algorithm>
#include <regex>

#include "tests/tidy/blank.h"

namespace slmrig::tidy {
namespace {

constexpr std::string_view kOurTopFolders[] = {"device-agent/", "harness/", "reports/", "tests/",
                                               "workloads/"};

// Facts of one chip, for a port that serves several: the build puts the right folder on the include path.
constexpr std::string_view kChosenByTheBuild = "chip.h";

bool is_ours(std::string_view include) {
  return std::any_of(std::begin(kOurTopFolders), std::end(kOurTopFolders),
                     [&](std::string_view folder) { return include.starts_with(folder); });
}

// The room with the longest folder that holds `path`, or null.
const Room* room_of(std::string_view path) {
  const Room* best = nullptr;
  for (const Room& room : rooms()) {
    if (path.starts_with(room.folder) && (best == nullptr || room.folder.size() > best->folder.size()))
      best = &room;
  }
  return best;
}

bool allowed(const Room& room, std::string_view include) {
  if (include.starts_with(room.folder)) return true;
  return std::any_of(room.may_include.begin(), room.may_include.end(), [&](std::string_view entry) {
    return entry.ends_with('/') ? include.starts_with(entry) : include == entry;
  });
}

std::string list(const std::vector<std::string_view>& entries) {
  std::string text;
  for (const auto entry : entries) text += (text.empty() ? "" : ", ") + std::string(entry);
  return text.empty() ? "nothing of ours" : text;
}

}  // namespace

const std::vector<Room>& rooms() {
  static const std::vector<Room> kRooms = {
      {"device-agent/wire/", {}},
      {"workloads/runtime/", {}},
      {"device-agent/core/", {"device-agent/wire/"}},
      {"device-agent/engines/",
       {"device-agent/core/engine.h", "device-agent/wire/status.h", "workloads/runtime/"}},
      // An emulated board's port speaks to the virtual meter beside it.
      {"device-agent/ports/", {"device-agent/core/port.h", "device-agent/wire/marker_edges.h"}},
      // Programs only: what ties an agent, a port and an engine together.
      {"device-agent/", {"device-agent/core/", "device-agent/engines/", "device-agent/ports/"}},
      {"workloads/forge/", {"workloads/runtime/", "harness/base/"}},
      {"harness/base/", {}},
      {"harness/rig/", {"harness/base/", "device-agent/wire/"}},
      {"harness/rigsim/", {"harness/base/", "device-agent/wire/"}},
      {"harness/plan/", {"harness/base/"}},
      {"harness/deploy/", {"harness/base/", "harness/rig/", "workloads/forge/image_writer.h"}},
      {"harness/measure/", {"harness/base/", "harness/rig/", "device-agent/wire/"}},
      {"harness/store/", {"harness/base/"}},
      {"harness/analyse/",
       {"harness/base/", "harness/store/rows.h", "harness/store/history.h", "harness/store/finding_rows.h"}},
      {"harness/gate/", {"harness/base/", "harness/analyse/"}},
      {"reports/",
       {"harness/base/", "harness/gate/", "harness/analyse/", "harness/store/rows.h",
        "harness/store/history.h", "harness/store/finding_rows.h"}},
      {"harness/serve/", {"harness/base/", "reports/", "harness/store/"}},
      {"harness/campaign/",
       {"harness/base/", "harness/plan/", "harness/rig/", "harness/deploy/", "harness/measure/",
        "harness/store/", "harness/analyse/", "harness/gate/", "reports/"}},
      {"harness/cli/", {"harness/", "reports/", "device-agent/wire/"}},
  };
  return kRooms;
}

std::vector<Violation> check_arrows(const SourceFile& file) {
  static const std::regex kInclude(R"re(^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)")re", std::regex::multiline);
  if (language_of(file.path) != Language::kCpp) return {};
  std::vector<Violation> violations;
  const Room* room = room_of(file.path);
  const std::string code = split_layers(file.text, Language::kCpp).code;
  for (auto it = std::sregex_iterator(file.text.begin(), file.text.end(), kInclude);
       it != std::sregex_iterator(); ++it) {
    const auto offset = static_cast<std::size_t>(it->position(1)) - 1;
    if (code[offset] != '"') continue;  // in a comment or a raw string
    const std::string include = (*it)[1];
    const auto refuse = [&](std::string why) {
      violations.push_back({file.path, line_of(file.text, offset), std::move(why)});
    };
    if (file.path.starts_with("device-agent/ports/") && include == kChosenByTheBuild) continue;
    if (!is_ours(include)) {
      refuse("includes \"" + include + "\": our headers are named from the project root, others in <>");
    } else if (is_test_code(file.path)) {
      continue;
    } else if (is_test_code(include)) {
      refuse("includes test code " + include);
    } else if (room == nullptr) {
      refuse("is in no room of tests/tidy/arrows.cc and so may include nothing of ours; it includes " +
             include);
    } else if (!allowed(*room, include)) {
      refuse(std::string(room->folder) + " may not include " + include + "; it may include " +
             list(room->may_include));
    }
  }
  return violations;
}

}  // namespace slmrig::tidy
