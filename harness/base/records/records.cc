#include "harness/base/records/run_record.h"

#include <algorithm>

#include "harness/base/error.h"

namespace slmrig::base {

std::string_view to_string(Tier tier) {
  switch (tier) {
    case Tier::kHardware: return "hardware";
    case Tier::kEmulated: return "emulated";
    case Tier::kFunctional: return "functional";
    case Tier::kModelled: return "modelled";
  }
  return "unknown";
}

std::optional<Tier> parse_tier(std::string_view text) {
  for (Tier tier : {Tier::kHardware, Tier::kEmulated, Tier::kFunctional, Tier::kModelled}) {
    if (text == to_string(tier)) return tier;
  }
  return std::nullopt;
}

int64_t TickScale::convert(uint64_t ticks) const {
  __extension__ using Wide = unsigned __int128;
  const Wide doubled = Wide{ticks} * numerator * 2 + denominator;
  return static_cast<int64_t>(doubled / (Wide{denominator} * 2));
}

std::string_view to_string(KvFormat format) {
  switch (format) {
    case KvFormat::kF32: return "f32";
    case KvFormat::kF16: return "f16";
    case KvFormat::kInt8: return "int8";
  }
  return "unknown";
}

std::string_view to_string(CellStatus status) {
  switch (status) {
    case CellStatus::kOk: return "ok";
    case CellStatus::kFailed: return "failed";
    case CellStatus::kUnfit: return "unfit";
    case CellStatus::kNotApplicable: return "not_applicable";
    case CellStatus::kInterrupted: return "interrupted";
  }
  return "unknown";
}

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kPrefill: return "prefill";
    case Phase::kDecode: return "decode";
  }
  return "unknown";
}

std::string_view to_string(EnergyPhase phase) {
  switch (phase) {
    case EnergyPhase::kIdle: return "idle";
    case EnergyPhase::kBoot: return "boot";
    case EnergyPhase::kLoad: return "load";
    case EnergyPhase::kPrefill: return "prefill";
    case EnergyPhase::kDecode: return "decode";
  }
  return "unknown";
}

std::optional<EnergyPhase> parse_energy_phase(std::string_view text) {
  for (std::size_t i = 0; i < kEnergyPhaseCount; ++i) {
    if (text == to_string(static_cast<EnergyPhase>(i))) return static_cast<EnergyPhase>(i);
  }
  return std::nullopt;
}

std::string_view to_string(RooflineKind kind) {
  switch (kind) {
    case RooflineKind::kKernel: return "kernel";
    case RooflineKind::kMemory: return "memory";
  }
  return "unknown";
}

std::string_view to_string(Finish finish) {
  switch (finish) {
    case Finish::kEndToken: return "end_token";
    case Finish::kLength: return "length";
    case Finish::kContextFull: return "context_full";
  }
  return "unknown";
}

GenerationSettings generation_settings(const CellSettings& settings, const Suite& suite) {
  GenerationSettings generation = suite.generation;
  if (settings.max_new_tokens != 0) generation.max_new_tokens = settings.max_new_tokens;
  return generation;
}

std::size_t prompt_count(const CellSettings& settings, const Suite& suite) {
  const std::size_t all = suite.prompts.size();
  return settings.prompts == 0 ? all : std::min<std::size_t>(settings.prompts, all);
}

const Suite& suite_of(const Plan& plan, const Cell& cell) {
  const auto found = std::find_if(plan.suites.begin(), plan.suites.end(),
                                  [&](const SuiteRef& ref) { return ref.name == cell.suite; });
  SLMRIG_CHECK(found != plan.suites.end());
  return found->suite;
}

}  // namespace slmrig::base
