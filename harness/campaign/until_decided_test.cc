#include "harness/campaign/until_decided.h"

#include <catch2/catch.hpp>

namespace slmrig::campaign {
namespace {

base::ExpandedPlan two_sessions_of_two_variants() {
  base::ExpandedPlan expanded;
  for (uint32_t ordinal = 0; ordinal < 2; ++ordinal) {
    for (const char* variant : {"int8", "int4"}) {
      base::Session session;
      session.session_id = "first";
      session.bench = "desk";
      session.board = "m4";
      session.model = "wrist";
      session.variant = variant;
      session.ordinal = ordinal;
      for (const char* suite : {"intents", "summaries"})
        session.cells.push_back({"cell", suite, {}, "ctx=256"});
      expanded.sessions.push_back(session);
    }
  }
  return expanded;
}

}  // namespace

TEST_CASE("until decided: only undecided cells are repeated, once a round, as sessions of their own") {
  const base::ExpandedPlan expanded = two_sessions_of_two_variants();
  const auto one = sessions_for(expanded, {{"desk", "", "wrist", "int4", "summaries"}}, 2);
  REQUIRE(one.size() == 1);
  CHECK(one.front().variant == "int4");
  REQUIRE(one.front().cells.size() == 1);
  CHECK(one.front().cells.front().suite == "summaries");
  CHECK(one.front().session_id != "first");
  CHECK(one.front().cells.front().cell_id != "cell");
  CHECK(one.front().ordinal == 2);
  CHECK(sessions_for(expanded, {{"desk", "", "wrist", "int4", "summaries"}}, 5).front().ordinal == 5);

  const auto all = sessions_for(expanded, {{"", "m4", "", "", ""}}, 0);
  REQUIRE(all.size() == 2);
  CHECK(all.front().cells.size() == 2);
  CHECK(all[0].session_id != all[1].session_id);
  CHECK(sessions_for(expanded, {{"elsewhere", "", "", "", ""}}, 0).empty());
  CHECK(sessions_for(expanded, {}, 0).empty());
  CHECK(sessions_for(expanded, {{"", "m4", "", "", "", false}}, 0).empty());
}

}  // namespace slmrig::campaign
