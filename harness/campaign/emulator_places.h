// Who may run an emulator. At most as many run at once as the host has cores; where several benches want to,
// the one with the most work left goes first, so that the longest does not end long after all others.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>

namespace slmrig::campaign {

// Safe from any thread; outlives its places.
class EmulatorPlaces {
 public:
  explicit EmulatorPlaces(std::size_t count) : free_(count) {}
  EmulatorPlaces(const EmulatorPlaces&) = delete;
  EmulatorPlaces& operator=(const EmulatorPlaces&) = delete;

  // One bench's. Used by one thread; given back when it ends.
  class Place {
   public:
    // The bench is in the queue from here on, so that whose thread comes first does not matter.
    Place(EmulatorPlaces& places, int64_t work_left_ns);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // Before each piece of work: blocks until there is a place. One that is held is kept, unless a bench
    // waits that has more work left.
    void take(int64_t work_left_ns);

   private:
    void stand_in_line(int64_t work_left_ns);
    void leave_line();

    EmulatorPlaces& places_;
    std::multiset<int64_t>::iterator in_line_;
    bool is_held_ = false;  // false: it stands in line
  };

  std::size_t waiting() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t free_;
  std::multiset<int64_t> line_ns_;  // work left of each that waits
};

}  // namespace slmrig::campaign
