#include "harness/store/releases.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <map>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/suggest.h"
#include "harness/store/internal/codec.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/each_row.h"
#include "harness/store/internal/open_for_reading.h"
#include "harness/store/internal/open_for_writing.h"
#include "harness/store/internal/transaction.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 100;

ArtifactRow artifact_row(const Statement& row) {
  ArtifactRow artifact;
  artifact.kind = row.column_text(0);
  artifact.name = row.column_text(1);
  artifact.sha256 = row.column_text(2);
  if (!row.column_is_null(3)) artifact.bytes = static_cast<uint64_t>(row.column_int64(3));
  artifact.file = row.column_text(4);
  return artifact;
}

// Sessions without an image never got as far as measuring.
const char* const kMeasured = R"(
with measured as (select s.* from session s join run r using (run_key) where r.run_id = ? and s.image_sha256 is not null
                  and exists (select 1 from cell c where c.session_key = s.session_key and c.status = 'ok'))
select 'agent', m.board, f.value, null, '' from measured m join session_fact x using (session_key)
  join fact f using (fact_key) where f.name = 'agent.sha256'
union select 'image', m.model || ' ' || m.variant, m.image_sha256, m.image_bytes, '' from measured m
union select 'model', m.model, m.model_sha256, null, '' from measured m where m.model_sha256 is not null
order by 1, 2, 3)";

bool same_artifact(const ArtifactRow& left, const ArtifactRow& right) {
  return left.kind == right.kind && left.name == right.name && left.sha256 == right.sha256;
}

Result<std::vector<ArtifactRow>> artifacts_of_runs(Database& database,
                                                   const std::vector<std::string>& run_ids) {
  std::vector<ArtifactRow> artifacts;
  for (const std::string& run_id : run_ids) {
    SLMRIG_ASSIGN(Statement statement, database.prepare(kMeasured));
    statement.bind(run_id);
    SLMRIG_TRY(each_row(statement, [&](const Statement& row) { artifacts.push_back(artifact_row(row)); }));
  }
  std::sort(artifacts.begin(), artifacts.end(), [](const ArtifactRow& left, const ArtifactRow& right) {
    return std::tie(left.kind, left.name, left.sha256) < std::tie(right.kind, right.name, right.sha256);
  });
  artifacts.erase(std::unique(artifacts.begin(), artifacts.end(), same_artifact), artifacts.end());
  return artifacts;
}

Result<std::vector<ReleaseRow>> all_releases(Database& database) {
  std::vector<ReleaseRow> found;
  SLMRIG_ASSIGN(
      Statement rows,
      database.prepare("select name, pinned_at_ns, note from release order by pinned_at_ns, release_key"));
  SLMRIG_TRY(each_row(rows, [&](const Statement& row) {
    found.push_back({row.column_text(0), row.column_int64(1), row.column_text(2), {}, {}});
  }));
  for (ReleaseRow& release : found) {
    SLMRIG_ASSIGN(Statement runs,
                  database.prepare("select r.run_id from release l join release_run using (release_key) "
                                   "join run r using (run_key) where l.name = ? order by r.started_at_ns"));
    runs.bind(release.name);
    SLMRIG_TRY(each_row(runs, [&](const Statement& row) { release.run_ids.push_back(row.column_text(0)); }));
    SLMRIG_ASSIGN(Statement artifacts,
                  database.prepare("select a.kind, a.name, a.sha256, a.bytes, a.file from release l "
                                   "join release_artifact a using (release_key) where l.name = ? "
                                   "order by a.kind, a.name, a.sha256"));
    artifacts.bind(release.name);
    SLMRIG_TRY(
        each_row(artifacts, [&](const Statement& row) { release.artifacts.push_back(artifact_row(row)); }));
  }
  return found;
}

Result<ReleaseRow> release_named(Database& database, const std::string& name) {
  SLMRIG_ASSIGN(const std::vector<ReleaseRow> all, all_releases(database));
  std::vector<std::string> known;
  for (const ReleaseRow& release : all) {
    if (release.name == name) return release;
    known.push_back(release.name);
  }
  if (known.empty()) {
    return base::fail(
        ErrorCode::kBadInput,
        fmt::format("no release '{}': none is pinned in {}; pin one with `slmrig release pin {} "
                    "--run R`",
                    name, database.path(), name.empty() ? "NAME" : name));
  }
  return base::fail(ErrorCode::kBadInput, base::unknown_name("release", name, known));
}

