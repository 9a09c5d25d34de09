#include "harness/rigsim/probe/gdb_client.h"

#include <numeric>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/rigsim/local_socket.h"

namespace slmrig::rigsim {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kPatienceMs = 10'000;
constexpr std::size_t kChecksumCharacters = 2;

uint8_t checksum(std::string_view packet) {
  return std::accumulate(packet.begin(), packet.end(), uint8_t{0}, [](uint8_t sum, char c) {
    return static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
  });
}

// "O" and then hexadecimal is text for the user's console. "OK" is an answer.
bool is_console_output(const std::string& packet) { return packet.starts_with('O') && packet != "OK"; }

}  // namespace

std::string gdb_frame(std::string_view packet) { return fmt::format("${}#{:02x}", packet, checksum(packet)); }

std::optional<std::string> take_gdb_packet(std::string* received) {
  const std::size_t begin = received->find('$');
  if (begin == std::string::npos) {
    received->clear();
    return std::nullopt;
  }
  const std::size_t end = received->find('#', begin);
  if (end == std::string::npos || received->size() < end + 1 + kChecksumCharacters) return std::nullopt;
  std::string packet = received->substr(begin + 1, end - begin - 1);
  received->erase(0, end + 1 + kChecksumCharacters);
  return packet;
}

Result<GdbClient> GdbClient::connect(const std::string& path) {
  GdbClient client;
  SLMRIG_ASSIGN(client.socket_, connect_local(path));
  return client;
}

Done GdbClient::send(std::string_view bytes) {
  std::string all = owes_acknowledgement_ ? "+" : "";
  all += bytes;
  owes_acknowledgement_ = false;
  return send_all(socket_.get(), all, kPatienceMs);
}

Result<std::optional<std::string>> GdbClient::receive(int timeout_ms) {
  const int64_t end_ns = base::monotonic_now_ns() + int64_t{timeout_ms} * 1'000'000;
  for (;;) {
    if (auto packet = take_gdb_packet(&received_)) {
      owes_acknowledgement_ = true;
      return packet;
    }
    const int64_t left_ms = std::max<int64_t>(0, (end_ns - base::monotonic_now_ns()) / 1'000'000);
    SLMRIG_ASSIGN(const bool more, receive_some(socket_.get(), &received_, static_cast<int>(left_ms)));
    if (!more && base::monotonic_now_ns() >= end_ns) return std::optional<std::string>();
  }
}

Result<std::string> GdbClient::ask(std::string_view packet) {
  const std::string one(packet);
  SLMRIG_ASSIGN(std::vector<std::string> answers, ask_all({&one, 1}));
  return std::move(answers.front());
}

Result<std::vector<std::string>> GdbClient::ask_all(std::span<const std::string> packets) {
  std::string bytes;
  for (const std::string& packet : packets) bytes += gdb_frame(packet);
  SLMRIG_TRY(send(bytes));
  std::vector<std::string> answers;
  while (answers.size() < packets.size()) {
    SLMRIG_ASSIGN(std::optional<std::string> answer, receive(kPatienceMs));
    if (!answer) {
      return fail(ErrorCode::kTimeout, fmt::format("the emulator's debug stub did not answer '{}' in {} ms",
                                                   packets[answers.size()], kPatienceMs));
    }
    if (!is_console_output(*answer)) answers.push_back(std::move(*answer));
  }
  return answers;
}

Done GdbClient::go(std::string_view packet) { return send(gdb_frame(packet)); }

Result<std::optional<std::string>> GdbClient::wait_stop(int timeout_ms) { return receive(timeout_ms); }

Result<std::string> GdbClient::interrupt() {
  constexpr std::string_view kInterrupt = "\x03";
  SLMRIG_TRY(send(kInterrupt));
  SLMRIG_ASSIGN(std::optional<std::string> answer, receive(kPatienceMs));
  if (!answer) {
    return fail(ErrorCode::kTimeout, fmt::format("the emulator did not stop in {} ms", kPatienceMs));
  }
  return std::move(*answer);
}

}  // namespace slmrig::rigsim
