// How progress leaves the stages: the command line owns the observer and draws.
#pragma once

#include <cstdint>
#include <string>

namespace slmrig::base {

// All calls may come from any bench's thread; implementations lock. `bench` names who speaks.
class Observer {
 public:
  virtual ~Observer() = default;
  // Expected work, in units that should be proportional to time; may be called again as it becomes known.
  virtual void total_work(uint64_t units) = 0;
  // `units` more are done on this bench.
  virtual void advance(const std::string& bench, uint64_t units) = 0;
  // What the bench is doing now: "deploying wrist-nano int8", "intents 3/12".
  virtual void activity(const std::string& bench, const std::string& text) = 0;
  // A longer piece of work begins: "wrist-nano int8: session 1 of 2". Worth a line where lines stay.
  virtual void stage(const std::string& bench, const std::string& text) { activity(bench, text); }
  // Something a person should read, once.
  virtual void notice(const std::string& bench, const std::string& text) = 0;
};

// For tests and quiet callers.
class SilentObserver final : public Observer {
 public:
  void total_work(uint64_t) override {}
  void advance(const std::string&, uint64_t) override {}
  void activity(const std::string&, const std::string&) override {}
  void notice(const std::string&, const std::string&) override {}
};

}  // namespace slmrig::base
