#include "harness/cli/rig_draft.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace slmrig::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string or_fill_in(const std::string& text) { return text.empty() ? std::string(kFillIn) : text; }

// The name of a port that stays, as a link of the rig file.
Json link_of(const rig::SerialPort& port, const std::vector<rig::SerialPort>& all) {
  const auto same = std::count_if(all.begin(), all.end(), [&](const rig::SerialPort& other) {
    return other.usb.serial == port.usb.serial;
  });
  Json link = {{"kind", "serial"}};
  if (!port.usb.serial.empty() && same == 1) {
    link["usb_serial"] = port.usb.serial;
  } else {
    link["address"] = !port.by_id.empty() ? port.by_id : !port.by_path.empty() ? port.by_path : port.device;
  }
  link["baud"] = 115200;
  return link;
}

bool needs_unit_id(const Json& link) {
  return link.contains("address") &&
         link["address"].get<std::string>().find("/by-path/") != std::string::npos;
}

std::string text_of(const rig::UsbDevice& usb) {
  return fmt::format("{} {} ({:04x}:{:04x}) at USB {}", usb.manufacturer, usb.product, usb.vendor_id,
                     usb.product_id, usb.place);
}

class Draft {
 public:
  Draft(const FoundHardware& found, const std::string& board) : found_(found), board_(board) {}

  Json benches() {
    add({{"name", "native"}, {"board", "native"}, {"link", {{"kind", "stdio"}}}});
    for (const FoundProbe& probe : found_.probes) add_probe(probe);
    for (const rig::SerialPort& port : found_.ports) add_port(port);
    return benches_;
  }

 private:
  void add(Json bench) { benches_.push_back(std::move(bench)); }
  std::string next_name() { return fmt::format("bench-{}", ++count_); }

  void add_probe(const FoundProbe& probe) {
    const auto port = std::find_if(found_.ports.begin(), found_.ports.end(), [&](const rig::SerialPort& one) {
      return !probe.serial.empty() && one.usb.serial == probe.serial;
    });
    Json bench;
    bench["$comment"] = fmt::format("Probe: {}. {}", probe.description,
                                    port != found_.ports.end()
                                        ? "Its own serial port is taken for the link."
                                        : "It has no serial port of its own: say how the agent is reached.");
    bench["name"] = next_name();
    bench["board"] = or_fill_in(board_);
    bench["link"] = port != found_.ports.end() ? link_of(*port, found_.ports)
                                               : Json{{"kind", "serial"}, {"address", kFillIn}};
    if (needs_unit_id(bench["link"])) bench["unit_id"] = kFillIn;
    bench["flasher"] = {{"kind", "pyocd"}, {"probe", or_fill_in(probe.serial)}, {"target", kFillIn}};
    add(std::move(bench));
  }

  void add_port(const rig::SerialPort& port) {
    if (port.usb.place.empty()) return;  // a UART of the host: nobody knows what is at its end
    const auto is_ours = [&](const auto& device) {
      return !port.usb.serial.empty() && device == port.usb.serial;
    };
    for (const FoundProbe& probe : found_.probes) {
      if (is_ours(probe.serial)) return;
    }
    for (const rig::UsbDevice& meter : found_.meters) {
      if (meter.place == port.usb.place) return;
    }
    Json bench;
    bench["$comment"] = fmt::format("Serial port of {}, without a debug probe: say how the board is flashed.",
                                    text_of(port.usb));
    bench["name"] = next_name();
    bench["board"] = or_fill_in(board_);
    bench["link"] = link_of(port, found_.ports);
    if (needs_unit_id(bench["link"])) bench["unit_id"] = kFillIn;
    bench["flasher"] = {{"kind", "command"}, {"flash_agent", {kFillIn, "{agent}"}}};
    add(std::move(bench));
  }

  const FoundHardware& found_;
  const std::string& board_;
  Json benches_ = Json::array();
  int count_ = 0;
};

}  // namespace

std::string draft_rig(const FoundHardware& found, const std::string& name, const std::string& board) {
  Json rig;
  std::string comment =
      "Drawn up by `slmrig rig init` from what was plugged in. Give each bench a name of your own; where it "
      "says "
      "FILL-IN, only you know. Boards: the folders under boards/. Then: slmrig rig check --rig THIS-FILE, "
      "and "
      "slmrig board check BENCH.";
  for (const rig::UsbDevice& meter : found.meters) comment += fmt::format(" Meter: {}.", text_of(meter));
  for (const rig::FoundMeter& sensor : found.sensors) {
    comment += fmt::format(" For a bench: \"meter\": {{\"kind\": \"{}\", \"address\": \"{}\"}} ({}).",
                           sensor.kind, sensor.address, sensor.name);
  }
  rig["$comment"] = comment;
  rig["name"] = name;
  rig["benches"] = Draft(found, board).benches();
  return rig.dump(2) + "\n";
}

}  // namespace slmrig::cli
