// Unix sockets with bounded waits: to QEMU, and to those who use the probe.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::rigsim {

// One attempt; kIo while nobody listens there, kBadInput for a path that is too long for a socket.
base::Result<base::UniqueFd> connect_local(const std::string& path);

// A listening socket; what was at `path` before is removed.
base::Result<base::UniqueFd> listen_local(const std::string& path);

// kLinkLost when the other side has gone, kTimeout when it took nothing for `timeout_ms`.
base::Done send_all(int fd, std::string_view bytes, int timeout_ms);

// Appends what is there; false when nothing came within `timeout_ms`. kLinkLost at the end of the stream.
base::Result<bool> receive_some(int fd, std::string* received, int timeout_ms);

}  // namespace slmrig::rigsim
