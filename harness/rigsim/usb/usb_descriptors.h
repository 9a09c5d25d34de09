// The descriptors of a CMSIS-DAP version 2 probe, as bytes on the bus (USB 2.0, chapter 9).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slmrig::rigsim {

inline constexpr uint8_t kBulkOutEndpoint = 0x01;
inline constexpr uint8_t kBulkInEndpoint = 0x81;

std::string probe_device_descriptor();
std::string probe_configuration_descriptor();

// A string descriptor by its index (0: the languages), nothing where the probe has no such string.
std::optional<std::string> probe_string_descriptor(uint8_t index, std::string_view serial_number);

}  // namespace slmrig::rigsim
