#include "harness/rigsim/usb/usb_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "harness/rigsim/local_socket.h"
#include "harness/rigsim/usb/usb_descriptors.h"

namespace slmrig::rigsim {
namespace {

constexpr int kSendPatienceMs = 2000;

constexpr uint8_t kDeviceToHostStandard = 0x80;
constexpr uint8_t kGetDescriptor = 6;
constexpr uint8_t kStringType = 3;
constexpr std::size_t kSetupBytes = 8;

}  // namespace

base::Done UsbServer::plug() {
  if (plugged()) return {};
  SLMRIG_ASSIGN(listener_, listen_local(options_.socket));
  return {};
}

void UsbServer::unplug() {
  if (!plugged()) return;
  // Removed first, so that nobody who sees his connection end finds the device still there.
  ::unlink(options_.socket.c_str());
  listener_.reset();
  for (const auto& connection : connections_) {
    ::shutdown(connection->fd.get(), SHUT_RDWR);
    connection->ended = true;
  }
  options_.released();
}

void UsbServer::add_descriptors(std::vector<pollfd>* wait) const {
  if (plugged()) wait->push_back({listener_.get(), POLLIN, 0});
  for (const auto& connection : connections_) wait->push_back({connection->fd.get(), POLLIN, 0});
}

void UsbServer::serve() {
  if (plugged()) accept_all();
  // By index: handling a message may end connections, and never adds any.
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (!connections_[i]->ended) take_in(connections_[i].get());
  }
  for (const auto& connection : connections_) {
    if (connection->ended) release(connection.get());
  }
  std::erase_if(connections_, [](const auto& connection) { return connection->ended; });
}

void UsbServer::accept_all() {
  constexpr std::size_t kMostConnections = 32;
  while (connections_.size() < kMostConnections) {
    base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return;
    auto connection = std::make_unique<Connection>();
    connection->fd = std::move(fd);
    connections_.push_back(std::move(connection));
  }
}

void UsbServer::take_in(Connection* connection) {
  const auto got = receive_some(connection->fd.get(), &connection->received, 0);
  if (!got) {
    connection->ended = true;
    return;
  }
  bool broken = false;
  while (!connection->ended) {
    const auto frame = take_usb_message(&connection->received, &broken);
    if (!frame) break;
    handle(connection, *frame);
  }
  if (broken) connection->ended = true;
}

void UsbServer::handle(Connection* connection, const UsbFrame& frame) {
  switch (frame.kind) {
    case UsbMessage::kDescriptors:
      send(connection, frame.kind, probe_device_descriptor() + probe_configuration_descriptor());
      break;
    case UsbMessage::kControl:
      if (!hung_) send(connection, frame.kind, control_answer(frame.body));
      break;
    case UsbMessage::kClaim: send(connection, frame.kind, usb_status(claim(connection))); break;
    case UsbMessage::kRelease: release(connection); break;
    case UsbMessage::kBulk: handle_bulk(connection, frame.body); break;
    default: connection->ended = true;
  }
}

void UsbServer::handle_bulk(Connection* connection, std::string_view body) {
  if (hung_ || body.empty()) return;
  if (!connection->has_claimed || static_cast<uint8_t>(body[0]) != kBulkOutEndpoint) {
    connection->ended = true;
    return;
  }
  const auto* packet = reinterpret_cast<const uint8_t*>(body.data()) + 1;
  const std::vector<uint8_t> answer = options_.answer({packet, body.size() - 1});
  // The answer may have been that the probe left the bus, or fell silent.
  if (answer.empty() || connection->ended || hung_) return;
  std::string reply(1, static_cast<char>(kBulkInEndpoint));
  reply.append(answer.begin(), answer.end());
  send(connection, UsbMessage::kBulk, reply);
}

std::string UsbServer::control_answer(std::string_view body) const {
  if (body.size() < kSetupBytes) return usb_status(kUsbPipe);
  const auto byte = [&](std::size_t i) { return static_cast<uint8_t>(body[i]); };
  const auto length = static_cast<std::size_t>(byte(6) | byte(7) << 8U);
  const bool asks_string =
      byte(0) == kDeviceToHostStandard && byte(1) == kGetDescriptor && byte(3) == kStringType;
  const auto text = asks_string ? probe_string_descriptor(byte(2), options_.serial_number) : std::nullopt;
  if (!text) return usb_status(kUsbPipe);
  const std::string data = text->substr(0, length);
  return usb_status(static_cast<int32_t>(data.size())) + data;
}

int32_t UsbServer::claim(Connection* connection) {
  const bool taken = std::any_of(connections_.begin(), connections_.end(), [&](const auto& other) {
    return other.get() != connection && other->has_claimed && !other->ended;
  });
  if (busy_ || taken) return kUsbBusy;
  connection->has_claimed = true;
  return kUsbOk;
}

void UsbServer::release(Connection* connection) {
  if (!connection->has_claimed) return;
  connection->has_claimed = false;
  options_.released();
}

void UsbServer::send(Connection* connection, UsbMessage kind, std::string_view body) {
  if (!send_all(connection->fd.get(), usb_message(kind, body), kSendPatienceMs)) connection->ended = true;
}

}  // namespace slmrig::rigsim
