#include "harness/campaign/resume.h"

#include <catch2/catch.hpp>

namespace slmrig::campaign {
namespace {

using base::CellStatus;

base::Cell cell(const std::string& id, const std::string& suite) {
  base::Cell cell;
  cell.cell_id = id;
  cell.suite = suite;
  cell.settings_text = "ctx=256";
  return cell;
}

base::Session session(const std::string& id, const std::string& variant) {
  base::Session session;
  session.session_id = id;
  session.bench = "native";
  session.model = "m";
  session.variant = variant;
  session.cells = {cell(id + "-a", "a"), cell(id + "-b", "b")};
  return session;
}

store::CellData row(const std::string& id, const std::string& suite, CellStatus status) {
  store::CellData data;
  data.cell.cell_id = id;
  data.cell.suite = suite;
  data.cell.settings = "ctx=256";
  data.cell.status = status;
  data.cell.ended_at_ns = 1;
  return data;
}

store::SessionData session_row(const std::string& id, const std::string& variant) {
  store::SessionData data;
  data.session.session_id = id;
  data.session.bench = "native";
  data.session.model = "m";
  data.session.variant = variant;
  data.session.attempt = 2;
  return data;
}

base::ExpandedPlan three_sessions() {
  base::ExpandedPlan expanded;
  expanded.sessions = {session("new1", "f32"), session("new2", "int8"), session("new3", "int4")};
  return expanded;
}

TEST_CASE("Cells that ended are done; interrupted ones and those never begun are left, with their old ids") {
  store::RunData rows;
  rows.sessions = {session_row("old1", "f32"), session_row("old2", "int8")};
  rows.sessions[0].cells = {row("old1-a", "a", CellStatus::kOk), row("old1-b", "b", CellStatus::kFailed)};
  rows.sessions[1].cells = {row("old2-a", "a", CellStatus::kUnfit),
                            row("old2-b", "b", CellStatus::kInterrupted)};
  const Remaining remaining = remaining_of(three_sessions(), rows);
  REQUIRE(remaining.expanded.sessions.size() == 2);
  const base::Session& again = remaining.expanded.sessions[0];
  CHECK(again.session_id == "old2");
  REQUIRE(again.cells.size() == 1);
  CHECK(again.cells[0].cell_id == "old2-b");
  CHECK(remaining.attempts.at("old2") == 2);
  const base::Session& fresh = remaining.expanded.sessions[1];
  CHECK(fresh.session_id == "new3");
  CHECK(fresh.cells.size() == 2);
  CHECK_FALSE(remaining.attempts.contains("new3"));
}

TEST_CASE("A cell whose process died in the middle of it has no end and is left") {
  store::RunData rows;
  rows.sessions = {session_row("old1", "f32")};
  rows.sessions[0].cells = {row("old1-a", "a", CellStatus::kInterrupted)};
  rows.sessions[0].cells[0].cell.ended_at_ns.reset();
  const Remaining remaining = remaining_of(three_sessions(), rows);
  REQUIRE(remaining.expanded.sessions.size() == 3);
  CHECK(remaining.expanded.sessions[0].cells[0].cell_id == "old1-a");
  CHECK(remaining.expanded.sessions[0].cells[1].cell_id == "new1-b");
}

TEST_CASE("A session of another ordinal or of other settings is another one") {
  store::RunData rows;
  rows.sessions = {session_row("old1", "f32")};
  rows.sessions[0].session.ordinal = 1;
  rows.sessions[0].cells = {row("old1-a", "a", CellStatus::kOk)};
  CHECK(remaining_of(three_sessions(), rows).expanded.sessions[0].session_id == "new1");
  rows.sessions[0].session.ordinal = 0;
  rows.sessions[0].cells[0].cell.settings = "ctx=128";
  CHECK(remaining_of(three_sessions(), rows).expanded.sessions[0].cells.size() == 2);
}

TEST_CASE("Nothing is left of a run whose cells have all ended") {
  store::RunData rows;
  for (const char* variant : {"f32", "int8", "int4"}) {
    rows.sessions.push_back(session_row(std::string("old-") + variant, variant));
    rows.sessions.back().cells = {row("x", "a", CellStatus::kOk), row("y", "b", CellStatus::kOk)};
  }
  CHECK(remaining_of(three_sessions(), rows).expanded.sessions.empty());
}

}  // namespace
}  // namespace slmrig::campaign
