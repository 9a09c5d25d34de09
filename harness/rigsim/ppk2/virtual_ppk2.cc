#include "harness/rigsim/ppk2/virtual_ppk2.h"

#include <fmt/format.h>

namespace slmrig::rigsim {
namespace {

using base::Done;
using base::Result;

// A real one sends every millisecond; every second one spares half of the wake-ups.
constexpr int kStreamTickMs = 2;
constexpr int kIdleTickMs = 20;

}  // namespace

Result<std::unique_ptr<VirtualPpk2>> VirtualPpk2::start(const VirtualPpk2Options& options) {
  std::unique_ptr<VirtualPpk2> virtual_ppk2(new VirtualPpk2);
  VirtualPpk2& self = *virtual_ppk2;
  SLMRIG_ASSIGN(const Ppk2Constants constants, ppk2_constants(options.device.calibration));
  SLMRIG_ASSIGN(CurrentLoad load, CurrentLoad::parse(options.load));
  self.live_ = std::make_unique<LiveSource>(std::move(load));
  self.device_ = std::make_unique<Ppk2Device>(options.device, constants, *self.live_);
  for (const std::string& fault : options.faults) SLMRIG_TRY(self.add_fault(fault));
  if (!options.control.empty()) {
    self.control_ =
        std::make_unique<LineServer>([&self](std::string_view line) { return self.answer(line); });
    SLMRIG_TRY(self.control_->listen(options.control));
  }
  if (!options.shell_port.empty()) {
    SLMRIG_ASSIGN(self.shell_, VirtualTerminal::open(options.shell_port));
  }
  // Last: it says that all the rest is there.
  SLMRIG_ASSIGN(self.port_, VirtualTerminal::open(options.port));
  return virtual_ppk2;
}

Done VirtualPpk2::add_fault(const std::string& text) {
  SLMRIG_ASSIGN(Ppk2Fault fault, parse_ppk2_fault(text));
  device_->faults().add(std::move(fault));
  live_->set_clock_ppm(device_->faults().number("clock-ppm"));
  return {};
}

void VirtualPpk2::add_descriptors(std::vector<pollfd>* wait) const {
  port_.add_descriptors(wait, !device_->output().empty());
  if (shell_) shell_->add_descriptors(wait, false);
  if (control_) control_->add_descriptors(wait);
}

int VirtualPpk2::patience_ms() const { return device_->streaming() ? kStreamTickMs : kIdleTickMs; }

void VirtualPpk2::serve(int64_t now_ns) {
  device_->host_is_there(port_.users() > 0, now_ns);
  device_->receive(port_.receive(), now_ns);
  live_->set_supply(device_->supply_mv() / 1000.0);
  device_->advance(now_ns);
  std::vector<uint8_t>& output = device_->output();
  const std::size_t sent = port_.send(output);
  output.erase(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(sent));
  if (device_->wants_unplug()) port_.hang_up();
  if (shell_) serve_shell();
  if (control_) control_->serve();
}

void VirtualPpk2::serve_shell() {
  const std::vector<uint8_t> typed = shell_->receive();
  if (typed.empty()) return;
  const std::string prompt = "\r\nuart:~$ ";
  shell_->send(typed);
  shell_->send(std::span(reinterpret_cast<const uint8_t*>(prompt.data()), prompt.size()));
}

std::string VirtualPpk2::answer(std::string_view line) {
  const std::size_t blank = line.find(' ');
  const std::string command(line.substr(0, blank));
  const std::string argument(blank == std::string_view::npos ? "" : line.substr(blank + 1));
  Done done;
  if (command == "state") return "ok " + device_->state_text();
  if (command == "fault") {
    done = add_fault(argument);
  } else if (command == "heal") {
    device_->faults().clear();
    live_->set_clock_ppm(0);
  } else if (command == "load") {
    if (auto load = CurrentLoad::parse(argument)) {
      live_->set_load(std::move(*load));
    } else {
      done = tl::unexpected(load.error());
    }
  } else {
    return fmt::format("unknown command '{}': state, fault KIND, heal, load LOAD", command);
  }
  return done ? "ok" : done.error().text();
}

}  // namespace slmrig::rigsim
