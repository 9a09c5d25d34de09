// A meter that hands out what a test put into it. Tests of measure and campaign only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "harness/rig/meters/meter.h"

namespace slmrig::measure {

class ScriptedMeter final : public rig::Meter {
 public:
  ScriptedMeter() {
    facts_.kind = "scripted";
    facts_.sample_rate_hz = 1000;
    facts_.marker_lines = 8;
  }

  // The next `count` samples of its stream; from any thread, only while it is started.
  void put(std::size_t count, float current_ua, uint8_t markers) {
    const std::lock_guard lock(mutex_);
    base::PowerSamples block;
    block.first_index = next_index_;
    block.current_ua.assign(count, current_ua);
    block.markers.assign(count, markers);
    next_index_ += static_cast<int64_t>(count);
    waiting_.push_back(std::move(block));
    arrived_.notify_one();
  }
  void unplug() {
    const std::lock_guard lock(mutex_);
    unplugged_ = true;
    arrived_.notify_one();
  }

  std::vector<std::string> events;
  std::vector<std::string>* outliving_events = nullptr;  // the same, for after its end

  const base::MeterFacts& facts() const override { return facts_; }
  base::Result<std::vector<rig::MeterCheck>> self_check() override { return checks; }
  base::Done set_voltage(int millivolts) override {
    note("voltage " + std::to_string(millivolts));
    return {};
  }
  base::Done set_power(bool on) override {
    note(on ? "power on" : "power off");
    return {};
  }
  base::Done start() override {
    const std::lock_guard lock(mutex_);
    note("start");
    waiting_.clear();
    next_index_ = 0;
    stopped_ = false;
    return {};
  }
  base::Result<bool> read(base::PowerSamples& block, int64_t timeout_ms) override {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                      [&] { return !waiting_.empty() || stopped_ || unplugged_; });
    if (unplugged_) return base::fail(base::ErrorCode::kLinkLost, "the meter was unplugged");
    if (waiting_.empty()) return false;
    block = std::move(waiting_.front());
    waiting_.pop_front();
    return true;
  }
  base::Done stop() override {
    const std::lock_guard lock(mutex_);
    note("stop");
    stopped_ = true;
    return {};
  }
  void close() override { note("close"); }

  base::MeterFacts& facts_for_test() { return facts_; }
  std::vector<rig::MeterCheck> checks;

 private:
  void note(const std::string& event) {
    events.push_back(event);
    if (outliving_events != nullptr) outliving_events->push_back(event);
  }

  base::MeterFacts facts_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<base::PowerSamples> waiting_;
  int64_t next_index_ = 0;
  bool stopped_ = true;
  bool unplugged_ = false;
};

}  // namespace slmrig::measure
