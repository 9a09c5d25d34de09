// Serial ports through libserialport, which knows the quirks of real adapters. Pseudo-terminals, which it
// refuses, are links of kind "tty".
#pragma once

#include <memory>
#include <string>

#include "harness/rig/link.h"

namespace slmrig::rig {

// 8 data bits, no parity, 1 stop bit, no flow control. Symbolic links (/dev/serial/by-id/...) are followed.
base::Result<std::unique_ptr<Link>> open_serial(const std::string& address, int baud);

}  // namespace slmrig::rig
