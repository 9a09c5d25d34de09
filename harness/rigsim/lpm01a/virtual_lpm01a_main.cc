// slmrig-virtual-lpm01a: an ST X-NUCLEO-LPM01A on a pseudo-terminal, for any client of real ones.
//
//   slmrig-virtual-lpm01a --port /tmp/lpm01a --load constant:4mA
//   slmrig power record --meter lpm01a:/tmp/lpm01a --seconds 5
//
// Serves once the link --port is there, until SIGTERM. `--control SOCKET` hears "state" and "load LOAD". What
// it does wrong is --fault KIND:
//   overflow      its buffer is full after 2000 samples: it says so and stops
//   error         the target's voltage drops after 500 samples: an error among the samples
//   refuse=WORD   commands that begin so are answered by an error
//   nul           NUL bytes around answers and time stamps
//   split         what it sends comes five bytes at a time
//   events        an edge on D7 every 100 samples
//   event-gap     the same, and one of them is not told
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <map>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/clock.h"
#include "harness/base/interrupt.h"
#include "harness/base/suggest.h"
#include "harness/rigsim/current_load.h"
#include "harness/rigsim/line_server.h"
#include "harness/rigsim/virtual_terminal.h"

namespace slmrig::rigsim {
namespace {

constexpr int kSamplesPerStamp = 1000;
constexpr int64_t kErrorAtSample = 500;
constexpr int64_t kSamplesPerEvent = 100;
constexpr int kMissingEvent = 2;
constexpr std::size_t kSplitBytes = 5;
const std::vector<std::string> kFaults = {"overflow", "error", "nul", "split", "events", "event-gap"};
constexpr const char* kRefuse = "refuse=";
constexpr std::size_t kMostOutput = 1U << 18U;
constexpr int kTickMs = 2;

struct Options {
  std::string port;
  std::string control;
  std::string load = "constant:1mA";
  std::vector<std::string> faults;
};

class VirtualLpm01a {
 public:
  VirtualLpm01a(VirtualTerminal port, CurrentLoad load, std::vector<std::string> faults)
      : port_(std::move(port)), load_(std::move(load)), faults_(std::move(faults)) {}

  void add_descriptors(std::vector<pollfd>* wait) const { port_.add_descriptors(wait, !output_.empty()); }

  void serve(int64_t now_ns) {
    for (const uint8_t byte : port_.receive()) {
      if (byte == '\r') continue;
      if (byte != '\n') {
        line_ += static_cast<char>(byte);
        continue;
      }
      obey(line_, now_ns);
      line_.clear();
    }
    if (streaming_) stream(now_ns);
    const auto* bytes = reinterpret_cast<const uint8_t*>(output_.data());
    const std::size_t most = has("split") ? std::min(kSplitBytes, output_.size()) : output_.size();
    output_.erase(0, port_.send(std::span(bytes, most)));
  }

  std::string state() const {
    return fmt::format("power={} voltage={} streaming={}", powered_ ? "on" : "off", set_["volt"],
                       streaming_ ? "yes" : "no");
  }
  void set_load(CurrentLoad load) { load_ = std::move(load); }

 private:
  bool has(const std::string& fault) const {
    return std::find(faults_.begin(), faults_.end(), fault) != faults_.end();
  }
  std::string around(const std::string& text) const {
    return has("nul") ? '\0' + text + std::string(2, '\0') : text;
  }
  void say(const std::string& text) { output_ += around("PowerShield > " + text + "\r\n"); }
  bool refuses(const std::string& command) const { return has(kRefuse + command); }

