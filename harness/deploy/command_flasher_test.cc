// A board behind a socket that is flashed by commands: a copy of the agent's file is its flash memory.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

#include "harness/base/unique_fd.h"
#include "harness/deploy/test_workshop.h"
#include "harness/rig/rig_file.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

// Runs whatever program is in `flash`, and is silent while there is none. A file `reset` restarts it.
class BoardBehindSocket {
 public:
  explicit BoardBehindSocket(const fs::path& folder)
      : flash_(folder / "flash"),
        reset_(folder / "reset"),
        slots_(folder / "slots"),
        socket_(folder / "uart") {
    fs::create_directories(slots_);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    socket_.string().copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 1) == 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }

  const fs::path& flash() const { return flash_; }
  const fs::path& reset() const { return reset_; }
  // The agent does nothing any more until the board is reset.
  void freeze() const { REQUIRE(::kill(agent_pid_, SIGSTOP) == 0); }
  std::string address() const { return socket_.string(); }

 private:
  static bool is_ready(int fd, int wait_ms) {
    pollfd one = {fd, POLLIN, 0};
    return ::poll(&one, 1, wait_ms) == 1;
  }

  static bool copy(int from, int to) {
    std::array<uint8_t, 4096> piece;
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got <= 0) return false;
    return to < 0 || ::write(to, piece.data(), static_cast<std::size_t>(got)) == got;
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!is_ready(listener_.get(), 20)) continue;
      const base::UniqueFd host(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      talk(stop, host.get());
    }
  }

  void talk(const std::stop_token& stop, int host) {
    std::optional<base::ChildProcess> agent;
    while (!stop.stop_requested()) {
      if (!agent && fs::exists(flash_)) {
        base::ChildOptions options;
        options.arguments = {flash_.string(), "--slots", slots_.string(), "--unique-id", "unit-7"};
        if (auto started = base::ChildProcess::spawn(options)) agent.emplace(std::move(*started));
        if (agent) agent_pid_ = agent->pid();
      }
      if (agent && fs::remove(reset_)) agent.reset();
      std::array<pollfd, 2> wait = {pollfd{host, POLLIN, 0}, pollfd{agent ? agent->output() : -1, POLLIN, 0}};
      if (::poll(wait.data(), wait.size(), 20) <= 0) continue;
      if (wait[0].revents != 0 && !copy(host, agent ? agent->input() : -1)) return;
      if (wait[1].revents != 0 && !copy(agent->output(), host)) return;
    }
  }

  fs::path flash_;
  fs::path reset_;
  std::atomic<pid_t> agent_pid_ = -1;
  fs::path slots_;
  fs::path socket_;
  base::UniqueFd listener_;
  std::jthread thread_;
};

struct CommandBed : TestWorkshop {
  BoardBehindSocket board{folder.path()};
  base::Bench bench;

  CommandBed() {
    bench.name = "desk";
    bench.board = rig::load_board(workshop.root / "boards" / "native" / "board.json").value();
    bench.agent = base::find_program("slmrig-agent-native", workshop.root).value();
    bench.unit_id = "unit-7";
    bench.link.kind = "unix";
    bench.link.address = board.address();
    bench.flasher.kind = "command";
    bench.flasher.command.flash_agent = {
        "sh",           "-c",      "cp \"$1\" \"$2.new\" && mv \"$2.new\" \"$2\" && echo $3 >>\"$2.log\"",
        "sh",           "{agent}", board.flash().string(),
        "{unit} {port}"};
    bench.flasher.command.timeout_s = 10;
  }
  std::string log() const { return base::read_text(board.flash().string() + ".log").value_or(""); }
};

}  // namespace

