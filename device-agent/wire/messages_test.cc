#include "device-agent/wire/messages.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "device-agent/wire/status.h"

namespace slmrig::wire {
namespace {

// A copy that is aligned as the connection's buffer is.
std::vector<uint64_t> aligned_copy(const uint8_t* data, size_t size_bytes) {
  std::vector<uint64_t> words((size_bytes + 7) / 8);
  std::copy(data, data + size_bytes, reinterpret_cast<uint8_t*>(words.data()));
  return words;
}

TEST_CASE("a message comes back as it was built, and the builder is used again") {
  MessageBuilder builder;
  for (uint32_t id = 1; id < 5; ++id) {
    auto& fields = builder.begin();
    const auto detail = fields.CreateString("too big");
    builder.finish(id, fb::CreateFailure(fields, static_cast<uint8_t>(Status::kSlotTooSmall), detail, 10, 5));
    const fb::Envelope* envelope = read_message(builder.data(), builder.size_bytes());
    REQUIRE(envelope != nullptr);
    CHECK(envelope->request_id() == id);
    const fb::Failure* failure = envelope->message_as_Failure();
    REQUIRE(failure != nullptr);
    CHECK(failure->needed() == 10);
    CHECK(failure->detail()->str() == "too big");
    CHECK(envelope->message_as_Banner() == nullptr);
  }
}

TEST_CASE("the largest trace, chunk, prompt and output fit one frame") {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<int32_t> ids(kTraceTokensPerMessage, 1);
  const std::vector<uint64_t> ticks(kTraceTokensPerMessage, 1);
  const auto ids_vector = builder.CreateVector(ids);
  const auto ticks_vector = builder.CreateVector(ticks);
  builder.Finish(fb::CreateEnvelope(builder, 1, fb::Message::Trace,
                                    fb::CreateTrace(builder, 0, ids_vector, ticks_vector, true).Union()));
  CHECK(builder.GetSize() <= kMaxPayloadBytes);

  builder.Clear();
  const auto data = builder.CreateVector(std::vector<uint8_t>(kMaxChunkBytes));
  builder.Finish(fb::CreateEnvelope(builder, ~0U, fb::Message::UploadChunk,
                                    fb::CreateUploadChunk(builder, 1, ~0ULL, data).Union()));
  CHECK(builder.GetSize() <= kMaxPayloadBytes);

  builder.Clear();
  const auto prompt = builder.CreateString(std::string(kMaxPromptBytes, 'x'));
  builder.Finish(fb::CreateEnvelope(builder, ~0U, fb::Message::Run,
                                    fb::CreateRun(builder, prompt, ~0U, ~0U, 1.0F, ~0ULL, true).Union()));
  CHECK(builder.GetSize() <= kMaxPayloadBytes);

  MessageBuilder small;
  auto& fields = small.begin();
  const auto output = fields.CreateVector(std::vector<uint8_t>(kMaxOutputBytes));
  small.finish(~0U, fb::CreateGenerationReport(fields, ~0U, ~0U, fb::Finish::length, ~0ULL, ~0ULL, ~0ULL,
                                               ~0ULL, output, ~0U));
  CHECK(small.size_bytes() <= kMaxPayloadBytes);
}

TEST_CASE("no truncated or damaged message is read beyond its end") {
  MessageBuilder builder;
  auto& fields = builder.begin();
  const auto prompt = fields.CreateString("set a timer for ten minutes");
  builder.finish(3, fb::CreateRun(fields, prompt, 32, 1, 0.5F, 9, false));
  const size_t size_bytes = builder.size_bytes();
  for (size_t cut = 0; cut < size_bytes; ++cut) {
    const auto words = aligned_copy(builder.data(), cut);
    CHECK(read_message(reinterpret_cast<const uint8_t*>(words.data()), cut) == nullptr);
  }
  std::mt19937 random(3);
  size_t survivors = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    auto words = aligned_copy(builder.data(), size_bytes);
    auto* bytes = reinterpret_cast<uint8_t*>(words.data());
    for (int flips = 0; flips < 3; ++flips)
      bytes[random() % size_bytes] ^= static_cast<uint8_t>(1U << (random() % 8));
    const fb::Envelope* envelope = read_message(bytes, size_bytes);
    if (envelope == nullptr) continue;
    ++survivors;
    if (const fb::Run* run = envelope->message_as_Run(); run != nullptr && run->prompt() != nullptr) {
      const auto* begin = reinterpret_cast<const uint8_t*>(run->prompt()->data());
      REQUIRE(begin >= bytes);
      REQUIRE(begin + run->prompt()->size() <= bytes + size_bytes);
    }
  }
  CHECK(survivors > 0);  // flips in values are the CRC's business, not the verifier's
}

TEST_CASE("an envelope without a message, or with one of a later schema, is not a message") {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::CreateEnvelope(builder, 1));
  CHECK(read_message(builder.GetBufferPointer(), builder.GetSize()) == nullptr);
  CHECK(read_message(nullptr, 0) == nullptr);
}

