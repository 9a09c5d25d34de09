// Two connections over a bad line, in simulated time.
#include "device-agent/wire/connection.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace slmrig::wire {
namespace {

using Storage = ConnectionStorage<4>;

struct LineFaults {
  double loss = 0;       // of a byte
  double flip = 0;       // of a bit in a byte
  double duplicate = 0;  // of a chunk
};

// One direction of the line: bytes arrive a millisecond later, at a limited rate, or not as they were.
class Line {
 public:
  Line(LineFaults faults, uint32_t seed) : faults_(faults), random_(seed) {}

  void put(const uint8_t* data, size_t size_bytes) {
    const int copies = chance(faults_.duplicate) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      for (size_t i = 0; i < size_bytes; ++i) {
        if (chance(faults_.loss)) continue;
        uint8_t byte = data[i];
        if (chance(faults_.flip)) byte ^= static_cast<uint8_t>(1U << (random_() % 8));
        bytes_.push_back(byte);
      }
    }
  }

  std::vector<uint8_t> take(size_t capacity) {
    const size_t count = std::min(capacity, bytes_.size());
    std::vector<uint8_t> taken(bytes_.begin(), bytes_.begin() + static_cast<long>(count));
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<long>(count));
    return taken;
  }

  void cut() { bytes_.clear(); }
  void spoil(size_t index) { bytes_.at(index) ^= 0x10; }
  void inject(const std::string& garbage) { bytes_.insert(bytes_.end(), garbage.begin(), garbage.end()); }
  void set_faults(LineFaults faults) { faults_ = faults; }
  bool silent() const { return bytes_.empty(); }

 private:
  bool chance(double probability) {
    return probability > 0 && std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }

  LineFaults faults_;
  std::mt19937 random_;
  std::deque<uint8_t> bytes_;
};

// One end: a connection, what it still has to say, and what it heard.
class End {
 public:
  explicit End(uint32_t epoch) { restart(epoch); }

  void restart(uint32_t epoch) {
    storage_ = std::make_unique<Storage>();
    LinkSettings settings;
    settings.epoch = epoch;
    settings.retransmit_ms = 500;
    connection_ = std::make_unique<Connection>(*storage_, settings);
  }

  Connection& connection() { return *connection_; }

  void step(uint32_t now_ms, Line& in, Line& out) {
    connection_->poll(now_ms);
    while (!to_say.empty()) {
      const std::string& next = to_say.front();
      const auto* bytes = reinterpret_cast<const uint8_t*>(next.data());
      const FrameKind kind = next[0] == 'c' ? FrameKind::kChunk : FrameKind::kData;
      if (connection_->send(bytes, next.size(), kind) != SendResult::kQueued) break;
      to_say.pop_front();
    }
    const std::vector<uint8_t> arrived = in.take(bytes_per_ms);
    size_t used = 0;
    while (used < arrived.size()) {
      used += connection_->receive(arrived.data() + used, arrived.size() - used);
      const uint8_t* data = nullptr;
      size_t size_bytes = 0;
      bool is_chunk = false;
      while (connection_->next_message(&data, &size_bytes, &is_chunk)) {
        REQUIRE(reinterpret_cast<uintptr_t>(data) % 8 == 0);
        heard.emplace_back(reinterpret_cast<const char*>(data), size_bytes);
        REQUIRE(is_chunk == (heard.back()[0] == 'c'));
      }
    }
    uint8_t chunk[64];
    size_t count = 0;
    while ((count = connection_->take_output(chunk, sizeof chunk)) != 0) out.put(chunk, count);
  }

  size_t bytes_per_ms = 200;  // that it takes from its line
  std::deque<std::string> to_say;
  std::vector<std::string> heard;

 private:
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Connection> connection_;
};

class Pair {
 public:
  explicit Pair(LineFaults faults = {}, uint32_t seed = 1)
      : host(0x1000 + seed), device(1), to_device(faults, seed), to_host(faults, seed + 77) {}

  void run(uint32_t milliseconds) {
    for (uint32_t i = 0; i < milliseconds; ++i) {
      ++now_ms;
      host.step(now_ms, to_host, to_device);
      device.step(now_ms, to_device, to_host);
    }
  }

  End host;
  End device;
  Line to_device;
  Line to_host;
  uint32_t now_ms = 0xFFFFF000;  // wraps during the test
};

