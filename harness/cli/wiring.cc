#include "harness/cli/wiring.h"

#include <fmt/format.h>

namespace slmrig::cli {
namespace {

using base::MeterSpec;

std::string supply_lines(const base::Bench& bench) {
  const MeterSpec& meter = bench.meter;
  const int millivolts = meter.voltage_mv != 0 ? meter.voltage_mv : bench.board.voltages.nominal_mv;
  const std::string board_supply = fmt::format("the supply of {} ({} mV)", bench.board.name, millivolts);
  if (meter.mode == "source") {
    return fmt::format(
        "  VOUT  -> {}; nothing else may feed it: take off its USB plug, its supply jumper, its battery\n"
        "  GND   -> ground of the board\n"
        "  after a run the board's power is {}\n",
        board_supply, meter.leave_powered ? "left on" : "turned off");
  }
  if (meter.mode == "ampere") {
    return fmt::format(
        "  VIN   -> the board's own supply ({} mV)\n"
        "  VOUT  -> the board, in the place of that supply's wire or jumper: all of its current goes "
        "through\n"
        "  GND   -> ground of both\n",
        millivolts);
  }
  return fmt::format("  in series with {}, or as the meter's own manual says\n", board_supply);
}

std::string marker_lines(const MeterSpec& meter, bool board_is_linux) {
  const auto line = [](int number, const char* what) {
    return number < 0 ? fmt::format("  --    -> not wired: {}\n", what)
                      : fmt::format("  D{}    -> {}\n", number, what);
  };
  std::string text = line(meter.active_line, "marker 0 of the board: a generation runs");
  text += line(meter.token_line, "marker 1: toggles at every token");
  text += line(meter.phase_line, "marker 2: phase, low bit");
  text += line(meter.phase_line < 0 ? -1 : meter.phase_line + 1, "marker 3: phase, high bit");
  if (!meter.board_pins.empty()) {
    text += fmt::format("  markers 0, 1, 2, 3 of the board are these lines of its GPIO chip: {}\n",
                        meter.board_pins);
  } else if (board_is_linux) {
    text +=
        "  the board raises no markers: name four of its pins in the rig file (\"board_pins\" of the "
        "meter)\n";
  }
  text += "  VCC of the meter's logic port -> the board's I/O voltage, GND -> ground\n";
  return text;
}

}  // namespace

std::string wiring_text(const base::Bench& bench) {
  const MeterSpec& meter = bench.meter;
  if (meter.kind.empty()) return fmt::format("bench {} has no power meter in the rig file\n", bench.name);
  const std::string where = !meter.usb_serial.empty() ? "serial number " + meter.usb_serial : meter.address;
  std::string text = fmt::format("bench {}: {} {}\n", bench.name, meter.kind, where);
  if (meter.modelled_clock) {
    return text +
           "  nothing to wire: it samples in the modelled time of an emulated board, whose marker edges come "
           "to it on a socket\n";
  }
  text += supply_lines(bench);
  const bool has_lines = meter.kind == "ppk2" || meter.kind == "lpm01a";
  if (has_lines) text += marker_lines(meter, bench.board.family == "linux");
  if (bench.link.kind == "serial" || bench.link.kind == "rfc2217") {
    text +=
        "  the board's UART goes through level shifters whose board side is fed apart from the meter: a line "
        "that "
        "idles high feeds a board without power through its pins\n";
  }
  if (base::flasher_kind(bench) == "pyocd") {
    text +=
        "  the debug probe must not feed the board (its VCC is a sense input only), and sleeps while energy "
        "is "
        "measured\n";
  }
  return text;
}

}  // namespace slmrig::cli
