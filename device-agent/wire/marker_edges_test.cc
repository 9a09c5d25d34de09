#include "device-agent/wire/marker_edges.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace slmrig::wire {
namespace {

std::vector<uint8_t> encoded(const std::vector<MarkerEdge>& edges) {
  std::vector<uint8_t> bytes(edges.size() * kMarkerEdgeBytes);
  for (size_t i = 0; i < edges.size(); ++i) encode_marker_edge(edges[i], bytes.data() + i * kMarkerEdgeBytes);
  return bytes;
}

std::vector<MarkerEdge> decoded(const std::vector<uint8_t>& bytes, MarkerEdgeDecoder& decoder) {
  std::vector<MarkerEdge> edges;
  for (const uint8_t byte : bytes) {
    if (decoder.push(byte)) edges.push_back(decoder.edge());
  }
  return edges;
}

std::vector<MarkerEdge> many_edges(size_t count) {
  std::mt19937_64 random(7);
  std::vector<MarkerEdge> edges(count);
  for (size_t i = 0; i < count; ++i) {
    edges[i].kind = static_cast<MarkerEdgeKind>(1 + random() % 4);
    edges[i].lines = static_cast<uint8_t>(random() % 16);
    edges[i].number = i == 0 ? uint8_t{0} : next_edge_number(edges[i - 1].number);
    // The sync byte within a record, too.
    edges[i].ticks = i % 5 == 0 ? 0xE5E5E5E5E5E5E5E5U : random();
  }
  return edges;
}

bool same(const MarkerEdge& a, const MarkerEdge& b) {
  return a.kind == b.kind && a.lines == b.lines && a.number == b.number && a.ticks == b.ticks;
}

}  // namespace

TEST_CASE("a marker edge has the bytes that the header says") {
  const MarkerEdge edge{MarkerEdgeKind::kEdge, 0x0B, 7, 0x0102030405060708};
  uint8_t bytes[kMarkerEdgeBytes];
  encode_marker_edge(edge, bytes);
  const std::vector<uint8_t> head(bytes, bytes + 12);
  CHECK(head == std::vector<uint8_t>{0xE5, 2, 0x0B, 7, 8, 7, 6, 5, 4, 3, 2, 1});
}

TEST_CASE("marker edges arrive as they were sent") {
  const std::vector<MarkerEdge> sent = many_edges(600);
  MarkerEdgeDecoder decoder;
  const std::vector<MarkerEdge> received = decoded(encoded(sent), decoder);
  REQUIRE(received.size() == sent.size());
  for (size_t i = 0; i < sent.size(); ++i) CHECK(same(received[i], sent[i]));
  CHECK(decoder.dropped_bytes() == 0);
  CHECK(decoder.lost_records() == 0);
}

TEST_CASE("one lost, added or changed byte costs at most two records, and is told") {
  const std::vector<MarkerEdge> sent = many_edges(40);
  const std::vector<uint8_t> bytes = encoded(sent);
  for (size_t at = 2 * kMarkerEdgeBytes; at < 6 * kMarkerEdgeBytes; ++at) {
    for (int fault = 0; fault < 3; ++fault) {
      std::vector<uint8_t> broken = bytes;
      const auto place = broken.begin() + static_cast<std::ptrdiff_t>(at);
      if (fault == 0) broken.erase(place);
      if (fault == 1) broken.insert(place, 0x5A);
      if (fault == 2) *place ^= 0x10U;
      MarkerEdgeDecoder decoder;
      const std::vector<MarkerEdge> received = decoded(broken, decoder);
      INFO("byte " << at << ", fault " << fault);
      CHECK(received.size() >= sent.size() - 2);
      CHECK(decoder.dropped_bytes() != 0);
      CHECK(decoder.lost_records() == sent.size() - received.size());
      CHECK(same(received.back(), sent.back()));
    }
  }
}

TEST_CASE("the numbers of another life are no loss") {
  MarkerEdgeDecoder decoder;
  decoded(encoded(many_edges(3)), decoder);
  decoder.push(0xE5);  // the life before ended in the middle of a record
  CHECK(decoded(encoded(many_edges(3)), decoder).size() == 3);
  CHECK(decoder.lost_records() == 0);
  CHECK(decoder.dropped_bytes() == 1);
}

TEST_CASE("a hole in the numbers is counted, over their end too") {
  for (const size_t first_lost : {10U, 253U, 254U, 255U, 256U}) {
    std::vector<MarkerEdge> edges = many_edges(300);
    const auto begin = edges.begin() + static_cast<std::ptrdiff_t>(first_lost);
    edges.erase(begin, begin + 4);
    MarkerEdgeDecoder decoder;
    CHECK(decoded(encoded(edges), decoder).size() == 296);
    CHECK(decoder.lost_records() == 4);
  }
}

}  // namespace slmrig::wire
