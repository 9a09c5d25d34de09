#include "harness/campaign/sentinels.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/base/sha256.h"

namespace slmrig::campaign {
namespace {

namespace fs = std::filesystem;

// A lab with one bench, whose agent and image are made anew by every night's build.
struct Lab {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("sentinel-test").value();
  deploy::Workshop workshop;
  base::ExpandedPlan expanded;

  Lab() {
    base::Bench bench;
    bench.name = "desk";
    bench.board.flasher = "emulator";
    bench.agent = (folder.path() / "build" / "agent.elf").string();
    expanded.rig.benches.push_back(bench);
    for (const auto& [model, variant] : {std::pair{"wrist", "int8"}, std::pair{"sentinel-wrist", "int8"}}) {
      base::Session session;
      session.bench = "desk";
      session.model = model;
      session.variant = variant;
      session.cells.emplace_back();
      expanded.sessions.push_back(session);
    }
    REQUIRE(base::make_directories(folder.path() / "build"));
  }

  void write(const std::string& name, const std::string& content) const {
    REQUIRE(base::write_file_atomically(folder.path() / "build" / name, content));
  }

  // What provision() gives after a build that makes this agent and this image.
  Preparation build(const std::string& agent, const std::string& image) const {
    write("agent.elf", agent);
    write("image.img", image);
    Preparation preparation;
    for (const base::Session& session : expanded.sessions) {
      base::VariantFacts facts;
      facts.model = session.model;
      facts.variant = session.variant;
      facts.image_file = (folder.path() / "build" / "image.img").string();
      facts.image_sha256 = base::sha256_hex_of_file(facts.image_file).value();
      facts.image_bytes = image.size();
      facts.arena_total_bytes = 42;
      preparation.variants.emplace(variant_key(session), facts);
    }
    return preparation;
  }

  base::Done freeze(Preparation& preparation) const {
    return freeze_sentinels(expanded, workshop, folder.path() / "sentinels", preparation);
  }
};

const base::VariantFacts& facts_of(const Preparation& preparation, const std::string& model) {
  return preparation.variants.at({model, "int8", 256, base::KvFormat::kF32}).value();
}

}  // namespace

TEST_CASE("A sentinel keeps the agent and the image of its first night, the others get today's") {
  const Lab lab;
  Preparation first = lab.build("agent one", "image one");
  REQUIRE(lab.freeze(first));
  Preparation later = lab.build("agent two", "image two");
  REQUIRE(lab.freeze(later));
  CHECK(base::read_text(later.frozen_agents.at("desk")).value() == "agent one");
  const base::VariantFacts& sentinel = facts_of(later, "sentinel-wrist");
  CHECK(base::read_text(sentinel.image_file).value() == "image one");
  CHECK(sentinel.image_sha256 == facts_of(first, "sentinel-wrist").image_sha256);
  CHECK(sentinel.image_bytes == 9);
  CHECK(sentinel.arena_total_bytes == 42);
  CHECK(sentinel.model == "sentinel-wrist");
  CHECK(base::read_text(facts_of(later, "wrist").image_file).value() == "image two");
}

TEST_CASE("A kept image that is another file now is refused, with what to do") {
  const Lab lab;
  Preparation first = lab.build("agent", "image");
  REQUIRE(lab.freeze(first));
  REQUIRE(base::write_file_atomically(facts_of(first, "sentinel-wrist").image_file, "rotten"));
  Preparation later = lab.build("agent", "image");
  REQUIRE(lab.freeze(later));
  const auto& variant = later.variants.at({"sentinel-wrist", "int8", 256, base::KvFormat::kF32});
  REQUIRE_FALSE(variant);
  CHECK(variant.error().code == base::ErrorCode::kCorrupt);
  CHECK_THAT(variant.error().message, Catch::Contains("to freeze the sentinels anew"));
}

TEST_CASE("A plan without sentinels keeps nothing, and an agent that is not there is left out") {
  Lab lab;
  Preparation preparation = lab.build("agent", "image");
  fs::remove(lab.folder.path() / "build" / "agent.elf");
  REQUIRE(lab.freeze(preparation));
  CHECK(preparation.frozen_agents.at("desk").empty());
  lab.expanded.sessions.pop_back();
  fs::remove_all(lab.folder.path() / "sentinels");
  Preparation none = lab.build("agent", "image");
  REQUIRE(lab.freeze(none));
  CHECK(none.frozen_agents.empty());
  CHECK_FALSE(fs::exists(lab.folder.path() / "sentinels"));
}

}  // namespace slmrig::campaign
