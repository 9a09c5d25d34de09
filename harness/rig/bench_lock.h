// One slmrig on a bench: a kernel lock shared by everybody on this host, CI and people alike.
//
// Lock files are bench-<name> in $SLMRIG_LOCK_DIR, else $XDG_RUNTIME_DIR/slmrig/locks, else
// /tmp/slmrig-<uid>/locks.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/file_lock.h"

namespace slmrig::rig {

class BenchLock {
 public:
  // kLocked: "bench native: held by process 123 (slmrig run demo) since ...; wait until it ended, ...".
  static base::Result<BenchLock> acquire(const std::string& bench, std::string_view reason);
  // The same for an instrument behind a network, which several could talk to at once.
  static base::Result<BenchLock> acquire_instrument(const std::string& address, std::string_view reason);

 private:
  explicit BenchLock(base::FileLock lock) : lock_(std::move(lock)) {}
  base::FileLock lock_;
};

}  // namespace slmrig::rig
