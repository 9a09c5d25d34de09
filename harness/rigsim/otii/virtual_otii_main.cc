// slmrig-virtual-otii: the TCP server of Qoitech's Otii software with one Arc.
//
//   slmrig-virtual-otii --port 1905 --amperes 0.012
//
// Serves until SIGTERM. `--tell SOCKET "fault progress"` speaks to one that runs with --control SOCKET.
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "harness/base/interrupt.h"
#include "harness/rigsim/otii/virtual_otii.h"

namespace slmrig::rigsim {
namespace {

int complain(const base::Error& error) {
  fmt::print(stderr, "slmrig-virtual-otii: {}\n", error.text());
  return 2;
}

int run(int argc, char** argv) {
  CLI::App app("A virtual Otii server");
  VirtualOtiiOptions options;
  std::string tell_socket;
  std::vector<std::string> words;
  app.add_option("--port", options.port, "on this host; 0: any");
  app.add_option("--ready-file", options.ready_file, "is given its address once it serves");
  app.add_option("--control", options.control, "socket on which --tell is heard");
  app.add_option("--amperes", options.amperes,
                 "what the board draws while GPI1 is low; twice that while it is high");
  app.add_option("--tell", tell_socket, "speaks to a running one");
  app.add_option("words", words, "what to tell it");
  CLI11_PARSE(app, argc, argv);
  if (!tell_socket.empty()) {
    const auto answer = tell_line(tell_socket, fmt::format("{}", fmt::join(words, " ")));
    if (!answer) return complain(answer.error());
    fmt::print("{}\n", *answer);
    return answer->rfind("error", 0) == 0 ? 1 : 0;
  }
  base::install_interrupt_handler();
  auto server = VirtualOtii::start(options);
  if (!server) return complain(server.error());
  (*server)->run([] { return base::interrupt_flag().load(); });
  return 0;
}

}  // namespace
}  // namespace slmrig::rigsim

int main(int argc, char** argv) { return slmrig::rigsim::run(argc, argv); }
