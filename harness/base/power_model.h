// Reading what board.json says of supply voltages and of the modelled power of an emulated board: for the rig
// file's reader and for the virtual meter, which must agree.
#pragma once

#include "harness/base/json_reader.h"
#include "harness/base/records/board.h"

namespace slmrig::base {

// Of the board's root object: "safe_voltages_mv", absent or null where no voltage may be set.
SafeVoltages read_safe_voltages(JsonObject& board);

// Of the board's root object: "power_model", absent where there is none.
PowerModel read_power_model(JsonObject& board);

// Seconds of a real board's time for `ticks` of the emulated one: instructions x cycles / clock.
double modelled_seconds(uint64_t ticks, const TickScale& scale, const PowerModel& model, uint64_t clock_hz);

}  // namespace slmrig::base
