#include "device-agent/wire/frame.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "device-agent/wire/crc32c.h"

namespace slmrig::wire {
namespace {

using Bytes = std::vector<uint8_t>;

struct Decoded {
  FrameHeader header;
  Bytes payload;
};

// A decoder with its buffer, and what came out of it.
class Receiver {
 public:
  void feed(const Bytes& bytes) {
    for (uint8_t byte : bytes) note(decoder_.push(byte));
  }
  void take(const uint8_t* data, size_t size_bytes) {
    for (size_t at = 0; at < size_bytes;) {
      FrameEvent event = FrameEvent::kNone;
      at += decoder_.take(data + at, size_bytes - at, &event);
      note(event);
    }
  }

  std::vector<Decoded> frames;
  int broken = 0;
  int too_long = 0;

 private:
  void note(FrameEvent event) {
    switch (event) {
      case FrameEvent::kNone: break;
      case FrameEvent::kFrame:
        frames.push_back(
            {decoder_.header(), Bytes(decoder_.payload(), decoder_.payload() + decoder_.payload_bytes())});
        break;
      case FrameEvent::kBroken: ++broken; break;
      case FrameEvent::kTooLong: ++too_long; break;
    }
  }

  alignas(8) uint8_t buffer_[kMaxBodyBytes];
  FrameDecoder decoder_{buffer_};
};

FrameHeader data_header() {
  FrameHeader header;
  header.kind = FrameKind::kData;
  header.sequence = 7;
  header.ack = 3;
  header.session = 0x11223344;
  return header;
}

Bytes encode(const FrameHeader& header, const Bytes& payload) {
  Bytes out(kMaxFrameBytes);
  out.resize(encode_frame(header, payload.data(), payload.size(), out.data()));
  return out;
}

TEST_CASE("CRC-32C of the check string, in one piece and in two") {
  const auto* text = reinterpret_cast<const uint8_t*>("123456789");
  CHECK(crc32c(text, 9) == 0xE3069283);
  CHECK(crc32c(text + 4, 5, crc32c(text, 4)) == 0xE3069283);
  CHECK(crc32c(text, 0) == 0);
}

TEST_CASE("golden frames: the bytes on the wire are part of the contract") {
  CHECK(encode(data_header(), {}) ==
        Bytes{0x00, 0x0D, 0x02, 0x01, 0x07, 0x03, 0x44, 0x33, 0x22, 0x11, 0x2C, 0x97, 0x9E, 0xA9, 0x00});
  CHECK(encode(data_header(), {0x00, 0x61, 0x00}) == Bytes{0x00, 0x09, 0x02, 0x01, 0x07, 0x03, 0x44, 0x33,
                                                           0x22, 0x11, 0x02, 0x61, 0x05, 0x64, 0xFE, 0x2A,
                                                           0x34, 0x00});
}

TEST_CASE("every payload size and many contents come back as they were") {
  std::mt19937 random(1);
  for (size_t size_bytes = 0; size_bytes <= kMaxPayloadBytes; size_bytes += size_bytes < 600 ? 1 : 37) {
    for (int fill : {0, 0xFF, -1}) {
      Bytes payload(size_bytes, static_cast<uint8_t>(fill));
      if (fill < 0) {
        for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random() % 3);
      }
      const Bytes frame = encode(data_header(), payload);
      REQUIRE(frame.size() <= kMaxFrameBytes);
      REQUIRE(std::count(frame.begin(), frame.end(), 0) == 2);
      Receiver receiver;
      receiver.feed(frame);
      REQUIRE(receiver.frames.size() == 1);
      REQUIRE(receiver.frames[0].payload == payload);
      REQUIRE(receiver.frames[0].header.session == 0x11223344);
      REQUIRE(receiver.frames[0].header.sequence == 7);
      REQUIRE(receiver.broken + receiver.too_long == 0);
    }
  }
}

TEST_CASE("bytes taken in pieces of any size give what they give one by one") {
  std::mt19937 random(3);
  Bytes stream;
  for (int i = 0; i < 200; ++i) {
    Bytes payload(random() % 700);
    for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random() % (i % 3 == 0 ? 2 : 256));
    Bytes frame = encode(data_header(), payload);
    if (i % 5 == 1) frame[random() % frame.size()] ^= 0x10;
    if (i % 17 == 3) frame.insert(frame.end() - 1, kMaxBodyBytes, 0x33);
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  Receiver one_by_one;
  one_by_one.feed(stream);
  REQUIRE(one_by_one.frames.size() > 100);
  REQUIRE(one_by_one.broken > 10);
  REQUIRE(one_by_one.too_long > 5);
  for (const size_t piece_bytes : {1, 2, 7, 64, 1000, 100000}) {
    Receiver in_pieces;
    for (size_t at = 0; at < stream.size(); at += piece_bytes) {
      in_pieces.take(stream.data() + at, std::min(piece_bytes, stream.size() - at));
    }
    REQUIRE(in_pieces.frames.size() == one_by_one.frames.size());
    REQUIRE(in_pieces.broken == one_by_one.broken);
    REQUIRE(in_pieces.too_long == one_by_one.too_long);
    for (size_t i = 0; i < in_pieces.frames.size(); ++i) {
      REQUIRE(in_pieces.frames[i].payload == one_by_one.frames[i].payload);
    }
  }
}

TEST_CASE("a frame handed out in pieces of any size is the one that is handed out at once") {
  std::mt19937 random(4);
  for (const size_t size_bytes : {0, 1, 241, 242, 243, 254, 255, 508, 1000, 2048}) {
    for (const int kinds : {1, 2, 256}) {
      Bytes payload(size_bytes);
      for (uint8_t& byte : payload) byte = static_cast<uint8_t>(1 + random() % 255);
      if (kinds == 2) {
        for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random() % 2);
      }
      if (kinds == 256 && size_bytes > 0) payload[random() % size_bytes] = 0;
      const Bytes whole = encode(data_header(), payload);
      for (const size_t piece_bytes : {1, 3, 128, 4096}) {
        FrameEncoder encoder;
        CHECK(encoder.done());
        encoder.begin(data_header(), payload.data(), payload.size());
        Bytes pieces;
        uint8_t piece[4096];
        while (const size_t count = encoder.take(piece, piece_bytes)) {
          REQUIRE(count <= piece_bytes);
          pieces.insert(pieces.end(), piece, piece + count);
        }
        REQUIRE(encoder.done());
        REQUIRE(pieces == whole);
      }
    }
  }
}

