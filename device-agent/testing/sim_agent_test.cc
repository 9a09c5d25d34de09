// The agent core on a simulated board: every failure it can answer, and faults at every step.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>

#include "device-agent/testing/sim_bench.h"

namespace slmrig::agent::testing {
namespace {

std::string run_failure(AgentPeer& peer, const std::string& prompt, uint32_t max_new_tokens,
                        float temperature) {
  return failure_of(
      peer.ask(fb::Message::Run,
               [&](auto& builder) {
                 const auto text = builder.CreateString(prompt);
                 return fb::CreateRun(builder, text, max_new_tokens, 1, temperature, 1, false).Union();
               })
          .get());
}

bool holds(const SimStorage& storage, const std::vector<uint8_t>& image) {
  return slot_holds(storage, 1, image);
}

TEST_CASE("all facts of the board come, in as many messages as they need") {
  SimStorage storage;
  Bench bench(storage);
  AgentPeer& peer = bench.peer;
  const uint32_t id =
      peer.send(fb::Message::BoardQuery, [](auto& builder) { return fb::CreateBoardQuery(builder).Union(); });
  std::vector<std::string> facts;
  for (bool more = true; more;) {
    const auto message = peer.receive_answer(id);
    REQUIRE(message != nullptr);
    const auto* state = message->as<fb::BoardState>();
    REQUIRE(state != nullptr);
    for (const auto* fact : *state->facts()) facts.push_back(fact->key()->str() + "=" + fact->value()->str());
    more = !state->last();
  }
  REQUIRE(facts.size() == 19);
  CHECK(facts.front() == "simulated.fact_0=value 0");
  CHECK(facts.back() == "simulated.fact_18=value 18");
  CHECK(peer.hello() != nullptr);
}

TEST_CASE("every request that cannot be met is answered with its reason") {
  SimStorage storage;
  Bench bench(storage);
  AgentPeer& peer = bench.peer;
  CHECK(failure_of(peer.load(0).get()) == "bad_slot");
  CHECK(failure_of(peer.load(7).get()) == "bad_slot");
  CHECK(failure_of(peer.slot(9).get()) == "bad_slot");
  CHECK(failure_of(peer.slot(1, true).get()) == "bad_slot");
  CHECK(failure_of(peer.upload(0, echo_image()).get()) == "bad_slot");
  CHECK(failure_of(peer.upload(1, echo_image(65537)).get()) == "slot_too_small");
  CHECK(peer.run("too early", 4).failure == "not_loaded");
  REQUIRE(peer.upload(1, echo_image())->as<fb::SlotState>() != nullptr);
  CHECK(failure_of(peer.slot(1, true, 70000).get()) == "bad_argument");
  CHECK(failure_of(peer.load(1, 100000).get()) == "unsupported_image");
  CHECK(peer.run("after a refused load", 4).failure == "not_loaded");
  REQUIRE(peer.load(1)->as<fb::LoadReport>() != nullptr);
  CHECK(run_failure(peer, "x", 0, 0.0F) == "bad_argument");
  CHECK(run_failure(peer, "x", 1, -1.0F) == "bad_argument");
  CHECK(run_failure(peer, "x", 1, std::numeric_limits<float>::quiet_NaN()) == "bad_argument");
  CHECK(run_failure(peer, "x", 1000000, 0.0F) == "trace_full");
  CHECK(run_failure(peer, std::string(1600, 'x'), 1, 0.0F) == "prompt_too_long");
  CHECK(peer.run(std::string(300, 'x'), 4).failure == "prompt_too_long");  // the engine's context is 256
  CHECK(peer.run("still well", 32).output == "STILL WELL");
  CHECK(
      failure_of(peer.ask(fb::Message::Clock, [](auto& b) { return fb::CreateClock(b, 1).Union(); }).get()) ==
      "bad_message");
}

TEST_CASE("an engine that cannot profile answers with an empty one") {
  SimStorage storage;
  storage.slots[0] = echo_image();
  Bench bench(storage);
  REQUIRE(bench.peer.load(0)->as<fb::LoadReport>() != nullptr);
  const uint32_t run = bench.peer.send(fb::Message::Run, [](auto& builder) {
    const auto text = builder.CreateString("abc");
    return fb::CreateRun(builder, text, 4, 1, 0.0F, 1, false, true).Union();
  });
  std::unique_ptr<Message> message;
  do {
    message = bench.peer.receive_answer(run);
    REQUIRE(message != nullptr);
    REQUIRE(failure_of(message.get()).empty());
  } while (message->as<fb::Profile>() == nullptr);
  CHECK(message->as<fb::Profile>()->last());
  CHECK(message->as<fb::Profile>()->entries()->size() == 0);
  CHECK(bench.peer.run("without", 8).output == "WITHOUT");
}

TEST_CASE("an engine without a roofline answers with an empty one, and nobody without a model") {
  SimStorage storage;
  storage.slots[0] = echo_image();
  Bench bench(storage);
  const auto ask = [&] {
    return bench.peer.ask(fb::Message::RooflineQuery,
                          [](auto& builder) { return fb::CreateRooflineQuery(builder).Union(); });
  };
  CHECK(failure_of(ask().get()) == "not_loaded");
  REQUIRE(bench.peer.load(0)->as<fb::LoadReport>() != nullptr);
  const auto answer = ask();
  REQUIRE(answer->as<fb::Roofline>() != nullptr);
  CHECK(answer->as<fb::Roofline>()->last());
  CHECK(answer->as<fb::Roofline>()->entries()->size() == 0);
  CHECK(bench.peer.run("still well", 32).output == "STILL WELL");
}

TEST_CASE("each limit of a roofline is told, one that cannot be measured with its reason") {
  SimStorage storage;
  storage.slots[0] = echo_image(4096, 4096, 3);
  Bench bench(storage);
  REQUIRE(bench.peer.load(0)->as<fb::LoadReport>() != nullptr);
  const uint32_t windows = bench.board.quiet_windows;
  auto answer = bench.peer.ask(fb::Message::RooflineQuery,
                               [](auto& builder) { return fb::CreateRooflineQuery(builder).Union(); });
  const uint32_t request_id = answer->request_id();
  for (uint32_t i = 0; i < 3; ++i) {
    INFO(i);
    const auto* roofline = answer->as<fb::Roofline>();
    REQUIRE(roofline != nullptr);
    CHECK(roofline->last() == (i == 2));
    REQUIRE(roofline->entries()->size() == 1);
    const fb::RooflineEntry& entry = *roofline->entries()->Get(0);
    CHECK(entry.kind() == fb::RooflineKind::kernel);
    CHECK(entry.name()->str() == (i == 1 ? "roomy" : "work"));
    CHECK(entry.tokens() == i + 1);
    CHECK(entry.macs() == (i == 1 ? 0 : 1));
    CHECK(static_cast<wire::Status>(entry.status()) ==
          (i == 1 ? wire::Status::kArenaTooSmall : wire::Status::kOk));
    if (i != 2) answer = bench.peer.receive_answer(request_id);
  }
  CHECK(bench.board.quiet_windows == windows + 3);
  CHECK(bench.board.link_uses_in_quiet == 0);
  CHECK(bench.peer.run("still well", 32).output == "STILL WELL");
}

TEST_CASE("a format of keys and values that nobody knows is refused, and one that the engine lacks is told") {
  SimStorage storage;
  storage.slots[0] = echo_image();
  Bench bench(storage);
  const auto load = [&](uint8_t kv) {
    return bench.peer.ask(fb::Message::Load, [kv](auto& builder) {
      return fb::CreateLoad(builder, 0, 0, static_cast<fb::KvFormat>(kv)).Union();
    });
  };
  CHECK(failure_of(load(3).get()) == "bad_argument");
  const auto report = load(2);
  REQUIRE(report->as<fb::LoadReport>() != nullptr);
  CHECK(report->as<fb::LoadReport>()->kv() == fb::KvFormat::f32);
}

TEST_CASE("bytes that are not a message are refused and do no harm") {
  SimStorage storage;
  Bench bench(storage);
  REQUIRE(bench.peer.hello() != nullptr);
  REQUIRE(bench.peer.send_raw({1, 2, 3, 4, 5, 6, 7, 8}));
  const auto answer = bench.peer.receive_answer(0);
  CHECK(failure_of(answer.get()) == "bad_message");
  REQUIRE(bench.peer.send_raw({}));
  CHECK(failure_of(bench.peer.receive_answer(0).get()) == "bad_message");
  CHECK(bench.peer.hello()->as<fb::Banner>() != nullptr);
  CHECK(bench.board.lives == 1);
}

TEST_CASE("an arena that is too small says how much is needed") {
  SimStorage storage;
  storage.slots[0] = echo_image(4096, 100000);
  Bench bench(storage, 1, 65536);
  const auto answer = bench.peer.load(0);
  REQUIRE(failure_of(answer.get()) == "arena_too_small");
  // What the trace takes beside the engine is part of it.
  CHECK(answer->as<fb::Failure>()->needed() > 100000 + 1536);
  CHECK(answer->as<fb::Failure>()->needed() < 100000 + 65536 / 4);
  CHECK(answer->as<fb::Failure>()->available() == 65536);
}

TEST_CASE("the trace takes what the context can fill, and is told as memory of its own") {
  const auto trace_bytes = [](AgentPeer& peer) {
    const auto message =
        peer.ask(fb::Message::MemoryQuery, [](auto& b) { return fb::CreateMemoryQuery(b).Union(); });
    uint64_t bytes = 0;
    for (const auto* item : *message->as<fb::MemoryReport>()->classes()) {
      if (item->name()->str() == "trace") bytes = item->bytes();
    }
    return bytes;
  };
  SimStorage storage;
  storage.slots[0] = echo_image();
  Bench bench(storage);
  const uint64_t unloaded_bytes = trace_bytes(bench.peer);
  CHECK(unloaded_bytes < 300);
  // A token and its ticks in 12 bytes, one more than the context; the texts of prompt and fallback.
  for (const uint32_t context : {32U, 200U}) {
    REQUIRE(bench.peer.load(0, context)->as<fb::LoadReport>() != nullptr);
    CHECK(trace_bytes(bench.peer) == unloaded_bytes + (context + 1) * 12 + 1536 + 256);
    const RunOutcome outcome = bench.peer.run("abcdefghijklmnopqrstuvwxyz", 1000);
    CHECK(outcome.failure.empty());
    CHECK(outcome.finish == (context == 32 ? fb::Finish::context_full : fb::Finish::end_token));
    CHECK(outcome.duration_ticks.size() == (context == 32 ? 6 : 27));
  }
  CHECK(bench.peer.run(std::string(220, 'x'), 4).failure == "prompt_too_long");
}

TEST_CASE("a generation ends at the end token, at the length and at the context") {
  SimStorage storage;
  storage.slots[0] = echo_image();
  Bench bench(storage);
  REQUIRE(bench.peer.load(0, 20)->as<fb::LoadReport>() != nullptr);
  const RunOutcome ended = bench.peer.run("abc", 10);
  CHECK(ended.finish == fb::Finish::end_token);
  CHECK(ended.token_ids == std::vector<int32_t>{'A', 'B', 'C', echo::kEndToken});
  const RunOutcome cut = bench.peer.run("abc", 2);
  CHECK(cut.finish == fb::Finish::length);
  CHECK(cut.output == "AB");
  const RunOutcome full = bench.peer.run("abc", 100, true);
  CHECK(full.finish == fb::Finish::context_full);
  CHECK(full.token_ids.size() == 17);
}

TEST_CASE("a long trace comes in several messages and is whole") {
  SimStorage storage;
  storage.slots[0] = echo_image();
  Bench bench(storage);
  REQUIRE(bench.peer.load(0)->as<fb::LoadReport>() != nullptr);
  const RunOutcome outcome = bench.peer.run("abc", 250, true);
  REQUIRE(outcome.token_ids.size() == 250);
  CHECK(std::accumulate(outcome.duration_ticks.begin(), outcome.duration_ticks.end(), uint64_t{0}) ==
        outcome.total_ticks);
  CHECK(bench.board.quiet_windows == 2);  // the load's and the run's
  CHECK(bench.board.link_uses_in_quiet == 0);
}

TEST_CASE(
    "a request that comes while another is answered is refused as busy, and the first one is answered") {
  SimStorage storage;
  storage.slots[0] = echo_image();
  Bench bench(storage);
  REQUIRE(bench.peer.load(0)->as<fb::LoadReport>() != nullptr);
  const auto run = [&](auto& builder) {
    const auto text = builder.CreateString("abc");
    return fb::CreateRun(builder, text, 4, 1, 0.0F, 1, false).Union();
  };
  const uint32_t first = bench.peer.send(fb::Message::Run, run);
  const uint32_t second = bench.peer.send(fb::Message::Run, run);
  CHECK(bench.peer.receive_answer(first)->as<fb::Accepted>() != nullptr);
  CHECK(failure_of(bench.peer.receive_answer(second).get()) == "busy");
  CHECK(bench.peer.run("xyz", 9).output == "XYZ");
}

TEST_CASE("a hash that does not fit what arrived is refused, and the next upload starts from nothing") {
  SimStorage storage;
  Bench bench(storage);
  const auto image = echo_image(10000);
  uint8_t lie[wire::kSha256Bytes] = {1, 2, 3};
  AgentPeer& peer = bench.peer;
  REQUIRE(peer.ask(fb::Message::UploadBegin,
                   [&](auto& b) {
                     const auto hash = b.CreateVector(lie, sizeof lie);
                     return fb::CreateUploadBegin(b, 1, image.size(), hash).Union();
                   })
              ->as<fb::SlotState>() != nullptr);
  for (size_t at = 0; at < image.size(); at += 1000) {
    peer.send(fb::Message::UploadChunk, [&](auto& b) {
      const auto data = b.CreateVector(image.data() + at, 1000);
      return fb::CreateUploadChunk(b, 1, at, data).Union();
    });
  }
  const auto end =
      peer.ask(fb::Message::UploadEnd, [](auto& b) { return fb::CreateUploadEnd(b, 1).Union(); });
  CHECK(failure_of(end.get()) == "hash_mismatch");
  uint64_t resumed_at = 1;
  REQUIRE(peer.upload(1, image, &resumed_at)->as<fb::SlotState>() != nullptr);
  CHECK(resumed_at == 0);
}

TEST_CASE("a gap in an upload is answered once, with where to go on") {
  SimStorage storage;
  Bench bench(storage);
  const auto image = echo_image(10000);
  bench.peer.upload(1, image, nullptr, 1920);
  const auto chunk = [&](uint64_t at) {
    return bench.peer.send(fb::Message::UploadChunk, [&](auto& b) {
      const auto data = b.CreateVector(image.data() + at, 1000);
      return fb::CreateUploadChunk(b, 1, at, data).Union();
    });
  };
  const uint32_t first = chunk(4000);
  chunk(5000);
  const auto answer = bench.peer.receive_answer(first);
  REQUIRE(failure_of(answer.get()) == "bad_argument");
  CHECK(answer->as<fb::Failure>()->needed() == 1920);
  CHECK(bench.peer.hello() != nullptr);
  CHECK(bench.peer.receive(100) == nullptr);
  REQUIRE(bench.peer.upload(1, image)->as<fb::SlotState>() != nullptr);
}

TEST_CASE("an upload survives a power cut at every operation of the storage") {
  const auto image = echo_image(60000);
  const auto other = echo_image(50000, 8192);
  int64_t operations = 0;
  {
    SimStorage storage;
    Bench bench(storage);
    REQUIRE(bench.peer.upload(1, other)->as<fb::SlotState>() != nullptr);
    storage.operations = 0;
    REQUIRE(bench.peer.upload(1, image)->as<fb::SlotState>() != nullptr);
    operations = storage.operations;
  }
  REQUIRE(operations > 30);
  for (int64_t cut_at = 0; cut_at < operations; ++cut_at) {
    SimStorage storage;
    {
      Bench bench(storage, 1);
      REQUIRE(bench.peer.upload(1, other)->as<fb::SlotState>() != nullptr);
      storage.operations = 0;
      storage.power_cut_at = cut_at;
      const uint32_t started_ms = bench.stream.now_ms();
      // Sends until the board dies; then there is nobody to wait for.
      while (bench.board.powered() && bench.stream.now_ms() - started_ms < 1000) {
        bench.peer.send(fb::Message::UploadBegin, [&](auto& b) {
          uint8_t digest[wire::kSha256Bytes];
          wire::sha256(image.data(), image.size(), digest);
          const auto hash = b.CreateVector(digest, sizeof digest);
          return fb::CreateUploadBegin(b, 1, image.size(), hash).Union();
        });
        for (size_t at = 0; at < image.size() && bench.board.powered(); at += 1920) {
          bench.peer.send(fb::Message::UploadChunk, [&](auto& b) {
            const auto data = b.CreateVector(image.data() + at, std::min<size_t>(1920, image.size() - at));
            return fb::CreateUploadChunk(b, 1, at, data).Union();
          });
        }
        if (bench.board.powered()) {
          bench.peer.send(fb::Message::UploadEnd, [](auto& b) { return fb::CreateUploadEnd(b, 1).Union(); });
          for (int i = 0; i < 100 && bench.board.powered(); ++i) bench.peer.pump(1);
        }
      }
      REQUIRE_FALSE(bench.board.powered());
    }
    Bench bench(storage, 2);
    const auto state = bench.peer.slot(1);
    REQUIRE(state->as<fb::SlotState>() != nullptr);
    if (state->as<fb::SlotState>()->phase() == fb::SlotPhase::ready) {
      REQUIRE((holds(storage, image) || holds(storage, other)));  // one of the two images, whole
    }
    const auto stored = bench.peer.upload(1, image);
    REQUIRE(stored->as<fb::SlotState>() != nullptr);
    REQUIRE(holds(storage, image));
    REQUIRE(bench.peer.load(1)->as<fb::LoadReport>() != nullptr);
  }
}

TEST_CASE("storage that refuses is told, at whatever step, and is used again when it has recovered") {
  const auto image = echo_image(20000);
  for (int64_t refuse_from = 0; refuse_from < 14; ++refuse_from) {
    SimStorage storage;
    Bench bench(storage);
    storage.refuse_from = refuse_from;
    const uint64_t received = bench.stream.bytes_written;
    const auto answer = bench.peer.upload(1, image);
    REQUIRE(received < bench.stream.bytes_written);
    REQUIRE(answer != nullptr);
    REQUIRE_FALSE(failure_of(answer.get()).empty());
    storage.refuse_from = SimStorage::kNever;
    REQUIRE(bench.peer.upload(1, image)->as<fb::SlotState>() != nullptr);
    REQUIRE(holds(storage, image));
  }
}

TEST_CASE("a line that is cut anywhere in an upload leaves an agent that a new host finds and finishes") {
  const auto image = echo_image(12000);
  for (uint64_t cut = 0; cut < 13000; cut += 97) {
    SimStorage storage;
    SimBoard board(storage, run_the_agent);
    {
      SimStream stream(board);
      stream.cut_after_bytes = cut;
      AgentPeer peer(stream, 1);
      for (int step = 0; step < 40; ++step) peer.pump(1);
      if (peer.connection().state() == wire::LinkState::kConnected) {
        uint8_t digest[wire::kSha256Bytes];
        wire::sha256(image.data(), image.size(), digest);
        peer.send(fb::Message::UploadBegin, [&](auto& b) {
          const auto hash = b.CreateVector(digest, sizeof digest);
          return fb::CreateUploadBegin(b, 1, image.size(), hash).Union();
        });
        for (size_t at = 0; at < 6 * 1920; at += 1920) {
          if (peer.connection().window_full()) break;
          peer.send(fb::Message::UploadChunk, [&](auto& b) {
            const auto data = b.CreateVector(image.data() + at, 1920);
            return fb::CreateUploadChunk(b, 1, at, data).Union();
          });
        }
        peer.pump(20);
      }
    }
    SimStream stream(board);
    AgentPeer peer(stream, 2);
    const auto stored = peer.upload(1, image);
    REQUIRE(stored != nullptr);
    REQUIRE(stored->as<fb::SlotState>() != nullptr);
    REQUIRE(holds(storage, image));
    REQUIRE(board.lives == 1);
  }
}

TEST_CASE("a host that goes away before the quiet window costs its session only") {
  SimStorage storage;
  storage.slots[0] = echo_image();
  SimBoard board(storage, run_the_agent);
  {
    SimStream stream(board);
    AgentPeer peer(stream, 1);
    REQUIRE(peer.load(0)->as<fb::LoadReport>() != nullptr);
    peer.send(fb::Message::Run, [](auto& builder) {
      const auto text = builder.CreateString("abc");
      return fb::CreateRun(builder, text, 4, 1, 0.0F, 1, false).Union();
    });
    uint8_t chunk[4096];
    const size_t count = peer.connection().take_output(chunk, sizeof chunk);
    stream.write(chunk, count);
  }
  for (int i = 0; i < 200; ++i) board.run();  // Accepted is never acknowledged
  SimStream stream(board);
  AgentPeer peer(stream, 2);
  CHECK(peer.run("hello again", 32).output == "HELLO AGAIN");
  CHECK(board.link_uses_in_quiet == 0);
}

TEST_CASE("a fault is told by the banner of the next life, once") {
  SimStorage storage;
  storage.fault = "device-agent/core/link.cc:17";
  Bench bench(storage);
  CHECK(bench.peer.hello()->as<fb::Banner>()->reset_reason()->str() == "device-agent/core/link.cc:17");
  const auto banner = bench.peer.reset();
  REQUIRE(banner != nullptr);
  CHECK(banner->as<fb::Banner>()->reset_reason()->str().empty());
  CHECK(bench.board.lives == 2);
}

}  // namespace
}  // namespace slmrig::agent::testing
