// Serial ports through libserialport, which knows the quirks of real adapters. Pseudo-terminals, which it
// refuses, are links of kind "tty".
#pragma once

#include <memory>

#include "harness/rig/host_devices.h"
#include "harness/rig/link.h"

namespace slmrig::rig {

// 8 data bits, no parity, 1 stop bit, no flow control; nobody else may have the port meanwhile. The line that
// is wired to the board's reset, if any, is let go at once. A port that is not there is waited for, for
// `patience_ms`: it may be on its way back from a replug. Errors: as find_serial_port; kLocked names who has
// the port.
base::Result<std::unique_ptr<Link>> open_serial(const base::LinkSpec& spec, int64_t patience_ms,
                                                const HostRoots& roots = {});

}  // namespace slmrig::rig
