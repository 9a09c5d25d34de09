#include "harness/rig/meters/otii_meter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/rig/bench_lock.h"
#include "harness/rig/meters/otii_client.h"
#include "harness/rig/meters/polled_meter.h"
#include "harness/rig/meters/stream_check.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::PowerSamples;
using base::Result;
using nlohmann::json;

constexpr const char* kDefaultAddress = "127.0.0.1:1905";
constexpr double kArcRateHz = 4000;
constexpr double kAceRateHz = 50'000;
constexpr int kLowestMv = 500;
constexpr int kHighestMv = 5000;
constexpr double kHighestMa = 5000;
constexpr int64_t kMostValues = 40'000;  // in one answer
constexpr int64_t kAskAgainMs = 20;
constexpr int kFindDevicesS = 10;
constexpr std::array<const char*, 2> kLines = {"i1", "i2"};

std::string setting(const base::MeterSpec& spec, const std::string& name) {
  const auto found = spec.settings.find(name);
  return found == spec.settings.end() ? std::string() : found->second;
}

// The list `key` of an answer; empty where there is none.
json list_of(const json& answer, const char* key) {
  const auto found = answer.is_object() ? answer.find(key) : answer.end();
  return found != answer.end() && found->is_array() ? *found : json::array();
}

class OtiiMeter final : public Meter {
 public:
  OtiiMeter(base::MeterSpec spec, OtiiClient client, BenchLock lock)
      : spec_(std::move(spec)), lock_(std::move(lock)), client_(std::move(client)) {}
  ~OtiiMeter() override { close(); }
  OtiiMeter(const OtiiMeter&) = delete;
  OtiiMeter& operator=(const OtiiMeter&) = delete;

  Done prepare(const std::string& address);

  const base::MeterFacts& facts() const override { return facts_; }
  Result<std::vector<MeterCheck>> self_check() override;
  Done set_voltage(int millivolts) override;
  Done set_power(bool on) override;
  Done start() override;
  Result<bool> read(PowerSamples& block, int64_t timeout_ms) override;
  Done stop() override;
  void close() override;

 private:
  // An edge of a marker line, as the instrument stamped it.
  struct Edge {
    double seconds = 0;
    bool high = false;
  };

  Result<json> ask(const std::string& command, json data = json::object());
  Result<json> ask_channel(const std::string& command, const std::string& channel,
                           json data = json::object());
  Done reserve_licence();
  Done choose_device();
  Done set_up();
  Done feed_board();
  Result<bool> fetch(PowerSamples& block);
  Done fetch_edges(std::size_t line);
  void add_markers(double first_s, std::size_t count, PowerSamples& block);

  base::MeterSpec spec_;
  BenchLock lock_;
  OtiiClient client_;
  base::MeterFacts facts_;
  std::string device_;
  std::string licence_;  // reserved by us; empty: none
  double project_ = -1;
  double recording_ = -1;
  int64_t next_index_ = 0;
  std::array<int64_t, kLines.size()> edges_read_ = {};
  std::array<std::vector<Edge>, kLines.size()> edges_;  // not yet passed
  std::array<bool, kLines.size()> levels_ = {};
  bool recording_runs_ = false;
  bool draining_ = false;
  bool ready_ = false;
};

Result<json> OtiiMeter::ask(const std::string& command, json data) {
  data["device_id"] = device_;
  return client_.request(command, data);
}

Result<json> OtiiMeter::ask_channel(const std::string& command, const std::string& channel, json data) {
  data["recording_id"] = recording_;
  data["channel"] = channel;
  return ask(command, std::move(data));
}

