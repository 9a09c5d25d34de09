// The client against a real process on the other end, which misbehaves as it is told (harness/rigsim).
#include "harness/rig/agent_client.h"

#include <thread>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/base/paths.h"
#include "harness/base/sha256.h"

namespace slmrig::rig {
namespace {

using base::ErrorCode;

ClientTimeouts short_timeouts() {
  ClientTimeouts timeouts;
  timeouts.connect_ms = 700;
  timeouts.answer_ms = 700;
  return timeouts;
}

struct Bed {
  explicit Bed(const std::string& fault, ClientTimeouts timeouts = {}) {
    const auto program = base::find_program("slmrig-faulty-agent", base::find_project_root().value()).value();
    base::ChildOptions options;
    options.arguments = {program.string(), "--fault", fault};
    child = std::make_unique<base::ChildProcess>(base::ChildProcess::spawn(options).value());
    client = std::make_unique<AgentClient>(child_link(*child, "the agent process"), timeouts);
  }

  std::vector<uint8_t> image = std::vector<uint8_t>(100'000, 7);
  std::unique_ptr<base::ChildProcess> child;
  std::unique_ptr<AgentClient> client;

  // Connected, with an image loaded.
  void make_ready() const {
    REQUIRE(client->connect());
    REQUIRE(client->upload(0, image, {}));
    REQUIRE(client->load(0, {256}));
  }
  base::Error run_error(int64_t timeout_ms = 1000) const {
    RunRequest request;
    request.prompt = "hello";
    request.timeout_ms = timeout_ms;
    const auto reply = client->run(request);
    REQUIRE_FALSE(reply);
    return reply.error();
  }
};

}  // namespace

TEST_CASE("a healthy agent is found, filled, loaded, run and reset") {
  Bed bed("none");
  const Banner banner = bed.client->connect().value();
  CHECK(banner.board == "native");
  CHECK(banner.unique_id == "simulated");
  CHECK(banner.origin == "exec");
  CHECK(banner.agent_build_id.size() == 40);
  uint64_t heard_bytes = UINT64_MAX;
  const auto slot = bed.client->upload(0, bed.image, [&](uint64_t done, uint64_t total) {
    CHECK((heard_bytes == UINT64_MAX ? done == 0 : done > heard_bytes));
    CHECK(total == bed.image.size());
    heard_bytes = done;
  });
  REQUIRE(slot);
  CHECK(heard_bytes == bed.image.size());
  CHECK(slot->sha256 == base::sha256_hex(bed.image));
  CHECK(bed.client->query_slot(0, true).value().sha256 == slot->sha256);
  CHECK(bed.client->query_slot(0, false).value().sha256.empty());
  CHECK(bed.client->load(0, {256}).value().vocabulary_tokens == 512);
  RunRequest request;
  request.prompt = "hello";
  const RunReply reply = bed.client->run(request).value();
  CHECK(reply.token_ids == std::vector<int32_t>{17, 23, 42, 2});
  CHECK(reply.token_ticks.size() == 4);
  CHECK(reply.finish == base::Finish::kEndToken);
  CHECK(reply.output == "simulated");
  request.max_new_tokens = 2;
  CHECK(bed.client->run(request).value().finish == base::Finish::kLength);
  CHECK(reply.operators.empty());
  request.profile = true;
  const RunReply profiled = bed.client->run(request).value();
  CHECK(profiled.token_ids == std::vector<int32_t>{17, 23});
  REQUIRE(profiled.operators.size() == 2);
  CHECK(profiled.operators[0].phase == base::Phase::kPrefill);
  CHECK(profiled.operators[1].phase == base::Phase::kDecode);
  CHECK(profiled.operators[1].operator_name == "query");
  CHECK(profiled.operators[1].ticks == 500);
  CHECK(profiled.operators[1].macs == 6000);
  CHECK(profiled.subtracted_ticks == std::array<uint64_t, 2>{10, 20});
  const auto roofline = bed.client->roofline().value();
  REQUIRE(roofline.size() == 3);
  CHECK(roofline[0].kind == base::RooflineKind::kKernel);
  CHECK(roofline[0].name == "Q8_0");
  CHECK(roofline[0].tokens == 1);
  CHECK(roofline[0].macs == 8000);
  CHECK(roofline[0].bytes == 8500);
  CHECK(roofline[0].ticks == 600);
  CHECK(roofline[0].missing.empty());
  CHECK(roofline[1].tokens == 2);
  CHECK(roofline[1].missing == "arena_too_small");
  CHECK(roofline[2].kind == base::RooflineKind::kMemory);
  const auto refused = bed.client->load(0, {256, base::KvFormat::kInt8});  // this agent knows f32 alone
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kUnsupported);
  CHECK_THAT(refused.error().message, Catch::Contains("keys and values as int8"));
  CHECK(bed.client->memory().value().at(0).bytes == bed.image.size());
  CHECK(bed.client->board_facts().value() == BoardFacts{{"simulated.governor", "of a simulation"},
                                                        {"simulated.temperature_mc", "of a simulation"}});
  const ClockReading clock = bed.client->clock().value();
  CHECK(clock.before_ns <= clock.after_ns);
  REQUIRE(bed.client->reset());
  CHECK_FALSE(bed.client->load(0, {256}));  // this agent keeps its slot in memory
  CHECK_THAT(bed.client->transcript(), Catch::Contains("> Run prompt_bytes=5") &&
                                           Catch::Contains("< Trace") && !Catch::Contains("hello"));
}

TEST_CASE("an agent without marker lines, or that cannot sleep, is not asked for them") {
  Bed bed("none");
  bed.make_ready();
  RunRequest request;
  request.prompt = "hello";
  request.markers = true;
  const auto marked = bed.client->run(request);
  REQUIRE_FALSE(marked);
  CHECK(marked.error().code == ErrorCode::kUnsupported);
  CHECK_THAT(marked.error().message, Catch::Contains("no marker lines"));
  const auto idle = bed.client->idle(1000);
  REQUIRE_FALSE(idle);
  CHECK(idle.error().code == ErrorCode::kUnsupported);
  request.markers = false;
  CHECK(bed.client->run(request));
}

TEST_CASE("an agent that never says anything is told from one that sends something else") {
  const auto error_of = [](const std::string& fault) {
    const auto banner = Bed(fault, short_timeouts()).client->connect();
    REQUIRE_FALSE(banner);
    return banner.error();
  };
  CHECK(error_of("silent").code == ErrorCode::kTimeout);
  CHECK_THAT(error_of("silent").message, Catch::Contains("is silent: not one byte within 700 ms"));
  CHECK(error_of("garbage").code == ErrorCode::kTimeout);
  CHECK_THAT(error_of("garbage").message, Catch::Contains("no frames of slmrig, beginning with 0x"));
  CHECK_THAT(error_of("boot-text").message, Catch::Contains("Hit any key to stop autoboot"));
  CHECK(error_of("other-link").code == ErrorCode::kUnsupported);
  CHECK_THAT(error_of("other-link").message, Catch::Contains("link version 1"));
  CHECK(error_of("other-protocol").code == ErrorCode::kUnsupported);
  CHECK_THAT(error_of("other-protocol").message, Catch::Contains("speaks protocol 2, this slmrig speaks 1"));
  CHECK(error_of("bad-message").code == ErrorCode::kCorrupt);
  CHECK_THAT(error_of("bad-message").message, Catch::Contains("holds no message of protocol 1"));
}

TEST_CASE("an agent that restarts in mid-run is reported with its last words, and can be talked to again") {
  Bed bed("reset-in-run");
  bed.make_ready();
  const base::Error error = bed.run_error(10'000);
  CHECK(error.code == ErrorCode::kDeviceFault);
  CHECK_THAT(error.message, Catch::Contains("restarted while it worked on Run") &&
                                Catch::Contains("assertion failed at transformer.cc:123"));
  CHECK(bed.client->query_slot(0, false));
}

TEST_CASE("an agent that restarts for ever is given up") {
  const int64_t begun_ns = base::monotonic_now_ns();
  const auto banner = Bed("reset-loop", short_timeouts()).client->connect();
  REQUIRE_FALSE(banner);
  CHECK(base::monotonic_now_ns() - begun_ns < 10'000'000'000);
}

TEST_CASE("an agent that stalls in mid-run ends in a timeout that says whether it still hears") {
  Bed stalled("stall-in-run");
  stalled.make_ready();
  const base::Error stall = stalled.run_error(300);
  CHECK(stall.code == ErrorCode::kTimeout);
  CHECK_THAT(stall.message, Catch::Contains("no answer to Run") && Catch::Contains("took the question"));
  Bed frozen("freeze-in-run", short_timeouts());
  frozen.make_ready();
  CHECK(frozen.run_error(300).code == ErrorCode::kTimeout);
}

TEST_CASE("a late answer to a question that was given up is not taken for the next one's") {
  Bed bed("late-answer");
  bed.make_ready();
  bed.run_error(100);
  CHECK(bed.client->query_slot(0, true).value().sha256 == base::sha256_hex(bed.image));
}

// A retransmission would fall into the agent's quiet window.
TEST_CASE("a question after a long silence is sent once") {
  Bed bed("none");
  bed.make_ready();
  const uint32_t before = bed.client->statistics().retransmits;
  std::this_thread::sleep_for(std::chrono::milliseconds(wire::kRetransmitMs + 200));
  REQUIRE(bed.client->query_slot(0, false));
  CHECK(bed.client->statistics().retransmits == before);
}

TEST_CASE("an agent process that ends in mid-run is a lost link with the exit status") {
  Bed bed("exit-in-run");
  bed.make_ready();
  const base::Error error = bed.run_error();
  CHECK(error.code == ErrorCode::kLinkLost);
  CHECK_THAT(error.message, Catch::Contains("the process ended (exit status 3)"));
}

TEST_CASE("failures and contradictions of an agent are errors with what it said") {
  Bed failing("fail-run");
  failing.make_ready();
  const base::Error failure = failing.run_error();
  CHECK(failure.code == ErrorCode::kDeviceFault);
  CHECK_THAT(failure.message, Catch::Contains("answered Run with engine_fault: a fault that was asked for"));
  Bed lying("lying-trace");
  lying.make_ready();
  const base::Error lie = lying.run_error();
  CHECK(lie.code == ErrorCode::kCorrupt);
  CHECK_THAT(lie.message,
             Catch::Contains("contradicts itself: a piece of the trace from token 0 with 5 tokens"));
  Bed endless("endless-facts");
  REQUIRE(endless.client->connect());
  const auto facts = endless.client->board_facts();
  REQUIRE_FALSE(facts);
  CHECK(facts.error().code == ErrorCode::kCorrupt);
  CHECK_THAT(facts.error().message, Catch::Contains("never end"));
  Bed wrong("wrong-hash");
  REQUIRE(wrong.client->connect());
  const auto slot = wrong.client->upload(0, wrong.image, {});
  REQUIRE_FALSE(slot);
  CHECK(slot.error().code == ErrorCode::kCorrupt);
}

TEST_CASE("a prompt that no message can carry is refused before it is sent") {
  Bed bed("none");
  bed.make_ready();
  RunRequest request;
  request.prompt = std::string(5000, 'x');
  const auto reply = bed.client->run(request);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == ErrorCode::kBadInput);
  CHECK_THAT(reply.error().message,
             Catch::Contains("the prompt has 5000 bytes; the wire carries at most 1536"));
}

}  // namespace slmrig::rig
