// The parts of intent_specs(), by subject.
#pragma once

#include "workloads/forge/corpus_intents.h"

namespace slmrig::forge {

std::span<const IntentSpec> device_intents();  // music, volume, screen, radios, apps
std::span<const IntentSpec> body_intents();    // workouts, heart, sleep, steps, logs
std::span<const IntentSpec> day_intents();     // timers, calls, messages, weather, ways, calendar, questions

}  // namespace slmrig::forge
