// A stand-in for libusb-1.0.so.0 that sees virtual devices behind unix sockets (SLMRIG_USB_SOCKETS) and no
// others. Put in front of the real one by LD_LIBRARY_PATH, it lets an unmodified pyOCD work with a virtual
// debug probe: its own enumeration, selection by serial number, transfers and handling of a pulled cable.
//
// Has what pyusb uses. Signatures are libusb's; asynchronous transfers are not supported.
#include <array>
#include <cstring>
#include <vector>

#include "harness/rigsim/usb/usb_client.h"

using slmrig::rigsim::LibusbConfiguration;
using slmrig::rigsim::LibusbDeviceDescriptor;
using slmrig::rigsim::UsbConnection;
using slmrig::rigsim::UsbDevice;
namespace usb = slmrig::rigsim;

#define SLMRIG_LIBUSB extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kHighSpeed = 3;
constexpr uint8_t kDirectionIn = 0x80;

std::span<uint8_t> bytes_at(unsigned char* data, int length) {
  return {data, static_cast<std::size_t>(length < 0 ? 0 : length)};
}

}  // namespace

// --- Library

SLMRIG_LIBUSB int libusb_init(void** context) {
  static char the_only_one;
  if (context != nullptr) *context = &the_only_one;
  return usb::kUsbOk;
}

SLMRIG_LIBUSB void libusb_exit(void* /*context*/) {}

SLMRIG_LIBUSB void libusb_set_debug(void* /*context*/, int /*level*/) {}

SLMRIG_LIBUSB int libusb_has_capability(uint32_t /*capability*/) { return 0; }

SLMRIG_LIBUSB const char* libusb_strerror(int status) {
  switch (status) {
    case usb::kUsbOk: return "Success";
    case usb::kUsbIo: return "Input/Output Error";
    case usb::kUsbInvalid: return "Invalid parameter";
    case usb::kUsbNoDevice: return "No such device (it may have been disconnected)";
    case usb::kUsbNotFound: return "Entity not found";
    case usb::kUsbBusy: return "Resource busy";
    case usb::kUsbTimeout: return "Operation timed out";
    case usb::kUsbPipe: return "Pipe error";
    case usb::kUsbNoMemory: return "Insufficient memory";
    case usb::kUsbNotSupported: return "Operation not supported or unimplemented on this platform";
    default: return "Other error";
  }
}

SLMRIG_LIBUSB const char* libusb_error_name(int status) {
  switch (status) {
    case usb::kUsbOk: return "LIBUSB_SUCCESS";
    case usb::kUsbIo: return "LIBUSB_ERROR_IO";
    case usb::kUsbInvalid: return "LIBUSB_ERROR_INVALID_PARAM";
    case usb::kUsbNoDevice: return "LIBUSB_ERROR_NO_DEVICE";
    case usb::kUsbNotFound: return "LIBUSB_ERROR_NOT_FOUND";
    case usb::kUsbBusy: return "LIBUSB_ERROR_BUSY";
    case usb::kUsbTimeout: return "LIBUSB_ERROR_TIMEOUT";
    case usb::kUsbPipe: return "LIBUSB_ERROR_PIPE";
    case usb::kUsbNoMemory: return "LIBUSB_ERROR_NO_MEM";
    case usb::kUsbNotSupported: return "LIBUSB_ERROR_NOT_SUPPORTED";
    default: return "LIBUSB_ERROR_OTHER";
  }
}

// --- Devices

SLMRIG_LIBUSB ssize_t libusb_get_device_list(void* /*context*/, UsbDevice*** list) {
  const std::vector<UsbDevice*> found = usb::find_usb_devices();
  auto** devices = static_cast<UsbDevice**>(std::calloc(found.size() + 1, sizeof(UsbDevice*)));
  if (devices == nullptr) return usb::kUsbNoMemory;
  std::copy(found.begin(), found.end(), devices);
  *list = devices;
  return static_cast<ssize_t>(found.size());
}

SLMRIG_LIBUSB void libusb_free_device_list(UsbDevice** list, int /*unreference*/) { std::free(list); }

// Devices live as long as the process, so nobody needs to count who uses them.
SLMRIG_LIBUSB UsbDevice* libusb_ref_device(UsbDevice* device) { return device; }

SLMRIG_LIBUSB void libusb_unref_device(UsbDevice* /*device*/) {}

SLMRIG_LIBUSB int libusb_get_device_descriptor(UsbDevice* device, LibusbDeviceDescriptor* descriptor) {
  *descriptor = device->descriptor;
  return usb::kUsbOk;
}

SLMRIG_LIBUSB int libusb_get_config_descriptor(UsbDevice* device, uint8_t index,
                                               const LibusbConfiguration** result) {
  if (index != 0) return usb::kUsbNotFound;
  *result = &device->configuration;
  return usb::kUsbOk;
}

SLMRIG_LIBUSB int libusb_get_active_config_descriptor(UsbDevice* device, const LibusbConfiguration** result) {
  return libusb_get_config_descriptor(device, 0, result);
}

SLMRIG_LIBUSB void libusb_free_config_descriptor(const LibusbConfiguration* /*configuration*/) {}

SLMRIG_LIBUSB uint8_t libusb_get_bus_number(UsbDevice* /*device*/) { return 1; }

SLMRIG_LIBUSB uint8_t libusb_get_device_address(UsbDevice* device) { return device->address; }

SLMRIG_LIBUSB uint8_t libusb_get_port_number(UsbDevice* device) { return device->address; }

SLMRIG_LIBUSB int libusb_get_port_numbers(UsbDevice* device, uint8_t* ports, int capacity) {
  if (capacity < 1) return usb::kUsbNoMemory;
  ports[0] = device->address;
  return 1;
}