  void obey(const std::string& line, int64_t now_ns) {
    const std::string command = line.substr(0, line.find(' '));
    const std::string argument = line.size() > command.size() ? line.substr(command.size() + 1) : "";
    static const std::vector<std::string> kSettings = {"freq",      "format",  "acqtime", "acqmode",
                                                       "trigdelay", "trigsrc", "output",  "volt",
                                                       "eventsrc",  "funcmode"};
    const bool is_setting = std::find(kSettings.begin(), kSettings.end(), command) != kSettings.end();
    if (command == "stop") {
      if (streaming_) finish();
      streaming_ = false;
    } else if (command == "htc" || command == "hrc") {
      controlled_ = command == "htc";
      say("ack " + line);
    } else if (command == "version") {
      say("ack version: 1.0.6");
    } else if (refuses(command) || !controlled_ || !(is_setting || command == "pwr" || command == "start")) {
      say("error " + line);
      output_ += "Error detail: unknown, or without host control\r\n";
    } else {
      if (is_setting) set_[command] = argument;
      if (command == "pwr") powered_ = argument.starts_with("on");
      say("ack " + line);
      if (command == "start") start(now_ns);
    }
  }

  void start(int64_t now_ns) {
    static const std::map<std::string, double> kRates = {
        {"100k", 1e5}, {"50k", 5e4}, {"20k", 2e4}, {"10k", 1e4}, {"5k", 5e3}, {"2k", 2e3}, {"1k", 1e3}};
    const auto rate = kRates.find(set_["freq"]);
    rate_hz_ = rate == kRates.end() ? 100 : rate->second;
    binary_ = set_["format"] == "bin_hexa";
    start_ns_ = now_ns;
    made_ = 0;
    event_ = 0;
    streaming_ = true;
  }

  void stream(int64_t now_ns) {
    const auto wanted = static_cast<int64_t>(static_cast<double>(now_ns - start_ns_) * 1e-9 * rate_hz_);
    for (; made_ < wanted && output_.size() < kMostOutput; ++made_) {
      const bool overflow = has("overflow") && made_ >= 2 * kSamplesPerStamp;
      if (made_ % kSamplesPerStamp == 0) stamp(overflow);
      if (overflow) {
        streaming_ = false;
        return;
      }
      if (has("error") && made_ == kErrorAtSample) error("voltage drop");
      if ((has("events") || has("event-gap")) && made_ > 0 && made_ % kSamplesPerEvent == 0) event();
      const LoadPoint& point = load_.at(static_cast<double>(made_) / rate_hz_);
      sample(powered_ ? load_.current_ua(point, 3.3) * 1e-6 : 0);
    }
  }

  void error(const std::string& text) {
    output_ += binary_ ? "\xF0\xF1" + text + "\xFF\xFF" : "error: " + text + "\r\n";
  }

  // How it tells them in the binary form is not known.
  void event() {
    const int number = event_++;
    if (binary_ || (has("event-gap") && number == kMissingEvent)) return;
    output_ += fmt::format("event {:02} ris\r\n", number);
  }

  void stamp(bool overflow) {
    const auto ms = static_cast<uint32_t>(static_cast<double>(made_) * 1000 / rate_hz_);
    const int percent = overflow ? 99 : static_cast<int>(100 * output_.size() / kMostOutput);
    if (!binary_) {
      output_ += "\r\n" +
                 around(fmt::format("TimeStamp: {:03}s {:03}ms, buff {:02}%", ms / 1000 % 1000, ms % 1000,
                                    percent)) +
                 "\r\n";
      return;
    }
    const uint32_t time = ms | (overflow ? 1U << 31U : 0);
    output_ += "\xF0\xF3";
    for (const int shift : {24, 16, 8, 0}) output_ += static_cast<char>(time >> shift);
    output_ += static_cast<char>(percent);
    output_ += "\xFF\xFF";
  }