Done OtiiMeter::reserve_licence() {
  SLMRIG_ASSIGN(const json login, client_.request("otii_is_logged_in"));
  if (!login.is_object() || !login.value("logged_in", json(false)).is_boolean() ||
      !login.value("logged_in", json(false)).get<bool>()) {
    return fail(
        ErrorCode::kUnsupported,
        "the Otii software is not logged in: log in there, with an account that has an Automation Toolbox "
        "licence");
  }
  SLMRIG_ASSIGN(const json answer, client_.request("otii_get_licenses"));
  const json licences = list_of(answer, "licenses");
  bool any_reserved = false;
  for (const json& licence : licences) {
    if (!licence.is_object()) continue;
    any_reserved |=
        !licence.value("reserved_to", json("")).empty() && licence.value("reserved_to", json("")) != "";
    const bool is_free = licence.value("available", json(false)) == true;
    if (!is_free || !licence.contains("id")) continue;
    SLMRIG_TRY(client_.request("otii_reserve_license", {{"license_id", licence["id"]}}));
    licence_ = licence["id"].dump();
    return {};
  }
  if (any_reserved) return {};
  return fail(ErrorCode::kUnsupported,
              "the Otii account has no free Automation Toolbox licence: return one in the Otii software");
}

Done OtiiMeter::choose_device() {
  SLMRIG_ASSIGN(const json answer,
                client_.request("otii_get_devices", {{"timeout", kFindDevicesS}}, 1000 * kFindDevicesS));
  const std::string wanted = setting(spec_, "device");
  std::string seen;
  std::size_t matching = 0;
  for (const json& device : list_of(answer, "devices")) {
    SLMRIG_ASSIGN(const std::string id, otii_text(device, "device_id"));
    SLMRIG_ASSIGN(const std::string name, otii_text(device, "name"));
    SLMRIG_ASSIGN(const std::string type, otii_text(device, "type"));
    seen += fmt::format("{}{} {} ({})", seen.empty() ? "" : ", ", type, name, id);
    if (!wanted.empty() && wanted != id && wanted != name) continue;
    ++matching;
    device_ = id;
    facts_.model = "Otii " + type;
    facts_.sample_rate_hz = type == "Ace" ? kAceRateHz : kArcRateHz;
  }
  if (matching == 1) return {};
  if (seen.empty()) return fail(ErrorCode::kLinkLost, "no Otii is plugged in where the Otii server runs");
  return fail(ErrorCode::kBadInput,
              fmt::format("the Otii server has {}; name one in the setting \"device\"", seen));
}

Done OtiiMeter::set_up() {
  SLMRIG_TRY(ask("arc_add_to_project"));
  SLMRIG_ASSIGN(json project, client_.request("otii_get_active_project"));
  SLMRIG_ASSIGN(project_, otii_number(project, "project_id"));
  if (project_ < 0) {
    SLMRIG_ASSIGN(project, client_.request("otii_create_project"));
    SLMRIG_ASSIGN(project_, otii_number(project, "project_id"));
  }
  for (const char* channel : {"mc", kLines[0], kLines[1]})
    SLMRIG_TRY(ask("arc_enable_channel", {{"channel", channel}, {"enable", true}}));
  if (facts_.model == "Otii Ace")
    SLMRIG_TRY(ask("arc_set_channel_samplerate", {{"channel", "mc"}, {"value", facts_.sample_rate_hz}}));
  return {};
}

