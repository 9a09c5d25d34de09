#include "harness/campaign/emulator_places.h"

#include <catch2/catch.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace slmrig::campaign {
namespace {

// Benches that want the same places, each in a thread of its own; who got one, in order.
class Benches {
 public:
  explicit Benches(EmulatorPlaces& places) : places_(places) {}

  // It is in line when this returns.
  void queue(const std::string& name, int64_t work_left_ns) {
    auto place = std::make_unique<EmulatorPlaces::Place>(places_, work_left_ns);
    threads_.emplace_back([this, name, work_left_ns, place = std::move(place)] {
      place->take(work_left_ns);
      const std::lock_guard lock(mutex_);
      order_.push_back(name);
    });
  }

  std::vector<std::string> order_when_all_are_done() {
    threads_.clear();
    return order_;
  }

 private:
  EmulatorPlaces& places_;
  std::mutex mutex_;
  std::vector<std::string> order_;
  std::vector<std::jthread> threads_;
};

using Names = std::vector<std::string>;

TEST_CASE("Who has the most work left gets the next place, whenever it came") {
  EmulatorPlaces places(1);
  Benches benches(places);
  {
    EmulatorPlaces::Place held(places, 10);
    held.take(10);
    benches.queue("short", 1);
    benches.queue("long", 9);
    benches.queue("middle", 5);
  }
  CHECK(benches.order_when_all_are_done() == Names{"long", "middle", "short"});
}

TEST_CASE("Who is expected to come with more work is waited for, unless it goes without a place") {
  EmulatorPlaces places(1);
  auto expected = std::make_unique<EmulatorPlaces::Place>(places, 9);
  Benches benches(places);
  benches.queue("short", 1);
  expected->take(9);  // would wait for ever behind one that came first
  CHECK(places.waiting() == 1);
  expected.reset();
  CHECK(benches.order_when_all_are_done() == Names{"short"});
  auto never_comes = std::make_unique<EmulatorPlaces::Place>(places, 9);
  benches.queue("next", 1);
  never_comes.reset();
  CHECK(benches.order_when_all_are_done() == Names{"short", "next"});
}

TEST_CASE("A place is kept until somebody waits that has more work left") {
  EmulatorPlaces places(1);
  Benches benches(places);
  auto held = std::make_unique<EmulatorPlaces::Place>(places, 10);
  held->take(10);
  benches.queue("waits", 5);
  held->take(6);
  held->take(5);
  CHECK(places.waiting() == 1);
  held->take(4);  // comes back when the other has ended
  CHECK(places.waiting() == 0);
  held.reset();
  CHECK(benches.order_when_all_are_done() == Names{"waits"});
}

TEST_CASE("There are as many places as were given, and each is free again when its owner is gone") {
  EmulatorPlaces places(2);
  EmulatorPlaces::Place first(places, 1);
  first.take(1);
  Benches benches(places);
  {
    EmulatorPlaces::Place second(places, 1);
    second.take(1);
    benches.queue("third", 1);
    first.take(1);
    CHECK(places.waiting() == 1);
  }
  CHECK(benches.order_when_all_are_done() == Names{"third"});
  EmulatorPlaces::Place fourth(places, 0);
  fourth.take(0);
  CHECK(places.waiting() == 0);
}

}  // namespace
}  // namespace slmrig::campaign
