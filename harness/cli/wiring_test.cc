#include "harness/cli/wiring.h"

#include <catch2/catch.hpp>

namespace slmrig::cli {

using Catch::Matchers::Contains;

TEST_CASE("Wiring is told line by line, with the voltage and the markers of the rig file") {
  base::Bench bench;
  bench.name = "desk";
  bench.board.name = "tiny";
  bench.board.flasher = "pyocd";
  bench.board.voltages = {1800, 3600, 3300};
  bench.link.kind = "serial";
  CHECK_THAT(wiring_text(bench), Contains("bench desk has no power meter"));
  bench.meter.kind = "ppk2";
  bench.meter.address = "/dev/ttyACM0";
  bench.meter.mode = "source";
  bench.meter.token_line = 4;
  bench.meter.phase_line = -1;
  std::string text = wiring_text(bench);
  CHECK_THAT(text, Contains("VOUT  -> the supply of tiny (3300 mV)") && Contains("left on"));
  CHECK_THAT(text, Contains("D0    -> marker 0") && Contains("D4    -> marker 1"));
  CHECK_THAT(text, Contains("not wired: marker 2") && Contains("not wired: marker 3"));
  CHECK_THAT(text, Contains("level shifters") && Contains("debug probe must not feed"));
  bench.meter.mode = "ampere";
  bench.meter.voltage_mv = 3000;
  CHECK_THAT(wiring_text(bench), Contains("VIN   -> the board's own supply (3000 mV)"));
  bench.board.family = "linux";
  CHECK_THAT(wiring_text(bench), Contains("raises no markers: name four of its pins"));
  bench.meter.board_pins = "/dev/gpiochip0:17,27,22,23";
  CHECK_THAT(wiring_text(bench),
             Contains("GPIO chip: /dev/gpiochip0:17,27,22,23") && !Contains("raises no markers"));
  bench.meter.modelled_clock = true;
  CHECK_THAT(wiring_text(bench), Contains("nothing to wire"));
}

}  // namespace slmrig::cli
