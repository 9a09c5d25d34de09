// Deployment over a real ssh server on the loopback interface, to the real native agent, and with everything
// that goes wrong between two machines.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include <catch2/catch.hpp>

#include "harness/base/sha256.h"
#include "harness/deploy/deploy.h"
#include "harness/deploy/test_workshop.h"
#include "harness/rig/rig_file.h"
#include "tests/sshd/loopback_sshd.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

std::unique_ptr<testing::LoopbackSshd> start_server() {
  auto server = testing::LoopbackSshd::create();
  if (!server) FAIL(server.error().text());
  return std::move(*server);
}

struct SshBed {
  TestWorkshop bed;
  std::unique_ptr<testing::LoopbackSshd> server = start_server();
  base::Bench bench;
  base::VariantFacts variant = bed.variant("int8");

  SshBed() {
    bench.name = "shelf";
    bench.board = rig::load_board(bed.workshop.root / "boards" / "native" / "board.json").value();
    bench.agent = base::find_program("slmrig-agent-native", bed.workshop.root).value();
    bench.flasher.kind = "ssh";
    bench.flasher.ssh = server->spec();
  }

  std::unique_ptr<rig::LiveBoard> deployed() const {
    auto board = deploy_variant(bench, variant, bed.workshop, {});
    if (!board) FAIL(board.error().text() << "\n" << server->log());
    return std::move(*board);
  }
  base::Error error() const {
    auto board = deploy_variant(bench, variant, bed.workshop, {});
    REQUIRE_FALSE(board);
    return board.error();
  }
  fs::path on_board(const std::string& file) const { return fs::path(bench.flasher.ssh.directory) / file; }
  std::vector<std::string> agents() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(bench.flasher.ssh.directory)) {
      const std::string name = entry.path().filename();
      if (name.starts_with("agent-")) names.push_back(name);
    }
    return names;
  }
  int agent_process() const {
    std::ifstream stream(on_board("agent.running"));
    int pid = 0;
    stream >> pid;
    return pid;
  }
};

bool is_alive(int pid) { return ::kill(pid, 0) == 0; }

}  // namespace

TEST_CASE("agent and image are sent over ssh, and not sent again") {
  SshBed bed;
  {
    const auto board = bed.deployed();
    CHECK(board->image_sha256() == bed.variant.image_sha256);
    CHECK(board->banner().agent_build_id == board->agent_facts().build_id);
    const rig::Deployment& deployment = board->deployment();
    CHECK(deployment.flasher == "ssh");
    CHECK(deployment.agent.written_bytes == fs::file_size(bed.bench.agent));
    CHECK(deployment.image.written_bytes == bed.variant.image_bytes);
    CHECK(deployment.image.skipped_bytes == 0);
    CHECK(deployment.image.way == "ssh");
    CHECK(deployment.image.took_ns > 0);
    CHECK_THAT(deployment.facts.at("host"), Catch::Contains("@127.0.0.1 port "));
    REQUIRE(board->agent().load(board->slot(), {64}));
    rig::RunRequest request;
    request.prompt = "hello there";
    request.max_new_tokens = 4;
    CHECK(board->agent().run(request));
    REQUIRE(board->reset());
    const rig::BoardFacts facts = board->agent().board_facts().value();
    CHECK_THAT(facts.at("cold_start.file_cache"), Catch::StartsWith("image dropped"));
    CHECK(board->agent().query_slot(board->slot(), true).value().sha256 == bed.variant.image_sha256);
  }
  const auto board = bed.deployed();
  CHECK(board->deployment().agent.written_bytes == 0);
  CHECK(board->deployment().agent.skipped_bytes == fs::file_size(bed.bench.agent));
  CHECK(board->deployment().image.written_bytes == 0);
  CHECK(board->deployment().image.skipped_bytes == bed.variant.image_bytes);
}

TEST_CASE("pins for marker lines get through ssh to the agent") {
  SshBed bed;
  bed.bench.meter.board_pins = "/dev/null:17,27,22,23";
  CHECK_THAT(bed.error().text(), Catch::Contains("/dev/null is no GPIO chip"));
}

