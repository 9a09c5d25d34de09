#include "harness/rigsim/usb/usb_client.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "harness/rigsim/local_socket.h"

namespace slmrig::rigsim {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr char kSocketsVariable[] = "SLMRIG_USB_SOCKETS";
constexpr unsigned kDescriptorPatienceMs = 2000;
constexpr unsigned kClaimPatienceMs = 2000;

constexpr std::size_t kDeviceBytes = 18;
constexpr std::size_t kConfigurationBytes = 9;
constexpr std::size_t kInterfaceBytes = 9;
constexpr std::size_t kEndpointBytes = 7;

std::vector<std::string> sockets_of_environment() {
  std::vector<std::string> sockets;
  const char* value = std::getenv(kSocketsVariable);
  std::string_view rest = value == nullptr ? "" : value;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) sockets.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return sockets;
}

uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<uint8_t>(bytes[at]); }
uint16_t half_at(std::string_view bytes, std::size_t at) {
  return static_cast<uint16_t>(byte_at(bytes, at) | byte_at(bytes, at + 1) << 8U);
}

}  // namespace

bool parse_usb_descriptors(std::string_view bytes, UsbDevice* device) {
  if (bytes.size() < kDeviceBytes + kConfigurationBytes + kInterfaceBytes) return false;
  const auto byte = [&](std::size_t at) { return byte_at(bytes, at); };
  const auto half = [&](std::size_t at) { return half_at(bytes, at); };
  device->descriptor = {byte(0), byte(1),  half(2),  byte(4),  byte(5),  byte(6),  byte(7),
                        half(8), half(10), half(12), byte(14), byte(15), byte(16), byte(17)};
  if (device->descriptor.length != kDeviceBytes) return false;
  bytes.remove_prefix(kDeviceBytes);
  device->configuration = {byte(0), byte(1), half(2), byte(4), byte(5), byte(6),
                           byte(7), byte(8), nullptr, nullptr, 0};
  if (byte(0) != kConfigurationBytes || half(2) != bytes.size() || byte(4) != 1) return false;
  bytes.remove_prefix(kConfigurationBytes);
  device->setting = {byte(0), byte(1), byte(2), byte(3), byte(4), byte(5),
                     byte(6), byte(7), byte(8), nullptr, nullptr, 0};
  const std::size_t count = device->setting.endpoint_count;
  if (byte(0) != kInterfaceBytes || bytes.size() != kInterfaceBytes + count * kEndpointBytes) return false;
  bytes.remove_prefix(kInterfaceBytes);
  device->endpoints.clear();
  for (; !bytes.empty(); bytes.remove_prefix(kEndpointBytes)) {
    device->endpoints.push_back({byte(0), byte(1), byte(2), byte(3), half(4), byte(6), 0, 0, nullptr, 0});
  }
  device->setting.endpoints = device->endpoints.data();
  device->interface = {&device->setting, 1};
  device->configuration.interfaces = &device->interface;
  return true;
}

std::vector<UsbDevice*> find_usb_devices() {
  static std::mutex guard;
  static std::vector<std::unique_ptr<UsbDevice>> known;
  const std::lock_guard<std::mutex> lock(guard);
  std::vector<UsbDevice*> present;
  for (const std::string& socket : sockets_of_environment()) {
    const auto connection = UsbConnection::open(socket);
    if (!connection) continue;
    const auto earlier =
        std::find_if(known.begin(), known.end(), [&](const auto& d) { return d->socket == socket; });
    if (earlier != known.end()) {
      present.push_back(earlier->get());
      continue;
    }
    int status = kUsbOk;
    const auto descriptors = connection->ask(UsbMessage::kDescriptors, {}, kDescriptorPatienceMs, &status);
    auto device = std::make_unique<UsbDevice>();
    device->socket = socket;
    device->address = static_cast<uint8_t>(known.size() + 1);
    if (!descriptors || !parse_usb_descriptors(*descriptors, device.get())) continue;
    known.push_back(std::move(device));
    present.push_back(known.back().get());
  }
  return present;
}

std::unique_ptr<UsbConnection> UsbConnection::open(const std::string& socket) {
  auto fd = connect_local(socket);
  if (!fd) return nullptr;
  return std::unique_ptr<UsbConnection>(new UsbConnection(std::move(*fd)));
}