std::vector<std::string> numbered(const std::string& name, int count) {
  std::vector<std::string> messages;
  for (int i = 0; i < count; ++i)
    messages.push_back(name + std::to_string(i) + std::string(i * 7 % 1500, '.'));
  return messages;
}

TEST_CASE("two ends find each other and then say nothing unasked") {
  Pair pair;
  pair.run(50);
  CHECK(pair.host.connection().state() == LinkState::kConnected);
  CHECK(pair.device.connection().state() == LinkState::kConnected);
  const uint64_t sent =
      pair.host.connection().statistics().bytes_sent + pair.device.connection().statistics().bytes_sent;
  pair.run(20000);
  CHECK(pair.host.connection().statistics().bytes_sent + pair.device.connection().statistics().bytes_sent ==
        sent);
  CHECK(pair.host.connection().idle());
}

TEST_CASE("messages arrive once and in order, both ways, whatever the line does") {
  const LineFaults faults = GENERATE(LineFaults{}, LineFaults{0.0005, 0, 0}, LineFaults{0, 0.0005, 0},
                                     LineFaults{0, 0, 0.02}, LineFaults{0.0003, 0.0003, 0.005});
  const auto seed = static_cast<uint32_t>(GENERATE(range(1, 9)));
  Pair pair(faults, seed);
  const auto from_host = numbered("h", 60);
  const auto from_device = numbered("d", 60);
  pair.host.to_say.assign(from_host.begin(), from_host.end());
  pair.device.to_say.assign(from_device.begin(), from_device.end());
  for (int i = 0; i < 600 && (pair.host.heard.size() < 60 || pair.device.heard.size() < 60); ++i)
    pair.run(500);
  REQUIRE(pair.device.heard == from_host);
  REQUIRE(pair.host.heard == from_device);
}

TEST_CASE("a clean line costs no retransmission, and a broken frame one nak instead of a timeout") {
  Pair pair;
  const auto messages = numbered("m", 40);
  pair.host.to_say.assign(messages.begin(), messages.end());
  pair.run(1500);
  CHECK(pair.device.heard == messages);
  CHECK(pair.host.connection().statistics().retransmits == 0);
  pair.to_device.inject("garbage on the line");
  pair.host.to_say.assign({"after garbage"});
  pair.run(20);
  CHECK(pair.device.heard.back() == "after garbage");
  CHECK(pair.device.connection().statistics().broken_frames == 1);
}

TEST_CASE("a slow line is not filled with repeats, also when it loses a frame now and then") {
  const double loss = GENERATE(0.0, 0.00001);
  Pair pair({loss, 0, 0});
  pair.run(50);
  pair.device.bytes_per_ms = 2;  // a window of 8 kB takes four seconds, eight times the first timeout
  const std::vector<std::string> messages(40, std::string(1900, 'x'));
  pair.host.to_say.assign(messages.begin(), messages.end());
  for (int i = 0; i < 400 && pair.device.heard.size() < 40; ++i) pair.run(500);
  CHECK(pair.device.heard.size() == 40);
  const uint64_t payload_bytes = 40 * 1900;
  CHECK(pair.host.connection().statistics().bytes_sent < payload_bytes * (loss > 0 ? 18 : 13) / 10);
}

TEST_CASE("chunks arrive once each in any order, messages in order and after everything before them") {
  const LineFaults faults = GENERATE(LineFaults{}, LineFaults{0.0005, 0, 0}, LineFaults{0, 0.0005, 0},
                                     LineFaults{0, 0, 0.02}, LineFaults{0.0003, 0.0003, 0.005});
  const auto seed = static_cast<uint32_t>(GENERATE(range(1, 9)));
  Pair pair(faults, seed);
  std::vector<std::string> sent;
  for (int i = 0; i < 100; ++i) {
    const bool is_message = i % 13 == 12;
    sent.push_back((is_message ? "m" : "c") + std::to_string(i) + std::string(i * 37 % 900, '.'));
  }
  pair.host.to_say.assign(sent.begin(), sent.end());
  for (int i = 0; i < 600 && pair.device.heard.size() < sent.size(); ++i) pair.run(500);
  const std::vector<std::string>& heard = pair.device.heard;
  REQUIRE(heard.size() == sent.size());
  REQUIRE(std::is_permutation(heard.begin(), heard.end(), sent.begin()));
  std::vector<std::string> messages;
  for (size_t i = 0; i < sent.size(); ++i) {
    if (sent[i][0] != 'm') continue;
    messages.push_back(sent[i]);
    const auto place = std::find(heard.begin(), heard.end(), sent[i]);
    for (size_t before = 0; before < i; ++before) {
      REQUIRE(std::find(heard.begin(), place, sent[before]) != place);
    }
  }
  std::vector<std::string> heard_messages;
  std::copy_if(heard.begin(), heard.end(), std::back_inserter(heard_messages),
               [](const std::string& text) { return text[0] == 'm'; });
  REQUIRE(heard_messages == messages);
}