TEST_CASE("whoever waits for agent and image hears how far they are") {
  SshBed bed;
  std::vector<uint64_t> heard;
  uint64_t total_bytes = 0;
  const auto progress = [&](uint64_t done, uint64_t total) {
    heard.push_back(done);
    total_bytes = total;
  };
  REQUIRE(deploy_variant(bed.bench, bed.variant, bed.bed.workshop, progress));
  const uint64_t agent_bytes = fs::file_size(bed.bench.agent);
  CHECK(total_bytes == agent_bytes + bed.variant.image_bytes);
  CHECK(heard.size() > 4);
  CHECK(heard.front() < agent_bytes);
  CHECK(heard.back() == total_bytes);
  CHECK(std::is_sorted(heard.begin(), heard.end()));
  heard.clear();
  REQUIRE(deploy_variant(bed.bench, bed.variant, bed.bed.workshop, progress));
  CHECK(heard.empty());
}

TEST_CASE("agents of other builds are removed, and an image that went bad on the board is sent anew") {
  SshBed bed;
  static_cast<void>(bed.deployed());
  std::ofstream(bed.on_board("agent-0123456789abcdef")) << "old";
  {
    std::fstream image(bed.on_board("images/" + bed.variant.image_sha256),
                       std::ios::in | std::ios::out | std::ios::binary);
    image.seekp(1000);
    image << "rot";
  }
  const auto board = bed.deployed();
  CHECK(bed.agents().size() == 1);
  CHECK(board->deployment().agent.written_bytes == 0);
  CHECK(board->deployment().image.written_bytes == bed.variant.image_bytes);
}

TEST_CASE("what arrived of an image before the line was cut is not sent again") {
  SshBed bed;
  static_cast<void>(bed.deployed());
  const fs::path image = bed.on_board("images/" + bed.variant.image_sha256);
  const fs::path part = image.string() + ".part";
  const uint64_t half = bed.variant.image_bytes / 2;
  fs::rename(image, part);
  fs::resize_file(part, half);
  CHECK(bed.deployed()->deployment().image.written_bytes == bed.variant.image_bytes - half);
  // A beginning of something else costs a second try.
  fs::rename(image, part);
  fs::resize_file(part, 0);
  fs::resize_file(part, half);
  CHECK(bed.deployed()->deployment().image.written_bytes == bed.variant.image_bytes);
}

TEST_CASE("the agent is started through what the rig file says, and an agent that is left over is ended") {
  SshBed bed;
  bed.bench.flasher.ssh.agent_prefix = {"nice", "-n", "7"};
  auto first = bed.deployed();
  const int left_over = bed.agent_process();
  CHECK(is_alive(left_over));
  CHECK(first->deployment().facts.at("agent_prefix") == "nice -n 7");
  std::ifstream stat("/proc/" + std::to_string(left_over) + "/stat");
  std::string field;
  for (int i = 0; i < 19; ++i) stat >> field;  // the niceness is the 19th; no name there holds a blank
  const int ours = ::getpriority(PRIO_PROCESS, 0);  // the server, and so the agent, begin with it
  CHECK(std::stoi(field) == std::min(19, ours + 7));
  const auto second = bed.deployed();
  CHECK_FALSE(is_alive(left_over));
  CHECK(second->deployment().facts.at("ended_agent") == "process " + std::to_string(left_over));
  CHECK(is_alive(bed.agent_process()));
  // That of another bench, or host, is not ours to end.
  base::Bench other = bed.bench;
  other.name = "desk";
  const auto busy = deploy_variant(other, bed.variant, bed.bed.workshop, {});
  REQUIRE_FALSE(busy);
  CHECK(busy.error().code == ErrorCode::kLocked);
  CHECK_THAT(busy.error().text(), Catch::StartsWith("bench desk: ") && Catch::Contains("is in use") &&
                                      Catch::Contains(std::to_string(bed.agent_process())) &&
                                      Catch::Contains("/shelf"));
}

TEST_CASE("a host key that is another one, or not known, is refused before anything is sent") {
  SshBed bed;
  bed.bench.flasher.ssh.known_hosts_file = bed.server->wrong_known_hosts();
  const base::Error wrong = bed.error();
  CHECK(wrong.code == ErrorCode::kBadInput);
  CHECK_THAT(wrong.text(), Catch::StartsWith("bench shelf: the host key of") &&
                               Catch::Contains("another machine answers there"));
  bed.bench.flasher.ssh.known_hosts_file = bed.server->empty_known_hosts();
  const base::Error unknown = bed.error();
  CHECK(unknown.code == ErrorCode::kBadInput);
  CHECK_THAT(unknown.text(), Catch::Contains("is not known"));
  CHECK_FALSE(fs::exists(bed.bench.flasher.ssh.directory));
}

