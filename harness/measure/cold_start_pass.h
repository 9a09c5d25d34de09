// The energy of a session's cold starts: the board is reset and loads its model a few times more while the
// bench's power meter samples. Part of measure_session (session.h), the last thing in it: what is loaded
// afterwards was loaded by this pass.
//
//   each: meter on, idle, reset (boot), load with markers, idle, meter off and drained
//
// Boot and load are told by the marker lines alone (wire/marker_edges.h): a meter without them, and a board
// whose port does not mark its boot, have no such energy. A board is reset and not cut from its supply, which
// belongs to the meter's owner as long as it samples: the boot begins with the reset.
#pragma once

#include "harness/measure/energy_pass.h"

namespace slmrig::measure {

// What goes wrong on board, meter or disk is a notice and a fact of the session ("energy.cold_start"); so is
// why there is none where none can be. The error is the sink's.
base::Result<EnergyOutcome> measure_cold_start_energy(rig::LiveBoard& board, const SessionInputs& inputs,
                                                      const SessionContext& context,
                                                      const EnergyMeans& means);

}  // namespace slmrig::measure
