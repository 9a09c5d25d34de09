// Terminal devices through termios alone: pseudo-terminals, which libserialport refuses.
#pragma once

#include <memory>
#include <string>

#include "harness/rig/link.h"

namespace slmrig::rig {

// 8 bits, raw. kLocked names who has it; kBadInput where it is no terminal, or termios knows no such rate.
base::Result<std::unique_ptr<Link>> open_tty(const std::string& path, int baud);

}  // namespace slmrig::rig
