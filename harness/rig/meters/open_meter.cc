// Which driver serves which kind of meter.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/rig/meters/hwmon_meter.h"
#include "harness/rig/meters/iio_meter.h"
#include "harness/rig/meters/lpm01a.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/meter_kinds.h"
#include "harness/rig/meters/meter_port.h"
#include "harness/rig/meters/otii_meter.h"
#include "harness/rig/meters/pi5_meter.h"
#include "harness/rig/meters/ppk2.h"
#include "harness/rig/meters/rapl_meter.h"
#include "harness/rig/meters/scpi_meter.h"
#include "harness/rig/meters/sigrok_meter.h"

namespace slmrig::rig {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

std::vector<FoundMeter> found_as(const std::string& kind, const std::vector<NamedSensor>& sensors) {
  std::vector<FoundMeter> found;
  for (const NamedSensor& sensor : sensors) found.push_back({kind, sensor.title, sensor.address});
  return found;
}

// Its driver library is in no Debian release, and this build was made without it.
Result<std::unique_ptr<Meter>> no_joulescope() {
  return fail(ErrorCode::kUnsupported,
              "this build has no driver for a Joulescope: it needs the library joulescope_driver "
              "(github.com/jetperch/joulescope_driver, not packaged by Debian), and a driver on top of it; "
              "export what Joulescope's own program records, or use another meter");
}

}  // namespace

const std::vector<MeterKind>& meter_kinds() {
  static const std::vector<MeterKind> kKinds = {
      {"ppk2", "Nordic Power Profiler Kit II", "its serial port, or nothing where one is plugged in", false,
       [](const base::MeterSpec& spec) { return open_ppk2(spec); },
       [](const HostRoots& roots) { return plugged_meters("ppk2", ppk2_usb(), roots); }},
      {"lpm01a", "ST X-NUCLEO-LPM01A", "its serial port, or nothing where one is plugged in", false,
       [](const base::MeterSpec& spec) { return open_lpm01a(spec); },
       [](const HostRoots& roots) { return plugged_meters("lpm01a", lpm01a_usb(), roots); }},
      {"scpi", "bench supply or multimeter (SCPI, Korad)",
       "host:port, or its serial port with the setting profile", true,
       [](const base::MeterSpec& spec) { return open_scpi(spec); }, nullptr},
      {"hwmon", "sensor of this host: INA219, INA226, INA3221, Jetson",
       "chip, rail or chip/rail; total; nothing where there is one", false,
       [](const base::MeterSpec& spec) { return open_hwmon(spec); },
       [](const HostRoots& roots) { return found_as("hwmon", hwmon_sensors(roots)); }},
      {"iio", "converter of this host's industrial I/O", "as of hwmon", false,
       [](const base::MeterSpec& spec) { return open_iio(spec); },
       [](const HostRoots& roots) { return found_as("iio", iio_sensors(roots)); }},
      {"rapl", "energy counters of an x86 processor", "zone; nothing: the sum of all packages", false,
       [](const base::MeterSpec& spec) { return open_rapl(spec); },
       [](const HostRoots& roots) { return found_as("rapl", rapl_zones(roots)); }},
      {"pi5", "power management chip of a Raspberry Pi 5", "rail; nothing: the sum of all", false,
       [](const base::MeterSpec& spec) { return open_pi5(spec); },
       [](const HostRoots&) { return found_as("pi5", pi5_sensors()); }},
      {"sigrok", "anything libsigrok knows, through sigrok-cli", "what `sigrok-cli -d` takes, such as demo",
       true, [](const base::MeterSpec& spec) { return open_sigrok(spec); }, nullptr},
      {"otii", "Qoitech Otii Arc or Ace, through its software's TCP server",
       "host:port; nothing: 127.0.0.1:1905", false,
       [](const base::MeterSpec& spec) { return open_otii(spec); }, nullptr},
      {"joulescope", "Joulescope JS110, JS220, JS320", "its serial number", false,
       [](const base::MeterSpec&) { return no_joulescope(); }, nullptr},
  };
  return kKinds;
}

std::vector<std::string> meter_kind_names() {
  std::vector<std::string> names;
  for (const MeterKind& kind : meter_kinds()) names.emplace_back(kind.name);
  return names;
}

const MeterKind* find_meter_kind(const std::string& name) {
  const std::vector<MeterKind>& kinds = meter_kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const MeterKind& kind) { return name == kind.name; });
  return found == kinds.end() ? nullptr : &*found;
}

std::vector<FoundMeter> find_meters(const HostRoots& roots) {
  std::vector<FoundMeter> all;
  for (const MeterKind& kind : meter_kinds()) {
    if (!kind.find) continue;
    for (FoundMeter& found : kind.find(roots)) all.push_back(std::move(found));
  }
  return all;
}

Result<std::unique_ptr<Meter>> open_meter(const base::MeterSpec& spec) {
  const MeterKind* kind = find_meter_kind(spec.kind);
  if (kind == nullptr)
    return fail(ErrorCode::kBadInput, base::unknown_name("meter", spec.kind, meter_kind_names()));
  auto opened = kind->open(spec);
  if (opened) return opened;
  return tl::unexpected(base::within("meter " + spec.kind, opened.error()));
}

Result<base::MeterSpec> parse_meter(const std::string& text) {
  const std::size_t colon = text.find(':');
  base::MeterSpec spec;
  spec.kind = text.substr(0, colon);
  if (colon != std::string::npos) spec.address = text.substr(colon + 1);
  const MeterKind* kind = find_meter_kind(spec.kind);
  if (kind == nullptr) {
    return fail(ErrorCode::kBadInput, base::unknown_name("meter", spec.kind, meter_kind_names()) +
                                          "; a meter is KIND:ADDRESS, such as ppk2:/dev/serial/by-id/...");
  }
  if (spec.address.empty() && kind->needs_address) {
    return fail(ErrorCode::kBadInput,
                fmt::format("'{}' names no address: {}: is followed by {}", text, spec.kind, kind->address));
  }
  return spec;
}

}  // namespace slmrig::rig
