// Forks on one thread that lives as long as the process.
//
// PR_SET_PDEATHSIG kills a child when the *thread* that forked it ends. Benches run on threads of their own
// that come and go, and an emulator may outlive the thread that started it; so all forks happen on one thread
// that never ends.
#pragma once

#include <sys/types.h>

#include <functional>

namespace slmrig::base::internal {

// Forks; `in_child` runs in the child and must not return. The child's pid, or -1 with errno set.
pid_t fork_on_spawn_thread(const std::function<void()>& in_child);

}  // namespace slmrig::base::internal