// Words that a budget's limit gives another meaning: a release of that name could not be compared with.
constexpr std::string_view kTakenNames[] = {"baseline", "stable"};

Done check_name(const std::string& name) {
  if (std::find(std::begin(kTakenNames), std::end(kTakenNames), name) != std::end(kTakenNames)) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("'{}' cannot name a release: in budgets the word has a meaning of its own "
                                  "(\"<= 1.05x {}\"); choose another",
                                  name, name));
  }
  const bool plain = std::none_of(
      name.begin(), name.end(), [](unsigned char c) { return std::isspace(c) != 0 || std::iscntrl(c) != 0; });
  if (!name.empty() && name.size() <= kLongestName && plain) return {};
  return base::fail(ErrorCode::kBadInput,
                    fmt::format("'{}' cannot name a release: expected 1 to {} characters without blanks",
                                name, kLongestName));
}

Done check_run(Database& database, const std::string& run_id) {
  SLMRIG_ASSIGN(Statement run, database.prepare("select ended_at_ns, interrupted from run where run_id = ?"));
  SLMRIG_ASSIGN(const bool known, run.bind(run_id).step());
  if (!known) return base::fail(ErrorCode::kBadInput, fmt::format("there is no run {}", run_id));
  if (!run.column_is_null(0) && run.column_int64(1) == 0) return {};
  return base::fail(ErrorCode::kBadInput,
                    fmt::format("run {} has not ended: a release is what was measured wholly; go on with "
                                "`slmrig run --resume {}`",
                                run_id, run_id));
}

// Copies of those files that were measured, by their hash.
Result<std::map<std::string, std::string>> keep_files(const std::string& database,
                                                      const std::vector<ArtifactRow>& artifacts,
                                                      const std::vector<fs::path>& files) {
  std::map<std::string, std::string> kept;
  for (const fs::path& file : files) {
    SLMRIG_ASSIGN(const std::string sha256, base::sha256_hex_of_file(file));
    const bool wanted = std::any_of(artifacts.begin(), artifacts.end(),
                                    [&](const ArtifactRow& each) { return each.sha256 == sha256; });
    if (!wanted || kept.contains(sha256)) continue;
    const fs::path name = fs::path(sha256.substr(0, 2)) / (sha256 + ".zst");
    const fs::path place = artifact_folder(database) / name;
    kept[sha256] = name.string();
    std::error_code ignored;
    if (fs::exists(place, ignored)) continue;
    SLMRIG_ASSIGN(const std::string content, base::read_text(file));
    SLMRIG_TRY(base::make_directories(place.parent_path()));
    SLMRIG_TRY(base::write_file_atomically(place, pack(content)));
  }
  return kept;
}

Result<int64_t> insert_release(Database& database, const PinRequest& request) {
  SLMRIG_ASSIGN(Statement insert,
                database.prepare("insert into release (name, pinned_at_ns, note) values (?,?,?)"));
  SLMRIG_TRY(insert.bind(request.name).bind(request.now_ns).bind_text_or_null(request.note).run());
  const int64_t key = database.last_insert_key();
  for (const std::string& run_id : request.run_ids) {
    SLMRIG_ASSIGN(Statement run, database.prepare("insert or ignore into release_run "
                                                  "select ?, run_key from run where run_id = ?"));
    SLMRIG_TRY(run.bind(key).bind(run_id).run());
  }
  return key;
}

Done write_release(Database& database, const PinRequest& request, const std::vector<ArtifactRow>& artifacts,
                   const std::map<std::string, std::string>& kept, bool is_new) {
  if (is_new) SLMRIG_TRY(insert_release(database, request));
  for (const ArtifactRow& artifact : artifacts) {
    const auto file = kept.find(artifact.sha256);
    const std::string name = file == kept.end() ? std::string() : file->second;
    const auto bytes = artifact.bytes ? std::optional<int64_t>(static_cast<int64_t>(*artifact.bytes))
                                      : std::optional<int64_t>();
    SLMRIG_ASSIGN(Statement insert,
                  database.prepare(
                      "insert into release_artifact (release_key, sha256, kind, name, bytes, file) "
                      "select release_key, ?, ?, ?, ?, ? from release where name = ? on conflict do update "
                      "set file = coalesce(release_artifact.file, excluded.file)"));
    insert.bind(artifact.sha256).bind(artifact.kind).bind(artifact.name).bind(bytes);
    SLMRIG_TRY(insert.bind_text_or_null(name).bind(request.name).run());
  }
  return {};
}

}  // namespace

