#include "harness/serve/site.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/store/records_for_test.h"
#include "harness/store/sample_data.h"
#include "reports/report.h"
#include "reports/testing/schema_checker.h"

namespace slmrig::serve {
namespace {

struct Served {
  explicit Served(std::optional<std::string> token = std::nullopt)
      : folder(std::move(*base::TemporaryDirectory::create("site"))), database(folder.path() / "s.db") {
    store = std::move(*store::open_store(database));
    run_id = store::fill_with_sample_run(*store).value();
    SiteOptions options;
    options.database = database;
    options.version = "slmrig <0>";
    options.token = std::move(token);
    options.report_page = [this](const std::vector<std::string>& runs) -> base::Result<std::string> {
      ++reports;
      SLMRIG_ASSIGN(store::Reader reader, store::open_reader(database));
      std::vector<store::RunData> data;
      for (const std::string& run : runs) {
        SLMRIG_ASSIGN(store::RunData each, reader.run_data(run));
        data.push_back(std::move(each));
      }
      return reports::render_report({data, 0, {}});
    };
    site = std::make_unique<Site>(std::move(options), clock);
  }

  HttpResponse get(const std::string& path, HttpFields query = {}) const {
    HttpRequest request;
    request.path = path;
    request.query = std::move(query);
    request.host = "localhost:8021";
    return site->answer(request);
  }

