#include "harness/base/file_lock.h"

#include <optional>

#include <unistd.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "harness/base/child_process.h"
#include "harness/base/file.h"

namespace slmrig::base {

TEST_CASE("a lock that is held is refused at once, with who holds it") {
  auto folder = TemporaryDirectory::create("lock").value();
  const auto path = folder.path() / "bench-native";
  std::optional<FileLock> first = FileLock::acquire(path, "slmrig run demo").value();
  const auto second = FileLock::acquire(path, "slmrig run other");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kLocked);
  CHECK_THAT(second.error().message,
             Catch::Contains(fmt::format("process {} (slmrig run demo) since 20", ::getpid())));
  first.reset();
  CHECK(FileLock::acquire(path, "slmrig run other"));
}

TEST_CASE("a lock is not handed on to child processes") {
  auto folder = TemporaryDirectory::create("lock").value();
  const auto path = folder.path() / "bench-native";
  std::optional<FileLock> first = FileLock::acquire(path, "one").value();
  auto child = ChildProcess::spawn({.arguments = {"sleep", "60"},
                                    .environment = {},
                                    .working_directory = {},
                                    .streams = StandardStreams::kNull})
                   .value();
  first.reset();
  CHECK(FileLock::acquire(path, "two"));
}

TEST_CASE("a holder that wrote nothing readable is still reported") {
  auto folder = TemporaryDirectory::create("lock").value();
  const auto path = folder.path() / "bench-native";
  const FileLock first = FileLock::acquire(path, "one").value();
  REQUIRE(::truncate(path.c_str(), 3) == 0);
  const auto second = FileLock::acquire(path, "two");
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().message, Catch::Contains("did not say who"));
}

}  // namespace slmrig::base
