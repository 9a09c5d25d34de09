#include "harness/store/merge.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/file.h"
#include "harness/store/captures.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/each_row.h"
#include "harness/store/internal/open_for_reading.h"
#include "harness/store/internal/schema.h"
#include "harness/store/releases.h"
#include "harness/store/store.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

namespace fs = std::filesystem;

// What two copies of the same run must have in common, by name. Traces may have been thinned in one of them.
const char* const kRunFingerprint = R"(
select r.run_id,
  json_object('build', r.build, 'commit', r.commit_sha, 'started', r.started_at_ns, 'ended', r.ended_at_ns,
    'interrupted', r.interrupted,
    'sessions', (select count(*) from {0}.session s where s.run_key = r.run_key),
    'attempts', (select sum(attempt) from {0}.session s where s.run_key = r.run_key),
    'ended cells', (select count(*) from {0}.session s join {0}.cell c using (session_key)
                    where s.run_key = r.run_key and c.status is not null),
    'cells ok', (select count(*) from {0}.session s join {0}.cell c using (session_key)
                 where s.run_key = r.run_key and c.status = 'ok'),
    'generations', (select count(*) from {0}.session s join {0}.cell c using (session_key)
                    join {0}.generation g using (cell_key) where s.run_key = r.run_key),
    'ticks', (select sum(g.total_ticks) from {0}.session s join {0}.cell c using (session_key)
              join {0}.generation g using (cell_key) where s.run_key = r.run_key)) as fingerprint
from {0}.run r where r.run_id in (select run_id from main.run intersect select run_id from other.run))";

// Rows with a name of their own: a key of the other database -> the key of the same row here.
struct Named {
  const char* table;
  const char* key;
  const char* names;  // columns that make it the same row
};
constexpr std::array kNamed = {
    Named{"plan_text", "plan_key", "sha256"}, Named{"prompt", "prompt_key", "prompt_id, sha256"},
    Named{"fact", "fact_key", "name, value"}, Named{"metric", "metric_key", "name"},
    Named{"capture", "capture_key", "sha256"}};

// Rows that belong to one run: their keys move up by what is the largest here. Each is chosen by the run that
// it belongs to.
struct Owned {
  const char* table;
  const char* key;
  const char* chosen;  // SELECT of the keys that come, over temp tables of the lines before
};
constexpr std::array kOwners = {
    Owned{"run", "run_key",
          "select run_key from other.run where run_id not in (select run_id from main.run)"},
    Owned{"session", "session_key",
          "select session_key from other.session where run_key in (select key from new_run)"},
    Owned{"cell", "cell_key",
          "select cell_key from other.cell where session_key in (select key from new_session)"},
    Owned{"energy", "energy_key",
          "select energy_key from other.energy where session_key in (select key from new_session)"}};

// Keys that nothing refers to: the database gives new ones.
const std::set<std::string> kFreeKeys = {"generation_key", "log_key", "series_value_key"};

class Merge {
 public:
  Merge(Database& database, MergeReport& report) : database_(database), report_(report) {}

  Done run() {
    SLMRIG_TRY(find_conflicts());
    SLMRIG_TRY(copy_named());
    for (const Owned& owner : kOwners) SLMRIG_TRY(choose(owner));
    SLMRIG_ASSIGN(const std::vector<std::string> tables,
                  texts("select name from main.sqlite_master where type = 'table' order by rowid"));
    for (const std::string& table : tables) SLMRIG_TRY(copy_owned(table));
    SLMRIG_TRY(database_.execute("insert or ignore into main.artifact select * from other.artifact"));
    SLMRIG_TRY(database_.execute("insert or ignore into main.bench_event select * from other.bench_event"));
    SLMRIG_TRY(copy_releases());
    return copy_findings();
  }