  base::TemporaryDirectory folder;
  std::string database;
  base::ManualClock clock;
  std::unique_ptr<store::Store> store;
  std::string run_id;
  int reports = 0;
  std::unique_ptr<Site> site;
};

std::string header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("every page is there, of its type, and may not be framed") {
  const Served served;
  const std::vector<std::pair<std::string, std::string>> pages = {{"/", "text/html"},
                                                                  {"/live.js", "text/javascript"},
                                                                  {"/live.css", "text/css"},
                                                                  {"/report", "text/html"},
                                                                  {"/api", "application/json"},
                                                                  {"/api/live.json", "application/json"},
                                                                  {"/api/v_cell.json", "application/json"},
                                                                  {"/api/v_cell.csv", "text/csv"}};
  for (const auto& [path, type] : pages) {
    INFO(path);
    const HttpResponse page = served.get(path);
    CHECK(page.status == 200);
    CHECK(page.content_type.starts_with(type));
    CHECK_FALSE(page.body.empty());
    CHECK(has(header(page, "Content-Security-Policy"), "frame-ancestors 'none'"));
  }
  CHECK(served.get("/metrics").status == 200);
  CHECK(served.get("/health").body == "ok\n");
}

TEST_CASE("paths that climb, and paths that are none, find nothing") {
  const Served served;
  for (const std::string& path : std::vector<std::string>{"/../s.db",
                                                          "/../../etc/passwd",
                                                          "/api/../s.db",
                                                          "/api/../../etc/passwd.csv",
                                                          "/api//etc/passwd.json",
                                                          "/api/.json",
                                                          "/api/.csv",
                                                          "/api/v_cell",
                                                          "/api/v_cell.xml",
                                                          "/report/",
                                                          "/s.db",
                                                          "//",
                                                          "",
                                                          std::string("/api/v_cell\0.json", 17),
                                                          "/api/run.json",
                                                          "/api/sqlite_schema.csv",
                                                          "/api/cell_columns.json",
                                                          "/api/v_cell where 1=1;.json",
                                                          "/api/\"v_cell\".json",
                                                          "/api/<script>alert(1)</script>.json"}) {
    INFO(path);
    const HttpResponse page = served.get(path);
    CHECK(page.status == 404);
    CHECK(page.content_type.starts_with("text/plain"));  // whatever is said back is no markup
  }
}

TEST_CASE("the overview's data has its form and a tag that lets a reader ask for news alone") {
  const Served served;
  const HttpResponse first = served.get("/api/live.json");
  const auto schema = nlohmann::json::parse(base::read_text("harness/serve/live.schema.json").value());
  const auto live = nlohmann::json::parse(first.body);
  CHECK(reports::schema_problem(live, schema).empty());
  CHECK(live["runs"].size() == 1);
  CHECK_FALSE(live["newest"].empty());

  HttpRequest again;
  again.path = "/api/live.json";
  again.if_none_match = header(first, "ETag");
  HttpResponse second = served.site->answer(again);
  CHECK(second.status == 304);
  CHECK(second.body.empty());

  store::SampleOptions options;
  options.seed = 2;
  options.label = "newer";
  options.started_at_ns += 1'000'000'000;
  REQUIRE(store::fill_with_sample_run(*served.store, options));
  const_cast<base::ManualClock&>(served.clock).advance(1'000'000'000);
  second = served.site->answer(again);
  CHECK(second.status == 200);
  CHECK(nlohmann::json::parse(second.body)["runs"][0]["label"] == "newer");
}

TEST_CASE("a run is in progress from its beginning to its end, and no longer") {
  Served served;
  const auto in_progress = [&] {
    served.clock.advance(1'000'000'000);
    return nlohmann::json::parse(served.get("/api/live.json").body)["open"];
  };
  CHECK(in_progress().empty());
  REQUIRE(served.store->begin_run(store::run_for_test("run-now")));
  REQUIRE(in_progress().size() == 1);
  CHECK(in_progress()[0]["run_id"] == "run-now");
  REQUIRE(served.store->end_run({"run-now", 1, false, 1.0}));
  CHECK(in_progress().empty());
}

TEST_CASE("a report is made once for what the database holds, and of the runs that are named") {
  const Served served;
  const HttpResponse report = served.get("/report", {{"run", "latest"}});
  CHECK(report.status == 200);
  CHECK(has(report.body, "Plan sample on 3 boards"));
  CHECK(has(report.body, "<a href=\"/\">"));  // back to the overview
  CHECK(served.get("/report", {{"run", "sample"}}).body == report.body);
  CHECK(served.get("/report", {{"run", served.run_id.substr(0, 13)}}).body == report.body);
  CHECK(served.reports == 1);
  const HttpResponse unknown = served.get("/report", {{"run", "<script>"}});
  CHECK(unknown.status == 404);
  CHECK(unknown.content_type.starts_with("text/plain"));
  CHECK(has(served.get("/report", {{"runs", "latest"}}).body, "did you mean 'run'"));
}

TEST_CASE("tables tell how many rows there are and where the next ones are") {
  const Served served;
  const HttpResponse part = served.get("/api/v_cell.csv", {{"limit", "5"}, {"run", "latest"}});
  CHECK(part.status == 200);
  CHECK(header(part, "Slmrig-Rows") == "5");
  CHECK(header(part, "Slmrig-More-Rows") == "yes");
  CHECK(header(part, "Link") ==
        "</api/v_cell.csv?limit=5&offset=5&run_id=" + served.run_id + ">; rel=\"next\"");
  CHECK(header(served.get("/api/v_cell.csv"), "Slmrig-More-Rows") == "no");
  CHECK(served.get("/api/v_cell.json", {{"varient", "int8"}}).status == 400);
  CHECK(served.get("/api/v_cell.json", {{"run", "no such run"}}).status == 400);
  CHECK(has(served.get("/api/v_sell.json").body, "did you mean 'v_cell'"));
}

TEST_CASE("every public view can be read as JSON and as CSV") {
  const Served served;
  const auto listed = nlohmann::json::parse(served.get("/api").body);
  std::set<std::string> names;
  for (const auto& view : listed["views"]) {
    INFO(view.dump());
    names.insert(view["view"]);
    const auto rows = nlohmann::json::parse(served.get(view["json"], {{"limit", "3"}}).body);
    CHECK(rows.is_array());
    const std::string csv = served.get(view["csv"], {{"limit", "3"}}).body;
    CHECK(csv.starts_with(view["columns"][0].get<std::string>()));
  }
  for (const char* promised : {"v_cell", "v_generation", "v_token", "v_series", "v_run"})
    CHECK(names.contains(promised));
}

TEST_CASE("with a token nothing but health is shown without it") {
  const Served served("0123456789abcdef");
  for (const char* path : {"/", "/live.js", "/live.css", "/report", "/api", "/api/live.json",
                           "/api/v_cell.csv", "/metrics", "/no-such-page"}) {
    INFO(path);
    const HttpResponse refused = served.get(path);
    CHECK(refused.status == 401);
    CHECK(has(header(refused, "WWW-Authenticate"), "Basic"));
  }
  CHECK(served.get("/health").status == 200);
  HttpRequest known;
  known.authorization = "Bearer 0123456789abcdef";
  known.host = "rack.example:8021";
  CHECK(served.site->answer(known).status == 200);
}

TEST_CASE("a name from elsewhere for this host is not answered") {
  const Served served;
  HttpRequest request;
  request.path = "/api/v_cell.csv";
  request.host = "evil.example:8021";
  CHECK(served.site->answer(request).status == 421);
}

TEST_CASE("a database that goes away is said to be away, and comes back") {
  const Served served;
  const std::string aside = served.database + ".aside";
  std::filesystem::rename(served.database, aside);
  for (const char* path : {"/report", "/api", "/api/live.json", "/api/v_cell.csv", "/metrics", "/health"}) {
    INFO(path);
    CHECK(served.get(path).status == 503);
  }
  CHECK_FALSE(has(served.get("/health").body, served.database));
  CHECK(served.get("/").status == 200);
  std::filesystem::rename(aside, served.database);
  CHECK(served.get("/health").status == 200);
  CHECK(served.get("/api/v_cell.csv").status == 200);
}

TEST_CASE("requests are counted by page, never by what a stranger writes") {
  const Served served;
  (void)served.get("/");
  (void)served.get("/api/v_cell.csv");
  (void)served.get("/<made up>");
  const std::string metrics = served.get("/metrics").body;
  CHECK(has(metrics, "slmrig_http_requests_total{page=\"/\"} 1\n"));
  CHECK(has(metrics, "slmrig_http_requests_total{page=\"/api/\"} 1\n"));
  CHECK(has(metrics, "slmrig_http_requests_total{page=\"other\"} 1\n"));
  CHECK_FALSE(has(metrics, "made up"));
  CHECK(has(metrics, "slmrig_build_info{version=\"slmrig <0>\"} 1\n"));
}

}  // namespace slmrig::serve
