// What pyOCD says: recorded from 0.36 and 0.45 in front of a virtual probe, where a version is named.
#include "harness/deploy/pyocd_output.h"

#include <catch2/catch.hpp>

namespace slmrig::deploy {
namespace {

using base::ErrorCode;

base::CapturedRun said(int code, const std::string& output, const std::string& errors) {
  base::CapturedRun run;
  run.exit.code = code;
  run.output = output;
  run.errors = errors;
  return run;
}

constexpr const char* kBar =
    "[---|---|---|---|---|---|---|---|---|----]\n[========================================]\n";
constexpr const char* kWarning = "0002093 W Board ID PROB is not recognized [mbed_board]\n";

base::CapturedRun loaded(const std::string& line) {
  return said(0, kBar, std::string(kWarning) + "0002249 I Loading agent.elf [load_cmd]\n" + line);
}

struct Fault {
  const char* name;
  int exit_code;
  const char* output;
  const char* errors;
  ErrorCode code;
  const char* words;
};

const Fault kFaults[] = {
    {"no probe, 0.36 and 0.45", 1, "No connected debug probe matches unique ID 'PROBE0001'\n",
     "0001801 E No target device available [load_cmd]\n", ErrorCode::kLinkLost,
     "no such debug probe is connected"},
    {"no probe at all", 1, "No connected debug probes\n", "0001801 E No target device available [load_cmd]\n",
     ErrorCode::kLinkLost, "no such debug probe is connected"},
    {"remote probe down", 1, "", "0000412 C [Errno 111] Connection refused [__main__]\n",
     ErrorCode::kLinkLost, "remote probe's server does not run"},
    {"bad target, 0.36 and 0.45", 1, "",
     "0001246 W Board ID PROB is not recognized [mbed_board]\n0001247 C Target type no_such_chip not "
     "recognized. Use "
     "'pyocd list --targets' to see currently available target types. See "
     "<https://pyocd.io/docs/target_support.html> for how to install additional target support. [__main__]\n",
     ErrorCode::kBadInput, "Target type no_such_chip not recognized"},
    {"locked, 0.36 and 0.45", 1, "",
     "0001461 W Skipping CoreSight discovery for AHB-AP#0 because it is disabled [ap]\n"
     "0001482 C No cores were discovered! [__main__]\n",
     ErrorCode::kLinkLost, "locked against reading"},
    {"no ACK, 0.36", 1, "", "0001625 C No ACK received [__main__]\n", ErrorCode::kLinkLost, "SWD wires"},
    {"no ACK, 0.45", 1, "",
     "0005941 C SWD/JTAG communication failure (No ACK); check USB cable, reduce debugger clock [__main__]\n",
     ErrorCode::kLinkLost, "SWD wires"},
    {"unplugged, 0.36 and 0.45", 1, "",
     "0001271 I Loading agent.elf [load_cmd]\n"
     "0011443 C Error: [Errno 19] No such device (it may have been disconnected) [__main__]\n",
     ErrorCode::kLinkLost, "unplugged"},
    {"BIN outside the memory map, both", 1, "",
     "0001706 I Loading image.bin at 0x60000000 [load_cmd]\n"
     "0001746 C no memory region defined for address 0x60000000 [__main__]\n",
     ErrorCode::kBadInput, "has no place in the chip's memory"},
    {"ELF outside the memory map, which ends with 0", 0, kBar,
     "0001746 W Failed to add data chunk: no memory region defined for address 0x60000000 [file_programmer]\n"
     "0001750 I Erased 0 bytes (0 sectors), programmed 0 bytes (0 pages), skipped 0 bytes (0 pages) at 0.00 "
     "kB/s "
     "[loader]\n",
     ErrorCode::kBadInput, "has no place in the chip's memory"},
    {"the flash algorithm refuses, 0.36", 1, "[---|---|---|---|---|---|---|---|---|----]\n[",
     "0001848 C flash erase sector failure (address 0x21000000; result code 0x1) [__main__]\n",
     ErrorCode::kLinkLost, "the flash may be protected"},
    {"the flash algorithm hangs", 1, "",
     "0011848 C flash erase sector timed out (address 0x00000000; timeout 10.0 s) [__main__]\n",
     ErrorCode::kLinkLost, "another chip than \"target\""},
    {"busy, 0.36 and 0.45", 1, "",
     "0000766 C Unable to claim interface for probe SLMRIG-PROBE-0003 [__main__]\n", ErrorCode::kLinkLost,
     "another program holds the probe"},
    {"a wrong target, 0.36", 1, "",
     "0000854 I Loading agent.elf [load_cmd]\n"
     "0000996 C Memory transfer fault @ 0xe000edf0-0xe000edf3 [__main__]\n",
     ErrorCode::kLinkLost, "another chip than \"target\""},
    {"a wrong target, 0.45", 1, "",
     "0001991 I Loading agent.elf [load_cmd]\n0001993 I Erasing... [loader]\n"
     "0002001 C Memory transfer fault (SWD/JTAG communication failure (FAULT ACK)) @ 0xe000edf0-0xe000edf3 "
     "[__main__]\n",
     ErrorCode::kLinkLost, "another chip than \"target\""},
    {"a wrong target", 1, "", "0000900 C Error: 1 [__main__]\n", ErrorCode::kLinkLost, "it said: Error: 1"},
    {"interrupted, which ends with 0", 0, "[---|---|---|---|---|---|---|---|---|----]\n[====",
     "0002249 I Loading agent.elf [load_cmd]\n", ErrorCode::kLinkLost, "did not say what it programmed"},
    {"nothing at all", 0, "", "", ErrorCode::kLinkLost, "it said: nothing"},
};

}  // namespace

TEST_CASE("what pyOCD wrote and what it found equal is read from either version's words") {
  const PyocdLoad fresh =
      read_load(
          loaded(
              "0003745 I Erased 77824 bytes (19 sectors), programmed 77824 bytes (19 pages), skipped 0 bytes "
              "(0 pages) at 51.23 kB/s [loader]\n"),
          76504)
          .value();
  CHECK(fresh.programmed_bytes == 77824);
  CHECK(fresh.skipped_bytes == 0);
  const PyocdLoad again =
      read_load(
          loaded(
              "0004948 I Erased 0 bytes (0 sectors), programmed 0 bytes (0 pages), identical 77824 bytes (19 "
              "pages) at 46.15 kB/s [loader]\n"),
          76504)
          .value();
  CHECK(again.programmed_bytes == 0);
  CHECK(again.skipped_bytes == 77824);
}

TEST_CASE("a load that pyOCD ends with 0 although a part is missing is a failure with both sizes") {
  const auto short_load = read_load(
      loaded("0003745 I Erased 4096 bytes (1 sectors), programmed 4096 bytes (1 pages), identical 8192 bytes "
             "(2 pages) at 51.23 kB/s [loader]\n"),
      76504);
  REQUIRE_FALSE(short_load);
  CHECK_THAT(short_load.error().message, Catch::Contains("programmed 4096 bytes and found 8192 equal") &&
                                             Catch::Contains("the file has 76504"));
}

TEST_CASE("every way in which pyOCD fails is told apart, with what to do") {
  for (const Fault& fault : kFaults) {
    INFO(fault.name);
    const auto load = read_load(said(fault.exit_code, fault.output, fault.errors), 1000);
    REQUIRE_FALSE(load);
    CHECK(load.error().code == fault.code);
    CHECK_THAT(load.error().message, Catch::Contains(fault.words));
  }
}

TEST_CASE("a command counts as done when it was said to be, not by the exit status") {
  CHECK(read_command(said(0, "Saved 16384 bytes to mem.bin\n", kWarning), {"Saved 16384 bytes to"}));
  CHECK(read_command(said(0, "", kWarning), {}));
  const auto unknown = read_command(said(0, "Error: unrecognized command 'nosuch'\n", kWarning), {});
  REQUIRE_FALSE(unknown);
  CHECK_THAT(unknown.error().message, Catch::Contains("unrecognized command 'nosuch'"));
  const auto bus_fault =
      read_command(said(0, "Error: Memory transfer fault (FAULT ACK) @ 0x60000000-0x60000003\n", kWarning),
                   {"Saved 4 bytes to"});
  REQUIRE_FALSE(bus_fault);
  CHECK_THAT(bus_fault.error().message, Catch::Contains("Memory transfer fault"));
  const auto short_read =
      read_command(said(0, "Saved 16 bytes to mem.bin\n", kWarning), {"Saved 16384 bytes to"});
  REQUIRE_FALSE(short_read);
  CHECK_THAT(short_read.error().message, Catch::Contains("without \"Saved 16384 bytes to\""));
}

TEST_CASE(
    "probes are read from pyOCD's JSON, none of them too, and an answer that is no such JSON is refused") {
  const auto probes =
      read_probes(said(0, R"({"pyocd_version": "0.13.1", "version": {"major": 1, "minor": 1}, "status": 0,
    "boards": [{"unique_id": "PROBE0001", "info": "slmrig slmrig CMSIS-DAP", "board_vendor": null,
                "board_name": "Generic", "target": "cortex_m", "vendor_name": "slmrig", "product_name": "x"},
               {"unique_id": 7}, 8]})",
                       ""));
  REQUIRE(probes);
  REQUIRE(probes->size() == 1);
  CHECK(probes->front().serial == "PROBE0001");
  CHECK(probes->front().description == "slmrig slmrig CMSIS-DAP");
  CHECK(read_probes(said(0, R"({"status": 0, "boards": []})", "")).value().empty());
  for (const char* text :
       {"", "[]", R"({"status": 1, "boards": []})", R"({"status": 0})", R"({"status": "0", "boards": 5})"}) {
    CHECK_FALSE(read_probes(said(0, text, "")));
  }
}

}  // namespace slmrig::deploy
