#include "harness/rigsim/scpi/virtual_scpi.h"

#include <poll.h>

#include <chrono>
#include <span>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"

namespace slmrig::rigsim {
namespace {

using base::Result;

constexpr int kTickMs = 100;

std::string said(const base::Error& error) { return "error: " + error.message; }

}  // namespace

VirtualScpi::VirtualScpi(std::unique_ptr<TextInstrument> instrument)
    : instrument_(std::move(instrument)), tcp_([this](std::string* received) { return hear(received); }) {}

Result<std::unique_ptr<VirtualScpi>> VirtualScpi::start(const VirtualScpiOptions& options) {
  SLMRIG_ASSIGN(std::unique_ptr<TextInstrument> instrument, make_text_instrument(options.model));
  std::unique_ptr<VirtualScpi> made(new VirtualScpi(std::move(instrument)));
  SLMRIG_ASSIGN(const std::string address, made->listen(options));
  if (!options.control.empty()) {
    made->control_.emplace([self = made.get()](std::string_view line) { return self->tell(line); });
    SLMRIG_TRY(made->control_->listen(options.control));
  }
  if (!options.ready_file.empty()) SLMRIG_TRY(base::write_file_atomically(options.ready_file, address));
  return made;
}

Result<std::string> VirtualScpi::listen(const VirtualScpiOptions& options) {
  if (!options.terminal.empty()) {
    SLMRIG_ASSIGN(terminal_, VirtualTerminal::open(options.terminal));
    return options.terminal;
  }
  SLMRIG_ASSIGN(const int port, tcp_.listen(options.port));
  return fmt::format("127.0.0.1:{}", port);
}

void VirtualScpi::serve_terminal() {
  const std::vector<uint8_t> bytes = terminal_->receive();
  if (bytes.empty()) return;
  terminal_received_.append(bytes.begin(), bytes.end());
  const std::string answer = hear(&terminal_received_);
  const auto* out = reinterpret_cast<const uint8_t*>(answer.data());
  terminal_->send(std::span(out, answer.size()));
}

void VirtualScpi::serve() {
  std::vector<pollfd> wait;
  if (terminal_) {
    // Who opens and closes it is nothing to us, and must not keep us awake.
    terminal_->users();
    terminal_->add_descriptors(&wait, false);
  } else {
    tcp_.add_descriptors(&wait);
  }
  if (control_) control_->add_descriptors(&wait);
  ::poll(wait.data(), wait.size(), kTickMs);
  if (terminal_) {
    serve_terminal();
  } else {
    tcp_.serve();
  }
  if (control_) control_->serve();
}

std::string VirtualScpi::hear(std::string* received) {
  std::string out;
  for (;;) {
    const std::string command = instrument_->next_command(received);
    if (command.empty()) return out;
    const int64_t now_ns = base::monotonic_now_ns();
    const bool rested = now_ns - heard_ns_ >= int64_t{instrument_->rest_ms()} * 1'000'000;
    heard_ns_ = now_ns;
    const std::string answer = rested ? instrument_->hear(command) : std::string();
    if (answer.empty()) continue;
    const TextFaults::Reply reply = faults_.reply(answer, instrument_->line_end());
    // It does nothing else meanwhile, like most of them.
    if (reply.delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(reply.delay_ms));
    out += reply.bytes;
  }
}

std::string VirtualScpi::tell(std::string_view line) {
  const std::size_t blank = line.find(' ');
  const std::string_view verb = line.substr(0, blank);
  const std::string rest(blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1));
  if (verb == "state") return instrument_->state();
  if (verb == "unplug") {
    if (terminal_) {
      terminal_->hang_up();
    } else {
      tcp_.drop_clients();
    }
  } else if (verb == "idn") {
    instrument_->set_identity(rest);
  } else if (verb == "stick") {
    instrument_->stick_output(rest == "on");
  } else if (verb == "fault") {
    const auto plan = parse_text_fault(rest);
    if (!plan) return said(plan.error());
    faults_.set(*plan);
  } else if (verb == "load") {
    const auto load = parse_text_load(rest);
    if (!load) return said(load.error());
    instrument_->set_load(*load);
  } else {
    return fmt::format("error: '{}' is none of state, unplug, idn, stick, fault, load", verb);
  }
  return "done";
}

}  // namespace slmrig::rigsim