int UsbConnection::send(UsbMessage kind, std::string_view body, unsigned timeout_ms) {
  const std::lock_guard<std::mutex> lock(sending_);
  const int wait_ms = timeout_ms == 0 ? -1 : static_cast<int>(std::min<unsigned>(timeout_ms, INT_MAX));
  const auto sent = send_all(fd_.get(), usb_message(kind, body), wait_ms);
  if (sent) return kUsbOk;
  return sent.error().code == base::ErrorCode::kTimeout ? kUsbTimeout : kUsbNoDevice;
}

// One look, of at most `wait_ms`; other kinds of message are put aside for those who wait for them.
std::optional<std::string> UsbConnection::take_received(UsbMessage kind, int wait_ms, int* status) {
  const std::lock_guard<std::mutex> lock(receiving_);
  auto& ready = waiting_[kind];
  if (ready.empty() && !gone_) {
    bool broken = false;
    if (!receive_some(fd_.get(), &received_, wait_ms)) gone_ = true;
    while (auto frame = take_usb_message(&received_, &broken))
      waiting_[frame->kind].push_back(std::move(frame->body));
    gone_ = gone_ || broken;
  }
  if (ready.empty()) {
    *status = gone_ ? kUsbNoDevice : kUsbTimeout;
    return std::nullopt;
  }
  std::string body = std::move(ready.front());
  ready.pop_front();
  *status = kUsbOk;
  return body;
}

std::optional<std::string> UsbConnection::take(UsbMessage kind, unsigned timeout_ms, int* status) {
  // Long enough that one who waits alone hardly wakes, short enough for a second one to get his turn.
  constexpr int64_t kSliceMs = 20;
  const auto end = SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    const int64_t left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now()).count();
    const int64_t slice = timeout_ms == 0 ? kSliceMs : std::clamp<int64_t>(left, 0, kSliceMs);
    auto body = take_received(kind, static_cast<int>(slice), status);
    if (body || *status != kUsbTimeout) return body;
    if (timeout_ms != 0 && SteadyClock::now() >= end) return std::nullopt;
  }
}

std::optional<std::string> UsbConnection::ask(UsbMessage kind, std::string_view body, unsigned timeout_ms,
                                              int* status) {
  *status = send(kind, body, timeout_ms);
  if (*status != kUsbOk) return std::nullopt;
  return take(kind, timeout_ms, status);
}

int UsbConnection::claim(uint8_t interface) {
  int status = kUsbOk;
  const std::string body(1, static_cast<char>(interface));
  const auto answer = ask(UsbMessage::kClaim, body, kClaimPatienceMs, &status);
  if (!answer) return status;
  return answer->size() == sizeof(int32_t) ? static_cast<int32_t>(usb_word(*answer)) : kUsbIo;
}

int UsbConnection::release(uint8_t interface) {
  return send(UsbMessage::kRelease, std::string(1, static_cast<char>(interface)), kClaimPatienceMs);
}

int UsbConnection::control(std::string_view setup, std::span<uint8_t> data, unsigned timeout_ms) {
  int status = kUsbOk;
  const auto answer = ask(UsbMessage::kControl, setup, timeout_ms, &status);
  if (!answer) return status;
  if (answer->size() < sizeof(int32_t)) return kUsbIo;
  const auto result = static_cast<int32_t>(usb_word(*answer));
  if (result < 0) return result;
  const std::string_view bytes = std::string_view(*answer).substr(sizeof(int32_t));
  const std::size_t count = std::min(bytes.size(), data.size());
  std::copy_n(bytes.begin(), count, data.begin());
  return static_cast<int>(count);
}

int UsbConnection::bulk_out(uint8_t endpoint, std::span<const uint8_t> data, unsigned timeout_ms) {
  std::string body(1, static_cast<char>(endpoint));
  body.append(data.begin(), data.end());
  return send(UsbMessage::kBulk, body, timeout_ms);
}

int UsbConnection::bulk_in(uint8_t endpoint, std::span<uint8_t> data, int* received, unsigned timeout_ms) {
  *received = 0;
  int status = kUsbOk;
  const auto body = take(UsbMessage::kBulk, timeout_ms, &status);
  if (!body) return status;
  if (body->empty() || static_cast<uint8_t>((*body)[0]) != endpoint) return kUsbIo;
  const std::size_t count = std::min(body->size() - 1, data.size());
  std::copy_n(body->begin() + 1, count, data.begin());
  *received = static_cast<int>(count);
  return kUsbOk;
}

}  // namespace slmrig::rigsim
