#include "harness/rigsim/probe/virtual_probe.h"

#include <fmt/format.h>

namespace slmrig::rigsim {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

// A bus without anything on it, for a probe whose wires hang in the air.
class NoBus final : public DebugBus {
 public:
  Result<uint32_t> read(uint32_t, unsigned) override { return tl::unexpected(nothing()); }
  Done write(uint32_t, uint32_t, unsigned) override { return tl::unexpected(nothing()); }
  Done read_block(uint32_t, std::span<uint8_t>) override { return tl::unexpected(nothing()); }
  Done write_block(uint32_t, std::span<const uint8_t>) override { return tl::unexpected(nothing()); }

 private:
  static base::Error nothing() { return {ErrorCode::kDeviceFault, "there is no board", {}}; }
};

}  // namespace

Result<std::unique_ptr<VirtualProbe>> VirtualProbe::start(const VirtualProbeOptions& options) {
  std::unique_ptr<VirtualProbe> probe(new VirtualProbe());
  VirtualProbe* self = probe.get();
  probe->serial_number_ = options.serial_number;
  if (!options.board.board_file.empty()) {
    SLMRIG_ASSIGN(probe->board_, EmulatedBoard::start(options.board));
  }
  SLMRIG_TRY(probe->build_layers());
  if (!options.control_socket.empty()) {
    probe->control_ =
        std::make_unique<LineServer>([self](std::string_view line) { return self->control(line); });
    SLMRIG_TRY(probe->control_->listen(options.control_socket));
  }
  UsbServerOptions usb;
  usb.socket = options.usb_socket;
  usb.serial_number = options.serial_number;
  usb.answer = [self](std::span<const uint8_t> packet) { return self->answer(packet); };
  usb.released = [self] {
    self->commands_->forget();
    if (self->core_) static_cast<void>(self->core_->release_reset());
  };
  probe->usb_ = std::make_unique<UsbServer>(std::move(usb));
  probe->faults_.set(options.fault);
  probe->apply_fault();
  SLMRIG_TRY(probe->usb_->plug());
  return probe;
}

Done VirtualProbe::build_layers() {
  ProbePins pins;
  if (board_) {
    core_ = std::make_unique<CortexDebug>(*board_, board_->memories());
    port_ = std::make_unique<DebugPort>(*core_, faults_);
    // What goes wrong here shows in the next thing that a debugger asks of the core.
    pins.assert_reset = [this] { static_cast<void>(core_->assert_reset()); };
    pins.release_reset = [this] { static_cast<void>(core_->release_reset()); };
    pins.in_reset = [this] { return core_->in_reset(); };
  } else {
    static NoBus no_bus;
    port_ = std::make_unique<DebugPort>(no_bus, faults_);
    port_->set_powered(false);
  }
  commands_ = std::make_unique<CmsisDap>(*port_, pins, serial_number_);
  return core_ ? core_->release_reset() : Done();
}

void VirtualProbe::add_descriptors(std::vector<pollfd>* wait) const {
  usb_->add_descriptors(wait);
  if (control_) control_->add_descriptors(wait);
}

void VirtualProbe::serve() {
  usb_->serve();
  if (control_) control_->serve();
  tell_of_death();
}

void VirtualProbe::apply_fault() {
  if (faults_.happens(ProbeFault::kUnplug)) usb_->unplug();
  usb_->set_hung(faults_.holds(ProbeFault::kHang));
  usb_->set_busy(faults_.holds(ProbeFault::kBusy));
  if (core_) core_->pretend_other_chip(faults_.holds(ProbeFault::kWrongTarget));
}

std::vector<uint8_t> VirtualProbe::answer(std::span<const uint8_t> packet) {
  std::vector<uint8_t> response = commands_->answer(packet);
  apply_fault();
  return response;
}

// Once a death: the board's own doing, so nobody asked for it.
void VirtualProbe::tell_of_death() {
  const auto death = board_ ? board_->death() : std::nullopt;
  if (death && !told_of_death_) {
    fmt::print(stderr, "slmrig-virtual-probe: the core locked up and the emulator ended ({})\n", *death);
  }
  told_of_death_ = death.has_value();
}

std::string VirtualProbe::control(std::string_view command) {
  const auto result = execute(command);
  if (!result) return "error: " + result.error().text();
  return result->empty() ? "ok" : "ok " + *result;
}

Result<std::string> VirtualProbe::execute(std::string_view command) {
  const std::size_t blank = std::min(command.find(' '), command.size());
  const std::string_view verb = command.substr(0, blank);
  const std::string_view rest = command.substr(std::min(blank + 1, command.size()));
  if (verb == "transfers") return std::to_string(faults_.transfers());
  if (verb == "plug") {
    SLMRIG_TRY(usb_->plug());
    return std::string();
  }
  if (verb == "unplug") {
    usb_->unplug();
    return std::string();
  }
  if (verb == "fault") {
    SLMRIG_ASSIGN(const ProbeFaultPlan plan, parse_probe_fault(rest));
    faults_.set(plan);
    apply_fault();
    return std::string();
  }
  if (!board_) return fail(ErrorCode::kBadInput, "there is no board on this probe");
  if (verb == "power") {
    SLMRIG_TRY(switch_power(rest));
  } else if (!board_->powered()) {
    return fail(ErrorCode::kBadInput, "the board has no power");
  } else if (verb == "reset") {
    SLMRIG_TRY(core_->assert_reset());
    SLMRIG_TRY(core_->release_reset());
  } else if (verb == "freeze") {
    SLMRIG_TRY(core_->freeze());
  } else {
    return fail(ErrorCode::kBadInput,
                fmt::format("'{}' is no command: fault, plug, unplug, power, reset, freeze, "
                            "transfers",
                            command));
  }
  return std::string();
}

Done VirtualProbe::switch_power(std::string_view to) {
  if (to != "on" && to != "off" && to != "cycle") {
    return fail(ErrorCode::kBadInput, fmt::format("power is switched on, off or cycle, not '{}'", to));
  }
  if (to != "on") {
    SLMRIG_TRY(core_->assert_reset());
    port_->set_powered(false);
    SLMRIG_TRY(board_->power_off());
  }
  if (to == "off" || board_->powered()) return {};
  SLMRIG_TRY(board_->power_on());
  return build_layers();  // nothing that a debugger had set outlives the power
}

}  // namespace slmrig::rigsim
