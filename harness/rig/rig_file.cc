#include "harness/rig/rig_file.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "harness/base/json_reader.h"
#include "harness/base/paths.h"
#include "harness/base/suggest.h"
#include "harness/rig/bench_reader.h"
#include "harness/rig/meters/meter_kinds.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::Bench;
using base::JsonObject;

std::vector<std::string> boards_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (fs::exists(entry.path() / "board.json", ignored)) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

base::Result<fs::path> find_rig_file(const std::string& name_or_file, const fs::path& root) {
  if (name_or_file.find('/') != std::string::npos || name_or_file.ends_with(".json"))
    return fs::path(name_or_file);
  const fs::path folder = root / "boards" / "rigs";
  const std::vector<std::string> known = base::bundled_names(folder);
  if (std::find(known.begin(), known.end(), name_or_file) != known.end())
    return folder / (name_or_file + ".json");
  return base::fail(base::ErrorCode::kBadInput, base::unknown_name("rig", name_or_file, known) +
                                                    "; a rig of your own is named by its path");
}

// The bench's name becomes part of file names and of SQL that people type.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
             std::string::npos;
}

base::Result<Bench> read_bench(JsonObject object, const fs::path& root, const fs::path& rig_folder) {
  Bench bench;
  bench.name = object.required_string("name");
  if (!bench.name.empty() && !is_plain_name(bench.name)) {
    object.fail("name", fmt::format("'{}' must be at most 64 letters, digits and . _ -", bench.name));
  }
  bench.board.name = object.required_string("board");
  bench.unit_id = object.optional_string("unit_id");
  bench.agent = object.optional_string("agent");
  bench.optional = object.optional_bool("optional", false);
  if (!bench.agent.empty() && fs::path(bench.agent).is_relative())
    bench.agent = (rig_folder / bench.agent).string();
  bench.link = read_link(object.required_object("link"));
  if (object.has("power")) bench.power = read_power_switch(object.optional_object("power"));
  for (JsonObject& stand_in : object.optional_objects("stand_ins")) {
    bench.stand_ins.push_back(read_stand_in(std::move(stand_in)));
  }
  const std::vector<std::string> known = boards_in(root / "boards");
  if (std::find(known.begin(), known.end(), bench.board.name) == known.end()) {
    object.fail("board", base::unknown_name("board", bench.board.name, known));
    object.raw("meter");
    return bench;  // the document's finish() reports it
  }
  SLMRIG_ASSIGN(bench.board, load_board(root / "boards" / bench.board.name / "board.json"));
  if (object.has("meter")) {
    bench.meter = read_meter(object.optional_object("meter"), meter_kind_names());
    settle_meter_voltage(object.optional_object("meter"), bench.board, &bench.meter);
  }
  if (object.has("flasher")) bench.flasher = read_flasher(object.optional_object("flasher"), rig_folder);
  if (object.has("meter")) check_board_pins(object.optional_object("meter"), bench);
  if (base::flasher_kind(bench) == "ssh" && !bench.link.kind.empty() && bench.link.kind != "stdio") {
    object.fail("link", fmt::format("is of kind \"{}\": the agent of a bench that is flashed by ssh talks "
                                    "through ssh, too; give it {{\"kind\": \"stdio\"}}",
                                    bench.link.kind));
  }
  return bench;
}

// Placeholders are filled in for each bench apart.
bool is_shared(const base::MeterSpec& meter) { return meter.address.find('{') != std::string::npos; }

// Two benches on one wire would measure each other's board.
void refuse_shared_hardware(const std::vector<JsonObject>& objects, const std::vector<Bench>& benches) {
  std::map<std::string, std::string> users;  // by what only one bench can have
  const auto claim = [&](JsonObject object, const std::string& name, const char* key,
                         const std::string& thing) {
    if (thing.empty()) return;
    const auto [user, is_new] = users.emplace(thing, name);
    if (!is_new) object.fail(key, fmt::format("{} is that of bench '{}', too", thing, user->second));
  };
  for (std::size_t i = 0; i < benches.size(); ++i) {
    const Bench& bench = benches[i];
    claim(objects[i], bench.name, "unit_id", bench.unit_id);
    if (base::flasher_kind(bench) == "pyocd")
      claim(objects[i], bench.name, "flasher", bench.flasher.pyocd.probe);
    const bool is_address = bench.link.kind != "stdio" && !bench.link.address.empty();
    claim(objects[i], bench.name, "link", is_address ? bench.link.kind + " " + bench.link.address : "");
    claim(objects[i], bench.name, "link", bench.link.usb_serial);
    const bool has_meter_address = !bench.meter.address.empty() && !is_shared(bench.meter);
    claim(objects[i], bench.name, "meter",
          has_meter_address ? bench.meter.kind + " " + bench.meter.address : "");
    claim(objects[i], bench.name, "meter", bench.meter.usb_serial);
    // Where a board is plugged in says nothing of which board it is.
    if (bench.link.address.starts_with("/dev/serial/by-path/") && bench.unit_id.empty()) {
      JsonObject object = objects[i];
      object.fail("unit_id",
                  "is missing: a port named by its path may lead to any board; `slmrig board check` "
                  "shows the id");
    }
  }
}

}  // namespace

base::Result<base::Board> find_board(const std::string& name, const fs::path& root) {
  const std::vector<std::string> known = boards_in(root / "boards");
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    return base::fail(base::ErrorCode::kBadInput, base::unknown_name("board", name, known));
  }
  return load_board(root / "boards" / name / "board.json");
}

base::Result<base::Rig> load_rig(const std::string& name_or_file, const fs::path& root) {
  SLMRIG_ASSIGN(const fs::path file, find_rig_file(name_or_file, root));
  SLMRIG_ASSIGN(base::JsonDocument document, base::JsonDocument::read(file));
  JsonObject object = document.root();
  base::Rig rig;
  rig.file = file.string();
  rig.sha256 = document.sha256();
  rig.name = object.required_string("name");
  object.optional_string("description");
  std::vector<JsonObject> benches = object.required_objects("benches");
  if (object.has("benches") && benches.empty()) object.fail("benches", "must hold at least one bench");
  std::set<std::string> names;
  for (JsonObject& bench : benches) {
    auto read = read_bench(bench, root, file.parent_path());
    if (!read)
      return tl::unexpected(base::within(fmt::format("{}: {}", rig.file, bench.path()), read.error()));
    if (!names.insert(read->name).second) {
      bench.fail("name", fmt::format("'{}' is the name of an earlier bench: names must differ", read->name));
    }
    rig.benches.push_back(std::move(*read));
  }
  refuse_shared_hardware(benches, rig.benches);
  SLMRIG_TRY(document.finish());
  return rig;
}

}  // namespace slmrig::rig