TEST_CASE("who answers requests reads those alone, and knows whom to tell of others") {
  MessageBuilder builder;
  const auto reads = [&] {
    uint32_t id = 77;
    const fb::Envelope* envelope = read_request(builder.data(), builder.size_bytes(), &id);
    CHECK(id == 3);
    return envelope != nullptr;
  };
  builder.finish(3, fb::CreateHello(builder.begin(), 1));
  CHECK(reads());
  auto& fields = builder.begin();
  const auto prompt = fields.CreateString("set a timer for ten minutes");
  builder.finish(3, fb::CreateRun(fields, prompt, 32, 1, 0.5F, 9, false));
  CHECK(reads());
  builder.finish(3, fb::CreateClock(builder.begin(), 1));
  CHECK_FALSE(reads());
  for (size_t cut = 0; cut < builder.size_bytes(); ++cut) {
    const auto words = aligned_copy(builder.data(), cut);
    uint32_t id = 77;
    CHECK(read_request(reinterpret_cast<const uint8_t*>(words.data()), cut, &id) == nullptr);
    CHECK((id == 0 || id == 3));
  }
  flatbuffers::FlatBufferBuilder empty;
  empty.Finish(fb::CreateEnvelope(empty, 9));
  uint32_t id = 0;
  CHECK(read_request(empty.GetBufferPointer(), empty.GetSize(), &id) == nullptr);
  CHECK(id == 9);
}

TEST_CASE("a request is one for every type that the agent understands, whole or damaged as any message") {
  // What both read, both find good or bad: over all types and many damages.
  std::mt19937 random(8);
  size_t requests = 0;
  for (int type = 1; type <= static_cast<int>(fb::Message::MAX); ++type) {
    MessageBuilder builder;
    builder.finish(5, fb::CreateHello(builder.begin(), 1));
    for (int trial = 0; trial < 300; ++trial) {
      auto words = aligned_copy(builder.data(), builder.size_bytes());
      auto* bytes = reinterpret_cast<uint8_t*>(words.data());
      for (size_t i = 0; i < builder.size_bytes(); ++i) {
        if (bytes[i] == static_cast<uint8_t>(fb::Message::Hello)) bytes[i] = static_cast<uint8_t>(type);
      }
      if (trial != 0) bytes[random() % builder.size_bytes()] ^= static_cast<uint8_t>(1U << (random() % 8));
      uint32_t id = 0;
      const fb::Envelope* request = read_request(bytes, builder.size_bytes(), &id);
      if (request == nullptr) continue;
      ++requests;
      REQUIRE(read_message(bytes, builder.size_bytes()) == request);
    }
  }
  CHECK(requests > 100);
}

TEST_CASE("every status has a name of its own") {
  for (int i = 0; i <= static_cast<int>(Status::kTraceFull); ++i) {
    CHECK(std::string(status_name(static_cast<Status>(i))) != "unknown_status");
  }
  CHECK(std::string(status_name(static_cast<Status>(200))) == "unknown_status");
}

}  // namespace
}  // namespace slmrig::wire
