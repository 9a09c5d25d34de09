#include "harness/serve/memo.h"

#include <catch2/catch.hpp>

#include <thread>
#include <vector>

namespace slmrig::serve {
namespace {

// Counts how often it was made.
struct Maker {
  int made = 0;
  Memo::Make make() {
    return [this] { return base::Result<std::string>("body " + std::to_string(++made)); };
  }
};

}  // namespace

TEST_CASE("a body is made once for a version, and anew when it is stale and the version differs") {
  base::ManualClock clock;
  Memo memo(4, clock);
  Maker maker;
  CHECK(memo.get("k", "v1", 1000, maker.make()).value()->body == "body 1");
  clock.advance(5'000'000'000);
  CHECK(memo.get("k", "v1", 1000, maker.make()).value()->body == "body 1");
  CHECK(memo.get("k", "v2", 1000, maker.make()).value()->body == "body 2");
  clock.advance(900'000'000);
  CHECK(memo.get("k", "v3", 1000, maker.make()).value()->body == "body 2");  // still fresh
  clock.advance(200'000'000);
  CHECK(memo.get("k", "v3", 1000, maker.make()).value()->body == "body 3");
  CHECK(memo.get("other", "v3", 1000, maker.make()).value()->body == "body 4");
}

TEST_CASE("bodies that differ have tags that differ") {
  base::ManualClock clock;
  Memo memo(4, clock);
  const auto tag = [&](const std::string& key, const std::string& body) {
    return memo.get(key, "v", 0, [&] { return base::Result<std::string>(body); }).value()->etag;
  };
  CHECK(tag("a", "one") == tag("b", "one"));
  CHECK(tag("a", "one") != tag("c", "two"));
  CHECK(tag("a", "one").front() == '"');
}

TEST_CASE("an error is not kept, and neither is what nobody asks for any more") {
  base::ManualClock clock;
  Memo memo(2, clock);
  Maker maker;
  const auto failing = [] { return base::Result<std::string>(base::fail(base::ErrorCode::kIo, "no")); };
  CHECK_FALSE(memo.get("k", "v", 0, failing));
  CHECK(memo.get("k", "v", 0, maker.make()).value()->body == "body 1");
  (void)memo.get("l", "v", 0, maker.make());
  (void)memo.get("k", "v", 0, maker.make());
  (void)memo.get("m", "v", 0, maker.make());  // pushes l out
  CHECK(memo.get("k", "v", 0, maker.make()).value()->body == "body 1");
  CHECK(memo.get("l", "v", 0, maker.make()).value()->body == "body 4");
}

TEST_CASE("who asks while it is being made waits for it") {
  base::SystemClock clock;
  Memo memo(2, clock);
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      (void)memo.get("k", "v", 0, [&] { return base::Result<std::string>(std::to_string(++made)); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(made == 1);
}

}  // namespace slmrig::serve
