#include "harness/serve/view_request.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/store/sample_data.h"

namespace slmrig::serve {
namespace {

using base::ErrorCode;

struct Sample {
  Sample() : folder(std::move(*base::TemporaryDirectory::create("views"))), database(folder.path() / "s.db") {
    store = std::move(*store::open_store(database));
    store::SampleOptions options;
    options.prompts_native = 3;
    REQUIRE(store::fill_with_sample_run(*store, options));
    const std::vector<std::string> names = public_view_names(database).value();
    for (const std::string& name : names) {
      views.push_back(public_view(database, name).value());
    }
  }

  const PublicView& view(const std::string& name) const {
    const auto found =
        std::find_if(views.begin(), views.end(), [&](const PublicView& each) { return each.name == name; });
    REQUIRE(found != views.end());
    return *found;
  }
  TableText table(const std::string& name, const HttpFields& query, TableForm form = TableForm::kJson,
                  std::size_t most_bytes = 1'000'000) const {
    const auto request = view_request(view(name), query);
    REQUIRE(request);
    const auto text = table_text(database, *request, form, most_bytes, [] { return false; });
    if (!text) FAIL(text.error().text());
    return *text;
  }
  std::size_t count(const std::string& name, HttpFields query) const {
    query.emplace_back("limit", "100000");
    return table(name, query).rows;
  }

  base::TemporaryDirectory folder;
  std::string database;
  std::unique_ptr<store::Store> store;
  std::vector<PublicView> views;
};

}  // namespace

TEST_CASE("the public views are offered with their columns, and nothing else is") {
  const Sample sample;
  const auto& columns = sample.view("v_cell").columns;
  CHECK(columns.front() == "run_id");
  CHECK(columns.back() == "trust");
  CHECK(sample.views.size() >= 16);
  for (const PublicView& view : sample.views) CHECK(view.name.starts_with("v_"));
  for (const char* name : {"run", "cell_columns", "sqlite_schema", "v_cell\" --", ""}) {
    INFO(name);
    CHECK(public_view(sample.database, name).error().code == ErrorCode::kBadInput);
  }
  CHECK(public_view(sample.database, "v_sell").error().text().find("did you mean 'v_cell'") !=
        std::string::npos);
}

TEST_CASE("columns narrow a table: one of the values of each, numbers and NULL too") {
  const Sample sample;
  const std::size_t all = sample.count("v_cell", {});
  CHECK(all == 24);
  CHECK(sample.count("v_cell", {{"variant", "int8"}}) + sample.count("v_cell", {{"variant", "f32"}}) == all);
  CHECK(sample.count("v_cell", {{"variant", "int8"}, {"variant", "f32"}}) == all);
  CHECK(sample.count("v_cell", {{"variant", "int8"}, {"board", "native"}}) == 4);
  CHECK(sample.count("v_token", {{"token_index", "0"}}) == sample.count("v_generation", {}));
  CHECK(sample.count("v_cell", {{"reason", ""}}) > 0);
  CHECK(sample.count("v_cell", {{"reason", ""}}) < all);
}

TEST_CASE("a value is never SQL, and a name that is no column is refused with the nearest") {
  const Sample sample;
  for (const char* value : {"' or 1=1 --", "int8' or '1'='1", "\"", "int8;drop table run", "%", "null"}) {
    CHECK(sample.count("v_cell", {{"variant", value}}) == 0);
  }
  for (const char* key :
       {"variant' or 1=1", "variant\" or 1=1 --", "1=1 or variant", "varient", "", "rowid"}) {
    INFO(key);
    const auto refused = view_request(sample.view("v_cell"), {{key, "int8"}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kBadInput);
  }
  const auto near = view_request(sample.view("v_cell"), {{"varient", "int8"}});
  CHECK(near.error().text().find("did you mean 'variant'") != std::string::npos);
  CHECK_FALSE(view_request(sample.view("v_cell"), {{"order", "variant; drop table run"}}));
  CHECK(sample.count("v_run", {}) == 1);
}

TEST_CASE("limits and offsets are whole numbers in range") {
  const Sample sample;
  for (const char* limit : {"0", "-1", "1.5", "x", "", "100001", "99999999999999999999"}) {
    INFO(limit);
    CHECK_FALSE(view_request(sample.view("v_cell"), {{"limit", limit}}));
  }
  CHECK_FALSE(view_request(sample.view("v_cell"), {{"offset", "-1"}}));
  HttpFields many;
  for (int i = 0; i < 65; ++i) many.emplace_back("variant", "int8");
  CHECK_FALSE(view_request(sample.view("v_cell"), many));
}

TEST_CASE("pages of a table follow one another without a gap, in the order asked for") {
  const Sample sample;
  std::vector<std::string> seen;
  HttpFields query = {{"limit", "10"}, {"order", "-cell_id"}};
  for (std::size_t offset = 0; offset < 30; offset += 10) {
    HttpFields page = query;
    page.emplace_back("offset", std::to_string(offset));
    const TableText table = sample.table("v_cell", page);
    CHECK(table.more == (offset < 20));
    for (const auto& row : nlohmann::json::parse(table.text)) seen.push_back(row["cell_id"]);
  }
  CHECK(seen.size() == 24);
  CHECK(std::is_sorted(seen.rbegin(), seen.rend()));
  const auto request =
      view_request(sample.view("v_cell"), {{"limit", "10"}, {"order", "-cell_id"}, {"suite", "a&b"}});
  CHECK(next_query(*request, 10) == "?limit=10&offset=10&order=-cell_id&suite=a%26b");
}

TEST_CASE("a table that grows too long ends at a row and says that there is more") {
  const Sample sample;
  const TableText json = sample.table("v_token", {}, TableForm::kJson, 5'000);
  CHECK(json.more);
  CHECK(json.text.size() < 6'000);
  CHECK(nlohmann::json::parse(json.text).size() == json.rows);
  const TableText csv = sample.table("v_token", {}, TableForm::kCsv, 5'000);
  CHECK(std::count(csv.text.begin(), csv.text.end(), '\n') == static_cast<std::ptrdiff_t>(csv.rows) + 1);
  CHECK(sample.table("v_cell", {{"variant", "none"}}).text == "[]\n");
  CHECK(
      sample.table("v_cell", {{"variant", "none"}}, TableForm::kCsv).text.starts_with("run_id,session_id,"));
}

TEST_CASE("a query that takes too long is stopped") {
  const Sample sample;
  const auto request = view_request(sample.view("v_token"), {{"limit", "100000"}});
  const auto stopped =
      table_text(sample.database, *request, TableForm::kCsv, 100'000'000, [] { return true; });
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == ErrorCode::kTimeout);
}

}  // namespace slmrig::serve
