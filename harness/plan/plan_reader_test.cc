#include "harness/plan/plan_reader.h"

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/plan/expand.h"

namespace slmrig::plan {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// A project root with two models and two suites, in a folder of its own.
class Root {
 public:
  Root() : folder_(base::TemporaryDirectory::create("plan-test").value()) {
    for (const char* model : {"wrist-nano", "wrist-wide"}) {
      write(std::string("workloads/models/") + model + "/" + model + ".gguf", "GGUF");
    }
    for (const char* suite : {"intents", "summaries"}) {
      write(std::string("workloads/suites/") + suite + ".json",
            std::string(R"({"name":")") + suite + R"(","prompts":[{"id":"a","text":"hello"}]})");
    }
  }

  std::string write(const std::string& name, const std::string& text) {
    const fs::path path = folder_.path() / name;
    fs::create_directories(path.parent_path());
    REQUIRE(base::write_file_atomically(path, text));
    return path.string();
  }

  base::Result<base::Plan> load(const std::string& text) {
    return load_plan(write("workloads/plans/p.json", text), path());
  }

  std::string path() const { return folder_.path().string(); }

 private:
  base::TemporaryDirectory folder_;
};

std::string error_of(Root& root, const std::string& text) {
  const auto plan = root.load(text);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().code == base::ErrorCode::kBadInput);
  return plan.error().text();
}

TEST_CASE("a plan for a gate makes five sessions, unless it says how many") {
  Root root;
  const auto sessions = [&](const std::string& more) {
    const auto plan = root.load(
        R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intents"])" + more + "}");
    REQUIRE(plan);
    return plan->settings.sessions;
  };
  CHECK(sessions("") == 1);
  CHECK(sessions(R"(,"purpose":"look")") == 1);
  CHECK(sessions(R"(,"purpose":"gate")") == 5);
  CHECK(sessions(R"(,"purpose":"gate","settings":{"sessions":2})") == 2);
  CHECK_THAT(error_of(root, R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intents"],
    "purpose":"gaet"})"),
             Contains("purpose") && Contains("gate"));
}

TEST_CASE("A plan with everything in it is read as written") {
  Root root;
  root.write("workloads/plans/own.json", R"({"name":"own","prompts":[{"id":"x","text":"t"}]})");
  const auto plan = root.load(R"({
    "$schema": "plan.schema.json", "name": "all", "benches": ["mps*"],
    "models": ["wrist-nano", {"name": "mine", "file": "../models/wrist-wide/wrist-wide.gguf"}],
    "variants": ["f32", "int8"], "suites": ["intents", {"file": "own.json"}],
    "settings": {"context_tokens": 128, "repeats": 2},
    "overrides": [{"where": {"board": "mps*"}, "set": {"prompts": 4}}],
    "order_seed": 7, "engine": "other"})");
  REQUIRE(plan);
  CHECK(plan->name == "all");
  CHECK(plan->benches == std::vector<std::string>{"mps*"});
  REQUIRE(plan->models.size() == 2);
  CHECK(plan->models[0].name == "wrist-nano");
  CHECK(plan->models[1].name == "mine");
  CHECK(fs::equivalent(plan->models[1].file,
                       fs::path(root.path()) / "workloads/models/wrist-wide/wrist-wide.gguf"));
  REQUIRE(plan->suites.size() == 2);
  CHECK(plan->suites[1].name == "own");
  CHECK(plan->settings.context_tokens == 128);
  CHECK(plan->settings.repeats == 2);
  CHECK(plan->settings.cold_starts == 1);
  REQUIRE(plan->overrides.size() == 1);
  CHECK(plan->overrides[0].set.at("prompts") == 4);
  CHECK(plan->order_seed == 7);
  CHECK(plan->engine == "other");
  CHECK(plan->sha256.size() == 64);
  CHECK_THAT(plan->text, Contains("\"all\""));
}

TEST_CASE("A bundled plan is found by its bare name, and a wrong one comes with the nearest") {
  Root root;
  root.write("workloads/plans/nightly.json",
             R"({"name":"nightly","models":["wrist-nano"],"variants":["f32"],"suites":["intents"]})");
  CHECK(load_plan("nightly", root.path()));
  const auto refused = load_plan("nigthly", root.path());
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().text(),
             Contains("unknown plan 'nigthly'") && Contains("did you mean 'nightly'"));
  const auto missing = load_plan("no/such.json", root.path());
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().text(), Contains("no/such.json"));
}

