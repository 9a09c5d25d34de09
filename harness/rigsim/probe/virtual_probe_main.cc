// slmrig-virtual-probe: a CMSIS-DAP debug probe with an emulated board on its wires, for real pyOCD.
//
//   slmrig-virtual-probe --usb-socket DIR/usb --probe SERIAL --board mps2-an386 --uart DIR/uart
//                        --flash code --flash psram
//   LD_LIBRARY_PATH=build/lib/slmrig-usb SLMRIG_USB_SOCKETS=DIR/usb pyocd json --probes
//
// Serves once the USB socket exists, until SIGTERM. `--tell DIR/control "fault unplug@2000"` speaks to one
// that runs, and prints its answer.
#include <cerrno>
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/file.h"
#include "harness/base/interrupt.h"
#include "harness/base/paths.h"
#include "harness/rigsim/probe/virtual_probe.h"

namespace slmrig::rigsim {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::Result;

struct Arguments {
  std::string root;
  std::string board;
  std::string flash_folder;
  std::string fault;
  std::string tell_socket;
  std::vector<std::string> words;
  VirtualProbeOptions options;
};

void declare(CLI::App* app, Arguments* arguments) {
  VirtualProbeOptions& options = arguments->options;
  app->add_option("--usb-socket", options.usb_socket, "where the stand-in libusb finds the probe");
  app->add_option("--probe", options.serial_number, "the probe's serial number");
  app->add_option("--board", arguments->board, "folder name under boards/; without: nothing is on the wires");
  app->add_option("--root", arguments->root, "the project's folder");
  app->add_option("--uart", options.board.uart_socket, "socket of the board's serial port");
  app->add_option("--unit", options.board.unit_id, "the board's unique id (default: virtual-SERIAL)");
  app->add_option("--flash", options.board.flash_regions,
                  "a memory region of the board that keeps its content without power; may be repeated");
  app->add_option("--flash-folder", arguments->flash_folder,
                  "where that content is kept, also when the probe ends (default: a temporary folder)");
  app->add_option("--control", options.control_socket, "socket on which --tell is heard");
  app->add_option(
      "--fault", arguments->fault,
      fmt::format("KIND[@AFTER_TRANSFERS][xCOUNT]; kinds: {}", CLI::detail::join(probe_fault_names(), ", ")));
  app->add_option("--tell", arguments->tell_socket,
                  "control socket of a probe that runs; the words are the command");
  app->add_option("words", arguments->words,
                  "with --tell: fault PLAN | plug | unplug | power on|off|cycle | reset | "
                  "freeze | transfers");
}

int tell(const Arguments& arguments) {
  const auto answer = tell_line(arguments.tell_socket, CLI::detail::join(arguments.words, " "));
  if (!answer) {
    fmt::print(stderr, "slmrig-virtual-probe: {}\n", answer.error().text());
    return 1;
  }
  fmt::print("{}\n", *answer);
  return answer->starts_with("ok") ? 0 : 1;
}

Done complete(Arguments* arguments, const fs::path& folder) {
  VirtualProbeOptions& options = arguments->options;
  if (options.usb_socket.empty() || options.serial_number.empty()) {
    return base::fail(base::ErrorCode::kBadInput, "--usb-socket and --probe are needed; see --help");
  }
  if (!arguments->fault.empty()) {
    SLMRIG_ASSIGN(options.fault, parse_probe_fault(arguments->fault));
  }
  if (arguments->board.empty()) return {};
  if (options.board.uart_socket.empty()) {
    return base::fail(base::ErrorCode::kBadInput, "--board needs --uart, the socket of its serial port");
  }
  SLMRIG_ASSIGN(const fs::path root, base::find_project_root(arguments->root));
  options.board.board_file = root / "boards" / arguments->board / "board.json";
  if (options.board.unit_id.empty()) options.board.unit_id = "virtual-" + options.serial_number;
  options.board.folder = folder;
  options.board.keeps_flash = !arguments->flash_folder.empty();
  options.board.flash_folder = arguments->flash_folder.empty() ? folder : fs::path(arguments->flash_folder);
  return {};
}

Done serve(Arguments* arguments) {
  SLMRIG_ASSIGN(const base::TemporaryDirectory folder, base::TemporaryDirectory::create("probe"));
  SLMRIG_TRY(complete(arguments, folder.path()));
  SLMRIG_ASSIGN(const std::unique_ptr<VirtualProbe> probe, VirtualProbe::start(arguments->options));
  // A signal that arrives just before the wait is seen after it.
  constexpr int kLongestWaitMs = 200;
  std::vector<pollfd> wait;
  while (!base::interrupt_flag()) {
    wait.clear();
    probe->add_descriptors(&wait);
    if (::poll(wait.data(), wait.size(), kLongestWaitMs) < 0 && errno != EINTR) break;
    probe->serve();
  }
  return {};
}

int run(int argc, char** argv) {
  CLI::App app("A virtual debug probe with an emulated board on its wires", "slmrig-virtual-probe");
  Arguments arguments;
  declare(&app, &arguments);
  CLI11_PARSE(app, argc, argv);
  if (!arguments.tell_socket.empty()) return tell(arguments);
  base::install_interrupt_handler();
  if (const Done served = serve(&arguments); !served) {
    fmt::print(stderr, "slmrig-virtual-probe: {}\n", served.error().text());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace slmrig::rigsim

int main(int argc, char** argv) { return slmrig::rigsim::run(argc, argv); }
