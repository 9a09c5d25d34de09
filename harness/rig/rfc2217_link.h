// A serial port behind a server that speaks RFC 2217 (ser2net, labgrid, many terminal servers): its rate and
// control lines are ours to set.
#pragma once

#include <memory>

#include "harness/rig/link.h"

namespace slmrig::rig {

// Agrees with the server behind `stream` on the option, and sets the port to spec.baud, 8 bits, no parity,
// 1 stop bit, no flow control; lets spec.reset_line go, if any. kUnsupported: the server does not know the
// option (a raw port is a link of kind "tcp"). kTimeout: it does not answer.
base::Result<std::unique_ptr<Link>> start_rfc2217(std::unique_ptr<Link> stream, const base::LinkSpec& spec);

}  // namespace slmrig::rig
