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

TEST_CASE("every status has a name of its own") {
  for (int i = 0; i <= static_cast<int>(Status::kTraceFull); ++i) {
    CHECK(std::string(status_name(static_cast<Status>(i))) != "unknown_status");
  }
  CHECK(std::string(status_name(static_cast<Status>(200))) == "unknown_status");
}

}  // namespace
}  // namespace slmrig::wire