 private:
  Result<std::vector<std::string>> texts(const std::string& sql) {
    std::vector<std::string> found;
    SLMRIG_TRY(each_row(database_, sql, [&](const Statement& row) { found.push_back(row.column_text(0)); }));
    return found;
  }
  Result<std::vector<std::string>> columns_of(const std::string& table) {
    return texts(fmt::format("select name from pragma_table_info('{}', 'main')", table));
  }
  Result<uint64_t> changed_by(const std::string& sql) {
    SLMRIG_TRY(database_.execute(sql));
    return static_cast<uint64_t>(database_.changed_rows());
  }

  Done find_conflicts();
  Done copy_named();
  Done choose(const Owned& owner);
  Done copy_owned(const std::string& table);
  Done copy_releases();
  Done copy_findings();
  std::string expression_of(const std::string& table, const std::string& column) const;

  Database& database_;
  MergeReport& report_;
};

// The columns in which both fingerprints differ, in words.
Result<std::string> difference(Database& database, const std::string& here, const std::string& there) {
  SLMRIG_ASSIGN(
      Statement row,
      database.prepare("select group_concat(h.key || ': ' || coalesce(h.value, 'none') || ' here, ' || "
                       "coalesce(t.value, 'none') || ' there', '; ') from json_each(?) h "
                       "join json_each(?) t using (key) where h.value is not t.value"));
  SLMRIG_ASSIGN(const bool some, row.bind(here).bind(there).step());
  return some ? row.column_text(0) : std::string();
}

Done Merge::find_conflicts() {
  const std::string sql = fmt::format(
      "select h.run_id, h.fingerprint, t.fingerprint from ({}) h join ({}) t using (run_id) order by 1",
      fmt::format(fmt::runtime(kRunFingerprint), "main"),
      fmt::format(fmt::runtime(kRunFingerprint), "other"));
  SLMRIG_ASSIGN(Statement row, database_.prepare(sql));
  for (;;) {
    SLMRIG_ASSIGN(const bool more, row.step());
    if (!more) return {};
    const std::string here = row.column_text(1);
    const std::string there = row.column_text(2);
    if (here == there) {
      ++report_.runs_equal;
      continue;
    }
    SLMRIG_ASSIGN(const std::string why, difference(database_, here, there));
    report_.conflicts.push_back({"run " + row.column_text(0), why});
  }
}

Done Merge::copy_named() {
  for (const Named& named : kNamed) {
    SLMRIG_ASSIGN(std::vector<std::string> columns, columns_of(named.table));
    std::erase(columns, std::string(named.key));
    const std::string list = fmt::format("{}", fmt::join(columns, ", "));
    SLMRIG_TRY(database_.execute(
        fmt::format("insert or ignore into main.{0} ({1}) select {1} from other.{0}", named.table, list)));
    SLMRIG_TRY(database_.execute(
        fmt::format("create temp table map_{0} (old integer primary key, new integer not null);"
                    "insert into map_{0} select o.{1}, h.{1} from other.{0} o join main.{0} h using ({2})",
                    named.table, named.key, named.names)));
  }
  // What one rack kept private may be known here, and the reverse.
  return database_.execute(
      "update main.prompt set text = coalesce(prompt.text, o.text), intent = coalesce(prompt.intent, "
      "o.intent) "
      "from other.prompt o where o.prompt_id = prompt.prompt_id and o.sha256 = prompt.sha256 "
      "and (prompt.text is null and o.text is not null or prompt.intent is null and o.intent is not null);"
      "update main.capture set removed_at_ns = null from other.capture o where o.sha256 = capture.sha256 "
      "and o.removed_at_ns is null and capture.removed_at_ns is not null");
}

Done Merge::choose(const Owned& owner) {
  return database_.execute(fmt::format(
      "create temp table new_{0} (key integer primary key, new integer not null);"
      "insert into new_{0} select k.{1}, k.{1} + (select coalesce(max({1}), 0) from main.{0}) from ({2}) k",
      owner.table, owner.key, owner.chosen));
}