TEST_CASE("A sentinel is a model of its own name, and no other model may have such a name") {
  Root root;
  const auto plan = root.load(R"({"name":"p","models":["wrist-wide"],"variants":["f32"],"suites":["intents"],
    "sentinels":[{"model":"wrist-nano","variant":"int8"}]})");
  REQUIRE(plan);
  REQUIRE(plan->models.size() == 2);
  CHECK(plan->models[1].name == "sentinel-wrist-nano");
  CHECK(plan->models[1].file == root.path() + "/workloads/models/wrist-nano/wrist-nano.gguf");
  CHECK(plan->variants == std::vector<std::string>{"f32", "int8"});
  base::Rig rig;
  rig.benches.emplace_back().name = "desk";
  const auto expanded = expand(*plan, rig, {}, [] { return std::string("id"); });
  REQUIRE(expanded);
  std::vector<std::string> pairs;
  for (const base::Session& session : expanded->sessions)
    pairs.push_back(session.model + " " + session.variant);
  std::sort(pairs.begin(), pairs.end());
  CHECK(pairs == std::vector<std::string>{"sentinel-wrist-nano int8", "wrist-wide f32"});
  CHECK_THAT(error_of(root, R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intents"],
    "sentinels":[{"model":"wrist-nanp","variant":"int8"}]})"),
             Contains("sentinels[0]") && Contains("did you mean 'wrist-nano'"));
  CHECK_THAT(error_of(root, R"({"name":"p","models":[{"name":"sentinel-x","file":"wrist-nano"}],
    "variants":["f32"],"suites":["intents"]})"),
             Contains("'sentinel-x' has the name of a sentinel"));
}

TEST_CASE(
    "Unknown models, suites, keys and settings are refused with the file, the key and the nearest name") {
  Root root;
  CHECK_THAT(
      error_of(root, R"({"name":"p","models":["wrist-nanp"],"variants":["f32"],"suites":["intents"]})"),
      Contains("p.json") && Contains("models") && Contains("did you mean 'wrist-nano'"));
  CHECK_THAT(error_of(root, R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intent"]})"),
             Contains("suites") && Contains("did you mean 'intents'"));
  CHECK_THAT(error_of(root, R"({"name":"p","model":["wrist-nano"],"variants":["f32"],"suites":["intents"]})"),
             Contains("models"));
  CHECK_THAT(error_of(root, R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intents"],
                               "settings":{"repeat":2}})"),
             Contains("settings") && Contains("did you mean 'repeats'"));
  CHECK_THAT(error_of(root, R"({"name":"p","models":["x.gguf"],"variants":["f32"],"suites":["intents"]})"),
             Contains("no such file: x.gguf"));
}

TEST_CASE("Values of a wrong type or out of range are refused with their key") {
  Root root;
  const auto with_settings = [&](const std::string& settings) {
    return error_of(
        root, R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intents"],"settings":)" +
                  settings + "}");
  };
  CHECK_THAT(with_settings(R"({"repeats":0})"), Contains("settings.repeats"));
  CHECK_THAT(with_settings(R"({"repeats":-1})"), Contains("settings.repeats"));
  CHECK_THAT(with_settings(R"({"sessions":"3"})"), Contains("settings.sessions"));
  CHECK_THAT(with_settings("[]"), Contains("settings"));
  CHECK_THAT(error_of(root, R"({"name":"p","models":[],"variants":["f32"],"suites":["intents"]})"),
             Contains("models"));
  CHECK_THAT(error_of(root, R"({"name":"p","models":[7],"variants":["f32"],"suites":["intents"]})"),
             Contains("models[0]"));
  CHECK_THAT(error_of(root, R"({"name":"p","models":["wrist-nano"],"variants":[],"suites":["intents"]})"),
             Contains("variants"));
}

TEST_CASE("What the energy pass does is read, and refused where it makes no sense") {
  Root root;
  const std::string head =
      R"({"name": "p", "models": ["wrist-nano"], "variants": ["f32"], "suites": ["intents"])";
  const base::Plan plain = root.load(head + "}").value();
  CHECK(plain.energy.prompts == 2);
  CHECK(plain.energy.repeats == 1);
  const base::Plan plan =
      root.load(head + R"(, "energy": {"prompts": 3, "repeats": 20, "until_half_width_percent": 0.5,
                                       "idle_ms": 1000}})")
          .value();
  CHECK(plan.energy.prompts == 3);
  CHECK(plan.energy.repeats == 20);
  CHECK(plan.energy.most_repeats == 20);
  CHECK(plan.energy.until_half_width_percent == 0.5);
  CHECK(plan.energy.idle_ms == 1000);
  CHECK(plan.energy.windows == 0);
  const base::EnergySettings tiny =
      root.load(head +
                R"(, "energy": {"windows": 5, "window_s": 12.5, "window_limit_s": 60, "cold_starts": 0}})")
          .value()
          .energy;
  CHECK(tiny.windows == 5);
  CHECK(tiny.window_s == 12.5);
  CHECK(tiny.window_limit_s == 60);
  CHECK(tiny.cold_starts == 0);
  CHECK_THAT(error_of(root, head + R"(, "energy": {"windows": 5, "repeats": 2}})"),
             Contains("energy.repeats: stands beside \"windows\""));
  CHECK_THAT(error_of(root, head + R"(, "energy": {"window_s": 5}})"), Contains("energy.windows: is 0"));
  CHECK_THAT(error_of(root, head + R"(, "energy": {"repeats": 5, "most_repeats": 2}})"),
             Contains("energy.most_repeats: is 2, less than the 5"));
  CHECK_THAT(error_of(root, head + R"(, "energy": {"prompt": 5}})"), Contains("did you mean 'prompts'?"));
}

