#include "harness/rigsim/otii/virtual_otii.h"

#include <poll.h>

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"

namespace slmrig::rigsim {
namespace {

using base::Result;
using nlohmann::json;

constexpr int kTickMs = 100;
constexpr double kRateHz = 4000;
constexpr int64_t kSamplesOfLevel = 40;  // 10 ms
constexpr const char* kGreeting =
    "{\"type\":\"information\",\"info\":\"connected\",\"data\":{\"otii_version\":\"3.2.1\","
    "\"protocol_version\":\"0.1\",\"server\":\"virtual\"}}\r\n";

double number_of(const json& data, const char* key) {
  const auto found = data.is_object() ? data.find(key) : data.end();
  return found != data.end() && found->is_number() ? found->get<double>() : 0;
}

bool flag_of(const json& data, const char* key) {
  const auto found = data.is_object() ? data.find(key) : data.end();
  return found != data.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

VirtualOtii::VirtualOtii(const VirtualOtiiOptions& options)
    : options_(options), tcp_([this](std::string* received) { return hear(received); }, kGreeting) {}

Result<std::unique_ptr<VirtualOtii>> VirtualOtii::start(const VirtualOtiiOptions& options) {
  std::unique_ptr<VirtualOtii> made(new VirtualOtii(options));
  SLMRIG_ASSIGN(const int port, made->tcp_.listen(options.port));
  if (!options.control.empty()) {
    made->control_.emplace([self = made.get()](std::string_view line) { return self->tell(line); });
    SLMRIG_TRY(made->control_->listen(options.control));
  }
  if (!options.ready_file.empty())
    SLMRIG_TRY(base::write_file_atomically(options.ready_file, fmt::format("127.0.0.1:{}", port)));
  return made;
}

void VirtualOtii::serve() {
  std::vector<pollfd> wait;
  tcp_.add_descriptors(&wait);
  if (control_) control_->add_descriptors(&wait);
  ::poll(wait.data(), wait.size(), kTickMs);
  tcp_.serve();
  if (control_) control_->serve();
}

std::string VirtualOtii::hear(std::string* received) {
  std::string out;
  for (;;) {
    const std::size_t end = received->find("\r\n");
    if (end == std::string::npos) return out;
    const json request = json::parse(received->substr(0, end), nullptr, false);
    received->erase(0, end + 2);
    if (request.is_object()) out += answer(request);
  }
}

std::string VirtualOtii::answer(const json& request) {
  if (fault_ == "silent") return {};
  if (fault_ == "junk") return "]]not json\r\n";
  const std::string command = request.value("cmd", "");
  json reply = {{"type", "response"}, {"cmd", command}, {"trans_id", request.value("trans_id", "")}};
  json data = respond(command, request.value("data", json::object()));
  if (command == refused_) {
    reply["type"] = "error";
    reply["errorcode"] = "Command failure";
    reply["data"] = {{"message", "told to refuse"}};
  } else if (!reserved_ && command.rfind("otii_", 0) != 0) {
    reply["type"] = "error";
    reply["errorcode"] = "No license";
  } else if (data.is_null()) {
    reply["type"] = "error";
    reply["errorcode"] = "Invalid command";
  } else {
    reply["data"] = std::move(data);
  }
  std::string text;
  if (fault_ == "progress")
    text = json({{"type", "progress"},
                 {"cmd", command},
                 {"trans_id", reply["trans_id"]},
                 {"progress_value", 0.5}})
               .dump() +
           "\r\n";
  return text + reply.dump() + "\r\n";
}

json VirtualOtii::respond(const std::string& command, const json& data) {
  if (command == "otii_reserve_license") reserved_ = true;
  if (command == "otii_return_license") reserved_ = false;
  if (command.rfind("otii_", 0) == 0) return respond_server(command);
  if (command.rfind("arc_", 0) == 0) return respond_device(command, data);
  return respond_recording(command, data);
}

json VirtualOtii::respond_server(const std::string& command) const {
  if (command == "otii_is_logged_in") return {{"logged_in", fault_ != "no-login"}};
  if (command == "otii_reserve_license" || command == "otii_return_license") return json::object();
  if (command == "otii_get_active_project") return {{"project_id", -1}};
  if (command == "otii_create_project") return {{"project_id", 1}};
  if (command == "otii_get_licenses") {
    json licences = json::array();
    if (fault_ != "no-licence")
      licences.push_back(
          {{"id", 1234}, {"type", "Automation Toolbox"}, {"reserved_to", ""}, {"available", true}});
    return {{"licenses", licences}};
  }
  if (command == "otii_get_devices") {
    json devices = json::array();
    if (fault_ != "no-device")
      devices.push_back({{"device_id", "abcd1234"}, {"name", "MyOtii"}, {"type", "Arc"}});
    return {{"devices", devices}};
  }
  return {};
}

json VirtualOtii::respond_device(const std::string& command, const json& data) {
  static const std::set<std::string> kTaken = {"arc_add_to_project", "arc_enable_channel", "arc_set_range"};
  if (kTaken.count(command) != 0) return json::object();
  if (command == "arc_set_main_voltage") {
    volts_ = number_of(data, "value");
  } else if (command == "arc_set_max_current") {
    limit_a_ = number_of(data, "value");
  } else if (command == "arc_set_main") {
    powered_ = flag_of(data, "enable");
  } else {
    return {};
  }
  return json::object();
}

int64_t VirtualOtii::samples() const {
  if (began_ns_ == 0) return 0;
  const int64_t now_ns = ended_ns_ > 0 ? ended_ns_ : base::monotonic_now_ns();
  return static_cast<int64_t>(static_cast<double>(now_ns - began_ns_) * 1e-9 * kRateHz);
}

json VirtualOtii::samples_from(int64_t index, int64_t count) const {
  json values = json::array();
  for (int64_t i = index; i < std::min(index + count, samples()); ++i) {
    const bool high = (i / kSamplesOfLevel) % 2 == 1;
    values.push_back(powered_ ? options_.amperes * (high ? 2 : 1) : 0.0);
  }
  return {{"data_type", "analog"},
          {"timestamp", static_cast<double>(index) / kRateHz},
          {"interval", 1 / kRateHz},
          {"values", values}};
}

json VirtualOtii::respond_recording(const std::string& command, const json& data) {
  const auto found = data.is_object() ? data.find("channel") : data.end();
  const std::string channel = found != data.end() && found->is_string() ? found->get<std::string>() : "";
  if (command == "project_start_recording") {
    began_ns_ = base::monotonic_now_ns();
    ended_ns_ = 0;
    return json::object();
  }
  if (command == "project_stop_recording") {
    ended_ns_ = base::monotonic_now_ns();
    return json::object();
  }
  if (command == "project_get_last_recording")
    return {{"recording_id", 7}, {"name", "Recording 1"}, {"start-time", "2026-01-01T00:00:00Z"}};
  if (command == "recording_get_channel_info")
    return {{"offset", 0},
            {"from", 0},
            {"to", static_cast<double>(samples()) / kRateHz},
            {"sample_rate", kRateHz}};
  const int64_t edges = channel == "i1" ? samples() / kSamplesOfLevel : 0;
  if (command == "recording_get_channel_data_count") return {{"count", channel == "mc" ? samples() : edges}};
  if (command != "recording_get_channel_data") return {};
  const auto index = static_cast<int64_t>(number_of(data, "index"));
  const auto count = static_cast<int64_t>(number_of(data, "count"));
  if (channel == "mc") return samples_from(index, count);
  json values = json::array();
  for (int64_t edge = index; edge < std::min(index + count, edges); ++edge) {
    const double seconds = static_cast<double>((edge + 1) * kSamplesOfLevel) / kRateHz;
    values.push_back({{"timestamp", seconds}, {"value", edge % 2 == 0 ? 1 : 0}});
  }
  return {{"data_type", "digital"}, {"values", values}};
}

std::string VirtualOtii::tell(std::string_view line) {
  const std::size_t blank = line.find(' ');
  const std::string_view verb = line.substr(0, blank);
  const std::string rest(blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1));
  if (verb == "state")
    return fmt::format("{} {:.3f} V, limit {:.3f} A, licence {}", powered_ ? "on" : "off", volts_, limit_a_,
                       reserved_ ? "reserved" : "free");
  static const std::set<std::string> kFaults = {"progress",   "silent",    "junk", "no-login",
                                                "no-licence", "no-device", "none"};
  if (verb == "unplug") {
    tcp_.drop_clients();
  } else if (verb == "refuse") {
    refused_ = rest;
  } else if (verb == "fault" && kFaults.count(rest) != 0) {
    fault_ = rest;
  } else {
    return fmt::format("error: '{}' is none of state, unplug, refuse COMMAND, fault KIND", line);
  }
  return "done";
}

}  // namespace slmrig::rigsim