std::string Merge::expression_of(const std::string& table, const std::string& column) const {
  for (const Owned& owner : kOwners) {
    if (column == owner.key) {
      return fmt::format("(select new from new_{} where key = o.{})", owner.table, column);
    }
  }
  for (const Named& named : kNamed) {
    if (column == named.key && table != named.table) {
      return fmt::format("(select new from map_{} where old = o.{})", named.table, column);
    }
  }
  return "o." + column;
}

// Any table whose rows belong to a run, a session, a cell or a measurement, whatever its name: a table of a
// later version comes along by itself.
Done Merge::copy_owned(const std::string& table) {
  SLMRIG_ASSIGN(const std::vector<std::string> columns, columns_of(table));
  const std::set<std::string> has(columns.begin(), columns.end());
  if (has.contains("release_key") || has.contains("finding_key")) return {};
  const char* owner = has.contains("session_key")  ? "session"
                      : has.contains("cell_key")   ? "cell"
                      : has.contains("energy_key") ? "energy"
                      : has.contains("run_key")    ? "run"
                                                   : nullptr;
  if (owner == nullptr) return {};
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (const std::string& column : columns) {
    if (kFreeKeys.contains(column)) continue;
    names.push_back(column);
    values.push_back(expression_of(table, column));
  }
  SLMRIG_ASSIGN(const uint64_t rows,
                changed_by(fmt::format("insert into main.{0} ({1}) select {2} from other.{0} o "
                                       "where o.{3}_key in (select key from new_{3})",
                                       table, fmt::join(names, ", "), fmt::join(values, ", "), owner)));
  if (table == "run") report_.runs_added = rows;
  if (table == "generation") report_.generations_added = rows;
  return {};
}

Done Merge::copy_releases() {
  SLMRIG_ASSIGN(
      const std::vector<std::string> taken,
      texts("select name from (select l.name, (select group_concat(run_id) from (select run_id from "
            "main.release_run join main.run using (run_key) where release_key = l.release_key order by 1)) "
            "is not (select group_concat(run_id) from (select run_id from other.release_run join other.run "
            "using (run_key) where release_key = o.release_key order by 1)) as differs "
            "from main.release l join other.release o using (name)) where differs"));
  for (const std::string& name : taken) {
    report_.conflicts.push_back({"release " + name, "it is pinned to other runs there"});
  }
  SLMRIG_TRY(
      database_.execute("create temp table new_release as select release_key as old, release_key + (select "
                        "coalesce(max(release_key), 0) from main.release) as new from other.release "
                        "where name not in (select name from main.release)"));
  SLMRIG_ASSIGN(report_.releases_added,
                changed_by("insert into main.release (release_key, name, pinned_at_ns, note) select n.new, "
                           "o.name, o.pinned_at_ns, o.note from other.release o join new_release n "
                           "on n.old = o.release_key"));
  SLMRIG_TRY(database_.execute(
      "insert into main.release_run select n.new, h.run_key from other.release_run o join new_release n "
      "on n.old = o.release_key join other.run t on t.run_key = o.run_key join main.run h using (run_id)"));
  return database_.execute(
      "insert into main.release_artifact (release_key, sha256, kind, name, bytes, file) select n.new, "
      "o.sha256, o.kind, o.name, o.bytes, o.file from other.release_artifact o join new_release n "
      "on n.old = o.release_key");
}

Done Merge::copy_findings() {
  SLMRIG_ASSIGN(std::vector<std::string> columns, columns_of("finding"));
  std::erase(columns, std::string("finding_key"));
  SLMRIG_TRY(
      database_.execute("create temp table new_finding as select finding_key as old, finding_key + (select "
                        "coalesce(max(finding_key), 0) from main.finding) as new from other.finding "
                        "where finding_id not in (select finding_id from main.finding)"));
  SLMRIG_ASSIGN(report_.findings_added,
                changed_by(fmt::format("insert into main.finding (finding_key, {0}) select n.new, {0} from "
                                       "other.finding o join new_finding n on n.old = o.finding_key",
                                       fmt::join(columns, ", "))));
  return database_.execute(
      "insert into main.finding_event select n.new, o.sequence, o.at_ns, o.event, o.who, o.reason from "
      "other.finding_event o join new_finding n on n.old = o.finding_key");
}

