// Time on the host: int64 nanoseconds. Wall time says when something happened, monotonic time how long it
// took.
#pragma once

#include <cstdint>
#include <string>

namespace slmrig::base {

// Since 1970-01-01 UTC.
int64_t utc_now_ns();
// Since an arbitrary moment; never steps.
int64_t monotonic_now_ns();

// "2026-03-01T12:34:56Z".
std::string utc_text(int64_t utc_ns);

// What code that waits or stamps takes, so that a test decides what time it is.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t utc_ns() = 0;
  virtual int64_t monotonic_ns() = 0;
  virtual void sleep_ns(int64_t duration_ns) = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t utc_ns() override;
  int64_t monotonic_ns() override;
  void sleep_ns(int64_t duration_ns) override;
};

// Moves only when it is told to, or slept on. For tests; one thread.
class ManualClock final : public Clock {
 public:
  int64_t utc_ns() override { return utc_ns_; }
  int64_t monotonic_ns() override { return monotonic_ns_; }
  void sleep_ns(int64_t duration_ns) override { advance(duration_ns); }
  void advance(int64_t duration_ns) {
    utc_ns_ += duration_ns;
    monotonic_ns_ += duration_ns;
  }

 private:
  int64_t utc_ns_ = 1'700'000'000'000'000'000;
  int64_t monotonic_ns_ = 0;
};

}  // namespace slmrig::base
