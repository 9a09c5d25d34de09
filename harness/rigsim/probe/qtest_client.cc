#include "harness/rigsim/probe/qtest_client.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "harness/rigsim/local_socket.h"
#include "harness/rigsim/probe/base64.h"

namespace slmrig::rigsim {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kPatienceMs = 10'000;
// More would fill the socket with answers that nobody takes.
constexpr unsigned kMaxPosted = 64;
// QEMU takes a line of any length, but copies it as it grows.
constexpr std::size_t kPieceBytes = 65536;

char width_letter(unsigned bytes) { return bytes == 1 ? 'b' : bytes == 2 ? 'w' : 'l'; }

}  // namespace

Result<QtestClient> QtestClient::connect(const std::string& path) {
  QtestClient client;
  SLMRIG_ASSIGN(client.socket_, connect_local(path));
  return client;
}

Done QtestClient::post(const std::string& command) {
  if (posted_ >= kMaxPosted) SLMRIG_TRY(settle());
  SLMRIG_TRY(send_all(socket_.get(), command, kPatienceMs));
  ++posted_;
  return {};
}

Result<std::string> QtestClient::answer() {
  for (;;) {
    const std::size_t end = received_.find('\n', taken_);
    if (end == std::string::npos) {
      received_.erase(0, taken_);
      taken_ = 0;
      SLMRIG_ASSIGN(const bool more, receive_some(socket_.get(), &received_, kPatienceMs));
      if (!more) {
        return fail(ErrorCode::kTimeout,
                    fmt::format("the emulator's test socket was silent for {} ms", kPatienceMs));
      }
      continue;
    }
    std::string line = received_.substr(taken_, end - taken_);
    taken_ = end + 1;
    if (line.starts_with("IRQ")) continue;  // interrupt lines are announced unasked
    if (line == "OK") return std::string();
    if (line.starts_with("OK ")) return line.substr(3);
    return fail(ErrorCode::kDeviceFault, "the emulator's test socket said: " + line);
  }
}

Done QtestClient::settle() {
  while (posted_ > 0) {
    --posted_;
    SLMRIG_TRY(answer());
  }
  return {};
}

Result<std::string> QtestClient::ask(const std::string& command) {
  SLMRIG_TRY(settle());
  SLMRIG_TRY(send_all(socket_.get(), command, kPatienceMs));
  return answer();
}

Result<uint32_t> QtestClient::read(uint32_t address, unsigned bytes) {
  SLMRIG_ASSIGN(const std::string text, ask(fmt::format("read{} {:#x}\n", width_letter(bytes), address)));
  uint64_t value = 0;
  const std::size_t digits = text.starts_with("0x") ? 2 : 0;
  const auto [end, problem] = std::from_chars(text.data() + digits, text.data() + text.size(), value, 16);
  if (problem != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("the emulator's test socket read '{}', which is no number", text));
  }
  return static_cast<uint32_t>(value);
}

Done QtestClient::write(uint32_t address, uint32_t value, unsigned bytes) {
  return post(fmt::format("write{} {:#x} {:#x}\n", width_letter(bytes), address, value));
}

Done QtestClient::read_block(uint32_t address, std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::span<uint8_t> piece = bytes.first(std::min(bytes.size(), kPieceBytes));
    SLMRIG_ASSIGN(const std::string text, ask(fmt::format("b64read {:#x} {:#x}\n", address, piece.size())));
    if (!base64_decode(text, piece)) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("the emulator's test socket answered a read of {} bytes with {} characters",
                              piece.size(), text.size()));
    }
    bytes = bytes.subspan(piece.size());
    address += static_cast<uint32_t>(piece.size());
  }
  return {};
}

Done QtestClient::write_block(uint32_t address, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::span<const uint8_t> piece = bytes.first(std::min(bytes.size(), kPieceBytes));
    SLMRIG_TRY(post(fmt::format("b64write {:#x} {:#x} {}\n", address, piece.size(), base64_encode(piece))));
    bytes = bytes.subspan(piece.size());
    address += static_cast<uint32_t>(piece.size());
  }
  return {};
}

Done QtestClient::fill(uint32_t address, uint32_t bytes, uint8_t value) {
  return post(fmt::format("memset {:#x} {:#x} {:#x}\n", address, bytes, value));
}

}  // namespace slmrig::rigsim