TEST_CASE("Supply voltages are stated, or those of a battery that empties; highest first") {
  Root root;
  const std::string head =
      R"({"name": "p", "models": ["wrist-nano"], "variants": ["f32"], "suites": ["intents"])";
  CHECK(root.load(head + "}").value().supply_mv.empty());
  CHECK(root.load(head + R"(, "supply_mv": [1800, 3300, 3300, 2500]})").value().supply_mv ==
        std::vector<int>{3300, 2500, 1800});
  CHECK_THAT(error_of(root, head + R"(, "supply_mv": []})"), Contains("supply_mv: expected a list"));
  CHECK_THAT(error_of(root, head + R"(, "supply_mv": [3300, -5]})"), Contains("from 1 to 60000"));
  CHECK_THAT(error_of(root, head + R"(, "discharge": {"battery": "nothing", "remaining_percent": [50]}})"),
             Contains("unknown battery 'nothing'"));
  CHECK_THAT(error_of(root, head + R"(, "supply_mv": [3300],
                                       "discharge": {"battery": "x", "remaining_percent": [50]}})"),
             Contains("discharge: stands beside"));
}

TEST_CASE(
    "A battery's file lies beside the plan, wherever one stands; one that is nowhere is looked for in "
    "words") {
  Root root;
  root.write("workloads/plans/cells/own.json",
             R"({"name": "own", "source": "a test",
                 "curve": [{"remaining_percent": 100, "mv": 3000}, {"remaining_percent": 0, "mv": 2000}]})");
  const std::string plan =
      R"({"name": "p", "models": ["wrist-nano"], "variants": ["f32"], "suites": ["intents"],
                               "discharge": {"battery": "cells/BATTERY.json", "remaining_percent": [50]}})";
  const auto naming = [&](const std::string& battery) {
    std::string text = plan;
    return text.replace(text.find("BATTERY"), 7, battery);
  };
  CHECK(root.load(naming("own")).value().supply_mv == std::vector<int>{2500});
  CHECK_THAT(error_of(root, naming("none")), Contains("discharge.battery") && Contains("cells/none.json") &&
                                                 Contains(root.path() + "/workloads/plans/cells/none.json"));
  root.write("workloads/plans/cells/bad.json", R"({"name": "bad", "source": "a test", "curve": []})");
  CHECK_THAT(error_of(root, naming("bad")), Contains("workloads/plans/cells/bad.json") && Contains("curve"));
}

TEST_CASE("How keys and values are kept is one of three words") {
  Root root;
  const auto with_kv = [&](const std::string& kv) {
    return R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intents"],
               "settings":{"kv":)" +
           kv + R"(},"overrides":[{"where":{"board":"mps*"},"set":{"kv":"f16"}}]})";
  };
  const auto plan = root.load(with_kv(R"("int8")"));
  REQUIRE(plan);
  CHECK(plan->settings.kv == base::KvFormat::kInt8);
  CHECK(plan->overrides[0].set.at("kv") == static_cast<uint32_t>(base::KvFormat::kF16));
  CHECK_THAT(error_of(root, with_kv(R"("f15")")), Contains("settings.kv") && Contains("f16"));
  CHECK_THAT(error_of(root, with_kv("1")), Contains("settings.kv"));
}

TEST_CASE("A name that stands twice is refused, since its cells could not be told apart") {
  Root root;
  CHECK_THAT(
      error_of(
          root,
          R"({"name":"p","models":["wrist-nano","wrist-nano"],"variants":["f32"],"suites":["intents"]})"),
      Contains("'wrist-nano' stands here twice"));
  CHECK_THAT(
      error_of(root, R"({"name":"p","models":["wrist-nano"],"variants":["f32","f32"],"suites":["intents"]})"),
      Contains("'f32' stands here twice"));
}

TEST_CASE("A setting that belongs to a session cannot be given to one suite") {
  Root root;
  CHECK_THAT(error_of(root, R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intents"],
                    "overrides":[{"where":{"suite":"intents"},"set":{"context_tokens":64}}]})"),
             Contains("overrides[0]") && Contains("belongs to a session"));
}

TEST_CASE("A plan that is cut short anywhere gives an error and never a half plan") {
  Root root;
  const std::string whole =
      R"({"name":"p","models":["wrist-nano"],"variants":["f32"],"suites":["intents"],"settings":{"repeats":2}})";
  REQUIRE(root.load(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto plan = root.load(whole.substr(0, length));
    REQUIRE_FALSE(plan);
    CHECK_THAT(plan.error().text(), Contains("p.json"));
  }
}

TEST_CASE("The bundled plans are good plans") {
  for (const char* name : {"demo", "smoke"}) {
    const auto plan = load_plan(name, fs::current_path().string());
    INFO((plan ? "" : plan.error().text()));
    CHECK(plan);
  }
}

}  // namespace
}  // namespace slmrig::plan
