#include "harness/measure/internal/capture_codec.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace slmrig::measure {

using base::ErrorCode;
using base::Result;

namespace {

constexpr int kLevel = 3;

enum Column : uint32_t {
  kCurrent = 1,
  kVoltage = 2,
  kPower = 4,
  kTime = 8,
  kRange = 16,
  kMarkers = 32,
  kFlags = 64,
};
constexpr uint32_t kAllColumns = 127;

// Byte 0 of every value, then byte 1, ...
template <typename T>
void put_planes(std::string& raw, const std::vector<T>& values) {
  const std::size_t from = raw.size();
  const std::size_t count = values.size();
  raw.resize(from + count * sizeof(T));
  std::array<char, sizeof(T)> bytes;
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(bytes.data(), &values[i], sizeof(T));
    for (std::size_t plane = 0; plane < sizeof(T); ++plane) raw[from + plane * count + i] = bytes[plane];
  }
}

template <typename T>
void get_planes(std::string_view raw, std::size_t& at, std::size_t count, std::vector<T>& values) {
  values.resize(count);
  std::array<char, sizeof(T)> bytes;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t plane = 0; plane < sizeof(T); ++plane) bytes[plane] = raw[at + plane * count + i];
    std::memcpy(&values[i], bytes.data(), sizeof(T));
  }
  at += count * sizeof(T);
}

std::size_t bytes_of(const BlockHeader& header) {
  std::size_t of_sample = 0;
  for (const uint32_t column : {kCurrent, kVoltage, kPower})
    of_sample += (header.columns & column) != 0 ? 4 : 0;
  of_sample += (header.columns & kTime) != 0 ? 8 : 0;
  for (const uint32_t column : {kRange, kMarkers, kFlags})
    of_sample += (header.columns & column) != 0 ? 1 : 0;
  return std::size_t{header.gaps} * 16 + header.samples * of_sample;
}

tl::unexpected<base::Error> damaged(std::string_view what) {
  return base::fail(ErrorCode::kCorrupt, fmt::format("a block of samples is damaged: {}", what));
}

nlohmann::json json_of(const base::MeterFacts& meter) {
  nlohmann::json ranges = nlohmann::json::array();
  for (const base::MeterRange& range : meter.ranges) {
    ranges.push_back({{"name", range.name},
                      {"highest_ua", range.highest_ua},
                      {"gain_half_width", range.gain_half_width},
                      {"offset_ua", range.offset_ua},
                      {"shunt_ohm", range.shunt_ohm},
                      {"calibrated", range.calibrated}});
  }
  return {{"kind", meter.kind},
          {"model", meter.model},
          {"serial", meter.serial},
          {"version", meter.version},
          {"address", meter.address},
          {"sample_rate_hz", meter.sample_rate_hz},
          {"ranges", std::move(ranges)},
          {"marker_lines", meter.marker_lines},
          {"measures_voltage", meter.measures_voltage},
          {"sources", meter.sources},
          {"voltage_half_width", meter.voltage_half_width},
          {"settings", meter.settings}};
}

base::MeterFacts meter_of(const nlohmann::json& json) {
  base::MeterFacts meter;
  meter.kind = json.value("kind", "");
  meter.model = json.value("model", "");
  meter.serial = json.value("serial", "");
  meter.version = json.value("version", "");
  meter.address = json.value("address", "");
  meter.sample_rate_hz = json.value("sample_rate_hz", 0.0);
  meter.marker_lines = json.value("marker_lines", 0U);
  meter.measures_voltage = json.value("measures_voltage", false);
  meter.sources = json.value("sources", false);
  meter.voltage_half_width = json.value("voltage_half_width", 0.0);
  meter.settings = json.value("settings", std::map<std::string, std::string>());
  for (const nlohmann::json& item : json.value("ranges", nlohmann::json::array())) {
    base::MeterRange range;
    range.name = item.value("name", "");
    range.highest_ua = item.value("highest_ua", 0.0);
    range.gain_half_width = item.value("gain_half_width", 0.0);
    range.offset_ua = item.value("offset_ua", 0.0);
    range.shunt_ohm = item.value("shunt_ohm", 0.0);
    range.calibrated = item.value("calibrated", true);
    meter.ranges.push_back(std::move(range));
  }
  return meter;
}

}  // namespace

void put_u32(std::string& bytes, uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((value >> shift) & 0xffU);
}

void put_u64(std::string& bytes, uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((value >> shift) & 0xffU);
}

uint32_t get_u32(std::string_view bytes, std::size_t at) {
  uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= uint32_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  return value;
}

uint64_t get_u64(std::string_view bytes, std::size_t at) {
  return get_u32(bytes, at) | uint64_t{get_u32(bytes, at + 4)} << 32U;
}

std::size_t sample_count(const base::PowerSamples& block) {
  return std::max(block.current_ua.size(), block.power_uw.size());
}