TEST_CASE("a key that the board does not know, and a board that is not there, are told apart") {
  SshBed bed;
  bed.bench.flasher.ssh.identity_file = bed.server->other_key();
  const base::Error refused = bed.error();
  CHECK(refused.code == ErrorCode::kBadInput);
  CHECK_THAT(refused.text(), Catch::Contains("refuses the key") && Catch::Contains("Permission denied"));
  bed.server->stop();
  const base::Error gone = bed.error();
  CHECK(gone.code == ErrorCode::kLinkLost);
  CHECK_THAT(gone.text(), Catch::Contains("refuses connections"));
}

TEST_CASE("a connection that is cut in mid-run is a lost link, and the next deployment works") {
  SshBed bed;
  const auto board = bed.deployed();
  REQUIRE(board->agent().load(board->slot(), {64}));
  bed.server->cut_connections();
  rig::RunRequest request;
  request.prompt = "hello there";
  request.timeout_ms = 20'000;
  const auto reply = board->agent().run(request);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == ErrorCode::kLinkLost);
  CHECK_THAT(reply.error().text(), Catch::Contains("the process ended (exit status 255)"));
  CHECK(bed.deployed()->deployment().image.written_bytes == 0);
}

// /dev/full takes nothing, as a disk without room.
TEST_CASE("a full disk is named, for the agent and for the image") {
  SshBed bed;
  fs::create_directories(bed.on_board("images"));
  fs::create_symlink("/dev/full", bed.on_board("images/" + bed.variant.image_sha256 + ".part"));
  REQUIRE(::chmod(bed.bench.flasher.ssh.directory.c_str(), 0777) == 0);
  REQUIRE(::chmod(bed.on_board("images").c_str(), 0777) == 0);
  const base::Error image = bed.error();
  CHECK(image.code == ErrorCode::kIo);
  CHECK_THAT(image.text(),
             Catch::Contains("sending the image") && Catch::Contains("the board's disk is full"));
  const std::string agent = "agent-" + base::sha256_hex_of_file(bed.bench.agent).value().substr(0, 16);
  fs::remove(bed.on_board(agent));
  fs::create_symlink("/dev/full", bed.on_board(agent + ".part"));
  const base::Error full = bed.error();
  CHECK(full.code == ErrorCode::kIo);
  CHECK_THAT(full.text(),
             Catch::Contains("sending the agent") && Catch::Contains("the board's disk is full"));
}

TEST_CASE("a folder that cannot be written, and an agent of another processor, are refused") {
  SshBed bed;
  const std::string folder = bed.bench.flasher.ssh.directory;
  bed.bench.flasher.ssh.directory = "/proc/slmrig";
  CHECK_THAT(bed.error().text(), Catch::StartsWith("bench shelf: preparing"));
  bed.bench.flasher.ssh.directory = folder;
  bed.bench.agent = base::firmware_file(bed.bed.workshop.root, "aarch64-linux");
  CHECK_THAT(bed.error().text(),
             Catch::Contains("the board is a 'x86_64', the agent") && Catch::Contains("is for 'aarch64'"));
}

TEST_CASE("the agent of a 64-bit Arm board runs under an emulator of its processor, and restarts there") {
  SshBed bed;
  bed.bench.board =
      rig::load_board(bed.bed.workshop.root / "boards" / "aarch64-qemu-user" / "board.json").value();
  bed.bench.agent.clear();
  const auto board = bed.deployed();
  CHECK(board->banner().board == "aarch64-qemu-user");
  CHECK(board->deployment().facts.at("runner") == "qemu-aarch64 -cpu max");
  REQUIRE(board->agent().load(board->slot(), {64}));
  rig::RunRequest request;
  request.prompt = "hello there";
  request.max_new_tokens = 4;
  const auto first = board->agent().run(request);
  REQUIRE(first);
  REQUIRE(board->reset());
  REQUIRE(board->agent().load(board->slot(), {64}));
  CHECK(board->agent().run(request).value().token_ids == first->token_ids);
}

}  // namespace slmrig::deploy
