// Why an energy is to be doubted, in words that name what was found and what was expected. Shown, never gated
// on. Not for users: energy.h.
#pragma once

#include <string>
#include <vector>

#include "harness/analyse/energy.h"

namespace slmrig::analyse {

// Of one phase: lost samples, saturation, invalid samples, range chatter, ranges without calibration, content
// beyond what the meter can sample, idle power that drifted.
std::vector<std::string> phase_doubts(const base::PhaseEnergy& phase, const Measured& measured,
                                      const UncertaintyInputs& about);

// Of the whole measurement: no idle, the meter's clock, supply, temperature.
std::vector<std::string> measurement_doubts(const PassWindows& windows, const EnergyInputs& inputs,
                                            const Baseline& baseline);

// Why tokens of a generation cannot be told apart; empty: they can.
std::string refusal_of_tokens(const GenerationWindows& windows, const ExpectedGeneration& expected,
                              const UncertaintyInputs& about);

}  // namespace slmrig::analyse
