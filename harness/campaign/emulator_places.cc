#include "harness/campaign/emulator_places.h"

namespace slmrig::campaign {

EmulatorPlaces::Place::Place(EmulatorPlaces& places, int64_t work_left_ns) : places_(places) {
  const std::lock_guard lock(places_.mutex_);
  stand_in_line(work_left_ns);
}

EmulatorPlaces::Place::~Place() {
  const std::lock_guard lock(places_.mutex_);
  if (is_held_) {
    ++places_.free_;
    places_.changed_.notify_all();
  } else {
    leave_line();
  }
}

void EmulatorPlaces::Place::take(int64_t work_left_ns) {
  std::unique_lock lock(places_.mutex_);
  const auto& line = places_.line_ns_;
  if (is_held_) {
    if (line.empty() || *line.rbegin() <= work_left_ns) return;
    ++places_.free_;
    is_held_ = false;
  } else {
    leave_line();
  }
  stand_in_line(work_left_ns);
  places_.changed_.notify_all();
  places_.changed_.wait(lock, [&] { return places_.free_ > 0 && *line.rbegin() <= work_left_ns; });
  leave_line();
  --places_.free_;
  is_held_ = true;
}

void EmulatorPlaces::Place::stand_in_line(int64_t work_left_ns) {
  in_line_ = places_.line_ns_.insert(work_left_ns);
}

// Who stood behind this one may be the next.
void EmulatorPlaces::Place::leave_line() {
  places_.line_ns_.erase(in_line_);
  places_.changed_.notify_all();
}

std::size_t EmulatorPlaces::waiting() const {
  const std::lock_guard lock(mutex_);
  return line_ns_.size();
}

}  // namespace slmrig::campaign