// The other database in the newest version: itself, or a copy.
class Source {
 public:
  static Result<Source> open(const std::string& path) {
    Source source;
    source.path_ = path;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      return base::fail(ErrorCode::kBadInput, "there is no such file", fmt::format("database {}", path));
    }
    SLMRIG_ASSIGN(std::unique_ptr<Database> database,
                  Database::open(path, OpenMode::kReadOnly, kLockPatience));
    const Done checked = check_schema(*database);
    SLMRIG_ASSIGN(const int64_t version, database->pragma_int64("user_version"));
    if (checked) return source;
    if (checked.error().code != ErrorCode::kUnsupported || version > newest_schema_version()) {
      return tl::unexpected<base::Error>(checked.error());
    }
    SLMRIG_ASSIGN(source.folder_, base::TemporaryDirectory::create("merge"));
    source.path_ = (source.folder_->path() / "copy.db").string();
    SLMRIG_ASSIGN(Statement copy, database->prepare("vacuum into ?"));
    SLMRIG_TRY(copy.bind(source.path_).run());
    SLMRIG_ASSIGN(const std::unique_ptr<Database> copied,
                  Database::open(source.path_, OpenMode::kReadWriteCreate, kLockPatience));
    SLMRIG_TRY(migrate(*copied));
    return source;
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::optional<base::TemporaryDirectory> folder_;
};

// What is not there yet; by their names, which are hashes.
Result<uint64_t> copy_files(const fs::path& from, const fs::path& into) {
  uint64_t copied = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    std::error_code none;
    const fs::path place = into / fs::relative(at->path(), from, none);
    if (!at->is_regular_file(none) || at->path().extension() == ".part" || fs::exists(place, none)) continue;
    SLMRIG_TRY(base::make_directories(place.parent_path()));
    // Under another name first: half a copy must never stand under a hash.
    const fs::path part = place.string() + ".part";
    std::error_code failed;
    fs::copy_file(at->path(), part, fs::copy_options::overwrite_existing, failed);
    if (!failed) fs::rename(part, place, failed);
    if (failed) {
      fs::remove(part, none);
      return base::fail(ErrorCode::kIo, fmt::format("copying {} to {}: {}", at->path().string(),
                                                    place.string(), failed.message()));
    }
    ++copied;
  }
  return copied;
}

}  // namespace

Result<MergeReport> merge_database(const std::string& into, const std::string& from) {
  std::error_code none;
  if (fs::equivalent(into, from, none) && !none) {
    return base::fail(ErrorCode::kBadInput, fmt::format("{} and {} are the same file", into, from));
  }
  SLMRIG_ASSIGN(const Source source, Source::open(from));
  // Makes it, or brings it up to date.
  SLMRIG_TRY(open_store(into));
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database,
                Database::open(into, OpenMode::kReadWriteCreate, kLockPatience));
  SLMRIG_TRY(database->execute("pragma foreign_keys = on; pragma synchronous = full"));
  {
    SLMRIG_ASSIGN(Statement attach, database->prepare("attach ? as other"));
    SLMRIG_TRY(attach.bind(source.path()).run());
  }
  MergeReport report;
  // Files first: a row never names a file that is not there.
  SLMRIG_ASSIGN(const uint64_t captures, copy_files(capture_folder(from), capture_folder(into)));
  SLMRIG_ASSIGN(const uint64_t artifacts, copy_files(artifact_folder(from), artifact_folder(into)));
  report.files_copied = captures + artifacts;
  SLMRIG_TRY(database->execute("begin immediate; pragma defer_foreign_keys = on"));
  Done done = Merge(*database, report).run();
  if (done) done = database->execute("commit");
  if (!done && database->in_transaction()) static_cast<void>(database->execute("rollback"));
  SLMRIG_TRY(done);
  return report;
}

}  // namespace slmrig::store
