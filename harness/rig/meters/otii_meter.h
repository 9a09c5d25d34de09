// Qoitech Otii Arc and Ace, through the TCP server of their software: it must run, be logged in, and have an
// Automation Toolbox licence, which is reserved while the meter is open.
//
// MeterSpec::address is host:port (absent: 127.0.0.1:1905). Mode "source": it feeds the board with
// voltage_mv. GPI1 and GPI2 are the marker lines D0 and D1.
//
// Settings: device (its id or name, where there are several), current_limit_ma (with "source": must be told),
// rate_hz (absent: 4000 of an Arc, 50000 of an Ace), answer_ms (how long the server may take for an answer;
// absent: 5000), gain_percent, offset_ua.
#pragma once

#include <memory>

#include "harness/rig/meters/meter.h"

namespace slmrig::rig {

base::Result<std::unique_ptr<Meter>> open_otii(const base::MeterSpec& spec);

}  // namespace slmrig::rig
