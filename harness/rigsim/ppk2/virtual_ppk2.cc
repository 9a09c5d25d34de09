#include "harness/rigsim/ppk2/virtual_ppk2.h"

#include <cstdio>

#include <fmt/format.h>

#include "harness/base/file.h"

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
  SampleSource* source = nullptr;
  if (options.edges.empty()) {
    SLMRIG_ASSIGN(CurrentLoad load, CurrentLoad::parse(options.load));
    self.live_ = std::make_unique<LiveSource>(std::move(load));
    source = self.live_.get();
  } else {
    SLMRIG_ASSIGN(ModelledBoard board, read_modelled_board(options.board));
    self.modelled_ = std::make_unique<ModelledSource>(std::move(board));
    self.edges_ = std::make_unique<EdgeListener>();
    SLMRIG_TRY(self.edges_->listen(options.edges));
    source = self.modelled_.get();
  }
  self.truth_file_ = options.truth;
  self.brown_out_mv_ = options.brown_out_mv;
  self.device_ = std::make_unique<Ppk2Device>(options.device, constants, *source);
  for (const std::string& fault : options.faults) SLMRIG_TRY(self.add_fault(fault));
  if (!options.control.empty()) {
    self.control_ =
        std::make_unique<LineServer>([&self](std::string_view line) { return self.answer(line); });
    SLMRIG_TRY(self.control_->listen(options.control));
  }
  if (!options.shell_port.empty()) {
    SLMRIG_ASSIGN(self.shell_, VirtualTerminal::open(options.shell_port));
  }
  self.port_link_ = options.port;
  // Last: it says that all the rest is there.
  SLMRIG_ASSIGN(self.port_, VirtualTerminal::open(options.port));
  return virtual_ppk2;
}

Done VirtualPpk2::add_fault(const std::string& text) {
  SLMRIG_ASSIGN(Ppk2Fault fault, parse_ppk2_fault(text));
  device_->faults().add(std::move(fault));
  if (live_) live_->set_clock_ppm(device_->faults().number("clock-ppm"));
  return {};
}

void VirtualPpk2::add_descriptors(std::vector<pollfd>* wait) const {
  port_.add_descriptors(wait, !device_->output().empty());
  if (shell_) shell_->add_descriptors(wait, false);
  if (control_) control_->add_descriptors(wait);
  if (edges_) edges_->add_descriptors(wait);
}

int VirtualPpk2::patience_ms() const {
  // As fast as the host takes it: its terminal wakes us where it is full.
  if (!port_.is_there()) return kIdleTickMs;
  if (modelled_ && device_->streaming() && modelled_->owes() && device_->output().empty()) return 0;
  return live_ && device_->streaming() ? kStreamTickMs : kIdleTickMs;
}

void VirtualPpk2::take_edges() {
  modelled_->set_supply(device_->supply_mv() / 1000.0);
  modelled_->set_powered(device_->powered());
  for (const wire::MarkerEdge& edge : edges_->receive()) modelled_->add(edge, device_->streaming());
}

// Beside it and renamed: who waits for the file finds all of it.
void VirtualPpk2::write_truth() const {
  if (const Done written = base::write_file_atomically(truth_file_, modelled_->truth().dump(1) + "\n");
      !written)
    fmt::print(stderr, "slmrig-virtual-ppk2: {}\n", written.error().text());
}

void VirtualPpk2::serve_unplugged(int64_t now_ns) {
  if (modelled_) take_edges();
  if (plug_in_at_ns_ == 0 || now_ns < plug_in_at_ns_) return;
  auto port = VirtualTerminal::open(port_link_);
  if (!port) return;
  device_->plug_in();
  port_ = std::move(*port);
}

void VirtualPpk2::serve(int64_t now_ns) {
  if (!port_.is_there()) {
    serve_unplugged(now_ns);
    if (control_) control_->serve();
    return;
  }
  device_->host_is_there(port_.users() > 0, now_ns);
  // The host asks to stop once all edges are on their way: what had come when its bytes were read counts.
  const bool was_streaming = device_->streaming();
  const std::vector<uint8_t> received = port_.receive();
  if (modelled_) take_edges();
  device_->receive(received, now_ns);
  // At every turn: a board that is started meanwhile does not run either.
  if (edges_ && brown_out_mv_ > 0 && (device_->supply_mv() < brown_out_mv_ || !device_->powered()))
    edges_->kill_boards();
  if (live_) live_->set_supply(device_->supply_mv() / 1000.0);
  device_->advance(now_ns);
  if (modelled_ && was_streaming && !device_->streaming() && !truth_file_.empty()) write_truth();
  std::vector<uint8_t>& output = device_->output();
  const std::size_t sent = port_.send(output);
  output.erase(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(sent));
  if (device_->wants_unplug()) {
    port_.hang_up();
    plug_in_at_ns_ = device_->away_ns() > 0 ? now_ns + device_->away_ns() : 0;
  }
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
    if (live_) live_->set_clock_ppm(0);
  } else if (command == "load" && live_) {
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
