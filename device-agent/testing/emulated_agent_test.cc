// Firmware in an emulator, started as board.json says: what the wire carries, and that counts repeat exactly.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "device-agent/testing/agent_peer.h"
#include "device-agent/testing/process_stream.h"
#include "device-agent/wire/marker_edges.h"
#include "tests/foreign_engine/echo_engine.h"

namespace slmrig::agent::testing {
namespace {

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

void write_file(const std::string& path, const std::vector<uint8_t>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::vector<uint8_t> echo_image(size_t size_bytes, uint32_t rounds_per_token = 1000,
                                echo::Crash crash = echo::Crash::kNone) {
  std::vector<uint8_t> bytes(size_bytes);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  echo::EchoImage head;
  head.rounds_per_token = rounds_per_token;
  head.crash = static_cast<uint32_t>(crash);
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes;
}

// One emulated board: files, process and the host's end of its link.
class EmulatedBoard {
 public:
  EmulatedBoard(const std::string& board, const std::vector<uint8_t>& image) {
    char name[] = "/tmp/slmrig-emulated-XXXXXX";
    folder_ = mkdtemp(name);
    write_file(folder_ + "/image", image);
    std::vector<uint8_t> id(64);
    std::memcpy(id.data(), "virtual-0042", 12);
    write_file(folder_ + "/unique_id", id);
    std::ifstream file("boards/" + board + "/board.json");
    facts_ = nlohmann::json::parse(file);
    const std::string agent = SLMRIG_FIRMWARE_FOLDER "/" + board + "/agent-echo.elf";
    if (!std::ifstream(agent).good()) FAIL(agent + " is missing: `./dev build` makes it");
    std::vector<std::string> command = {facts_["emulator"]["program"]};
    for (std::string argument : facts_["emulator"]["arguments"]) {
      replace_all(argument, "{agent}", agent);
      replace_all(argument, "{image}", folder_ + "/image");
      replace_all(argument, "{unique_id_file}", folder_ + "/unique_id");
      replace_all(argument, "{uart}", folder_ + "/uart");
      replace_all(argument, "{markers}", "file:" + folder_ + "/markers");
      command.push_back(argument);
    }
    stream_ = std::make_unique<ProcessStream>(command, folder_ + "/uart");
    peer_ = std::make_unique<AgentPeer>(*stream_, 0xABCDEF01);
    if (peer_->hello() == nullptr) FAIL(agent + " does not answer in " + command.front());
  }
  ~EmulatedBoard() {
    peer_.reset();
    stream_.reset();
    for (const char* file : {"/image", "/unique_id", "/uart", "/markers"}) unlink((folder_ + file).c_str());
    rmdir(folder_.c_str());
  }
  EmulatedBoard(const EmulatedBoard&) = delete;
  EmulatedBoard& operator=(const EmulatedBoard&) = delete;

  AgentPeer& peer() { return *peer_; }
  const nlohmann::json& facts() const { return facts_; }
  // All that came from the second UART so far.
  std::vector<wire::MarkerEdge> marker_edges(uint64_t* dropped_bytes) const {
    std::ifstream file(folder_ + "/markers", std::ios::binary);
    wire::MarkerEdgeDecoder decoder;
    std::vector<wire::MarkerEdge> edges;
    for (char byte = 0; file.get(byte);) {
      if (decoder.push(static_cast<uint8_t>(byte))) edges.push_back(decoder.edge());
    }
    *dropped_bytes = decoder.dropped_bytes() + decoder.lost_records();
    return edges;
  }
  pid_t pid() const { return stream_->pid(); }

  // Exact where ticks are more than two an instruction.
  uint64_t instructions(uint64_t ticks) const {
    const uint64_t numerator = facts_["ticks"]["instructions_per_tick"]["numerator"];
    const uint64_t denominator = facts_["ticks"]["instructions_per_tick"]["denominator"];
    return (2 * ticks * numerator + denominator) / (2 * denominator);
  }

 private:
  std::string folder_;
  nlohmann::json facts_;
  std::unique_ptr<ProcessStream> stream_;
  std::unique_ptr<AgentPeer> peer_;
};

std::string any_board() { return GENERATE(as<std::string>{}, "mps2-an386", "mps3-an547", "netduinoplus2"); }
// With a slot that takes uploads and marker edges on a second UART. netduinoplus2 has but the slot that is
// laid, since the emulator writes no flash, and pins for markers, to which nothing can be attached there.
std::string any_mps_board() { return GENERATE(as<std::string>{}, "mps2-an386", "mps3-an547"); }

TEST_CASE("an emulated board tells who it is, as board.json says") {
  EmulatedBoard board(any_board(), echo_image(4096));
  const auto message = board.peer().hello();
  REQUIRE(message != nullptr);
  const auto* banner = message->as<fb::Banner>();
  REQUIRE(banner != nullptr);
  CHECK(banner->board()->str() == board.facts()["name"]);
  CHECK(banner->unique_id()->str() == "virtual-0042");
  CHECK(banner->tick_source()->str() == board.facts()["ticks"]["source"]);
  CHECK(banner->tick_rate_hz() == board.facts()["ticks"]["rate_hz"]);
  CHECK(banner->arena_bytes() == board.facts()["memory"]["arena_bytes"]);
  CHECK(banner->origin() == fb::Origin::reset);
  CHECK(banner->agent_build_id()->size() == 40);
  CHECK(banner->boot_ticks() > 1000);
  CHECK(banner->reset_reason()->str().empty());
  const auto slot0 = board.peer().slot(0);
  CHECK(slot0->as<fb::SlotState>()->capacity_bytes() == board.facts()["memory"]["slot_bytes"]);
  CHECK_FALSE(slot0->as<fb::SlotState>()->writable());
  const auto slot1 = board.peer().slot(1);
  if (!board.facts()["memory"].contains("upload_slot_bytes")) {
    CHECK(failure_of(slot1.get()) == "bad_slot");
    return;
  }
  CHECK(slot1->as<fb::SlotState>()->capacity_bytes() == board.facts()["memory"]["upload_slot_bytes"]);
  CHECK(slot1->as<fb::SlotState>()->writable());
}

TEST_CASE("an MPS board tells which core it has, and its caches, as read from it") {
  const std::string name = any_mps_board();
  EmulatedBoard board(name, echo_image(4096));
  const auto message = board.peer().hello();
  REQUIRE(message != nullptr);
  const std::string settings = message->as<fb::Banner>()->settings()->str();
  CAPTURE(settings);
  REQUIRE(settings.size() > 16);
  CHECK(settings.compare(0, 10, "cpuid=0x41") == 0);  // by Arm
  CHECK(settings.substr(12, 3) == (name == "mps2-an386" ? "c24" : "d22"));
  CHECK(settings.find(", icache=") != std::string::npos);
  CHECK(settings.find(", dcache=") != std::string::npos);
  if (name == "mps2-an386") CHECK(settings.find("icache=none, dcache=none") != std::string::npos);
}

TEST_CASE("the image that was laid into memory is the one that is hashed and run") {
  const auto image = echo_image(100000);
  EmulatedBoard board(any_board(), image);
  const auto state = board.peer().slot(0, true, image.size());
  REQUIRE(state->as<fb::SlotState>() != nullptr);
  uint8_t digest[wire::kSha256Bytes];
  wire::sha256(image.data(), image.size(), digest);
  REQUIRE(state->as<fb::SlotState>()->sha256() != nullptr);
  CHECK(std::memcmp(state->as<fb::SlotState>()->sha256()->data(), digest, sizeof digest) == 0);
  REQUIRE(board.peer().load(0)->as<fb::LoadReport>() != nullptr);
  const RunOutcome outcome = board.peer().run("hello board", 32);
  CHECK(outcome.failure.empty());
  CHECK(outcome.output == "HELLO BOARD");
}

TEST_CASE("instruction counts repeat exactly: within a life, after a reset and in another emulator") {
  const std::string name = any_board();
  std::vector<std::vector<uint64_t>> all;
  std::vector<uint64_t> boots;
  for (int life = 0; life < 2; ++life) {
    EmulatedBoard board(name, echo_image(4096, 20000));
    for (int reset = 0; reset < 2; ++reset) {
      boots.push_back(board.peer().hello()->as<fb::Banner>()->boot_ticks());
      REQUIRE(board.peer().load(0)->as<fb::LoadReport>() != nullptr);
      for (int repeat = 0; repeat < 3; ++repeat) {
        const RunOutcome outcome = board.peer().run("count these", 64);
        REQUIRE(outcome.failure.empty());
        std::vector<uint64_t> counts;
        for (uint64_t ticks : outcome.duration_ticks) counts.push_back(board.instructions(ticks));
        all.push_back(counts);
      }
      REQUIRE(board.peer().reset() != nullptr);
    }
  }
  REQUIRE(all.size() == 12);
  for (const auto& counts : all) CHECK(counts == all.front());
  for (uint64_t boot : boots) CHECK(boot == boots.front());
  CHECK(all.front()[1] > 20000);  // at least one instruction a round
}

TEST_CASE("bytes that come in a quiet window change no count and are read after it") {
  EmulatedBoard board(any_board(), echo_image(4096, 200000));
  REQUIRE(board.peer().load(0)->as<fb::LoadReport>() != nullptr);
  const RunOutcome undisturbed = board.peer().run("count these", 64);
  const uint32_t run = board.peer().send(fb::Message::Run, [](auto& builder) {
    const auto text = builder.CreateString("count these");
    return fb::CreateRun(builder, text, 64, 1, 0.0F, 1, false).Union();
  });
  REQUIRE(board.peer().receive_answer(run)->as<fb::Accepted>() != nullptr);
  board.peer().pump(5);
  const uint32_t hello = board.peer().send(fb::Message::Hello,
                                           [](auto& builder) { return fb::CreateHello(builder, 1).Union(); });
  std::vector<uint64_t> durations;
  bool last = false;
  while (!last) {
    const auto message = board.peer().receive_answer(run);
    REQUIRE(message != nullptr);
    if (const auto* trace = message->as<fb::Trace>()) {
      durations.insert(durations.end(), trace->duration_ticks()->begin(), trace->duration_ticks()->end());
      last = trace->last();
    }
  }
  CHECK(durations == undisturbed.duration_ticks);
  CHECK(board.peer().receive_answer(hello) != nullptr);  // a banner, or that the agent was busy
}

TEST_CASE("an upload into the small slot survives a reset in its middle") {
  const auto image = echo_image(40000);
  EmulatedBoard board(any_mps_board(), echo_image(4096));
  uint64_t resumed_at = 1;
  board.peer().upload(1, image, &resumed_at, 36000);
  CHECK(resumed_at == 0);
  REQUIRE(board.peer().reset() != nullptr);
  const auto stored = board.peer().upload(1, image, &resumed_at);
  CHECK(resumed_at >= 32768);
  REQUIRE(stored != nullptr);
  REQUIRE(stored->as<fb::SlotState>() != nullptr);
  CHECK(stored->as<fb::SlotState>()->phase() == fb::SlotPhase::ready);
  CHECK(board.peer().load(1)->as<fb::LoadReport>() != nullptr);
  const auto too_large = board.peer().upload(1, echo_image(70000));
  CHECK(failure_of(too_large.get()) == "slot_too_small");
  CHECK(too_large->as<fb::Failure>()->needed() == 70000);
  CHECK(too_large->as<fb::Failure>()->available() == 65536);
}

TEST_CASE("an engine that crashes is told by the banner of the next life, which works") {
  const auto [crash, told] = GENERATE(table<echo::Crash, std::string>(
      {{echo::Crash::kTrap, "processor fault, pc 0x"}, {echo::Crash::kStackOverflow, "stack overflow"}}));
  EmulatedBoard board(any_board(), echo_image(4096, 1000, crash));
  REQUIRE(board.peer().load(0)->as<fb::LoadReport>() != nullptr);
  board.peer().send(fb::Message::Run, [](auto& builder) {
    const auto text = builder.CreateString("crash");
    return fb::CreateRun(builder, text, 4, 1, 0.0F, 1, false).Union();
  });
  std::unique_ptr<Message> message;
  do {
    message = board.peer().receive(20000);
    REQUIRE(message != nullptr);
  } while (message->as<fb::Banner>() == nullptr);
  // The first session's banner came before the load: this one is the next life's.
  CHECK(message->as<fb::Banner>()->reset_reason()->str().find(told) == 0);
  CHECK(board.peer().connection().take_restart());
  const auto next = board.peer().reset();
  CHECK(next->as<fb::Banner>()->reset_reason()->str().empty());
}

TEST_CASE("an image that crashes the board in its trial is left for the one that was confirmed") {
  const auto good = echo_image(4096);
  EmulatedBoard board(any_mps_board(), good);
  AgentPeer& peer = board.peer();
  const auto laid = peer.ask(fb::Message::Activate, [&](auto& builder) {
    uint8_t digest[wire::kSha256Bytes];
    wire::sha256(good.data(), good.size(), digest);
    const auto sha256 = builder.CreateVector(digest, sizeof digest);
    return fb::CreateActivate(builder, 0, good.size(), sha256).Union();
  });
  REQUIRE(failure_of(laid.get()).empty());
  REQUIRE(peer.load(wire::kActiveSlot)->as<fb::LoadReport>() != nullptr);
  REQUIRE(peer.run("good", 8).output == "GOOD");
  REQUIRE(failure_of(peer.update(1, echo_image(5000, 1000, echo::Crash::kTrap)).get()).empty());
  REQUIRE(failure_of(peer.activate(1).get()).empty());
  REQUIRE(peer.load(wire::kActiveSlot)->as<fb::LoadReport>() != nullptr);
  peer.send(fb::Message::Run, [](auto& builder) {
    const auto text = builder.CreateString("crash");
    return fb::CreateRun(builder, text, 4, 1, 0.0F, 1, false).Union();
  });
  std::unique_ptr<Message> message;
  do {
    message = peer.receive(20000);
    REQUIRE(message != nullptr);
  } while (message->as<fb::Banner>() == nullptr || message->as<fb::Banner>()->reset_reason()->size() == 0);
  CHECK(peer.slot(1)->as<fb::SlotState>()->phase() == fb::SlotPhase::bad);
  CHECK(peer.slot(0)->as<fb::SlotState>()->phase() == fb::SlotPhase::confirmed);
  REQUIRE(peer.load(wire::kActiveSlot)->as<fb::LoadReport>() != nullptr);
  CHECK(peer.run("good", 8).output == "GOOD");
}

// Ticks of the edges of the token line within the last span, and all of the span's records.
struct MarkedSpan {
  std::vector<wire::MarkerEdge> records;
  std::vector<uint64_t> token_ticks;
  uint64_t prefill_ticks = 0;
};

MarkedSpan last_span(const std::vector<wire::MarkerEdge>& edges) {
  MarkedSpan span;
  uint8_t before = 0;
  for (const wire::MarkerEdge& edge : edges) {
    if (edge.kind == wire::MarkerEdgeKind::kStart) span = {};
    span.records.push_back(edge);
    if (edge.kind != wire::MarkerEdgeKind::kEdge) continue;
    if (((edge.lines ^ before) & wire::kMarkToken) != 0) span.token_ticks.push_back(edge.ticks);
    if (wire::phase_of(edge.lines) == wire::MarkerPhase::kPrefill) span.prefill_ticks = edge.ticks;
    before = edge.lines;
  }
  return span;
}

constexpr size_t kBootRecords = 4;  // of the span that each life begins with

TEST_CASE("marker edges leave by the second UART, beside the ticks that the trace tells") {
  EmulatedBoard board(any_mps_board(), echo_image(4096, 20000));
  const uint64_t boot_ticks = board.peer().hello()->as<fb::Banner>()->boot_ticks();
  REQUIRE(boot_ticks > 0);
  REQUIRE(board.peer().load(0)->as<fb::LoadReport>() != nullptr);
  uint64_t dropped = 0;
  const RunOutcome plain = board.peer().run("count these", 64);
  // So far nothing but the boot, which took what the banner says.
  const std::vector<wire::MarkerEdge> boot = board.marker_edges(&dropped);
  REQUIRE(boot.size() == kBootRecords);
  CHECK(boot[0].kind == wire::MarkerEdgeKind::kStart);
  CHECK(boot[1].lines == wire::kMarkBoot);
  CHECK(boot[1].ticks == 0);
  CHECK(boot[2].lines == 0);
  CHECK(boot[2].ticks == boot_ticks);
  CHECK(boot[3].kind == wire::MarkerEdgeKind::kEnd);
  for (int repeat = 0; repeat < 2; ++repeat) {
    const RunOutcome marked = board.peer().run_marked("count these", 64);
    REQUIRE(marked.failure.empty());
    const MarkedSpan span = last_span(board.marker_edges(&dropped));
    CHECK(dropped == 0);
    REQUIRE(span.token_ticks.size() == marked.duration_ticks.size());
    uint64_t token_end = span.prefill_ticks;
    for (size_t i = 0; i < span.token_ticks.size(); ++i) {
      token_end += marked.duration_ticks[i];
      // An edge is noted some instructions after the trace's own look at the clock.
      CHECK(span.token_ticks[i] >= token_end);
      CHECK(span.token_ticks[i] - token_end < 2000);
      // What the lines cost: 0.1 % of a token of 100,000 instructions, which is a small one.
      CHECK(board.instructions(marked.duration_ticks[i]) - board.instructions(plain.duration_ticks[i]) <=
            100);
    }
    CHECK(span.records.back().kind == wire::MarkerEdgeKind::kEnd);
    CHECK((span.records.back().lines & wire::kMarkActive) == 0);
  }
}

TEST_CASE("an emulated board notes idle time for its meter and does not wait") {
  EmulatedBoard board(any_mps_board(), echo_image(4096));
  const auto report = board.peer().idle(25'000'000);
  REQUIRE(failure_of(report.get()).empty());
  CHECK(report->as<fb::IdleReport>()->ticks() == 25'000'000);
  uint64_t dropped = 0;
  const std::vector<wire::MarkerEdge> edges = board.marker_edges(&dropped);
  REQUIRE(edges.size() == kBootRecords + 1);
  CHECK(edges.back().kind == wire::MarkerEdgeKind::kIdle);
  CHECK(edges.back().ticks == 25'000'000);
  CHECK(edges.back().lines == 0);
}

TEST_CASE("memory is reported by class") {
  EmulatedBoard board(any_board(), echo_image(4096));
  REQUIRE(board.peer().load(0)->as<fb::LoadReport>() != nullptr);
  REQUIRE(board.peer().run("a", 4).failure.empty());
  const auto message =
      board.peer().ask(fb::Message::MemoryQuery, [](auto& b) { return fb::CreateMemoryQuery(b).Union(); });
  const auto* report = message->as<fb::MemoryReport>();
  REQUIRE(report != nullptr);
  std::map<std::string, uint64_t> bytes;
  for (const auto* item : *report->classes()) bytes[item->name()->str()] = item->bytes();
  CHECK(bytes["kv"] == 1024);
  CHECK(bytes["stack"] > 200);
  CHECK(bytes["stack"] < 16384);
  CHECK(bytes["wire"] > 8192);
  CHECK(bytes.count("process") == 0);
}

}  // namespace
}  // namespace slmrig::agent::testing
