// Ports behind a server: against the real ser2net on a pseudo-terminal.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "harness/rig/agent_client.h"
#include "harness/rig/telnet.h"
#include "tests/serial/line_to_board.h"

namespace slmrig::testing {
namespace {

using base::ErrorCode;

constexpr int64_t kPatienceMs = 5000;

// A port that nobody had a moment ago.
int free_port() {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

// ser2net in front of a board on a serial line.
struct Bed {
  explicit Bed(const std::string& accepter, const std::string& reset_line = "")
      : line({.agent = {SLMRIG_ECHO_AGENT, "--slots", slots.path().string(), "--arena-bytes", "65536"},
              .reset_line = reset_line}) {
    const int port = free_port();
    const auto file = slots.path() / "ser2net.yaml";
    REQUIRE(base::write_file_atomically(
        file, fmt::format("%YAML 1.1\n---\nconnection: &board\n  accepter: {}tcp,127.0.0.1,{}\n"
                          "  connector: serialdev,{},115200n81,local\n",
                          accepter, port, line.port_path())));
    base::ChildOptions options;
    options.arguments = {"/usr/sbin/ser2net", "-n", "-d", "-u", "-c", file.string()};
    options.environment = {{"LD_PRELOAD", SLMRIG_PTY_LINES_LIBRARY}, {"SLMRIG_PTY_LINES", line.folder()}};
    options.streams = base::StandardStreams::kNull;
    server = std::make_unique<base::ChildProcess>(base::ChildProcess::spawn(options).value());
    spec.address = fmt::format("127.0.0.1:{}", port);
    spec.kind = accepter.empty() ? "tcp" : "rfc2217";
    spec.reset_line = reset_line;
  }
  std::unique_ptr<rig::AgentClient> connect(rig::LineRates rates = {}) const {
    auto link = rig::open_link(spec, kPatienceMs);
    if (!link) FAIL(link.error().text());
    auto client = std::make_unique<rig::AgentClient>(std::move(*link), rig::ClientTimeouts{}, rates);
    REQUIRE(client->connect());
    return client;
  }
  base::TemporaryDirectory slots = base::TemporaryDirectory::create("ser2net").value();
  LineToBoard line;
  std::unique_ptr<base::ChildProcess> server;
  base::LinkSpec spec;
};

}  // namespace

TEST_CASE("a board behind ser2net is reached by RFC 2217, and the port's rate is ours") {
  const Bed bed("telnet(rfc2217),");
  const auto client = bed.connect({115'200, 921'600});
  CHECK(client->baud() == 921'600);
  std::vector<uint8_t> image(20'000);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<uint8_t>(255 - i % 3);
  CHECK(client->upload(0, image, {}));
}

TEST_CASE("the control lines of a port behind ser2net are ours, and one of them resets the board") {
  const Bed bed("telnet(rfc2217),", "rts");
  const auto link = rig::open_link(bed.spec, kPatienceMs);
  if (!link) FAIL(link.error().text());
  REQUIRE((*link)->set_line("rts", true));
  REQUIRE((*link)->set_line("rts", false));
  CHECK_THAT(bed.line.lines(), Catch::EndsWith("rts=1\ndtr=1 rts=0\n"));
}

TEST_CASE("a raw port of ser2net is a tcp link, and no rfc2217 link") {
  const Bed bed("");
  CHECK(bed.connect()->query_slot(0, false));
  Bed other("");
  other.spec.kind = "rfc2217";
  const auto refused = rig::open_link(other.spec, kPatienceMs);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("\"tcp\""));
}

TEST_CASE("telnet carries every byte, wherever the stream is cut") {
  using namespace rig::telnet;
  std::vector<uint8_t> all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<uint8_t>(i));
  std::vector<uint8_t> stream = escaped(all);
  const auto question = com_port(ComPort::kSetBaudRate, number(0xFF00FF01));
  stream.insert(stream.end(), question.begin(), question.end());
  const auto agreed = option(kDo, kComPort);
  stream.insert(stream.end(), agreed.begin(), agreed.end());
  stream.insert(stream.end(), {kIac, 241});  // no operation
  stream.push_back(7);
  for (std::size_t piece = 1; piece < 9; ++piece) {
    Decoder decoder;
    std::vector<uint8_t> data;
    std::vector<Event> events;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      decoder.take(std::span(stream).subspan(at, std::min(piece, stream.size() - at)), data, events);
    }
    REQUIRE(data.size() == 257);
    CHECK(std::equal(all.begin(), all.end(), data.begin()));
    CHECK(data.back() == 7);
    REQUIRE(events.size() == 2);
    CHECK(events[0].verb == kSb);
    CHECK(events[0].option == 1);
    CHECK(events[0].value == number(0xFF00FF01));
    CHECK(events[1].verb == kDo);
    CHECK(events[1].option == kComPort);
  }
}

TEST_CASE("an answer of telnet that never ends is not kept") {
  rig::telnet::Decoder decoder;
  std::vector<uint8_t> data;
  std::vector<rig::telnet::Event> events;
  std::vector<uint8_t> flood = {255, 250, 44};
  flood.resize(100'000, 1);
  decoder.take(flood, data, events);
  decoder.take(std::array<uint8_t, 3>{255, 240, 5}, data, events);
  CHECK(data == std::vector<uint8_t>{5});
  REQUIRE(events.size() == 1);
  CHECK(events[0].value.size() < 300);
}

}  // namespace slmrig::testing
