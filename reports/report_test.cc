#include "reports/report.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "reports/page_pieces.h"
#include "reports/report_json.h"
#include "reports/testing/sample_run.h"

namespace slmrig::reports {
namespace {

std::string page_of(const store::RunData& run) { return render_report({{&run, 1}, 0, {}}); }

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("the same rows give the same bytes", "[reports]") {
  CHECK(page_of(sample_run()) == page_of(sample_run()));
}

TEST_CASE("hostile names end no element and begin none", "[reports]") {
  const std::string page = page_of(hostile_run());
  CHECK(count(page, "</script>") == count(page_of(sample_run()), "</script>"));
  CHECK(count(page, "<img") == 0);
  CHECK(page.find("<title>slmrig: &lt;/script&gt;") != std::string::npos);
}

TEST_CASE("the page loads nothing from anywhere", "[reports]") {
  const std::string page = render_report({});
  CHECK(page.find("default-src 'none'") != std::string::npos);
  CHECK(page.find("<script src") == std::string::npos);
  CHECK(page.find("<link rel=\"stylesheet\"") == std::string::npos);
  CHECK(page.find("@import") == std::string::npos);
  CHECK(page.find("url(http") == std::string::npos);
}

// Every report is sent with them.
TEST_CASE("script and style stay small", "[reports]") { CHECK(kPageScriptAndStyleBytes < 150'000); }

TEST_CASE("a report is written whole, and a folder that is not there is named", "[reports]") {
  auto folder = base::TemporaryDirectory::create("report");
  REQUIRE(folder);
  const store::RunData run = smallest_run();
  const auto file = folder->path() / "report.html";
  REQUIRE(write_report({{&run, 1}, 0, {}}, file));
  CHECK(base::read_text(file).value() == page_of(run));
  const auto refused = write_report({{&run, 1}, 0, {}}, folder->path() / "absent" / "report.html");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("absent") != std::string::npos);
}

TEST_CASE("text between tags is escaped", "[reports]") {
  CHECK(html_escaped("<a href=\"x\">&'") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
}

}  // namespace slmrig::reports
