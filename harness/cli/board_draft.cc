#include "harness/cli/board_draft.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/suggest.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using Json = nlohmann::ordered_json;

bool is_board_name(const std::string& name) {
  return !name.empty() && name.front() != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

struct Template {
  std::string name;
  Json board;
  fs::path folder;
};

Result<Json> read_board_json(const fs::path& file) {
  SLMRIG_ASSIGN(const std::string text, base::read_text(file));
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  return fail(ErrorCode::kBadInput, file.string() + " is not valid JSON");
}

Result<Template> find_template(const BoardDraft& draft, const fs::path& root) {
  std::vector<std::string> names;
  std::set<std::string> families;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root / "boards", ignored)) {
    if (fs::exists(entry.path() / "board.json", ignored)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  if (!draft.like.empty() && std::find(names.begin(), names.end(), draft.like) == names.end())
    return fail(ErrorCode::kBadInput, base::unknown_name("board", draft.like, names), "--like");
  for (const std::string& name : names) {
    if (!draft.like.empty() && name != draft.like) continue;
    const fs::path folder = root / "boards" / name;
    SLMRIG_ASSIGN(Json board, read_board_json(folder / "board.json"));
    const std::string family = board.value("family", "");
    families.insert(family);
    if (draft.family.empty() || family == draft.family) return Template{name, std::move(board), folder};
  }
  if (!draft.like.empty()) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("{} is of the family {}, not {}", draft.like, fmt::join(families, ""), draft.family),
        "--family");
  }
  return fail(ErrorCode::kBadInput,
              base::unknown_name("family", draft.family, {families.begin(), families.end()}) +
                  "; a board of a new family needs a port of the agent first (device-agent/ports)",
              "--family");
}

// What an emulator has and hardware has not.
void make_hardware(const BoardDraft& draft, Json& board) {
  board.erase("emulator");
  board.erase("power_model");
  if (board.contains("ticks")) board["ticks"].erase("instructions_per_tick");
  if (board.value("flasher", "") == "emulator") board["flasher"] = "pyocd";
  if (!draft.flasher.empty()) board["flasher"] = draft.flasher;
}

Json drafted(const BoardDraft& draft, const Template& base) {
  Json board = base.board;
  board["name"] = draft.name;
  board["description"] =
      draft.description.empty()
          ? fmt::format("Begun from {}: check every line. Not yet run on hardware.", base.name)
          : draft.description;
  if (!draft.cpu.empty()) board["cpu"] = draft.cpu;
  const uint64_t old_clock_hz = board.value("clock_hz", uint64_t{0});
  if (draft.clock_hz != 0) board["clock_hz"] = draft.clock_hz;
  // Ticks of the core's own clock go with it.
  if (draft.clock_hz != 0 && board["ticks"].value("rate_hz", uint64_t{0}) == old_clock_hz)
    board["ticks"]["rate_hz"] = draft.clock_hz;
  if (!draft.tick_source.empty()) board["ticks"]["source"] = draft.tick_source;
  if (draft.slot_bytes != 0) board["memory"]["slot_bytes"] = draft.slot_bytes;
  if (draft.arena_bytes != 0) board["memory"]["arena_bytes"] = draft.arena_bytes;
  if (!draft.tier.empty()) board["tier"] = draft.tier;
  if (draft.tier == "hardware") make_hardware(draft, board);
  return board;
}

}  // namespace

Result<fs::path> write_board(const BoardDraft& draft, const fs::path& root) {
  if (!is_board_name(draft.name)) {
    return fail(ErrorCode::kBadInput,
                fmt::format("'{}' is no name for a board: small letters, digits and - make one", draft.name),
                "NAME");
  }
  const fs::path folder = root / "boards" / draft.name;
  std::error_code problem;
  if (fs::exists(folder, problem)) {
    return fail(ErrorCode::kBadInput,
                fmt::format("{} is there already; take another name, or edit that", folder.string()), "NAME");
  }
  SLMRIG_ASSIGN(const Template base, find_template(draft, root));
  // The reader wants the folder to have the board's name; elsewhere first, so that half a board never
  // appears.
  const fs::path work = root / "boards" / fmt::format(".new-{}", draft.name);
  fs::remove_all(work, problem);
  const fs::path unfinished = work / draft.name;
  const auto written = [&]() -> Done {
    SLMRIG_TRY(base::make_directories(unfinished));
    SLMRIG_TRY(base::write_file_atomically(unfinished / "board.json", drafted(draft, base).dump(2) + "\n"));
    if (fs::exists(base.folder / "memory.ld", problem)) {
      SLMRIG_ASSIGN(const std::string script, base::read_text(base.folder / "memory.ld"));
      const std::string head =
          fmt::format("/* Begun from {}: put this chip's addresses and sizes here. */\n", base.name);
      SLMRIG_TRY(base::write_file_atomically(unfinished / "memory.ld", head + script));
    }
    SLMRIG_TRY(rig::load_board(unfinished / "board.json"));
    fs::rename(unfinished, folder, problem);
    if (problem) return tl::unexpected(base::file_error("making", folder, problem.value()));
    return {};
  }();
  std::error_code ignored;
  fs::remove_all(work, ignored);
  if (!written) return tl::unexpected(written.error());
  return folder;
}

}  // namespace slmrig::cli