uint32_t columns_of(const base::PowerSamples& block) {
  uint32_t columns = 0;
  if (!block.current_ua.empty()) columns |= kCurrent;
  if (!block.voltage_mv.empty()) columns |= kVoltage;
  if (!block.power_uw.empty()) columns |= kPower;
  if (!block.time_ns.empty()) columns |= kTime;
  if (!block.range.empty()) columns |= kRange;
  if (!block.markers.empty()) columns |= kMarkers;
  if (!block.flags.empty()) columns |= kFlags;
  return columns;
}

std::string encode_block(const base::PowerSamples& block) {
  std::string raw;
  for (const base::SampleGap& gap : block.gaps) {
    put_u64(raw, static_cast<uint64_t>(gap.index));
    put_u64(raw, static_cast<uint64_t>(gap.count));
  }
  put_planes(raw, block.current_ua);
  put_planes(raw, block.voltage_mv);
  put_planes(raw, block.power_uw);
  put_planes(raw, block.time_ns);
  put_planes(raw, block.range);
  put_planes(raw, block.markers);
  put_planes(raw, block.flags);

  ZSTD_CCtx* context = ZSTD_createCCtx();
  SLMRIG_CHECK(context != nullptr);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  const std::size_t size = ZSTD_compress2(context, packed.data(), packed.size(), raw.data(), raw.size());
  ZSTD_freeCCtx(context);
  SLMRIG_CHECK(ZSTD_isError(size) == 0);  // the buffer is as large as the library asks for
  packed.resize(size);

  std::string bytes(kBlockMagic);
  put_u32(bytes, static_cast<uint32_t>(packed.size()));
  put_u32(bytes, static_cast<uint32_t>(raw.size()));
  put_u32(bytes, static_cast<uint32_t>(sample_count(block)));
  put_u32(bytes, static_cast<uint32_t>(block.gaps.size()));
  put_u32(bytes, columns_of(block));
  put_u64(bytes, static_cast<uint64_t>(block.first_index));
  put_u64(bytes, static_cast<uint64_t>(block.received_ns));
  return bytes + packed;
}

Result<BlockHeader> decode_block_header(std::string_view bytes) {
  BlockHeader header;
  header.packed_bytes = get_u32(bytes, 4);
  header.raw_bytes = get_u32(bytes, 8);
  header.samples = get_u32(bytes, 12);
  header.gaps = get_u32(bytes, 16);
  header.columns = get_u32(bytes, 20);
  header.first_index = static_cast<int64_t>(get_u64(bytes, 24));
  header.received_ns = static_cast<int64_t>(get_u64(bytes, 32));
  // A damaged number must not make us allocate what it claims.
  if (header.raw_bytes > kMostBlockBytes || header.packed_bytes > kMostBlockBytes) {
    return damaged(fmt::format("{} bytes are more than a block has", header.raw_bytes));
  }
  if ((header.columns & ~kAllColumns) != 0 || (header.columns & (kCurrent | kPower)) == 0 ||
      bytes_of(header) != header.raw_bytes) {
    return damaged(fmt::format("{} samples and {} gaps of columns {} do not make {} bytes", header.samples,
                               header.gaps, header.columns, header.raw_bytes));
  }
  return header;
}

Result<base::PowerSamples> decode_block(const BlockHeader& header, std::string_view packed) {
  std::string raw(header.raw_bytes, '\0');
  const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0) return damaged(ZSTD_getErrorName(size));
  if (size != raw.size()) return damaged(fmt::format("{} bytes of {} came out", size, raw.size()));
  base::PowerSamples block;
  block.first_index = header.first_index;
  block.received_ns = header.received_ns;
  std::size_t at = 0;
  for (uint32_t i = 0; i < header.gaps; ++i, at += 16) {
    block.gaps.push_back(
        {static_cast<int64_t>(get_u64(raw, at)), static_cast<int64_t>(get_u64(raw, at + 8))});
  }
  const auto take = [&](uint32_t column, auto& values) {
    if ((header.columns & column) != 0) get_planes(raw, at, header.samples, values);
  };
  take(kCurrent, block.current_ua);
  take(kVoltage, block.voltage_mv);
  take(kPower, block.power_uw);
  take(kTime, block.time_ns);
  take(kRange, block.range);
  take(kMarkers, block.markers);
  take(kFlags, block.flags);
  return block;
}

std::string encode_header(const CaptureHeader& header) {
  const nlohmann::json json = {{"meter", json_of(header.meter)},
                               {"supply_mv", header.supply_mv},
                               {"started_at_ns", header.started_at_ns},
                               {"modelled_clock", header.modelled_clock},
                               {"notes", header.notes}};
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<CaptureHeader> decode_header(const std::string& text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    CaptureHeader header;
    header.meter = meter_of(json.at("meter"));
    header.supply_mv = json.at("supply_mv").get<double>();
    header.started_at_ns = json.at("started_at_ns").get<int64_t>();
    header.modelled_clock = json.value("modelled_clock", false);
    header.notes = json.value("notes", std::map<std::string, std::string>());
    return header;
  } catch (const nlohmann::json::exception& error) {
    return base::fail(ErrorCode::kCorrupt, fmt::format("the header is damaged: {}", error.what()));
  }
}

}  // namespace slmrig::measure
