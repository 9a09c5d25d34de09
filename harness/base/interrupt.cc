#include "harness/base/interrupt.h"

#include <csignal>

#include <unistd.h>

namespace slmrig::base {
namespace {

std::atomic<bool> g_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // or a signal handler could not touch it

extern "C" void on_interrupt(int signal_number) {
  if (g_interrupted.exchange(true)) ::_exit(128 + signal_number);
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a blocked read returns, so that its loop sees the flag.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

const std::atomic<bool>& interrupt_flag() { return g_interrupted; }

}  // namespace slmrig::base
