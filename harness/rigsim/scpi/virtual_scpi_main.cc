// slmrig-virtual-scpi: a bench supply or multimeter behind a TCP port, for drivers, ours and others'.
//
//   slmrig-virtual-scpi --model rigol-dp832 --port 5555 --load 12mA
//   sigrok-cli -d scpi-pps:conn=tcp-raw/127.0.0.1/5555 --show
//
// Serves until SIGTERM. `--tell SOCKET "fault slow=3000@10"` speaks to one that runs with --control SOCKET.
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "harness/base/interrupt.h"
#include "harness/rigsim/scpi/virtual_scpi.h"

namespace slmrig::rigsim {
namespace {

struct Arguments {
  VirtualScpiOptions options;
  std::vector<std::string> told;  // before it serves
  std::string load;
  std::string tell_socket;
  std::vector<std::string> words;
};

int complain(const base::Error& error) {
  fmt::print(stderr, "slmrig-virtual-scpi: {}\n", error.text());
  return 2;
}

int tell(const Arguments& arguments) {
  const auto answer = tell_line(arguments.tell_socket, fmt::format("{}", fmt::join(arguments.words, " ")));
  if (!answer) return complain(answer.error());
  fmt::print("{}\n", *answer);
  return answer->rfind("error", 0) == 0 ? 1 : 0;
}

int run(int argc, char** argv) {
  CLI::App app("A virtual bench supply or multimeter");
  Arguments arguments;
  app.add_option("--model", arguments.options.model,
                 fmt::format("one of {}", fmt::join(text_instrument_names(), ", ")));
  app.add_option("--port", arguments.options.port, "on this host; 0: any");
  app.add_option("--terminal", arguments.options.terminal, "a link to a pseudo-terminal instead of TCP");
  app.add_option("--ready-file", arguments.options.ready_file, "is given its address once it serves");
  app.add_option("--control", arguments.options.control, "socket on which --tell is heard");
  app.add_option("--load", arguments.load, "what hangs on it: 12mA, 100ohm");
  app.add_option("--told", arguments.told, "as --tell, before it serves; may be repeated");
  app.add_option("--tell", arguments.tell_socket, "speaks to a running one");
  app.add_option("words", arguments.words, "what to tell it");
  CLI11_PARSE(app, argc, argv);
  if (!arguments.tell_socket.empty()) return tell(arguments);
  base::install_interrupt_handler();
  auto instrument = VirtualScpi::start(arguments.options);
  if (!instrument) return complain(instrument.error());
  if (!arguments.load.empty()) arguments.told.push_back("load " + arguments.load);
  for (const std::string& line : arguments.told) {
    const std::string answer = (*instrument)->tell(line);
    if (answer.rfind("error", 0) == 0) return complain({base::ErrorCode::kBadInput, answer, {}});
  }
  (*instrument)->run([] { return base::interrupt_flag() != 0; });
  return 0;
}

}  // namespace
}  // namespace slmrig::rigsim

int main(int argc, char** argv) { return slmrig::rigsim::run(argc, argv); }
