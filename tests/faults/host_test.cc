// The host killed at random points of a run, and the run taken up again until it is done.
//
// 20 kills, or as many as SLMRIG_HOST_KILLS says (./dev soak: 200). The points are drawn from a seed, but
// what the programs are doing then depends on the machine: each kill is another case every time.
#include <sqlite3.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <set>

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/clock.h"
#include "tests/e2e/sandbox.h"
#include "tests/faults/ledger.h"

namespace slmrig::faults {
namespace {

using e2e::Sandbox;
using Rows = std::multiset<std::string>;

constexpr int64_t kPatienceMs = 120'000;
constexpr int kDefaultKills = 20;

int wanted_kills() {
  const char* text = std::getenv("SLMRIG_HOST_KILLS");
  return text == nullptr ? kDefaultKills : std::max(1, std::atoi(text));
}

// The rows of a statement, each as one text; an error is a row of its own.
Rows query(const std::string& database, const std::string& sql) {
  Rows rows;
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(database.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> closer(opened, sqlite3_close);
  if (status != SQLITE_OK) return {std::string("error: ") + sqlite3_errmsg(opened)};
  const auto add = [](void* to, int columns, char** values, char**) {
    std::string row;
    for (int i = 0; i < columns; ++i) row += (values[i] == nullptr ? "null" : values[i]) + std::string("|");
    static_cast<Rows*>(to)->insert(row);
    return 0;
  };
  if (sqlite3_exec(opened, sql.c_str(), add, &rows, nullptr) != SQLITE_OK) {
    rows.insert(std::string("error: ") + sqlite3_errmsg(opened));
  }
  return rows;
}

// Cells that ended well, with what they hold: what no kill may take away.
const char* const kFinishedCells =
    "select cell_id, variant, suite, (select count(*) from generation g where g.cell_key = c.cell_key) "
    "from cell c join session using (session_key) where status = 'ok'";
// What a run is about: which answers of which images.
const char* const kAnswers =
    "select variant, suite, image_sha256, prompt_id, repeat, output_text from generation "
    "join cell using (cell_key) join session using (session_key) join prompt using (prompt_key) "
    "where status = 'ok'";
const char* const kHashes =
    "select distinct variant, image_sha256 from cell join session using (session_key) where status = 'ok'";

std::string write_plan(const Sandbox& sandbox) {
  const nlohmann::json plan = {
      {"name", "killed"},
      {"models", {"wrist-nano"}},
      {"variants", {"int8", "int4"}},
      {"suites", {"intents", "replies"}},
      {"settings", {{"context_tokens", 256}, {"prompts", 4}, {"cold_starts", 1}, {"repeats", 2}}},
  };
  return sandbox.write("killed.json", plan.dump());
}

struct Reference {
  Rows answers;
  Rows hashes;
  std::size_t cells = 0;
  int64_t duration_ms = 0;
};

Reference undisturbed(const Sandbox& sandbox, const std::string& plan) {
  const int64_t begun_ns = base::monotonic_now_ns();
  const auto run = sandbox.run_plan(plan, {"--only", "bench=native"});
  Reference reference;
  reference.duration_ms = (base::monotonic_now_ns() - begun_ns) / 1'000'000;
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  reference.answers = query(sandbox.database(), kAnswers);
  reference.hashes = query(sandbox.database(), kHashes);
  reference.cells = query(sandbox.database(), kFinishedCells).size();
  REQUIRE(reference.cells == 4);
  REQUIRE(reference.answers.size() == reference.cells * 4 * 2);
  return reference;
}

// One run, from its first process to the one that is left alone.
class KilledRun {
 public:
  KilledRun(const Sandbox& sandbox, std::string plan, const Reference& reference, std::string folder)
      : sandbox_(sandbox), plan_(std::move(plan)), reference_(reference), folder_(sandbox.path(folder)) {
    std::filesystem::create_directories(folder_);
  }

  bool has_begun() const {
    const Rows runs = query(database(), "select run_id from run");
    return runs.size() == 1 && runs.begin()->find("error") != 0;
  }

  // Starts the run, or takes it up again. What it did before must still be there.
  base::ChildProcess start() const {
    base::ChildOptions options;
    options.arguments = {e2e::program_path("slmrig"), "run", "--out", folder_, "--db", database(), "--quiet"};
    const std::vector<std::string> what = has_begun()
                                              ? std::vector<std::string>{"--resume", "latest"}
                                              : std::vector<std::string>{plan_, "--only", "bench=native"};
    options.arguments.insert(options.arguments.end(), what.begin(), what.end());
    options.environment = sandbox_.environment;
    options.streams = base::StandardStreams::kNull;
    auto child = base::ChildProcess::spawn(options);
    if (!child) FAIL(child.error().text());
    return std::move(*child);
  }

  // Empty, or what a kill broke.
  std::string broken_by_kill() {
    if (!std::filesystem::exists(database())) return "";
    if (query(database(), "pragma integrity_check") != Rows{"ok|"}) return "integrity_check fails";
    if (!has_begun()) return "";
    const Rows finished = query(database(), kFinishedCells);
    for (const std::string& cell : finished_) {
      if (!finished.contains(cell)) return "a finished cell is lost: " + cell;
    }
    finished_ = finished;
    for (const std::string& hash : query(database(), kHashes)) {
      if (!reference_.hashes.contains(hash)) return "a cell is recorded with a foreign hash: " + hash;
    }
    return "";
  }

  std::string broken_at_end() {
    const std::string broken = broken_by_kill();
    if (!broken.empty()) return broken;
    if (finished_.size() != reference_.cells) return fmt::format("{} cells at the end", finished_.size());
    if (query(database(), kAnswers) != reference_.answers) return "other answers than of a run left alone";
    return "";
  }

 private:
  std::string database() const { return folder_ + "/slmrig.db"; }

  const Sandbox& sandbox_;
  const std::string plan_;
  const Reference& reference_;
  const std::string folder_;
  Rows finished_;
};

}  // namespace

TEST_CASE("the host is killed at random points of a run, which is taken up again", "[faults]") {
  const char* const kKilled = "host killed in a run";
  Ledger ledger;
  const Sandbox sandbox;
  const std::string plan = write_plan(sandbox);
  const Reference reference = undisturbed(sandbox, plan);
  std::mt19937 random(7);
  std::uniform_int_distribution<int64_t> moment_ms(0, reference.duration_ms);
  int kills = 0;
  for (int runs = 1; kills < wanted_kills(); ++runs) {
    KilledRun run(sandbox, plan, reference, fmt::format("run{}", runs));
    for (;;) {
      auto child = run.start();
      const bool is_last = kills >= wanted_kills();
      const auto ended = child.wait(is_last ? kPatienceMs : moment_ms(random));
      if (ended) {
        const std::string broken = ended->ok() ? run.broken_at_end() : "the run ended with " + ended->text();
        ledger.add("run taken up again after kills", fmt::format("run {}", runs), broken);
        break;
      }
      REQUIRE_FALSE(is_last);
      child.send_signal(SIGKILL);
      REQUIRE(child.wait(kPatienceMs));
      ++kills;
      ledger.add(kKilled, fmt::format("kill {} in run {}", kills, runs), run.broken_by_kill());
    }
  }
}

}  // namespace slmrig::faults
