#include "harness/base/internal/spawn_thread.h"

#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

namespace slmrig::base::internal {
namespace {

class SpawnThread {
 public:
  SpawnThread() { std::thread(&SpawnThread::serve, this).detach(); }

  pid_t fork(const std::function<void()>& in_child) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return request_ == nullptr && !answered_; });
    request_ = &in_child;
    changed_.notify_all();
    changed_.wait(lock, [this] { return answered_; });
    answered_ = false;
    const pid_t pid = pid_;
    const int problem = problem_;
    changed_.notify_all();
    lock.unlock();
    errno = problem;
    return pid;
  }

 private:
  void serve() {
    // Signals belong to the threads that look at the interrupt flag.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return request_ != nullptr; });
      pid_ = ::fork();
      if (pid_ == 0) {
        (*request_)();
        ::_exit(127);
      }
      problem_ = errno;
      request_ = nullptr;
      answered_ = true;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* request_ = nullptr;
  bool answered_ = false;
  pid_t pid_ = -1;
  int problem_ = 0;
};

}  // namespace

pid_t fork_on_spawn_thread(const std::function<void()>& in_child) {
  static std::mutex mutex;
  // Never destroyed: the detached thread may wait in it until the process ends.
  static SpawnThread* thread = nullptr;
  static pid_t owner = -1;
  {
    const std::lock_guard lock(mutex);
    // Threads do not survive a fork: a forked process (a test's, for example) starts its own.
    if (owner != ::getpid()) {
      thread = new SpawnThread;
      owner = ::getpid();
    }
  }
  return thread->fork(in_child);
}

}  // namespace slmrig::base::internal
