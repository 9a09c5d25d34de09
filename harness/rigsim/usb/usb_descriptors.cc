#include "harness/rigsim/usb/usb_descriptors.h"

#include <initializer_list>

namespace slmrig::rigsim {
namespace {

std::string bytes_of(std::initializer_list<uint8_t> values) { return {values.begin(), values.end()}; }

enum StringIndex : uint8_t { kLanguages, kMaker, kProduct, kSerialNumber, kInterface };

enum DescriptorType : uint8_t {
  kDevice = 1,
  kConfiguration = 2,
  kString = 3,
  kInterfaceType = 4,
  kEndpoint = 5
};

}  // namespace

std::string probe_device_descriptor() {
  // 1209:0001 is the pair of numbers set aside for tests.
  return bytes_of({18, kDevice, 0x00, 0x02, 0, 0, 0, 64, 0x09, 0x12, 0x01, 0x00, 0x00, 0x01, kMaker, kProduct,
                   kSerialNumber, 1});
}

std::string probe_configuration_descriptor() {
  constexpr uint8_t kTotal = 9 + 9 + 7 + 7;
  constexpr uint8_t kBusPowered = 0x80;
  constexpr uint8_t kHundredMilliampere = 50;
  constexpr uint8_t kVendorClass = 0xFF;
  constexpr uint8_t kBulk = 2;
  return bytes_of({9, kConfiguration, kTotal, 0, 1, 1, 0, kBusPowered, kHundredMilliampere}) +
         bytes_of({9, kInterfaceType, 0, 0, 2, kVendorClass, 0, 0, kInterface}) +
         bytes_of({7, kEndpoint, kBulkOutEndpoint, kBulk, 0x00, 0x02, 0}) +
         bytes_of({7, kEndpoint, kBulkInEndpoint, kBulk, 0x00, 0x02, 0});
}

std::optional<std::string> probe_string_descriptor(uint8_t index, std::string_view serial_number) {
  std::string_view text;
  switch (index) {
    case kLanguages: return bytes_of({4, kString, 0x09, 0x04});  // English
    case kMaker: text = "slmrig"; break;
    case kProduct: text = "slmrig virtual CMSIS-DAP"; break;
    case kSerialNumber: text = serial_number; break;
    case kInterface: text = "slmrig CMSIS-DAP v2"; break;
    default: return std::nullopt;
  }
  constexpr std::size_t kLongest = (255 - 2) / 2;
  text = text.substr(0, kLongest);
  std::string descriptor = bytes_of({static_cast<uint8_t>(2 + 2 * text.size()), kString});
  for (const char c : text) descriptor += {c, '\0'};
  return descriptor;
}

}  // namespace slmrig::rigsim