Done OtiiMeter::prepare(const std::string& address) {
  SLMRIG_TRY(check_settings(
      spec_, {"device", "current_limit_ma", "rate_hz", "answer_ms", "gain_percent", "offset_ua"}));
  SLMRIG_ASSIGN(const double answer_ms, number_setting(spec_, "answer_ms", kOtiiAnswerMs, 1, 60'000));
  client_.set_patience(static_cast<int64_t>(answer_ms));
  ready_ = true;
  SLMRIG_TRY(reserve_licence());
  SLMRIG_TRY(choose_device());
  SLMRIG_ASSIGN(facts_.sample_rate_hz,
                number_setting(spec_, "rate_hz", facts_.sample_rate_hz, 1, kAceRateHz));
  facts_.kind = "otii";
  facts_.serial = device_;
  facts_.version = client_.server();
  facts_.address = address;
  facts_.marker_lines = kLines.size();
  base::MeterRange range;
  range.name = "whole";
  range.calibrated = false;
  SLMRIG_ASSIGN(range, stated_range(spec_, range, &facts_));
  facts_.ranges = {range};
  SLMRIG_TRY(set_up());
  return spec_.mode == "source" ? feed_board() : Done{};
}

Done OtiiMeter::feed_board() {
  if (spec_.voltage_mv == 0 || setting(spec_, "current_limit_ma").empty()) {
    return fail(
        ErrorCode::kBadInput,
        "an Otii that feeds the board (\"mode\": \"source\") must be told its \"voltage_mv\" and, in its "
        "settings, a \"current_limit_ma\"; nothing was changed");
  }
  SLMRIG_ASSIGN(const double limit_ma, number_setting(spec_, "current_limit_ma", 0, 1, kHighestMa));
  facts_.sources = true;
  facts_.settings["mode"] = "source";
  SLMRIG_TRY(ask("arc_set_max_current", {{"value", limit_ma / 1000}}));
  SLMRIG_TRY(set_voltage(spec_.voltage_mv));
  return set_power(spec_.leave_powered);
}

Done OtiiMeter::set_voltage(int millivolts) {
  if (!facts_.sources)
    return fail(ErrorCode::kUnsupported, "this Otii does not feed the board (\"mode\": \"source\")");
  if (millivolts < kLowestMv || millivolts > kHighestMv) {
    return fail(ErrorCode::kBadInput,
                fmt::format("an Otii makes {} to {} mV; {} mV were asked for, and nothing was changed",
                            kLowestMv, kHighestMv, millivolts));
  }
  SLMRIG_TRY(ask("arc_set_main_voltage", {{"value", millivolts / 1000.0}}));
  facts_.settings["voltage_mv"] = fmt::format("{}", millivolts);
  return {};
}

Done OtiiMeter::set_power(bool on) {
  if (!facts_.sources)
    return fail(ErrorCode::kUnsupported, "this Otii does not feed the board (\"mode\": \"source\")");
  SLMRIG_TRY(ask("arc_set_main", {{"enable", on}}));
  return {};
}

Done OtiiMeter::start() {
  SLMRIG_TRY(client_.request("project_start_recording", {{"project_id", project_}}));
  recording_runs_ = true;
  draining_ = false;
  next_index_ = 0;
  edges_read_ = {};
  edges_ = {};
  levels_ = {};
  SLMRIG_ASSIGN(const json last, client_.request("project_get_last_recording", {{"project_id", project_}}));
  SLMRIG_ASSIGN(recording_, otii_number(last, "recording_id"));
  SLMRIG_ASSIGN(const json info, ask_channel("recording_get_channel_info", "mc"));
  SLMRIG_ASSIGN(const double rate_hz, otii_number(info, "sample_rate"));
  if (std::abs(rate_hz - facts_.sample_rate_hz) < 0.5) return {};
  return fail(ErrorCode::kDeviceFault,
              fmt::format("the Otii samples at {} Hz and not at {}; give \"rate_hz\"", rate_hz,
                          facts_.sample_rate_hz));
}

Done OtiiMeter::fetch_edges(std::size_t line) {
  SLMRIG_ASSIGN(const json counted, ask_channel("recording_get_channel_data_count", kLines[line]));
  SLMRIG_ASSIGN(const double count, otii_number(counted, "count"));
  const int64_t fresh = std::min<int64_t>(static_cast<int64_t>(count) - edges_read_[line], kMostValues);
  if (fresh <= 0) return {};
  SLMRIG_ASSIGN(const json answer, ask_channel("recording_get_channel_data", kLines[line],
                                               {{"index", edges_read_[line]}, {"count", fresh}}));
  const json values = list_of(answer, "values");
  for (const json& value : values) {
    SLMRIG_ASSIGN(const double seconds, otii_number(value, "timestamp"));
    SLMRIG_ASSIGN(const double level, otii_number(value, "value"));
    edges_[line].push_back({seconds, level != 0});
  }
  edges_read_[line] += static_cast<int64_t>(values.size());
  return {};
}

void OtiiMeter::add_markers(double first_s, std::size_t count, PowerSamples& block) {
  std::array<std::size_t, kLines.size()> passed = {};
  for (std::size_t i = 0; i < count; ++i) {
    // An edge belongs to the nearest sample.
    const double now_s = first_s + (static_cast<double>(i) + 0.5) / facts_.sample_rate_hz;
    unsigned bits = 0;
    for (std::size_t line = 0; line < kLines.size(); ++line) {
      for (; passed[line] < edges_[line].size() && edges_[line][passed[line]].seconds < now_s; ++passed[line])
        levels_[line] = edges_[line][passed[line]].high;
      bits |= levels_[line] ? 1U << line : 0U;
    }
    block.markers.push_back(static_cast<uint8_t>(bits));
  }
  for (std::size_t line = 0; line < kLines.size(); ++line)
    edges_[line].erase(edges_[line].begin(),
                       edges_[line].begin() + static_cast<std::ptrdiff_t>(passed[line]));
}

Result<bool> OtiiMeter::fetch(PowerSamples& block) {
  SLMRIG_ASSIGN(const json counted, ask_channel("recording_get_channel_data_count", "mc"));
  SLMRIG_ASSIGN(const double count, otii_number(counted, "count"));
  const int64_t fresh = std::min<int64_t>(static_cast<int64_t>(count) - next_index_, kMostValues);
  if (fresh <= 0) return false;
  SLMRIG_ASSIGN(const json answer,
                ask_channel("recording_get_channel_data", "mc", {{"index", next_index_}, {"count", fresh}}));
  block.received_ns = base::monotonic_now_ns();
  SLMRIG_ASSIGN(const double first_s, otii_number(answer, "timestamp"));
  block.first_index = next_index_;
  constexpr double kMicro = 1e6;
  for (const json& value : list_of(answer, "values")) {
    if (!value.is_number())
      return fail(ErrorCode::kCorrupt, "the Otii server sent a sample that is no number");
    block.current_ua.push_back(static_cast<float>(value.get<double>() * kMicro));
  }
  if (block.current_ua.empty())
    return fail(ErrorCode::kCorrupt, "the Otii server sent none of the samples it has");
  // After the samples: an edge that lies among them is then there.
  for (std::size_t line = 0; line < kLines.size(); ++line) SLMRIG_TRY(fetch_edges(line));
  add_markers(first_s, block.current_ua.size(), block);
  next_index_ += static_cast<int64_t>(block.current_ua.size());
  return true;
}

Result<bool> OtiiMeter::read(PowerSamples& block, int64_t timeout_ms) {
  clear(block);
  if (!recording_runs_ && !draining_) return false;
  const int64_t deadline_ns = base::monotonic_now_ns() + timeout_ms * 1'000'000;
  for (;;) {
    SLMRIG_ASSIGN(const bool got, fetch(block));
    if (got) return true;
    if (draining_ || base::monotonic_now_ns() >= deadline_ns) break;
    // Nothing tells when there is more.
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(kAskAgainMs, timeout_ms)));
  }
  draining_ = false;
  return false;
}

