#include "harness/serve/site.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/sha256.h"
#include "harness/base/suggest.h"
#include "harness/serve/live_json.h"
#include "harness/serve/page_pieces.h"
#include "harness/serve/prometheus_text.h"
#include "harness/store/live.h"

namespace slmrig::serve {
namespace {

using base::Result;

constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr const char* kCsv = "text/csv; charset=utf-8";

constexpr std::size_t kBodiesKept = 12;
constexpr int64_t kFreshReportMs = 2'000;  // a run commits four times a second; nobody reads as fast
constexpr int64_t kFreshLiveMs = 500;
constexpr int64_t kFreshMetricsMs = 5'000;
constexpr std::size_t kNewestCells = 20;
constexpr int64_t kNewestFiguresNs = 30LL * 24 * 3600 * 1'000'000'000;  // a series that ended leaves /metrics
constexpr std::ptrdiff_t kTablesAtOnce = 4;
constexpr std::size_t kMostTableBytes = 16'000'000;
constexpr int64_t kTableNs = 20LL * 1'000'000'000;

// The overview loads its own script and style, and asks this server alone.
constexpr const char* kOverviewPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// The report's own policy, with the hashes of its script and style, stands in the page; this adds what
// cannot.
constexpr const char* kReportPolicy = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// Data is never a document.
constexpr const char* kDataPolicy = "default-src 'none'; frame-ancestors 'none'";

HttpResponse text_answer(std::string_view body, const char* content_type, const char* policy) {
  HttpResponse response;
  response.content_type = content_type;
  response.body = std::string(body);
  response.headers = {{"Cache-Control", "no-cache"}, {"Content-Security-Policy", policy}};
  return response;
}

// What went wrong with the database is no fault of who asks.
HttpResponse unreadable(const base::Error& error) {
  HttpResponse response = refusal(503, error.text());
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

HttpResponse needs_token() {
  HttpResponse response =
      refusal(401, "a token is needed: Authorization: Bearer TOKEN, or TOKEN as the password of any user");
  response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"slmrig\", charset=\"UTF-8\"");
  return response;
}

HttpResponse wrong_host() {
  return refusal(
      421,
      "without a token this server answers to the names of this host alone: localhost, 127.0.0.1, [::1]");
}

// The report is the file that `slmrig report` writes; here it has a way back.
std::string with_way_back(std::string page) {
  constexpr std::string_view kHeader = "<header id=\"header\">";
  constexpr std::string_view kLink = "<nav class=\"brand\"><a href=\"/\">All runs, live</a></nav>\n";
  const std::size_t at = page.find(kHeader);
  if (at != std::string::npos) page.insert(at, kLink);
  return page;
}

// One of the tags, or any.
bool has_etag(const std::string& if_none_match, const std::string& etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string::npos;
}

std::string dumped(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::optional<uint64_t> planned_cells(const base::Provenance& facts) {
  const auto found = facts.find("plan.cells");
  if (found == facts.end()) return std::nullopt;
  uint64_t count = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

}  // namespace

Site::Site(SiteOptions options, base::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      access_(options_.token),
      memo_(kBodiesKept, clock),
      watch_(options_.database),
      tables_at_once_(kTablesAtOnce) {}

HttpResponse Site::answer(const HttpRequest& request) {
  const bool open_to_all = request.path == "/health";
  switch (open_to_all ? Access::kGranted : access_.check(request.authorization, request.host)) {
    case Access::kNeedsToken: return needs_token();
    case Access::kWrongHost: return wrong_host();
    case Access::kGranted: break;
  }
  std::string page = "other";
  HttpResponse response = route(request, page);
  const std::lock_guard lock(requests_mutex_);
  ++requests_[page];
  return response;
}

HttpResponse Site::route(const HttpRequest& request, std::string& page) {
  constexpr std::string_view kApi = "/api/";
  const std::string& path = request.path;
  const auto at = [&](std::string_view name) {
    if (path != name) return false;
    page = name;
    return true;
  };
  if (at("/")) return text_answer(kLivePage, kHtml, kOverviewPolicy);
  if (at("/live.js")) return text_answer(kLiveScript, "text/javascript; charset=utf-8", kDataPolicy);
  if (at("/live.css")) return text_answer(kLiveStyle, "text/css; charset=utf-8", kDataPolicy);
  if (at("/report")) return report(request);
  if (at("/api") || at("/api/")) return views();
  if (at("/api/live.json")) return live(request);
  if (at("/metrics")) return metrics(request);
  if (at("/health")) return health();
  if (path.starts_with(kApi)) {
    page = kApi;
    std::string_view name = std::string_view(path).substr(kApi.size());
    for (const auto& [ending, form] : {std::pair{std::string_view(".json"), TableForm::kJson},
                                       std::pair{std::string_view(".csv"), TableForm::kCsv}}) {
      if (name.ends_with(ending)) return table(request, name.substr(0, name.size() - ending.size()), form);
    }
  }
  return refusal(
      404,
      "there is no such page; there are /, /report, /api, /api/VIEW.json, /api/VIEW.csv, /api/live.json, "
      "/metrics and /health");
}

Result<std::string> Site::version() {
  const std::lock_guard lock(watch_mutex_);
  return watch_.version();
}

HttpResponse Site::made_answer(const HttpRequest& request, std::string content_type,
                               const Result<std::shared_ptr<const Made>>& made) {
  if (!made) return unreadable(made.error());
  HttpResponse response;
  response.headers = {{"Cache-Control", "no-cache"}, {"ETag", (*made)->etag}};
  response.content_type = std::move(content_type);
  if (has_etag(request.if_none_match, (*made)->etag)) {
    response.status = 304;
  } else {
    response.body = (*made)->body;
  }
  return response;
}

HttpResponse Site::report(const HttpRequest& request) {
  std::vector<std::string> runs;
  for (const auto& [key, value] : request.query) {
    if (key != "run") return refusal(400, base::unknown_name("key", key, {"run"}));
    runs.push_back(value);
  }
  Result<store::Reader> reader = store::open_reader(options_.database);
  if (!reader) return unreadable(reader.error());
  std::string key = "report";
  for (std::string& run : runs) {
    const Result<store::RunRow> found = reader->find_run(run);
    if (!found) return refusal(404, found.error().text());
    run = found->run_id;
    key += " " + run;
  }
  const Result<std::string> now = version();
  if (!now) return unreadable(now.error());
  const auto make = [&]() -> Result<std::string> {
    const std::lock_guard lock(report_mutex_);
    SLMRIG_ASSIGN(std::string page, options_.report_page(runs));
    return with_way_back(std::move(page));
  };
  HttpResponse response = made_answer(request, kHtml, memo_.get(key, *now, kFreshReportMs, make));
  response.headers.emplace_back("Content-Security-Policy", kReportPolicy);
  return response;
}

Result<std::string> Site::live_text() {
  LiveInput input;
  input.database = std::filesystem::path(options_.database).filename().string();
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options_.database));
  SLMRIG_ASSIGN(input.runs, reader.runs());
  for (const store::RunRow& run : input.runs) {
    if (run.ended_at_ns) continue;
    OpenRun open;
    open.run = run;
    if (input.open_runs.size() < kShownOpenRuns) {
      SLMRIG_ASSIGN(open.cells, store::live_cells(options_.database, run.run_id));
      SLMRIG_ASSIGN(const base::Provenance facts, reader.run_provenance(run.run_id));
      open.planned_cells = planned_cells(facts);
    }
    input.open_runs.push_back(std::move(open));
  }
  SLMRIG_ASSIGN(input.newest, store::newest_cells(options_.database, kNewestCells));
  return dumped(live_json(input));
}

HttpResponse Site::live(const HttpRequest& request) {
  const Result<std::string> now = version();
  if (!now) return unreadable(now.error());
  HttpResponse response =
      made_answer(request, kJson, memo_.get("live", *now, kFreshLiveMs, [&] { return live_text(); }));
  response.headers.emplace_back("Content-Security-Policy", kDataPolicy);
  // Ages are told by this clock, whatever the reader's says.
  response.headers.emplace_back("Slmrig-Now-Ms", fmt::format("{}", clock_.utc_ns() / 1'000'000));
  return response;
}

Result<std::string> Site::metrics_text() {
  PrometheusInput input;
  input.version = options_.version;
  SLMRIG_ASSIGN(input.figures, store::latest_figures(options_.database, clock_.utc_ns() - kNewestFiguresNs));
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options_.database));
  SLMRIG_ASSIGN(input.runs, reader.runs());
  std::error_code ignored;
  input.database_bytes = std::filesystem::file_size(options_.database, ignored);
  const std::lock_guard lock(requests_mutex_);
  input.requests = requests_;
  return prometheus_text(input);
}

