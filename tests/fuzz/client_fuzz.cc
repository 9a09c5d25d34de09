// The host's client, with a hostile or broken device at the other end: intact frames with answers of every
// kind and any fields, messages that are none, and bytes that are no frames.
//
// The input is what the device sends, act by act; where it ends, the link does. Whatever comes, every call of
// the client must return, a value or an error, and never touch a byte that is not its own.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "harness/base/clock.h"
#include "harness/rig/agent_client.h"
#include "tests/fuzz/source.h"

namespace {

using namespace slmrig;
using fuzz::Source;
namespace fb = wire::fb;

using Builder = flatbuffers::FlatBufferBuilder;

flatbuffers::Offset<void> answer_banner(Builder& builder, Source& from) {
  const auto text = [&] {
    const auto bytes = from.bytes(40);
    return builder.CreateString(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const auto board = text();
  const auto unit = text();
  const auto rest = text();
  const auto version = from.byte() % 4 == 0 ? static_cast<uint16_t>(from.number()) : wire::kProtocolVersion;
  return fb::CreateBanner(builder, version, board, unit, rest, rest, rest, rest, rest, from.number(),
                          static_cast<fb::Origin>(from.byte() % 4), from.number(), from.byte(), from.number(),
                          static_cast<uint32_t>(from.number()), rest, from.byte(), rest)
      .Union();
}

flatbuffers::Offset<void> answer_slot(Builder& builder, Source& from) {
  const auto hash = builder.CreateVector(from.bytes(40));
  return fb::CreateSlotState(builder, static_cast<uint8_t>(from.number()),
                             static_cast<fb::SlotPhase>(from.byte() % 8), from.number(), from.byte() % 2 == 0,
                             from.number(), from.number(), hash, hash, from.byte() % 2 == 0)
      .Union();
}

flatbuffers::Offset<void> answer_generation(Builder& builder, Source& from) {
  const auto output = builder.CreateVector(from.bytes());
  const auto tokens = static_cast<uint32_t>(from.number());
  return fb::CreateGenerationReport(builder, static_cast<uint32_t>(from.number()), tokens,
                                    static_cast<fb::Finish>(from.byte() % 5), from.number(), from.number(),
                                    from.number(), from.number(), output,
                                    static_cast<uint32_t>(from.number()))
      .Union();
}

flatbuffers::Offset<void> answer_trace(Builder& builder, Source& from) {
  const std::vector<int32_t> ids(from.byte() % 140, static_cast<int32_t>(from.number()));
  const std::vector<uint64_t> ticks(from.byte() % 2 == 0 ? ids.size() : from.byte(), from.number());
  const auto id_vector = builder.CreateVector(ids);
  const auto tick_vector = builder.CreateVector(ticks);
  return fb::CreateTrace(builder, static_cast<uint32_t>(from.number()), id_vector, tick_vector,
                         from.byte() % 2 == 0)
      .Union();
}

flatbuffers::Offset<void> answer_profile(Builder& builder, Source& from) {
  std::vector<flatbuffers::Offset<fb::ProfileEntry>> entries;
  for (int left = from.byte() % 8; left > 0; --left) {
    const auto name = from.bytes(30);
    const auto text = builder.CreateString(reinterpret_cast<const char*>(name.data()), name.size());
    entries.push_back(fb::CreateProfileEntry(builder, static_cast<fb::Phase>(from.byte() % 3), from.byte(),
                                             text, from.byte(), from.number(), from.number(), from.number()));
  }
  const auto vector = builder.CreateVector(entries);
  const std::vector<uint64_t> subtracted(from.byte() % 4, from.number());
  const auto subtracted_vector = builder.CreateVector(subtracted);
  return fb::CreateProfile(builder, vector, subtracted_vector, from.byte() % 2 == 0).Union();
}

flatbuffers::Offset<void> answer_lists(Builder& builder, Source& from, bool memory) {
  std::vector<flatbuffers::Offset<fb::MemoryClass>> classes;
  std::vector<flatbuffers::Offset<fb::BoardFact>> facts;
  for (int left = from.byte() % 8; left > 0; --left) {
    const auto bytes = from.bytes(60);
    const auto text = builder.CreateString(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (memory) {
      classes.push_back(fb::CreateMemoryClass(builder, text, from.number()));
    } else {
      facts.push_back(fb::CreateBoardFact(builder, text, text));
    }
  }
  if (memory) return fb::CreateMemoryReport(builder, builder.CreateVector(classes)).Union();
  return fb::CreateBoardState(builder, builder.CreateVector(facts), from.byte() % 2 == 0).Union();
}

// A message of that kind, its fields from the input.
flatbuffers::Offset<void> answer(Builder& builder, fb::Message kind, Source& from) {
  switch (kind) {
    case fb::Message::Banner: return answer_banner(builder, from);
    case fb::Message::SlotState: return answer_slot(builder, from);
    case fb::Message::LoadReport: {
      const auto name = builder.CreateString("model");
      return fb::CreateLoadReport(builder, name, from.byte() % 4 == 0 ? 0 : name, from.number(), from.byte(),
                                  from.byte(), from.number(), from.number(),
                                  static_cast<fb::KvFormat>(from.byte() % 4))
          .Union();
    }
    case fb::Message::GenerationReport: return answer_generation(builder, from);
    case fb::Message::Trace: return answer_trace(builder, from);
    case fb::Message::Profile: return answer_profile(builder, from);
    case fb::Message::MemoryReport: return answer_lists(builder, from, true);
    case fb::Message::BoardState: return answer_lists(builder, from, false);
    case fb::Message::ChunkHashes: {
      const auto hashes = builder.CreateVector(std::vector<uint64_t>(from.byte() % 230, from.number()));
      return fb::CreateChunkHashes(builder, static_cast<uint8_t>(from.number()),
                                   static_cast<uint32_t>(from.number()), static_cast<uint32_t>(from.number()),
                                   hashes)
          .Union();
    }
    case fb::Message::Clock: return fb::CreateClock(builder, from.number()).Union();
    case fb::Message::Failure: {
      const auto text = builder.CreateString("detail");
      return fb::CreateFailure(builder, from.byte(), from.byte() % 4 == 0 ? 0 : text, from.number(),
                               from.number())
          .Union();
    }
    default: return fb::CreateAccepted(builder).Union();
  }
}

// What a healthy agent would answer with, so that most inputs get beyond the first question.
fb::Message expected_answer(fb::Message question) {
  switch (question) {
    case fb::Message::Hello: return fb::Message::Banner;
    case fb::Message::Load: return fb::Message::LoadReport;
    case fb::Message::MemoryQuery: return fb::Message::MemoryReport;
    case fb::Message::ClockQuery: return fb::Message::Clock;
    case fb::Message::BoardQuery: return fb::Message::BoardState;
    case fb::Message::ChunkQuery: return fb::Message::ChunkHashes;
    case fb::Message::Run:
    case fb::Message::Reset: return fb::Message::Accepted;
    default: return fb::Message::SlotState;
  }
}

constexpr fb::Message kAnswers[] = {
    fb::Message::Banner, fb::Message::SlotState, fb::Message::LoadReport,   fb::Message::GenerationReport,
    fb::Message::Trace,  fb::Message::Profile,   fb::Message::MemoryReport, fb::Message::BoardState,
    fb::Message::Clock,  fb::Message::Failure,   fb::Message::Accepted,     fb::Message::ChunkHashes};

// The device: a real connection, behind which the input decides what is said.
class Device final : public rig::Link {
 public:
  Device(Source& from, base::ManualClock& clock) : from_(from), clock_(clock), connection_(storage_, {}) {}

  base::Result<std::size_t> read(std::span<uint8_t> buffer, int64_t) override {
    clock_.advance(10'000'000);
    connection_.poll(now_ms_ += 10);
    say_something();
    std::array<uint8_t, 512> chunk = {};
    while (const std::size_t count = connection_.take_output(chunk.data(), chunk.size())) {
      output_.insert(output_.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(count));
    }
    if (output_.empty() && (from_.empty() || ++silent_reads_ > 200)) {
      return base::fail(base::ErrorCode::kLinkLost, "the input ended");
    }
    const std::size_t count = std::min(buffer.size(), output_.size());
    std::copy_n(output_.begin(), count, buffer.begin());
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

  base::Done write(std::span<const uint8_t> bytes) override {
    std::size_t used = 0;
    while (used < bytes.size()) {
      used += connection_.receive(bytes.data() + used, bytes.size() - used);
      const uint8_t* data = nullptr;
      std::size_t size_bytes = 0;
      if (!connection_.next_message(&data, &size_bytes)) continue;
      if (const auto* envelope = wire::read_message(data, size_bytes)) {
        question_ = envelope->request_id();
        expected_ = expected_answer(envelope->message_type());
        open_ = true;
      }
    }
    return {};
  }

  void close() override {}
  const std::string& description() const override { return description_; }

 private:
  void say(fb::Message kind) {
    Builder builder;
    const auto body = answer(builder, kind, from_);
    builder.Finish(fb::CreateEnvelope(builder, question_, kind, body));
    connection_.send(builder.GetBufferPointer(), builder.GetSize());
  }

  void say_something() {
    if (from_.empty()) return;
    if (!open_ && connection_.state() == wire::LinkState::kConnected && from_.byte() % 2 == 0) return;
    switch (from_.byte() % 8) {
      case 0: {
        const auto bytes = from_.bytes();
        connection_.send(bytes.data(), bytes.size());
        return;
      }
      case 1: {
        const auto bytes = from_.bytes(100);
        output_.insert(output_.end(), bytes.begin(), bytes.end());
        return;
      }
      case 2: say(kAnswers[from_.byte() % std::size(kAnswers)]); return;
      case 3: return;
      default:
        if (open_) say(expected_);
        // What comes behind an Accepted of a Run.
        expected_ = expected_ == fb::Message::Accepted ? fb::Message::GenerationReport : fb::Message::Trace;
    }
  }

  Source& from_;
  base::ManualClock& clock_;
  wire::ConnectionStorage<8> storage_;
  wire::Connection connection_;
  std::deque<uint8_t> output_;
  uint32_t now_ms_ = 0;
  uint32_t silent_reads_ = 0;
  uint32_t question_ = 0;
  fb::Message expected_ = fb::Message::Banner;
  bool open_ = false;
  const std::string description_ = "the input";
};

template <typename Answer>
void drop(const Answer& answer) {
  static_cast<void>(answer.has_value());
}

void call(rig::AgentClient& client, uint8_t which, bool flag) {
  static const std::vector<uint8_t> kImage(5000, 7);
  switch (which % 10) {
    case 8: drop(client.activate(which / 10 % 2, kImage.size(), std::string(64, 'a'))); return;
    case 9: drop(client.rollback()); return;
    case 0: drop(client.query_slot(which / 10 % 3, flag)); return;
    case 1: drop(client.upload(which / 10 % 2, kImage, {})); return;
    case 2: drop(client.load(which / 10 % 2, {})); return;
    case 3: {
      rig::RunRequest request;
      request.prompt = "hello";
      request.profile = flag;
      drop(client.run(request));
      return;
    }
    case 4: drop(client.memory()); return;
    case 5: drop(client.clock()); return;
    case 6: drop(client.board_facts()); return;
    default: drop(client.reset()); return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  // Which calls: the first bytes. What the device says meanwhile: the rest.
  Source calls(data, std::min<std::size_t>(size_bytes, 8));
  Source from(data + std::min<std::size_t>(size_bytes, 8), size_bytes - std::min<std::size_t>(size_bytes, 8));
  base::ManualClock clock;
  rig::ClientTimeouts timeouts;
  timeouts.clock = &clock;
  rig::AgentClient client(std::make_unique<Device>(from, clock), timeouts);
  drop(client.connect());
  while (!calls.empty() && !from.empty()) {
    const uint8_t which = calls.byte();
    call(client, which, which >= 128);
  }
  static_cast<void>(client.transcript());
  return 0;
}
