// The stand-in's side and the device's side of the virtual USB, over a real socket.
#include <catch2/catch.hpp>

#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "harness/base/file.h"
#include "harness/rigsim/local_socket.h"
#include "harness/rigsim/usb/usb_client.h"
#include "harness/rigsim/usb/usb_descriptors.h"
#include "harness/rigsim/usb/usb_server.h"

namespace slmrig::rigsim {
namespace {

constexpr unsigned kPatienceMs = 5000;

// A device that answers each packet with the packet and a byte, served by a thread of its own.
class Device {
 public:
  explicit Device(const std::string& socket, const std::string& serial_number = "S1") {
    UsbServerOptions options;
    options.socket = socket;
    options.serial_number = serial_number;
    options.answer = [this](std::span<const uint8_t> packet) {
      std::vector<uint8_t> answer(packet.begin(), packet.end());
      answer.push_back(0x5A);
      if (unplugs) server->unplug();
      return answer;
    };
    server = std::make_unique<UsbServer>(std::move(options));
    REQUIRE(server->plug());
  }
  ~Device() { stop(); }

  void start() {
    thread_ = std::thread([this] {
      while (!stops_) {
        std::vector<pollfd> wait;
        server->add_descriptors(&wait);
        constexpr int kSliceMs = 20;
        ::poll(wait.data(), wait.size(), kSliceMs);
        server->serve();
      }
    });
  }
  void stop() {
    stops_ = true;
    if (thread_.joinable()) thread_.join();
  }

  std::unique_ptr<UsbServer> server;
  bool unplugs = false;

