// What the tests of the native agent share: a folder for its slots, an image for its foreign engine, and the
// facts of its board.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <system_error>
#include <vector>

#include "device-agent/testing/agent_peer.h"
#include "tests/foreign_engine/echo_engine.h"

namespace slmrig::agent::testing {

// A folder that goes away with the test.
class TestFolder {
 public:
  TestFolder() {
    char name[] = "/tmp/slmrig-native-XXXXXX";
    const char* made = mkdtemp(name);
    REQUIRE(made != nullptr);
    path_ = made;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// An image that the echo engine loads; no two of its bytes in a row are alike.
inline std::vector<uint8_t> echo_image(size_t size_bytes = 4096) {
  std::vector<uint8_t> bytes(size_bytes);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  const echo::EchoImage head;
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes;
}

// The agent's facts of its board, by key.
inline std::map<std::string, std::string> board_facts(AgentPeer& peer) {
  std::map<std::string, std::string> facts;
  const uint32_t id =
      peer.send(fb::Message::BoardQuery, [](auto& builder) { return fb::CreateBoardQuery(builder).Union(); });
  for (bool more = true; more;) {
    const auto message = peer.receive_answer(id);
    REQUIRE(message != nullptr);
    const auto* state = message->as<fb::BoardState>();
    REQUIRE(state != nullptr);
    if (state->facts() != nullptr) {
      for (const auto* fact : *state->facts()) facts[fact->key()->str()] = fact->value()->str();
    }
    more = !state->last();
  }
  return facts;
}

}  // namespace slmrig::agent::testing