HttpResponse Site::metrics(const HttpRequest& request) {
  // Counts of requests change without the database.
  const std::string always_new;
  const auto made = memo_.get("metrics", always_new, kFreshMetricsMs, [&] { return metrics_text(); });
  return made_answer(request, "text/plain; version=0.0.4; charset=utf-8", made);
}

HttpResponse Site::views() {
  const Result<std::vector<std::string>> names = public_view_names(options_.database);
  if (!names) return unreadable(names.error());
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const std::string& name : *names) {
    const Result<PublicView> view = public_view(options_.database, name);
    if (!view) return unreadable(view.error());
    list.push_back({{"view", name},
                    {"json", "/api/" + name + ".json"},
                    {"csv", "/api/" + name + ".csv"},
                    {"columns", view->columns}});
  }
  const nlohmann::ordered_json body = {
      {"about",
       "Each column is a key of the query: ?variant=int8&variant=f32&tier=hardware; run=RUN takes latest, a "
       "label or the beginning of a run id; an empty value is NULL. limit (1000), offset, order=COLUMN or "
       "order=-COLUMN."},
      {"views", std::move(list)}};
  return text_answer(body.dump(1) + "\n", kJson, kDataPolicy);
}

Result<HttpResponse> Site::table_answer(const HttpRequest& request, const PublicView& view, TableForm form) {
  HttpFields query = request.query;
  const bool has_run = std::find(view.columns.begin(), view.columns.end(), "run_id") != view.columns.end();
  for (auto& [key, value] : query) {
    if (key != "run" || !has_run) continue;
    SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options_.database));
    SLMRIG_ASSIGN(const store::RunRow run, reader.find_run(value));
    key = "run_id";
    value = run.run_id;
  }
  SLMRIG_ASSIGN(const ViewRequest wanted, view_request(view, query));
  const int64_t began_ns = clock_.monotonic_ns();
  const auto stop = [&] {
    return clock_.monotonic_ns() - began_ns > kTableNs || (options_.stop && options_.stop());
  };
  SLMRIG_ASSIGN(TableText text, table_text(options_.database, wanted, form, kMostTableBytes, stop));
  HttpResponse response = text_answer({}, form == TableForm::kJson ? kJson : kCsv, kDataPolicy);
  response.body = std::move(text.text);
  response.headers.emplace_back("Slmrig-Rows", fmt::format("{}", text.rows));
  response.headers.emplace_back("Slmrig-More-Rows", text.more ? "yes" : "no");
  if (text.more) {
    const char* ending = form == TableForm::kJson ? ".json" : ".csv";
    response.headers.emplace_back("Link", fmt::format("</api/{}{}{}>; rel=\"next\"", url_encoded(view.name),
                                                      ending, next_query(wanted, text.rows)));
  }
  return response;
}

