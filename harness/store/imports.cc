#include "harness/store/imports.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "harness/base/metrics.h"
#include "harness/base/sha256.h"
#include "harness/base/utf8.h"
#include "harness/base/uuid.h"
#include "harness/store/internal/import_formats.h"
#include "harness/store/queries.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

const std::string& first_of(const std::string& first, const std::string& second, const std::string& third) {
  if (!first.empty()) return first;
  return second.empty() ? third : second;
}

const std::string kUnknown = "unknown";

// The same file under the same names is the same run: it is not imported twice.
std::string run_id_of(std::string_view text, const ImportRequest& request) {
  base::Sha256 hash;
  hash.update(text);
  for (const std::string& name :
       {request.bench, request.board, request.engine, request.model, request.variant, request.build.name}) {
    hash.update(std::string_view("\0", 1));
    hash.update(name);
  }
  const auto digest = hash.finish();
  std::string hex;
  for (std::size_t i = 0; i < 16; ++i) hex += fmt::format("{:02x}", digest[i]);
  hex[12] = '8';  // a UUID whose bits have a meaning of our own (RFC 9562)
  hex[16] = '8';
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

base::RunStart run_of(const ImportedFile& file, std::string_view text, const ImportRequest& request) {
  base::RunStart run;
  run.run_id = run_id_of(text, request);
  run.label = request.label;
  run.build = request.build;
  if (run.build.commit_sha.empty()) run.build.commit_sha = base::make_valid_utf8(file.commit_sha);
  run.plan_name = "import";
  run.plan_text = "{}";
  run.rig_name = "import";
  run.started_at_ns = file.started_at_ns.value_or(request.now_ns);
  run.provenance = {{"import.format", file.format},
                    {"import.file", request.file},
                    {"import.sha256", base::sha256_hex(text)}};
  for (const auto& [name, value] : file.facts) run.provenance["import." + name] = value;
  return run;
}

struct ImportedSession {
  base::SessionStart start;
  std::vector<SeriesValue> values;
};

using CellName = std::pair<std::string, std::string>;  // suite, settings

ImportedSession session_of(const base::RunStart& run, const ImportRequest& request, const std::string& engine,
                           const std::vector<const ImportedFigure*>& figures) {
  ImportedSession session;
  base::SessionStart& start = session.start;
  start.run_id = run.run_id;
  start.session.session_id = base::uuid_v7();
  start.session.bench = request.bench;
  start.session.board = request.board.empty() ? request.bench : request.board;
  start.session.model = first_of(request.model, figures.front()->model, kUnknown);
  start.session.variant = first_of(request.variant, figures.front()->variant, kUnknown);
  start.engine = engine;
  start.tier = request.tier;
  start.ticks = {request.tier == base::Tier::kEmulated, 1, 1};
  start.started_at_ns = run.started_at_ns;
  std::map<CellName, std::string> cells;
  for (const ImportedFigure* figure : figures) {
    const auto [cell, is_new] = cells.try_emplace({figure->suite, figure->settings}, base::uuid_v7());
    if (is_new) start.session.cells.push_back({cell->second, figure->suite, {}, figure->settings});
    session.values.push_back({cell->second, figure->metric, figure->samples, figure->value});
  }
  return session;
}

Done write(Store& store, const ImportedSession& session) {
  const std::string& id = session.start.session.session_id;
  SLMRIG_TRY(store.begin_session(session.start));
  for (const base::Cell& cell : session.start.session.cells) {
    SLMRIG_TRY(store.end_cell({cell.cell_id, base::CellStatus::kOk, "", {}, session.start.started_at_ns, 0}));
  }
  SLMRIG_TRY(store.put_series_values(id, session.values));
  return store.end_session(id, session.start.started_at_ns);
}

}  // namespace

Result<ImportReport> import_figures(Store& store, std::string_view text, const ImportRequest& request) {
  const auto placed = [&](const base::Error& error) {
    return tl::unexpected<base::Error>(base::within(request.file, error));
  };
  Result<ImportedFile> read = read_import(text);
  if (!read) return placed(read.error());
  const ImportedFile& file = *read;
  if (file.figures.empty()) {
    return placed({ErrorCode::kBadInput,
                   "there is no figure in it" + (file.notices.empty() ? "" : "; " + file.notices.front()),
                   ""});
  }
  for (const ImportedFigure& figure : file.figures) {
    if (base::has_figures(*base::find_metric(figure.metric), request.tier)) continue;
    return placed(
        {ErrorCode::kBadInput,
         fmt::format("it holds times, which a board of tier {} has not", base::to_string(request.tier)), ""});
  }
  const base::RunStart run = run_of(file, text, request);
  SLMRIG_ASSIGN(Reader reader, open_reader(store.path()));
  SLMRIG_ASSIGN(const std::vector<RunRow> known, reader.runs());
  for (const RunRow& each : known) {
    if (each.run_id == run.run_id) {
      return placed(
          {ErrorCode::kBadInput,
           fmt::format("it was imported already, as run {}; other names (--bench, --model, --build, "
                       "...) would make it another run",
                       run.run_id),
           ""});
    }
  }
  std::map<std::pair<std::string, std::string>, std::vector<const ImportedFigure*>> sessions;
  for (const ImportedFigure& figure : file.figures)
    sessions[{figure.model, figure.variant}].push_back(&figure);
  SLMRIG_TRY(store.begin_run(run));
  for (const auto& [names, figures] : sessions) {
    SLMRIG_TRY(
        write(store, session_of(run, request, first_of(request.engine, file.engine, kUnknown), figures)));
  }
  SLMRIG_TRY(store.end_run({run.run_id, run.started_at_ns, false, 0}));
  return ImportReport{run.run_id, file.format, file.figures.size(), file.notices};
}

}  // namespace slmrig::store
