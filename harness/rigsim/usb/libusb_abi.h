// The structures that users of libusb 1.0 read, in the layout of its public interface (libusb.h, API 1.0.26).
#pragma once

#include <cstdint>

namespace slmrig::rigsim {

struct LibusbDeviceDescriptor {
  uint8_t length;
  uint8_t type;
  uint16_t usb_version;
  uint8_t device_class;
  uint8_t device_subclass;
  uint8_t device_protocol;
  uint8_t control_packet_bytes;
  uint16_t vendor_id;
  uint16_t product_id;
  uint16_t device_version;
  uint8_t maker_string;
  uint8_t product_string;
  uint8_t serial_string;
  uint8_t configurations;
};

struct LibusbEndpoint {
  uint8_t length;
  uint8_t type;
  uint8_t address;
  uint8_t attributes;
  uint16_t packet_bytes;
  uint8_t interval;
  uint8_t refresh;
  uint8_t synch_address;
  const unsigned char* extra;
  int extra_bytes;
};

struct LibusbAlternateSetting {
  uint8_t length;
  uint8_t type;
  uint8_t interface_number;
  uint8_t alternate_setting;
  uint8_t endpoint_count;
  uint8_t interface_class;
  uint8_t interface_subclass;
  uint8_t interface_protocol;
  uint8_t interface_string;
  const LibusbEndpoint* endpoints;
  const unsigned char* extra;
  int extra_bytes;
};

struct LibusbInterface {
  const LibusbAlternateSetting* settings;
  int setting_count;
};

struct LibusbConfiguration {
  uint8_t length;
  uint8_t type;
  uint16_t total_bytes;
  uint8_t interface_count;
  uint8_t value;
  uint8_t string;
  uint8_t attributes;
  uint8_t max_power;
  const LibusbInterface* interfaces;
  const unsigned char* extra;
  int extra_bytes;
};

}  // namespace slmrig::rigsim
