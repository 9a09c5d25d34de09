// slmrig-virtual-ppk2: a Nordic Power Profiler Kit II on a pseudo-terminal, for any client of real ones.
//
//   slmrig-virtual-ppk2 --port /tmp/ppk2 --load constant:12mA
//   slmrig power record --meter ppk2:/tmp/ppk2 --seconds 5
//
// Serves once the link --port is there, until SIGTERM. `--tell SOCKET state` speaks to one that runs with
// --control SOCKET.
#include <cerrno>
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/clock.h"
#include "harness/base/interrupt.h"
#include "harness/rigsim/ppk2/virtual_ppk2.h"

namespace slmrig::rigsim {
namespace {

struct Arguments {
  VirtualPpk2Options options;
  std::string tell_socket;
  std::vector<std::string> words;
  bool unpowered = false;
};

void declare(CLI::App* app, Arguments* arguments) {
  VirtualPpk2Options& options = arguments->options;
  app->add_option("--port", options.port, "the link that is laid to the measuring port");
  app->add_option("--shell-port", options.shell_port, "and to a second port, which answers as a shell");
  app->add_option("--control", options.control, "socket on which --tell is heard");
  app->add_option(
         "--load", options.load,
         "what the board draws: constant:12mA, square:1mA:30mA:100 (Hz), resistor:1000 (ohm), FILE.csv "
         "(seconds,microamperes[,lines])")
      ->capture_default_str();
  CLI::Option* edges =
      app->add_option("--edges", options.edges,
                      "samples in modelled time: the socket on which an emulated board's marker "
                      "edges come in");
  edges->needs(app->add_option("--board", options.board, "with --edges: the board.json of that board"));
  app->add_option("--truth", options.truth, "with --edges: JSON of what was really drawn, as streams end")
      ->needs(edges);
  app->add_option("--brown-out-mv", options.brown_out_mv,
                  "with --edges: the supply below which the emulated board is killed, as without power")
      ->needs(edges);
  app->add_option("--calibration", options.device.calibration, "constants of which unit: A or B")
      ->capture_default_str();
  app->add_option("--voltage", options.device.settings.vdd_mv, "millivolts that it is set to at first")
      ->capture_default_str();
  app->add_option("--mode", options.device.settings.mode, "at first: 1 ampere meter, 2 source")
      ->capture_default_str();
  app->add_flag("--unpowered", arguments->unpowered, "the board's power is off at first");
  app->add_flag("--power-stays", options.device.power_stays,
                "the board's power does not fall half a second after the port was closed");
  app->add_option("--noise", options.device.imperfections.noise_codes, "standard deviation, in codes")
      ->capture_default_str();
  app->add_option("--switch-spike", options.device.imperfections.switch_spike,
                  "share by which the first sample in another range is off")
      ->capture_default_str();
  app->add_option("--gain-error", options.device.imperfections.gain_error, "of all ranges, as a share");
  app->add_option("--seed", options.device.imperfections.seed, "of the noise")->capture_default_str();
  app->add_option("--buffer", options.device.buffer_bytes, "bytes that it holds for a host that is late")
      ->capture_default_str();
  app->add_option("--fault", options.faults, "may be repeated; kinds: see below");
  app->add_option("--tell", arguments->tell_socket,
                  "control socket of one that runs; the words are the command");
  app->add_option("words", arguments->words, "with --tell: state | fault KIND | heal | load LOAD");
  app->footer("Faults:\n" + ppk2_fault_help());
}

int tell(const Arguments& arguments) {
  const auto answer = tell_line(arguments.tell_socket, CLI::detail::join(arguments.words, " "));
  if (!answer) {
    fmt::print(stderr, "slmrig-virtual-ppk2: {}\n", answer.error().text());
    return 1;
  }
  fmt::print("{}\n", *answer);
  return answer->starts_with("ok") ? 0 : 1;
}

base::Done serve(const Arguments& arguments) {
  if (arguments.options.port.empty())
    return base::fail(base::ErrorCode::kBadInput, "--port is needed; see --help");
  SLMRIG_ASSIGN(const std::unique_ptr<VirtualPpk2> ppk2, VirtualPpk2::start(arguments.options));
  std::vector<pollfd> wait;
  while (!base::interrupt_flag()) {
    wait.clear();
    ppk2->add_descriptors(&wait);
    if (::poll(wait.data(), wait.size(), ppk2->patience_ms()) < 0 && errno != EINTR) break;
    ppk2->serve(base::monotonic_now_ns());
  }
  return {};
}

int run(int argc, char** argv) {
  CLI::App app("A virtual Power Profiler Kit II", "slmrig-virtual-ppk2");
  Arguments arguments;
  declare(&app, &arguments);
  CLI11_PARSE(app, argc, argv);
  if (!arguments.tell_socket.empty()) return tell(arguments);
  arguments.options.device.powered = !arguments.unpowered;
  base::install_interrupt_handler();
  if (const base::Done served = serve(arguments); !served) {
    fmt::print(stderr, "slmrig-virtual-ppk2: {}\n", served.error().text());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace slmrig::rigsim

int main(int argc, char** argv) { return slmrig::rigsim::run(argc, argv); }
