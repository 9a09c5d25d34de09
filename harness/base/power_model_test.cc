#include "harness/base/power_model.h"

#include <catch2/catch.hpp>
#include <string>

namespace slmrig::base {
namespace {

// The error that reading `text` as a board notes; empty: none.
std::string error_of(const std::string& text, SafeVoltages* voltages, PowerModel* model) {
  JsonDocument document = JsonDocument::parse(text, "board.json").value();
  JsonObject root = document.root();
  *voltages = read_safe_voltages(root);
  *model = read_power_model(root);
  const Done done = document.finish();
  return done ? "" : done.error().text();
}

const std::string kModel =
    R"("power_model": {"cycles_per_instruction": 1.5, "idle_ua": 100, "load_ua": 4000, "prefill_ua": 6000,
    "decode_ua": 5000, "token_pulse_ua": 50, "token_pulse_us": 20,
    "sources": {"clock_hz": "a", "cycles_per_instruction": "b", "currents": "c"}})";

}  // namespace

TEST_CASE("voltages and a power model are read") {
  SafeVoltages voltages;
  PowerModel model;
  const std::string board =
      R"({"safe_voltages_mv": {"minimum": 1800, "maximum": 3600, "nominal": 3300}, )" + kModel + "}";
  CHECK(error_of(board, &voltages, &model).empty());
  CHECK(voltages.minimum_mv == 1800);
  CHECK(voltages.maximum_mv == 3600);
  CHECK(voltages.nominal_mv == 3300);
  CHECK(model.cycles_per_instruction == 1.5);
  CHECK(model.decode_ua == 5000);
  CHECK(model.token_pulse_us == 20);
  CHECK(model.sources.at("currents") == "c");
}

TEST_CASE("a board without them has none") {
  SafeVoltages voltages;
  PowerModel model;
  CHECK(error_of(R"({"safe_voltages_mv": null})", &voltages, &model).empty());
  CHECK(voltages.maximum_mv == 0);
  CHECK(model.cycles_per_instruction == 0);
}

TEST_CASE("voltages and models that make no sense are refused with their key") {
  SafeVoltages voltages;
  PowerModel model;
  CHECK_THAT(error_of(R"({"safe_voltages_mv": {"minimum": 1800, "maximum": 3300, "nominal": 5000}})",
                      &voltages, &model),
             Catch::Contains("safe_voltages_mv.nominal: is 5000, which does not lie between"));
  CHECK_THAT(error_of(R"({"safe_voltages_mv": {"minimum": 1800, "maximum": 3300}})", &voltages, &model),
             Catch::Contains("nominal"));
  CHECK_THAT(error_of(R"({"power_model": {"idle_ua": 1}})", &voltages, &model),
             Catch::Contains("power_model.cycles_per_instruction: is missing"));
}

TEST_CASE("modelled time is instructions times cycles over the clock") {
  PowerModel model;
  model.cycles_per_instruction = 1.6;
  // 512 ticks are 125 instructions, of 1.6 cycles each: 200 cycles of 32 MHz.
  CHECK(modelled_seconds(512, {true, 125, 512}, model, 32'000'000) == Approx(6.25e-6));
}

}  // namespace slmrig::base
