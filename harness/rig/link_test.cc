// Links over real sockets, terminals and processes.
#include "harness/rig/link.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/rig/bench_lock.h"

namespace slmrig::rig {
namespace {

using base::ErrorCode;
using base::UniqueFd;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Up to `wanted` bytes, for at most a second.
std::string read_text(Link& link, std::size_t wanted) {
  std::string text;
  std::array<uint8_t, 256> buffer;
  for (int i = 0; i < 20 && text.size() < wanted; ++i) {
    const auto got = link.read(buffer, 50);
    REQUIRE(got);
    text.append(reinterpret_cast<const char*>(buffer.data()), *got);
  }
  return text;
}

// A listening socket, and its port where it is TCP.
UniqueFd listen_on(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd.get(), 1) == 0);
  return fd;
}

UniqueFd listen_on_loopback(int* port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(fd.get(), 1) == 0);
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  *port = ntohs(address.sin_port);
  return fd;
}

// Both ways, then the other end goes.
void exercise(Link& link, UniqueFd peer) {
  REQUIRE(link.write(bytes_of("ping")));
  std::array<char, 16> heard = {};
  REQUIRE(::read(peer.get(), heard.data(), heard.size()) == 4);
  CHECK(std::string(heard.data()) == "ping");
  REQUIRE(::write(peer.get(), "pong!", 5) == 5);
  CHECK(read_text(link, 5) == "pong!");
  std::array<uint8_t, 16> buffer;
  CHECK(link.read(buffer, 10).value() == 0);  // nothing is no error
  peer.reset();
  const auto gone = link.read(buffer, 1000);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == ErrorCode::kLinkLost);
  CHECK_THAT(gone.error().message, Catch::Contains(link.description()));
}

}  // namespace

TEST_CASE("a unix socket carries bytes both ways and tells when it is gone") {
  auto folder = base::TemporaryDirectory::create("link").value();
  const std::string path = folder.path() / "uart";
  const UniqueFd server = listen_on(path);
  const auto link = open_link({"unix", path, 0}, 1000).value();
  exercise(*link, UniqueFd(::accept(server.get(), nullptr, nullptr)));
}

TEST_CASE("a server that comes up a little later is waited for, one that never does is named") {
  auto folder = base::TemporaryDirectory::create("link").value();
  const std::string path = folder.path() / "uart";
  UniqueFd server;
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server = listen_on(path);
  });
  const auto link = open_link({"unix", path, 0}, 5000);
  late.join();
  CHECK(link);
  const auto none = open_link({"unix", path + "2", 0}, 50);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kLinkLost);
  CHECK_THAT(none.error().message, Catch::Contains(path + "2") && Catch::Contains("50 ms"));
  CHECK_FALSE(open_link({"unix", std::string(200, 'x'), 0}, 0));
}

TEST_CASE("tcp carries bytes both ways, and a refused port is an error") {
  int port = 0;
  UniqueFd server = listen_on_loopback(&port);
  const auto link = open_link({"tcp", fmt::format("127.0.0.1:{}", port), 0}, 1000).value();
  exercise(*link, UniqueFd(::accept(server.get(), nullptr, nullptr)));
  server.reset();
  const auto refused = open_link({"tcp", fmt::format("127.0.0.1:{}", port), 0}, 50);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("Connection refused"));
  CHECK_THAT(open_link({"tcp", "nowhere", 0}, 0).error().message, Catch::Contains("host:port"));
}

TEST_CASE("a pseudo-terminal is a tty link and carries every byte unchanged") {
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY));
  REQUIRE(::grantpt(master.get()) == 0);
  REQUIRE(::unlockpt(master.get()) == 0);
  const std::string path = ::ptsname(master.get());
  const auto link = open_link({"tty", path, 115200}, 0).value();
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  REQUIRE(::write(master.get(), all.data(), all.size()) == 256);
  CHECK(read_text(*link, 256) == all);
  exercise(*link, std::move(master));
}

TEST_CASE("what is no terminal or serial port is refused by name") {
  CHECK_THAT(open_link({"tty", "/dev/null", 115200}, 0).error().message,
             Catch::Contains("/dev/null is not a terminal"));
  CHECK_THAT(open_link({"tty", "/dev/nothing", 115200}, 0).error().message, Catch::Contains("/dev/nothing"));
  CHECK_THAT(open_link({"serial", "/dev/nothing", 115200}, 0).error().message,
             Catch::Contains("no serial port /dev/nothing"));
  CHECK_THAT(open_link({"serial", "/dev/null", 115200}, 0).error().message,
             Catch::Contains("/dev/null cannot be used as a serial port"));
}

TEST_CASE("a child's link tells how the child ended") {
  auto child = base::ChildProcess::spawn({.arguments = {"sh", "-c", "read line; echo got; exit 3"},
                                          .environment = {},
                                          .working_directory = {}})
                   .value();
  const auto link = child_link(child, "the agent process");
  REQUIRE(link->write(bytes_of("x\n")));
  CHECK(read_text(*link, 4) == "got\n");
  std::array<uint8_t, 16> buffer;
  const auto gone = link->read(buffer, 2000);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().message == "the agent process is gone: the process ended (exit status 3)");
}

TEST_CASE("a bench that is locked says who holds it and what to do") {
  auto folder = base::TemporaryDirectory::create("locks").value();
  ::setenv("SLMRIG_LOCK_DIR", folder.path().c_str(), 1);
  {
    const BenchLock first = BenchLock::acquire("desk", "slmrig run demo").value();
    const auto second = BenchLock::acquire("desk", "slmrig run smoke");
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::kLocked);
    CHECK_THAT(second.error().text(), Catch::StartsWith("bench desk: held by process") &&
                                          Catch::Contains("(slmrig run demo)") &&
                                          Catch::Contains("--only bench="));
    CHECK(BenchLock::acquire("other", "slmrig run smoke"));
  }
  CHECK(BenchLock::acquire("desk", "slmrig run smoke"));
  ::unsetenv("SLMRIG_LOCK_DIR");
}

}  // namespace slmrig::rig