Done OtiiMeter::stop() {
  if (!recording_runs_) return {};
  recording_runs_ = false;
  draining_ = true;
  SLMRIG_TRY(client_.request("project_stop_recording", {{"project_id", project_}}));
  return {};
}

void OtiiMeter::close() {
  if (!ready_) return;
  ready_ = false;
  // The server may be gone, and then nobody can be told anything.
  static_cast<void>(stop());
  if (facts_.sources) static_cast<void>(set_power(spec_.leave_powered));
  if (!licence_.empty())
    static_cast<void>(
        client_.request("otii_return_license", {{"license_id", json::parse(licence_, nullptr, false)}}));
}

Result<std::vector<MeterCheck>> OtiiMeter::self_check() {
  SLMRIG_ASSIGN(const StreamSummary seen, watch_stream(*this, kCheckStreamMs));
  return std::vector<MeterCheck>{check_losses(seen), check_lines(seen, spec_)};
}

}  // namespace

Result<std::unique_ptr<Meter>> open_otii(const base::MeterSpec& spec) {
  const std::string address = spec.address.empty() ? kDefaultAddress : spec.address;
  SLMRIG_ASSIGN(BenchLock lock, BenchLock::acquire_instrument(address, "as a power meter"));
  SLMRIG_ASSIGN(OtiiClient client, OtiiClient::connect(address));
  auto meter = std::make_unique<OtiiMeter>(spec, std::move(client), std::move(lock));
  SLMRIG_TRY(meter->prepare(address));
  return meter;
}

}  // namespace slmrig::rig
