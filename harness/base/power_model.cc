#include "harness/base/power_model.h"

#include <fmt/format.h>

namespace slmrig::base {
namespace {

constexpr uint64_t kMaxMillivolts = 60'000;
constexpr double kMaxMicroamperes = 1e7;

}  // namespace

SafeVoltages read_safe_voltages(JsonObject& board) {
  SafeVoltages voltages;
  const nlohmann::json* given = board.raw("safe_voltages_mv");
  if (given == nullptr || given->is_null()) return voltages;
  JsonObject object = board.required_object("safe_voltages_mv");
  voltages.minimum_mv = static_cast<int>(object.required_uint("minimum", 1, kMaxMillivolts));
  voltages.maximum_mv = static_cast<int>(object.required_uint("maximum", 1, kMaxMillivolts));
  voltages.nominal_mv = static_cast<int>(object.required_uint("nominal", 1, kMaxMillivolts));
  if (voltages.minimum_mv > voltages.nominal_mv || voltages.nominal_mv > voltages.maximum_mv) {
    object.fail("nominal", fmt::format("is {}, which does not lie between minimum {} and maximum {}",
                                       voltages.nominal_mv, voltages.minimum_mv, voltages.maximum_mv));
  }
  return voltages;
}

PowerModel read_power_model(JsonObject& board) {
  PowerModel model;
  if (!board.has("power_model")) return model;
  JsonObject object = board.required_object("power_model");
  model.cycles_per_instruction = object.optional_number("cycles_per_instruction", 0, 0.1, 100);
  if (!object.has("cycles_per_instruction")) {
    object.fail("cycles_per_instruction", "is missing: without it there is no modelled time");
  }
  const auto current = [&](const char* key) { return object.optional_number(key, 0, 0, kMaxMicroamperes); };
  model.idle_ua = current("idle_ua");
  model.load_ua = current("load_ua");
  model.prefill_ua = current("prefill_ua");
  model.decode_ua = current("decode_ua");
  model.token_pulse_ua = current("token_pulse_ua");
  model.token_pulse_us = object.optional_number("token_pulse_us", 0, 0, 1e6);
  for (const char* key : {"idle_ua", "load_ua", "prefill_ua", "decode_ua"}) {
    if (!object.has(key)) object.fail(key, "is missing");
  }
  JsonObject sources = object.required_object("sources");
  for (const char* key : {"clock_hz", "cycles_per_instruction", "currents"}) {
    model.sources[key] = sources.required_string(key);
  }
  return model;
}

double modelled_seconds(uint64_t ticks, const TickScale& scale, const PowerModel& model, uint64_t clock_hz) {
  const double instructions = static_cast<double>(scale.convert(ticks));
  return clock_hz == 0 ? 0.0 : instructions * model.cycles_per_instruction / static_cast<double>(clock_hz);
}

}  // namespace slmrig::base