  void sample(double amperes) {
    if (!binary_) {
      // Four digits and a power of ten.
      int exponent = 0;
      while (amperes > 0 && std::lround(amperes * std::pow(10, exponent + 1)) <= 9999 && exponent < 12)
        ++exponent;
      output_ += fmt::format("{:04}-{:02}\r\n", std::lround(amperes * std::pow(10, exponent)), exponent);
      return;
    }
    int power = 0;
    while (power < 14 && std::lround(std::ldexp(amperes, 4 * (power + 1))) <= 0xFFF) ++power;
    const auto mantissa =
        static_cast<unsigned>(std::min(std::lround(std::ldexp(amperes, 4 * power)), 0xFFFL));
    output_ += static_cast<char>(static_cast<unsigned>(power) << 4U | mantissa >> 8U);
    output_ += static_cast<char>(mantissa & 0xFFU);
  }

  void finish() {
    if (binary_) output_ += "\xF0\xF4\xFF\xFF";
    output_ += "\r\nend\r\nsummary beg\r\nsummary end\r\n";
    say("Acquisition completed");
  }

  VirtualTerminal port_;
  CurrentLoad load_;
  std::vector<std::string> faults_;
  std::string line_;
  std::string output_;
  mutable std::map<std::string, std::string> set_;
  bool controlled_ = false;
  bool powered_ = true;
  bool streaming_ = false;
  bool binary_ = false;
  double rate_hz_ = 100;
  int64_t start_ns_ = 0;
  int64_t made_ = 0;
  int event_ = 0;
};

base::Done serve(const Options& options) {
  if (options.port.empty()) return base::fail(base::ErrorCode::kBadInput, "--port is needed; see --help");
  for (const std::string& fault : options.faults) {
    if (fault.starts_with(kRefuse) || std::find(kFaults.begin(), kFaults.end(), fault) != kFaults.end())
      continue;
    return base::fail(base::ErrorCode::kBadInput, base::unknown_name("fault", fault, kFaults));
  }
  SLMRIG_ASSIGN(CurrentLoad load, CurrentLoad::parse(options.load));
  std::unique_ptr<VirtualLpm01a> lpm01a;
  LineServer control([&](std::string_view line) -> std::string {
    if (line == "state") return "ok " + lpm01a->state();
    auto wanted = line.starts_with("load ")
                      ? CurrentLoad::parse(std::string(line.substr(5)))
                      : base::fail(base::ErrorCode::kBadInput, "unknown: state, load LOAD");
    if (!wanted) return wanted.error().text();
    lpm01a->set_load(std::move(*wanted));
    return "ok";
  });
  if (!options.control.empty()) SLMRIG_TRY(control.listen(options.control));
  SLMRIG_ASSIGN(VirtualTerminal port, VirtualTerminal::open(options.port));
  lpm01a = std::make_unique<VirtualLpm01a>(std::move(port), std::move(load), options.faults);
  std::vector<pollfd> wait;
  while (!base::interrupt_flag()) {
    wait.clear();
    lpm01a->add_descriptors(&wait);
    if (!options.control.empty()) control.add_descriptors(&wait);
    if (::poll(wait.data(), wait.size(), kTickMs) < 0 && errno != EINTR) break;
    lpm01a->serve(base::monotonic_now_ns());
    if (!options.control.empty()) control.serve();
  }
  return {};
}

int run(int argc, char** argv) {
  CLI::App app("A virtual X-NUCLEO-LPM01A", "slmrig-virtual-lpm01a");
  Options options;
  app.add_option("--port", options.port, "the link that is laid to its serial port");
  app.add_option("--control", options.control, "socket on which state and load LOAD are heard");
  app.add_option("--load", options.load, "as slmrig-virtual-ppk2 has it")->capture_default_str();
  app.add_option("--fault", options.faults, "overflow, error, refuse=WORD, nul, split, events, event-gap");
  CLI11_PARSE(app, argc, argv);
  base::install_interrupt_handler();
  if (const base::Done served = serve(options); !served) {
    fmt::print(stderr, "slmrig-virtual-lpm01a: {}\n", served.error().text());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace slmrig::rigsim

int main(int argc, char** argv) { return slmrig::rigsim::run(argc, argv); }
