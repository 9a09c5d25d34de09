// Bench supplies and multimeters that answer questions in text: SCPI over TCP or a serial port, and Korad's
// likeness of it. They give tens of readings a second at best, each an average of its own: good for windows
// of seconds, never for tokens.
//
// MeterSpec::address is host:port (host alone: port 5025), or the name of a serial port (or usb_serial).
// Which family it is of, *IDN? tells among the profiles in boards/meters; a serial one must be named, since
// its line differs. MeterSpec::mode "source": it feeds the board with voltage_mv, and leaves its power as
// leave_powered says; absent: it is only asked, its output and voltage are not touched.
//
// Settings:
//   profile           a name of boards/meters, or the path of such a file
//   channel           1, ...
//   current_limit_ma  with "source": must be told
//   nplc              how long a reading takes, where its profile has that
//   rate_hz           at most so many readings a second (absent: as many as it gives)
//   answer_ms         how long an answer may take (absent: 2000)
//   gain_percent, offset_ua  its accuracy, where it was checked
#pragma once

#include <filesystem>
#include <memory>

#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/polled_meter.h"

namespace slmrig::rig {

// `profiles`: the folder of profiles; empty: boards/meters of the project.
base::Result<std::unique_ptr<Meter>> open_scpi(const base::MeterSpec& spec,
                                               const std::filesystem::path& profiles = {});

}  // namespace slmrig::rig