 private:
  std::atomic<bool> stops_ = false;
  std::thread thread_;
};

struct Bed {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("usb").value();
  std::string socket(const char* name) const { return (folder.path() / name).string(); }
};

int exchange(UsbConnection& connection, std::vector<uint8_t> packet, std::vector<uint8_t>* answer) {
  if (const int status = connection.bulk_out(kBulkOutEndpoint, packet, kPatienceMs); status != kUsbOk)
    return status;
  answer->resize(64);
  int received = 0;
  const int status = connection.bulk_in(kBulkInEndpoint, *answer, &received, kPatienceMs);
  answer->resize(static_cast<std::size_t>(received));
  return status;
}

}  // namespace

TEST_CASE("devices are found by their sockets, with their descriptors, while they are plugged in") {
  Bed bed;
  Device one(bed.socket("a"));
  Device two(bed.socket("b"), "S2");
  one.start();
  two.start();
  ::setenv("SLMRIG_USB_SOCKETS",
           (bed.socket("a") + ":" + bed.socket("nobody") + ":" + bed.socket("b")).c_str(), 1);
  const std::vector<UsbDevice*> found = find_usb_devices();
  REQUIRE(found.size() == 2);
  CHECK(found[0]->descriptor.vendor_id == 0x1209);
  CHECK(found[0]->address != found[1]->address);
  REQUIRE(found[0]->endpoints.size() == 2);
  CHECK(found[0]->endpoints[0].address == kBulkOutEndpoint);
  CHECK(found[0]->endpoints[1].address == kBulkInEndpoint);
  CHECK(found[0]->endpoints[1].packet_bytes == 512);
  CHECK(found[0]->configuration.interfaces[0].settings[0].interface_class == 0xFF);
  CHECK(find_usb_devices() == found);
  one.stop();
  one.server->unplug();
  CHECK(find_usb_devices() == std::vector<UsbDevice*>{found[1]});
  ::unsetenv("SLMRIG_USB_SOCKETS");
}

TEST_CASE("strings are read by control transfers; what a device has not got is refused") {
  Bed bed;
  Device device(bed.socket("a"), "PROBE-7");
  device.start();
  const auto connection = UsbConnection::open(bed.socket("a"));
  REQUIRE(connection);
  std::vector<uint8_t> text(255);
  const std::string setup = {'\x80', 6, 3, 3, 9, 4, '\xFF', 0};
  REQUIRE(connection->control(setup, text, kPatienceMs) == 2 + 2 * 7);
  CHECK(text[2] == 'P');
  CHECK(text[14] == '7');
  const std::string other = {'\x80', 6, 9, 3, 9, 4, '\xFF', 0};
  CHECK(connection->control(other, text, kPatienceMs) == kUsbPipe);
}

TEST_CASE("an interface belongs to one at a time") {
  Bed bed;
  Device device(bed.socket("a"));
  device.start();
  auto first = UsbConnection::open(bed.socket("a"));
  auto second = UsbConnection::open(bed.socket("a"));
  CHECK(first->claim(0) == kUsbOk);
  CHECK(second->claim(0) == kUsbBusy);
  std::vector<uint8_t> answer;
  CHECK(exchange(*first, {1, 2}, &answer) == kUsbOk);
  CHECK(answer == std::vector<uint8_t>{1, 2, 0x5A});
  CHECK(first->release(0) == kUsbOk);
  // Behind the release in the same queue, so that it is done by the time this one is answered.
  std::vector<uint8_t> text(8);
  REQUIRE(first->control({"\x80\x06\x00\x03\x00\x00\x08\x00", 8}, text, kPatienceMs) > 0);
  CHECK(second->claim(0) == kUsbOk);
}

TEST_CASE("a probe that somebody else holds is busy") {
  Bed bed;
  Device device(bed.socket("a"));
  device.server->set_busy(true);
  device.start();
  CHECK(UsbConnection::open(bed.socket("a"))->claim(0) == kUsbBusy);
}

TEST_CASE("a device that is pulled in mid-transfer is gone for whoever has it open") {
  Bed bed;
  Device device(bed.socket("a"));
  device.unplugs = true;
  device.start();
  auto connection = UsbConnection::open(bed.socket("a"));
  REQUIRE(connection->claim(0) == kUsbOk);
  std::vector<uint8_t> answer;
  CHECK(exchange(*connection, {1}, &answer) == kUsbNoDevice);
  CHECK_FALSE(UsbConnection::open(bed.socket("a")));
}

TEST_CASE("a device that hangs still has its descriptors, and answers nothing else") {
  Bed bed;
  Device device(bed.socket("a"));
  device.server->set_hung(true);
  device.start();
  auto connection = UsbConnection::open(bed.socket("a"));
  int status = kUsbOk;
  CHECK(connection->ask(UsbMessage::kDescriptors, {}, kPatienceMs, &status));
  REQUIRE(connection->claim(0) == kUsbOk);
  REQUIRE(connection->bulk_out(kBulkOutEndpoint, std::vector<uint8_t>{1}, kPatienceMs) == kUsbOk);
  std::vector<uint8_t> answer(64);
  int received = 0;
  CHECK(connection->bulk_in(kBulkInEndpoint, answer, &received, 50) == kUsbTimeout);
}

TEST_CASE("a connection that speaks something else is ended, and the device serves on") {
  Bed bed;
  Device device(bed.socket("a"));
  device.start();
  const std::string nonsense =
      GENERATE(std::string("\xFF\xFF\xFF\x7F\x01", 5), std::string("\0\0\0\0\x63", 5),
               usb_message(UsbMessage::kBulk, "\x01not claimed"));
  const auto stranger = connect_local(bed.socket("a")).value();
  REQUIRE(send_all(stranger.get(), nonsense, kPatienceMs));
  std::string received;
  const auto got = receive_some(stranger.get(), &received, kPatienceMs);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == base::ErrorCode::kLinkLost);
  CHECK(UsbConnection::open(bed.socket("a"))->claim(0) == kUsbOk);
}

TEST_CASE("descriptors that are cut short or contradict themselves are refused") {
  const std::string whole = probe_device_descriptor() + probe_configuration_descriptor();
  UsbDevice device;
  REQUIRE(parse_usb_descriptors(whole, &device));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    UsbDevice other;
    CHECK_FALSE(parse_usb_descriptors(std::string_view(whole).substr(0, bytes), &other));
  }
}

}  // namespace slmrig::rigsim