HttpResponse Site::table(const HttpRequest& request, std::string_view name, TableForm form) {
  if (const auto readable = version(); !readable) return unreadable(readable.error());
  const Result<PublicView> view = public_view(options_.database, std::string(name));
  if (!view) return refusal(404, view.error().text() + "; /api lists them with their columns");
  if (!tables_at_once_.try_acquire_for(std::chrono::seconds(2))) {
    HttpResponse busy =
        refusal(503, fmt::format("{} tables are being read already; try again soon", kTablesAtOnce));
    busy.headers.emplace_back("Retry-After", "2");
    return busy;
  }
  Result<HttpResponse> made = table_answer(request, *view, form);
  tables_at_once_.release();
  if (made) return std::move(*made);
  switch (made.error().code) {
    case base::ErrorCode::kBadInput: return refusal(400, made.error().text());
    case base::ErrorCode::kTimeout:
      return refusal(
          503, fmt::format("reading took longer than {} s: ask for less (run=latest, a column's value), or "
                           "use slmrig db query",
                           kTableNs / 1'000'000'000));
    default: return unreadable(made.error());
  }
}

HttpResponse Site::health() {
  // Anybody may ask: the reason, which names files, is for those with the token.
  return version() ? text_answer("ok\n", "text/plain; charset=utf-8", kDataPolicy)
                   : refusal(503, "the database cannot be read");
}

}  // namespace slmrig::serve
