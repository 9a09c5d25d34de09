#include "harness/rig/bench_reader.h"

#include <regex>

#include <fmt/format.h>

namespace slmrig::rig {
namespace {

using base::JsonObject;

constexpr uint64_t kMaxBaud = 20'000'000;

std::string file_of(JsonObject& object, const char* key, const std::filesystem::path& rig_folder) {
  const std::string file = object.optional_string(key);
  if (file.empty() || std::filesystem::path(file).is_absolute()) return file;
  return (rig_folder / file).lexically_normal().string();
}

std::vector<std::string> required_command(JsonObject& object, const char* key) {
  std::vector<std::string> command = object.required_strings(key);
  if (object.has(key) && command.empty()) object.fail(key, "must name a program and its arguments");
  return command;
}

base::PyocdSpec read_pyocd(JsonObject& object, const std::filesystem::path& rig_folder) {
  base::PyocdSpec spec;
  spec.probe = object.required_string("probe");
  spec.target = object.required_string("target");
  spec.script = file_of(object, "script", rig_folder);
  spec.pack = file_of(object, "pack", rig_folder);
  spec.frequency_hz = object.optional_uint("frequency_hz", 0, 1000, 100'000'000);
  spec.timeout_s = static_cast<int>(object.optional_uint("timeout_s", 0, 1, 3600));
  return spec;
}

base::SshSpec read_ssh(JsonObject& object, const std::filesystem::path& rig_folder) {
  base::SshSpec spec;
  spec.host = object.required_string("host");
  spec.port = static_cast<int>(object.optional_uint("port", 0, 1, 65535));
  spec.user = object.optional_string("user");
  // A host or a user that begins with a dash would be an option to ssh.
  if (spec.host.starts_with('-')) object.fail("host", fmt::format("'{}' is no host", spec.host));
  if (spec.user.starts_with('-')) object.fail("user", fmt::format("'{}' is no user", spec.user));
  spec.identity_file = file_of(object, "identity_file", rig_folder);
  spec.known_hosts_file = file_of(object, "known_hosts_file", rig_folder);
  spec.directory = object.optional_string("directory", spec.directory);
  spec.agent_prefix = object.optional_strings("agent_prefix");
  spec.file_cache = object.optional_choice("file_cache", {"drop", "drop-all", "keep"}, spec.file_cache);
  if (spec.directory.empty() || spec.directory.starts_with('-'))
    object.fail("directory", fmt::format("'{}' is no folder", spec.directory));
  return spec;
}

base::CommandFlasherSpec read_command_flasher(JsonObject& object) {
  base::CommandFlasherSpec spec;
  spec.flash_agent = required_command(object, "flash_agent");
  spec.flash_image = object.optional_strings("flash_image");
  spec.reset = object.optional_strings("reset");
  spec.timeout_s = static_cast<int>(object.optional_uint("timeout_s", 120, 1, 3600));
  return spec;
}

}  // namespace

base::LinkSpec read_link(JsonObject link) {
  base::LinkSpec spec;
  spec.kind = link.required_choice("kind", {"stdio", "unix", "tcp", "rfc2217", "tty", "serial"});
  spec.address = link.optional_string("address");
  spec.usb_serial = link.optional_string("usb_serial");
  spec.baud = static_cast<int>(link.optional_uint("baud", 115200, 300, kMaxBaud));
  spec.fast_baud = static_cast<int>(link.optional_uint("fast_baud", 0, 300, kMaxBaud));
  spec.reset_line = link.optional_choice("reset_line", {"dtr", "rts"}, "");
  if (spec.kind == "stdio" && !spec.address.empty())
    link.fail("address", "has no meaning for a link of kind \"stdio\"");
  const bool has_lines = spec.kind == "serial" || spec.kind == "rfc2217";
  if (!has_lines && !spec.reset_line.empty())
    link.fail("reset_line", fmt::format("a link of kind \"{}\" has no such line", spec.kind));
  if (spec.kind != "serial" && !spec.usb_serial.empty())
    link.fail("usb_serial", "belongs to links of kind \"serial\"");
  if (!spec.usb_serial.empty() && !spec.address.empty())
    link.fail("usb_serial", "and \"address\" both say where the link leads; leave one out");
  const bool needs_address = spec.kind != "stdio" && spec.kind != "unix" && spec.usb_serial.empty();
  if (needs_address && spec.address.empty()) {
    link.fail("address", fmt::format("is missing: a link of kind \"{}\" must say where it leads", spec.kind));
  }
  return spec;
}

base::FlasherSpec read_flasher(JsonObject flasher, const std::filesystem::path& rig_folder) {
  base::FlasherSpec spec;
  spec.kind = flasher.required_choice("kind", {"native", "emulator", "pyocd", "ssh", "command"});
  if (spec.kind == "pyocd") spec.pyocd = read_pyocd(flasher, rig_folder);
  if (spec.kind == "ssh") spec.ssh = read_ssh(flasher, rig_folder);
  if (spec.kind == "command") spec.command = read_command_flasher(flasher);
  return spec;
}

base::PowerSwitchSpec read_power_switch(JsonObject power) {
  base::PowerSwitchSpec spec;
  spec.on = required_command(power, "on");
  spec.off = required_command(power, "off");
  spec.off_ms = static_cast<int>(power.optional_uint("off_ms", 1000, 1, 600'000));
  return spec;
}

base::StandInSpec read_stand_in(JsonObject stand_in) {
  base::StandInSpec spec;
  spec.command = required_command(stand_in, "command");
  spec.ready_file = stand_in.optional_string("ready_file");
  spec.environment = stand_in.optional_strings("environment");
  return spec;
}

base::MeterSpec read_meter(base::JsonObject meter, const std::vector<std::string>& kinds) {
  constexpr uint64_t kHighestMv = 1'000'000;
  base::MeterSpec spec;
  spec.kind = meter.required_choice("kind", kinds);
  spec.address = meter.optional_string("address");
  spec.usb_serial = meter.optional_string("usb_serial");
  spec.mode = meter.optional_choice("mode", {"source", "ampere"}, "");
  spec.voltage_mv = static_cast<int>(meter.optional_uint("voltage_mv", 0, 1, kHighestMv));
  spec.leave_powered = meter.optional_bool("leave_powered", spec.leave_powered);
  spec.modelled_clock = meter.optional_bool("modelled_clock", spec.modelled_clock);
  if (!spec.usb_serial.empty() && !spec.address.empty())
    meter.fail("usb_serial", "and \"address\" both say which instrument it is; leave one out");
  if (meter.has("lines")) {
    JsonObject lines = meter.optional_object("lines");
    const auto line_of = [&](const char* key) {
      constexpr uint64_t kMostLines = 16;
      return lines.has(key) ? static_cast<int>(lines.optional_uint(key, 0, 0, kMostLines)) : -1;
    };
    spec.active_line = line_of("active");
    spec.token_line = line_of("token");
    spec.phase_line = line_of("phase");
  }
  spec.board_pins = meter.optional_string("board_pins");
  static const std::regex kPins("/[^:]*:[0-9]{1,4},[0-9]{1,4},[0-9]{1,4},[0-9]{1,4}");
  if (!spec.board_pins.empty() && !std::regex_match(spec.board_pins, kPins)) {
    meter.fail("board_pins", fmt::format("'{}' is not CHIP:D0,D1,D2,D3, such as /dev/gpiochip0:17,27,22,23",
                                         spec.board_pins));
  }
  JsonObject settings = meter.optional_object("settings");
  for (const std::string& key : settings.keys()) spec.settings[key] = settings.required_string(key);
  return spec;
}

void settle_meter_voltage(JsonObject meter, const base::Board& board, base::MeterSpec* spec) {
  const base::SafeVoltages& safe = board.voltages;
  if (spec->voltage_mv == 0) spec->voltage_mv = safe.nominal_mv;
  if (spec->mode != "source") return;
  if (safe.maximum_mv == 0) {
    meter.fail("mode", fmt::format("is \"source\", but boards/{}/board.json has no \"safe_voltages_mv\": "
                                   "no voltage may be made for it",
                                   board.name));
  } else if (spec->voltage_mv < safe.minimum_mv || spec->voltage_mv > safe.maximum_mv) {
    meter.fail("voltage_mv", fmt::format("is {}, but the board {} stands {} to {} mV", spec->voltage_mv,
                                         board.name, safe.minimum_mv, safe.maximum_mv));
  }
}

void check_board_pins(JsonObject meter, const base::Bench& bench) {
  const std::string& flasher = base::flasher_kind(bench);
  if (bench.meter.board_pins.empty() || flasher == "native" || flasher == "ssh") return;
  meter.fail("board_pins", fmt::format("is for Linux boards; the agent of {} (flasher {}) knows its own pins",
                                       bench.board.name, flasher));
}

}  // namespace slmrig::rig
