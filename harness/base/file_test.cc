#include "harness/base/file.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <catch2/catch.hpp>

namespace slmrig::base {
namespace {

std::size_t entries_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("what is written is read back, as text and as bytes") {
  auto folder = TemporaryDirectory::create("file").value();
  const auto path = folder.path() / "a.txt";
  const std::string content("one\0two\n", 8);
  REQUIRE(write_file_atomically(path, content));
  CHECK(read_text(path).value() == content);
  CHECK(read_bytes(path).value().size() == content.size());
  REQUIRE(write_file_atomically(path, std::string_view()));
  CHECK(read_text(path).value().empty());
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("file errors name the path and the reason") {
  auto folder = TemporaryDirectory::create("file").value();
  const auto missing = read_text(folder.path() / "missing.json");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kBadInput);
  CHECK_THAT(missing.error().message, Catch::Contains("missing.json: No such file or directory"));
  const auto directory = read_text(folder.path());
  REQUIRE_FALSE(directory);
  CHECK_THAT(directory.error().message, Catch::Contains("Is a directory"));
  CHECK_FALSE(write_file_atomically(folder.path() / "no" / "such" / "folder", std::string_view("x")));
}

// The limit acts like a full disk: the write fails in the middle. In a child process, since it cannot be
// undone.
TEST_CASE("a disk that fills up while writing leaves the old file whole and no piece behind") {
  auto folder = TemporaryDirectory::create("full").value();
  const auto path = folder.path() / "kept";
  REQUIRE(write_file_atomically(path, std::string_view("old")));
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const Done written = write_file_atomically(path, std::string(5000, 'x'));
    const bool told = !written && written.error().code == ErrorCode::kIo &&
                      written.error().message.find("File too large; free some space") != std::string::npos;
    ::_exit(told ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(read_text(path).value() == "old");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("a temporary folder has a short name and goes with its owner") {
  std::filesystem::path path;
  {
    auto folder = TemporaryDirectory::create("gone").value();
    path = folder.path();
    CHECK(path.string().size() <= 80);
    REQUIRE(write_file_atomically(path / "x", std::string_view("x")));
    TemporaryDirectory moved = std::move(folder);
    CHECK(std::filesystem::exists(path / "x"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("what a killed process left in the temporary folder is removed by the next one") {
  const pid_t child = ::fork();
  if (child == 0) {
    auto folder = TemporaryDirectory::create("orphan").value();
    ::kill(::getpid(), SIGKILL);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  const std::string prefix = "slmrig-orphan-" + std::to_string(child) + "-";
  const auto left_over = [&] {
    const auto parent = TemporaryDirectory::create("other").value().path().parent_path();
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(parent)) {
      count += entry.path().filename().string().starts_with(prefix) ? 1 : 0;
    }
    return count;
  };
  CHECK(left_over() == 1);
  const auto own = TemporaryDirectory::create("orphan").value();
  CHECK(left_over() == 0);
  CHECK(std::filesystem::exists(own.path()));
}

}  // namespace slmrig::base