fs::path artifact_folder(const std::string& database) { return database + ".artifacts"; }

Result<std::vector<ArtifactRow>> measured_artifacts(const std::string& path,
                                                    const std::vector<std::string>& run_ids) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  return artifacts_of_runs(*database, run_ids);
}

Result<std::vector<ReleaseRow>> releases(const std::string& path) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  return all_releases(*database);
}

Result<ReleaseRow> find_release(const std::string& path, const std::string& name) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  return release_named(*database, name);
}

Result<ReleaseRow> pin_release(const std::string& path, const PinRequest& request) {
  SLMRIG_TRY(check_name(request.name));
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_writing(path));
  for (const std::string& run_id : request.run_ids) SLMRIG_TRY(check_run(*database, run_id));
  SLMRIG_ASSIGN(const std::vector<ArtifactRow> artifacts, artifacts_of_runs(*database, request.run_ids));
  if (artifacts.empty()) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("{} measured nothing: no cell of it ended ok",
                                  request.run_ids.empty() ? "no run" : "run " + request.run_ids.front()));
  }
  SLMRIG_ASSIGN(const std::vector<ReleaseRow> all, all_releases(*database));
  const auto taken = std::find_if(all.begin(), all.end(),
                                  [&](const ReleaseRow& release) { return release.name == request.name; });
  if (taken != all.end()) {
    std::vector<std::string> here = request.run_ids;
    std::vector<std::string> there = taken->run_ids;
    std::sort(here.begin(), here.end());
    std::sort(there.begin(), there.end());
    if (here != there) {
      return base::fail(
          ErrorCode::kBadInput,
          fmt::format("release '{}' is pinned already, to run {}; take another name, or `slmrig "
                      "release unpin {}` first",
                      request.name, fmt::join(taken->run_ids, ", "), request.name));
    }
  }
  SLMRIG_ASSIGN(const auto kept, keep_files(path, artifacts, request.files));
  SLMRIG_TRY(in_transaction(
      *database, [&] { return write_release(*database, request, artifacts, kept, taken == all.end()); }));
  return release_named(*database, request.name);
}

Done unpin_release(const std::string& path, const std::string& name) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_writing(path));
  SLMRIG_ASSIGN(const ReleaseRow release, release_named(*database, name));
  const Done removed = in_transaction(*database, [&]() -> Done {
    for (const char* sql :
         {"delete from release_artifact where release_key = (select release_key from release where name = ?)",
          "delete from release_run where release_key = (select release_key from release where name = ?)",
          "delete from release where name = ?"}) {
      SLMRIG_ASSIGN(Statement remove, database->prepare(sql));
      SLMRIG_TRY(remove.bind(name).run());
    }
    return {};
  });
  SLMRIG_TRY(removed);
  SLMRIG_ASSIGN(const std::vector<ReleaseRow> others, all_releases(*database));
  for (const ArtifactRow& artifact : release.artifacts) {
    const bool needed = std::any_of(others.begin(), others.end(), [&](const ReleaseRow& other) {
      return std::any_of(other.artifacts.begin(), other.artifacts.end(),
                         [&](const ArtifactRow& each) { return each.file == artifact.file; });
    });
    std::error_code ignored;
    if (!artifact.file.empty() && !needed) fs::remove(artifact_folder(path) / artifact.file, ignored);
  }
  return {};
}

Result<std::string> read_artifact(const std::string& path, const ArtifactRow& artifact) {
  const fs::path file = artifact_folder(path) / artifact.file;
  SLMRIG_ASSIGN(const std::string packed, base::read_text(file));
  SLMRIG_ASSIGN(std::string content, unpack(packed));
  if (base::sha256_hex(std::string_view(content)) == artifact.sha256) return content;
  return base::fail(ErrorCode::kCorrupt,
                    fmt::format("{}: its content has not the SHA-256 {} that it is kept for", file.string(),
                                artifact.sha256));
}

}  // namespace slmrig::store
