#include "harness/rig/meters/otii_client.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "harness/base/clock.h"

namespace slmrig::rig {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

constexpr int64_t kConnectMs = 3000;
constexpr int64_t kLateShare = 10;
// 40,000 values of some twenty characters.
constexpr std::size_t kLongestMessage = 4U << 20U;
constexpr std::size_t kPieceBytes = 65536;

std::string text_of(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json data_of(const json& message) {
  const auto found = message.find("data");
  return found == message.end() ? json::object() : *found;
}

}  // namespace

Result<OtiiClient> OtiiClient::connect(const std::string& address) {
  base::LinkSpec spec;
  spec.kind = "tcp";
  spec.address = address;
  SLMRIG_ASSIGN(std::unique_ptr<Link> link, open_link(spec, kConnectMs));
  OtiiClient client(std::move(link), address);
  SLMRIG_ASSIGN(const json greeting, client.receive(base::monotonic_now_ns() + kConnectMs * 1'000'000));
  if (text_of(greeting, "type") != "information") {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} is no Otii server: it greeted with {}", address,
                            greeting.dump(-1, ' ', false, json::error_handler_t::replace)));
  }
  client.server_ = "Otii " + text_of(data_of(greeting), "otii_version");
  return client;
}

Result<json> OtiiClient::receive(int64_t deadline_ns) {
  std::vector<uint8_t> piece(kPieceBytes);
  for (;;) {
    const std::size_t end = received_.find('\n');
    if (end != std::string::npos) {
      json message = json::parse(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(end),
                                 nullptr, false);
      received_.erase(0, end + 1);
      if (message.is_object()) return message;
      return fail(ErrorCode::kCorrupt, fmt::format("{} sent a line that is no JSON object", address_));
    }
    if (received_.size() > kLongestMessage) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{} sent {} bytes without an end of line", address_, received_.size()));
    }
    const int64_t left_ms = (deadline_ns - base::monotonic_now_ns()) / 1'000'000;
    if (left_ms <= 0) return fail(ErrorCode::kTimeout, fmt::format("{} did not answer in time", address_));
    SLMRIG_ASSIGN(const std::size_t got, link_->read(piece, left_ms));
    received_.append(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
  }
}

Result<json> OtiiClient::request(const std::string& command, const json& data, int64_t extra_ms) {
  const std::string id = fmt::format("{}", next_id_++);
  json message = {{"type", "request"}, {"cmd", command}, {"trans_id", id}};
  if (!data.is_null()) message["data"] = data;
  const std::string line = message.dump(-1, ' ', false, json::error_handler_t::replace) + "\r\n";
  const auto* bytes = reinterpret_cast<const uint8_t*>(line.data());
  SLMRIG_TRY(link_->write(std::span(bytes, line.size())));
  const int64_t patience_ms = is_late_ ? answer_ms_ / kLateShare : answer_ms_ + extra_ms;
  const int64_t deadline_ns = base::monotonic_now_ns() + patience_ms * 1'000'000;
  for (;;) {
    auto received = receive(deadline_ns);
    is_late_ = !received && received.error().code == ErrorCode::kTimeout;
    if (!received) return tl::unexpected(base::within("asked " + command, received.error()));
    const std::string type = text_of(*received, "type");
    // An answer to a question that was given up, or how far the server is.
    if (type == "progress" || type == "information" || text_of(*received, "trans_id") != id) continue;
    if (type == "response") return data_of(*received);
    const std::string reason = text_of(*received, "errorcode");
    const std::string detail = text_of(data_of(*received), "message");
    const bool licence = reason == "No license" || reason == "Not logged in";
    return fail(licence ? ErrorCode::kUnsupported : ErrorCode::kDeviceFault,
                fmt::format("the Otii server refused {}: {}{}{}", command, reason, detail.empty() ? "" : ", ",
                            detail));
  }
}

Result<double> otii_number(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found != object.end() && found->is_number()) return found->get<double>();
  return fail(ErrorCode::kCorrupt, fmt::format("an Otii server's answer has no number '{}'", key));
}

Result<std::string> otii_text(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found != object.end() && found->is_string()) return found->get<std::string>();
  return fail(ErrorCode::kCorrupt, fmt::format("an Otii server's answer has no text '{}'", key));
}

}  // namespace slmrig::rig