TEST_CASE("a broken chunk costs one frame more and no wait") {
  Pair pair;
  pair.run(50);
  const std::vector<std::string> chunks(40, "c" + std::string(1000, 'x'));
  pair.host.to_say.assign(chunks.begin(), chunks.end());
  const uint32_t started_ms = pair.now_ms;
  uint32_t breaks = 0;
  for (int i = 0; i < 400 && pair.device.heard.size() < chunks.size(); ++i) {
    if (i % 50 == 20) {
      pair.to_device.inject(std::string(1, '\0') + "xx");
      ++breaks;
    }
    pair.run(1);
  }
  REQUIRE(pair.device.heard == chunks);
  CHECK(breaks > 3);
  CHECK(pair.host.connection().statistics().retransmits <= 2 * breaks);
  CHECK(pair.now_ms - started_ms < 300);  // 40 kB at 200 bytes a millisecond, and no timeout of 500
}

// The end of an upload: the message came ahead of the repeated chunk and was not taken, and the chunk came
// before that was said.
TEST_CASE("a message behind a broken chunk is repeated with it, though nothing follows") {
  Pair pair;
  pair.run(50);
  const std::vector<std::string> sent = {"c" + std::string(999, '.'), "m" + std::string(199, '.')};
  pair.host.to_say.assign(sent.begin(), sent.end());
  pair.host.step(++pair.now_ms, pair.to_host, pair.to_device);
  pair.to_device.spoil(100);
  pair.device.bytes_per_ms = 1100;  // the chunk and the beginning of the message
  pair.run(1);
  pair.device.bytes_per_ms = 0;
  pair.run(2);
  pair.device.bytes_per_ms = 10'000;
  pair.run(20);
  CHECK(pair.device.heard == sent);
  CHECK(pair.host.connection().statistics().retransmits == 2);
  CHECK(pair.host.connection().idle());
}

TEST_CASE("a restarted peer is noticed, whether its epoch is another or the same") {
  const uint32_t epoch = GENERATE(1U, 2U);
  Pair pair;
  pair.host.to_say.assign({"before"});
  pair.run(50);
  REQUIRE(pair.device.heard.size() == 1);
  REQUIRE_FALSE(pair.host.connection().take_restart());
  pair.device.restart(epoch);
  pair.to_host.cut();
  pair.run(50);
  CHECK(pair.host.connection().take_restart());
  CHECK_FALSE(pair.host.connection().take_restart());
  pair.host.to_say.assign({"after"});
  pair.run(50);
  CHECK(pair.device.heard.back() == "after");
}

TEST_CASE("a peer that restarts while data is under way answers it with a hello") {
  Pair pair;
  pair.host.to_say.assign({"one"});
  pair.run(50);
  pair.device.restart(1);
  pair.device.step(pair.now_ms, pair.to_device, pair.to_host);
  pair.to_host.cut();  // its first hello is lost
  pair.host.to_say.assign({"two"});
  pair.run(30);
  CHECK(pair.host.connection().take_restart());
  CHECK(pair.host.connection().state() == LinkState::kConnected);
}

TEST_CASE("a silent peer is given up after a bounded time, and found again") {
  Pair pair;
  pair.run(50);
  pair.to_device.set_faults({1.0, 0, 0});
  pair.host.to_say.assign({"anybody there"});
  pair.run(20000);
  CHECK(pair.host.connection().state() == LinkState::kConnected);
  pair.run(20000);
  CHECK(pair.host.connection().state() == LinkState::kLost);
  const uint8_t byte = 1;
  CHECK(pair.host.connection().send(&byte, 1) == SendResult::kNotConnected);
  pair.to_device.set_faults({});
  pair.host.connection().seek();
  pair.host.to_say.assign({"again"});
  pair.run(300);
  CHECK(pair.device.heard == std::vector<std::string>{"again"});
}