TEST_CASE("a board that is flashed by commands gets agent and image once, and not again") {
  CommandBed bed;
  const base::VariantFacts variant = bed.variant("int8");
  {
    auto first = deploy_variant(bed.bench, variant, bed.workshop, {});
    if (!first) FAIL(first.error().text());
    const rig::Deployment& deployment = (*first)->deployment();
    CHECK(deployment.flasher == "command");
    CHECK(deployment.agent.written_bytes > 100'000);
    CHECK(deployment.agent.took_ns > 0);
    CHECK(deployment.image.written_bytes == variant.image_bytes);
    CHECK(deployment.image.way == "link");
    CHECK(bed.log() == "unit-7 " + bed.board.address() + "\n");
    CHECK((*first)->agent().load((*first)->slot(), {64}));
    CHECK((*first)->process_log().empty());
  }
  auto second = deploy_variant(bed.bench, variant, bed.workshop, {});
  if (!second) FAIL(second.error().text());
  const rig::Deployment& deployment = (*second)->deployment();
  CHECK(deployment.agent.written_bytes == 0);
  CHECK(deployment.agent.skipped_bytes > 100'000);
  CHECK(deployment.image.written_bytes == 0);
  CHECK(deployment.image.skipped_bytes == variant.image_bytes);
  CHECK(bed.log() == "unit-7 " + bed.board.address() + "\n");  // was not flashed a second time
}

TEST_CASE("a board that went silent is reset by the bench's own command, which is counted") {
  CommandBed bed;
  bed.bench.flasher.command.reset = {"touch", bed.board.reset().string()};
  const base::VariantFacts variant = bed.variant("int8");
  auto board = deploy_variant(bed.bench, variant, bed.workshop, {});
  if (!board) FAIL(board.error().text());
  bed.board.freeze();
  const auto banner = (*board)->reset();
  if (!banner) FAIL(banner.error().text());
  CHECK(banner->unique_id == "unit-7");
  CHECK((*board)->deployment().forced_resets == std::map<std::string, uint32_t>{{"reset_command", 1}});
  CHECK((*board)->agent().query_slot((*board)->slot(), true).value().sha256 == variant.image_sha256);
}

TEST_CASE("another unit on the bench is refused before anything is written to it") {
  CommandBed bed;
  const base::VariantFacts variant = bed.variant("int8");
  REQUIRE(deploy_variant(bed.bench, variant, bed.workshop, {}));
  bed.bench.unit_id = "unit-8";
  bed.bench.agent = base::find_program("slmrig-faulty-agent", bed.workshop.root).value();
  const auto refused = deploy_variant(bed.bench, variant, bed.workshop, {});
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().text(),
             Catch::StartsWith("bench desk: holds the unit 'unit-7', the rig file says 'unit-8'"));
  CHECK(bed.log() == "unit-7 " + bed.board.address() + "\n");
}

TEST_CASE("a flash command that fails, hangs or is missing is named with its last words") {
  CommandBed bed;
  const base::VariantFacts variant = bed.variant("int8");
  bed.bench.flasher.command.flash_agent = {"sh", "-c", "echo no J-Link found >&2; exit 7"};
  const auto failed = deploy_variant(bed.bench, variant, bed.workshop, {});
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().text(),
             Catch::StartsWith("bench desk: writing the agent: flasher.flash_agent: sh ") &&
                 Catch::Contains("failed (exit status 7); it said: no J-Link found"));
  bed.bench.flasher.command.flash_agent = {"sleep", "100"};
  bed.bench.flasher.command.timeout_s = 1;
  const auto hung = deploy_variant(bed.bench, variant, bed.workshop, {});
  REQUIRE_FALSE(hung);
  CHECK(hung.error().code == ErrorCode::kTimeout);
  bed.bench.flasher.command.flash_agent = {"no-such-flasher"};
  CHECK_THAT(missing_tools(bed.bench, bed.workshop), Catch::Contains("there is no program no-such-flasher"));
  CHECK_FALSE(deploy_variant(bed.bench, variant, bed.workshop, {}));
}

TEST_CASE("a bench whose board is flashed by a probe must say by which") {
  CommandBed bed;
  bed.bench.flasher = {};
  bed.bench.board.flasher = "pyocd";
  const auto board = deploy_variant(bed.bench, bed.variant("int8"), bed.workshop, {});
  REQUIRE_FALSE(board);
  CHECK_THAT(board.error().text(), Catch::Contains("the rig file must say how"));
}

}  // namespace slmrig::deploy