SLMRIG_LIBUSB UsbDevice* libusb_get_parent(UsbDevice* /*device*/) { return nullptr; }

SLMRIG_LIBUSB int libusb_get_device_speed(UsbDevice* /*device*/) { return kHighSpeed; }

SLMRIG_LIBUSB int libusb_get_max_iso_packet_size(UsbDevice* /*device*/, uint8_t /*endpoint*/) {
  return usb::kUsbNotSupported;
}

// --- Open devices

SLMRIG_LIBUSB int libusb_open(UsbDevice* device, UsbConnection** handle) {
  auto connection = UsbConnection::open(device->socket);
  if (!connection) return usb::kUsbNoDevice;
  *handle = connection.release();
  return usb::kUsbOk;
}

SLMRIG_LIBUSB void libusb_close(UsbConnection* handle) { delete handle; }

SLMRIG_LIBUSB int libusb_get_configuration(UsbConnection* /*handle*/, int* value) {
  *value = 1;
  return usb::kUsbOk;
}

SLMRIG_LIBUSB int libusb_set_configuration(UsbConnection* /*handle*/, int value) {
  return value == 1 ? usb::kUsbOk : usb::kUsbNotFound;
}

SLMRIG_LIBUSB int libusb_claim_interface(UsbConnection* handle, int interface) {
  return handle->claim(static_cast<uint8_t>(interface));
}

SLMRIG_LIBUSB int libusb_release_interface(UsbConnection* handle, int interface) {
  return handle->release(static_cast<uint8_t>(interface));
}

SLMRIG_LIBUSB int libusb_set_interface_alt_setting(UsbConnection* /*handle*/, int /*interface*/,
                                                   int setting) {
  return setting == 0 ? usb::kUsbOk : usb::kUsbNotFound;
}

SLMRIG_LIBUSB int libusb_clear_halt(UsbConnection* /*handle*/, unsigned char /*endpoint*/) {
  return usb::kUsbOk;
}

SLMRIG_LIBUSB int libusb_reset_device(UsbConnection* /*handle*/) { return usb::kUsbOk; }

SLMRIG_LIBUSB int libusb_kernel_driver_active(UsbConnection* /*handle*/, int /*interface*/) { return 0; }

SLMRIG_LIBUSB int libusb_detach_kernel_driver(UsbConnection* /*handle*/, int /*interface*/) {
  return usb::kUsbNotFound;
}

SLMRIG_LIBUSB int libusb_attach_kernel_driver(UsbConnection* /*handle*/, int /*interface*/) {
  return usb::kUsbNotFound;
}

// --- Transfers

// The parameters are libusb's.
SLMRIG_LIBUSB int libusb_control_transfer(UsbConnection* handle, uint8_t request_type, uint8_t request,
                                          uint16_t value, uint16_t index, unsigned char* data,
                                          uint16_t length, unsigned timeout_ms) {
  if ((request_type & kDirectionIn) == 0) return usb::kUsbPipe;  // no virtual device takes any
  std::string setup = {static_cast<char>(request_type), static_cast<char>(request)};
  for (const uint16_t half : {value, index, length}) {
    setup += static_cast<char>(half & 0xFFU);
    setup += static_cast<char>(half >> 8U);
  }
  return handle->control(setup, bytes_at(data, length), timeout_ms);
}

SLMRIG_LIBUSB int libusb_bulk_transfer(UsbConnection* handle, unsigned char endpoint, unsigned char* data,
                                       int length, int* transferred, unsigned timeout_ms) {
  int count = 0;
  int status = usb::kUsbOk;
  if ((endpoint & kDirectionIn) != 0) {
    status = handle->bulk_in(endpoint, bytes_at(data, length), &count, timeout_ms);
  } else {
    status = handle->bulk_out(endpoint, bytes_at(data, length), timeout_ms);
    if (status == usb::kUsbOk) count = length;
  }
  if (transferred != nullptr) *transferred = count;
  return status;
}

SLMRIG_LIBUSB int libusb_interrupt_transfer(UsbConnection* handle, unsigned char endpoint,
                                            unsigned char* data, int length, int* transferred,
                                            unsigned timeout_ms) {
  return libusb_bulk_transfer(handle, endpoint, data, length, transferred, timeout_ms);
}

SLMRIG_LIBUSB int libusb_get_string_descriptor_ascii(UsbConnection* handle, uint8_t index,
                                                     unsigned char* data, int length) {
  constexpr uint16_t kStringDescriptor = 3U << 8U;
  constexpr uint16_t kEnglish = 0x0409;
  constexpr unsigned kPatienceMs = 1000;
  constexpr uint8_t kGetDescriptor = 6;
  std::array<unsigned char, 255> descriptor = {};
  const int got = libusb_control_transfer(handle, kDirectionIn, kGetDescriptor, kStringDescriptor | index,
                                          kEnglish, descriptor.data(), descriptor.size(), kPatienceMs);
  if (got < 0) return got;
  int count = 0;
  for (int at = 2; at + 1 < got && count + 1 < length; at += 2)
    data[count++] = descriptor[static_cast<std::size_t>(at)];
  if (length > 0) data[count] = 0;
  return count;
}

SLMRIG_LIBUSB void* libusb_alloc_transfer(int /*iso_packets*/) { return nullptr; }

SLMRIG_LIBUSB void libusb_free_transfer(void* /*transfer*/) {}

SLMRIG_LIBUSB int libusb_submit_transfer(void* /*transfer*/) { return usb::kUsbNotSupported; }

SLMRIG_LIBUSB int libusb_cancel_transfer(void* /*transfer*/) { return usb::kUsbNotSupported; }

SLMRIG_LIBUSB int libusb_handle_events(void* /*context*/) { return usb::kUsbNotSupported; }