TEST_CASE("a piece of a frame is never longer than asked for") {
  const Bytes payload(kMaxPayloadBytes, 0x5A);
  for (size_t piece_bytes = 1; piece_bytes <= 1100; ++piece_bytes) {
    FrameEncoder encoder;
    encoder.begin(data_header(), payload.data(), payload.size());
    uint8_t piece[1200] = {};
    piece[piece_bytes] = 0xEE;
    while (const size_t count = encoder.take(piece, piece_bytes)) REQUIRE(count <= piece_bytes);
    REQUIRE(piece[piece_bytes] == 0xEE);
  }
}

TEST_CASE("every single-bit error and every burst of up to 32 bits in the body is caught") {
  Bytes payload(200);
  std::iota(payload.begin(), payload.end(), uint8_t{250});
  const Bytes frame = encode(data_header(), payload);
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    Bytes damaged = frame;
    damaged[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    Receiver receiver;
    receiver.feed(damaged);
    receiver.feed({0});
    REQUIRE(receiver.frames.empty());
  }
  std::mt19937 random(2);
  for (int trial = 0; trial < 5000; ++trial) {
    Bytes damaged = frame;
    const size_t at = random() % (frame.size() - 4);
    auto burst = static_cast<uint32_t>(random());
    if (burst == 0) burst = 1;
    for (size_t i = 0; i < 4; ++i) damaged[at + i] ^= static_cast<uint8_t>(burst >> (8 * i));
    Receiver receiver;
    receiver.feed(damaged);
    receiver.feed({0});
    REQUIRE(receiver.frames.empty());
  }
}

TEST_CASE("a receiver that joins late, or after garbage, is in step at the next frame") {
  const Bytes frame = encode(data_header(), {1, 2, 3, 4, 5, 6});
  // The leading zero alone may be missing: a frame is whole without it.
  for (size_t cut = 2; cut < frame.size() - 1; ++cut) {
    Receiver receiver;
    receiver.feed(Bytes(frame.begin() + static_cast<long>(cut), frame.end()));
    receiver.feed(frame);
    REQUIRE(receiver.frames.size() == 1);
  }
  Receiver receiver;
  receiver.feed({'b', 'o', 'o', 't', 'i', 'n', 'g', '\n'});
  receiver.feed(frame);
  receiver.feed({0, 0, 0});
  CHECK(receiver.frames.size() == 1);
  CHECK(receiver.broken == 1);
}

TEST_CASE("what is too long is dropped once, and the next frame is read") {
  Receiver receiver;
  receiver.feed({0});
  for (int i = 0; i < 20; ++i) receiver.feed(Bytes(kMaxBodyBytes, 0x55));
  receiver.feed(encode(data_header(), {9}));
  CHECK(receiver.too_long == 1);
  CHECK(receiver.frames.size() == 1);
  Bytes out(kMaxFrameBytes);
  const Bytes payload(kMaxPayloadBytes + 1);
  CHECK(encode_frame(data_header(), payload.data(), payload.size(), out.data()) == 0);
}

}  // namespace
}  // namespace slmrig::wire