TEST_CASE("the window and the largest message are limits that are told") {
  Pair pair;
  pair.run(50);
  std::vector<uint8_t> bytes(kMaxPayloadBytes + 1, 0x7F);
  CHECK(pair.host.connection().send(bytes.data(), bytes.size()) == SendResult::kTooLarge);
  for (int i = 0; i < 4; ++i) {
    CHECK(pair.host.connection().send(bytes.data(), kMaxPayloadBytes) == SendResult::kQueued);
  }
  CHECK(pair.host.connection().window_full());
  CHECK(pair.host.connection().send(bytes.data(), 1) == SendResult::kWindowFull);
  pair.run(100);
  CHECK(pair.device.heard.size() == 4);
  CHECK(pair.host.connection().idle());
}

TEST_CASE("a frame that is acknowledged while it goes out again keeps its place until it is out") {
  Pair pair;
  pair.run(50);
  Connection& host = pair.host.connection();
  const auto take_to_device = [&](size_t most_bytes) {
    std::vector<uint8_t> bytes(most_bytes);
    bytes.resize(host.take_output(bytes.data(), most_bytes));
    pair.to_device.put(bytes.data(), bytes.size());
  };
  const std::vector<uint8_t> first(kMaxPayloadBytes, 'a');
  const std::vector<uint8_t> next(kMaxPayloadBytes, 'b');
  REQUIRE(host.send(first.data(), first.size()) == SendResult::kQueued);
  take_to_device(2 * kMaxFrameBytes);
  for (int i = 0; i < 20; ++i) pair.device.step(++pair.now_ms, pair.to_device, pair.to_host);
  REQUIRE(pair.device.heard.size() == 1);
  host.poll(pair.now_ms += 600);
  take_to_device(500);  // of the repeated frame, before the acknowledgement is read
  const std::vector<uint8_t> acknowledgement = pair.to_host.take(1000);
  host.receive(acknowledgement.data(), acknowledgement.size());
  for (int i = 0; i < 3; ++i) REQUIRE(host.send(next.data(), next.size()) == SendResult::kQueued);
  CHECK(host.window_full());
  CHECK(host.send(next.data(), next.size()) == SendResult::kWindowFull);
  take_to_device(kMaxFrameBytes);
  CHECK(host.send(next.data(), next.size()) == SendResult::kQueued);
  pair.run(200);
  CHECK(pair.device.heard.size() == 5);
  CHECK(pair.device.connection().statistics().duplicates == 1);
  CHECK(pair.device.connection().statistics().broken_frames == 0);
}

TEST_CASE("while a message waits to be taken nothing more is taken from the stream") {
  Pair pair;
  pair.run(50);
  const uint8_t one = 1;
  REQUIRE(pair.host.connection().send(&one, 1) == SendResult::kQueued);
  REQUIRE(pair.host.connection().send(&one, 1) == SendResult::kQueued);
  uint8_t chunk[256];
  const size_t count = pair.host.connection().take_output(chunk, sizeof chunk);
  const size_t taken = pair.device.connection().receive(chunk, count);
  CHECK(taken < count);
  CHECK(pair.device.connection().receive(chunk + taken, count - taken) == 0);
  const uint8_t* data = nullptr;
  size_t size_bytes = 0;
  CHECK(pair.device.connection().next_message(&data, &size_bytes));
  CHECK(pair.device.connection().receive(chunk + taken, count - taken) > 0);
}

TEST_CASE("random bytes never make a message or a session") {
  std::mt19937 random(5);
  Pair pair;
  for (int i = 0; i < 200000; ++i) {
    const auto byte = static_cast<uint8_t>(random() % 7 == 0 ? 0 : random());
    pair.device.connection().receive(&byte, 1);
  }
  const uint8_t* data = nullptr;
  size_t size_bytes = 0;
  CHECK_FALSE(pair.device.connection().next_message(&data, &size_bytes));
  CHECK(pair.device.connection().state() == LinkState::kConnecting);
  CHECK(pair.device.connection().statistics().broken_frames > 1000);
}

}  // namespace
}  // namespace slmrig::wire
