#include "harness/rig/meters/sigrok_meter.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "harness/base/child_process.h"
#include "harness/base/clock.h"
#include "harness/base/paths.h"
#include "harness/rig/meters/meter_stream.h"
#include "harness/rig/meters/polled_meter.h"
#include "harness/rig/meters/stream_check.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::PowerSamples;
using base::Result;

constexpr int64_t kProbeMs = 20'000;
constexpr int64_t kSilentMs = 10'000;
constexpr int64_t kDrainMs = 1000;
constexpr int64_t kCheckReadMs = 2000;
constexpr std::size_t kMostSamples = 65536;
constexpr std::size_t kLongestLine = 256;
constexpr std::size_t kMostComplaint = 2000;

std::string setting(const base::MeterSpec& spec, const std::string& name, const std::string& absent = {}) {
  const auto found = spec.settings.find(name);
  return found == spec.settings.end() ? absent : found->second;
}

// Every run of this version ends with a complaint of glib's that means nothing.
std::string useful_part(const std::string& errors) {
  std::string kept;
  std::size_t begin = 0;
  while (begin < errors.size()) {
    const std::size_t end = std::min(errors.find('\n', begin), errors.size());
    const std::string line = errors.substr(begin, end - begin);
    begin = end + 1;
    if (!line.empty() && line.find("g_atomic_ref_count_dec") == std::string::npos)
      kept += (kept.empty() ? "" : "; ") + line;
  }
  return kept.empty() ? "it said nothing" : kept;
}

struct SigrokChannels {
  std::string current;
  std::string voltage;
  std::string power;
};

class SigrokMeter final : public Meter {
 public:
  explicit SigrokMeter(base::MeterSpec spec) : spec_(std::move(spec)) {}
  ~SigrokMeter() override { close(); }
  SigrokMeter(const SigrokMeter&) = delete;
  SigrokMeter& operator=(const SigrokMeter&) = delete;

  Done prepare();

  const base::MeterFacts& facts() const override { return facts_; }
  Result<std::vector<MeterCheck>> self_check() override;
  Done set_voltage(int) override { return no_supply(); }
  Done set_power(bool) override { return no_supply(); }
  Done start() override;
  Result<bool> read(PowerSamples& block, int64_t timeout_ms) override;
  Done stop() override;
  void close() override { static_cast<void>(stop()); }

 private:
  static Done no_supply() {
    return fail(ErrorCode::kUnsupported,
                "through sigrok-cli an instrument is only read; nothing was changed");
  }
  std::vector<std::string> command(const std::vector<std::string>& further) const;
  Done choose_channels();
  void take(const MeterBytes& bytes, PowerSamples& block);
  void take_figure(const SigrokFigure& figure, int64_t time_ns, PowerSamples& block);
  void hear_complaints();
  Done ended_early();

  base::MeterSpec spec_;
  base::MeterFacts facts_;
  std::string program_;
  std::string config_;
  std::string group_;
  double shunt_ohm_ = 0;  // 0: current is told as current
  SigrokChannels channels_;
  std::optional<base::ChildProcess> child_;
  std::unique_ptr<MeterStream> stream_;
  std::string rest_;  // of a line
  std::string complaints_;
  std::optional<double> volts_;
  int64_t next_index_ = 0;
  int64_t heard_ns_ = 0;
  bool running_ = false;
};

std::vector<std::string> SigrokMeter::command(const std::vector<std::string>& further) const {
  std::vector<std::string> all = {program_, "-l", "1", "-d", spec_.address, "-O", "analog"};
  if (!config_.empty()) all.insert(all.end(), {"--config", config_});
  if (!group_.empty()) all.insert(all.end(), {"-g", group_});
  // All others would only be in the way of one that streams.
  if (facts_.sample_rate_hz > 0 && !channels_.current.empty())
    all.insert(all.end(), {"-C", channels_.current});
  all.insert(all.end(), further.begin(), further.end());
  return all;
}

Done SigrokMeter::prepare() {
  SLMRIG_TRY(check_settings(spec_, {"config", "group", "current", "voltage", "power", "shunt_ohm", "rate_hz",
                                    "program", "gain_percent", "offset_ua"}));
  program_ = setting(spec_, "program", "sigrok-cli");
  if (program_ == "sigrok-cli" && base::program_in_path(program_).empty()) {
    return fail(ErrorCode::kUnsupported,
                "the program sigrok-cli is not installed; install the Debian package of that name");
  }
  const bool is_plain_demo = spec_.address == "demo" && spec_.settings.count("config") == 0;
  if (is_plain_demo) {
    spec_.settings.insert({{"current", "A0"}, {"shunt_ohm", "1"}, {"rate_hz", "1000"}});
  }
  config_ = setting(spec_, "config");
  group_ = setting(spec_, "group");
  channels_ = {setting(spec_, "current"), setting(spec_, "voltage"), setting(spec_, "power")};
  SLMRIG_ASSIGN(const double rate_hz, number_setting(spec_, "rate_hz", 0, 0, 1e5));
  SLMRIG_ASSIGN(shunt_ohm_, number_setting(spec_, "shunt_ohm", 0, 1e-6, 1e6));
  facts_.sample_rate_hz = rate_hz;
  if (rate_hz > 0) config_ += fmt::format("{}samplerate={:.0f}", config_.empty() ? "" : ":", rate_hz);
  facts_.kind = "sigrok";
  facts_.model = spec_.address.substr(0, spec_.address.find(':'));
  facts_.address = spec_.address;
  if (!config_.empty()) facts_.settings["config"] = config_;
  base::MeterRange range;
  range.name = "whole";
  range.calibrated = false;
  range.shunt_ohm = shunt_ohm_;
  SLMRIG_ASSIGN(range, stated_range(spec_, range, &facts_));
  facts_.ranges = {range};
  return choose_channels();
}

// What a first reading shows, since drivers differ in what they call their channels.
Done SigrokMeter::choose_channels() {
  base::ChildOptions options;
  options.arguments = command({"--samples", "1"});
  base::CaptureLimits limits;
  limits.timeout_ms = kProbeMs;
  const Result<base::CapturedRun> run = base::run_captured(options, limits);
  if (!run) return tl::unexpected(run.error());
  std::map<std::string, std::string> units;  // by channel
  std::string shown;
  std::size_t begin = 0;
  while (begin < run->output.size()) {
    const std::size_t end = std::min(run->output.find('\n', begin), run->output.size());
    const auto figure = parse_sigrok_line(run->output.substr(begin, end - begin));
    begin = end + 1;
    if (!figure || !units.emplace(figure->channel, figure->unit).second) continue;
    if (channels_.current.empty() && figure->unit == "A") channels_.current = figure->channel;
    if (channels_.voltage.empty() && figure->unit == "V") channels_.voltage = figure->channel;
    if (channels_.power.empty() && figure->unit == "W") channels_.power = figure->channel;
  }
  for (const auto& [channel, unit] : units)
    shown += fmt::format("{}{} in {}", shown.empty() ? "" : ", ", channel, unit);
  // Its exit status is 1 after good measurements: only what it prints counts.
  if (units.empty()) {
    return fail(ErrorCode::kBadInput,
                fmt::format("`{}` showed no figure: {}", base::command_text(options.arguments),
                            useful_part(run->errors)));
  }
  if (facts_.sample_rate_hz > 0) channels_.voltage.clear();
  const auto current = units.find(channels_.current);
  const bool has_current = current != units.end() && current->second == (shunt_ohm_ > 0 ? "V" : "A");
  if (channels_.voltage == channels_.current) channels_.voltage.clear();
  // Where both are there, power is what they make.
  if (has_current && (facts_.sample_rate_hz > 0 || units.count(channels_.voltage) != 0))
    channels_.power.clear();
  if (!has_current && units.count(channels_.power) == 0) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("{} measures {}: neither current nor power that we were told of; name the channel in "
                    "the setting \"current\" (with \"shunt_ohm\" where it is a voltage) or \"power\"",
                    spec_.address, shown));
  }
  if (!has_current) channels_.current.clear();
  facts_.measures_voltage = !channels_.voltage.empty() || !channels_.power.empty();
  facts_.settings["channels"] = shown;
  return {};
}

Done SigrokMeter::start() {
  if (child_) return {};
  base::ChildOptions options;
  options.arguments = command({"--continuous"});
  SLMRIG_ASSIGN(child_, base::ChildProcess::spawn(options));
  ::fcntl(child_->errors(), F_SETFL, O_NONBLOCK);
  // A descriptor of its own: the stream outlives the process.
  stream_ = std::make_unique<MeterStream>(
      descriptor_link(base::UniqueFd(::fcntl(child_->output(), F_DUPFD_CLOEXEC, 0)), program_));
  rest_.clear();
  complaints_.clear();
  volts_.reset();
  next_index_ = 0;
  heard_ns_ = base::monotonic_now_ns();
  running_ = true;
  return {};
}

// A pipe that nobody empties would stop it.
void SigrokMeter::hear_complaints() {
  std::array<char, 1024> piece;
  for (;;) {
    const ssize_t got = ::read(child_->errors(), piece.data(), piece.size());
    if (got <= 0) return;
    if (complaints_.size() < kMostComplaint) complaints_.append(piece.data(), static_cast<std::size_t>(got));
  }
}

void SigrokMeter::take_figure(const SigrokFigure& figure, int64_t time_ns, PowerSamples& block) {
  constexpr double kMicro = 1e6;
  if (figure.channel == channels_.voltage) volts_ = figure.value;
  const bool is_current = figure.channel == channels_.current;
  const bool completes = is_current || (channels_.current.empty() && figure.channel == channels_.power);
  // Its voltage may come later than its first current.
  if (!completes || (!channels_.voltage.empty() && !volts_)) return;
  const bool is_finite = std::isfinite(figure.value);
  const double unit = is_current && shunt_ohm_ > 0 ? kMicro / shunt_ohm_ : kMicro;
  const auto value = static_cast<float>(is_finite ? figure.value * unit : 0);
  (is_current ? block.current_ua : block.power_uw).push_back(value);
  if (!channels_.voltage.empty()) block.voltage_mv.push_back(static_cast<float>(*volts_ * 1000));
  if (facts_.sample_rate_hz == 0) block.time_ns.push_back(time_ns);
  const uint8_t lacking = std::isnan(figure.value) ? base::kSampleInvalid : base::kSampleSaturated;
  block.flags.push_back(is_finite ? uint8_t{0} : lacking);
  ++next_index_;
}

void SigrokMeter::take(const MeterBytes& bytes, PowerSamples& block) {
  block.received_ns = bytes.received_ns;
  rest_.append(bytes.bytes.begin(), bytes.bytes.end());
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = rest_.find('\n', begin);
    if (end == std::string::npos) break;
    if (const auto figure = parse_sigrok_line(rest_.substr(begin, end - begin)))
      take_figure(*figure, bytes.received_ns, block);
    begin = end + 1;
  }
  rest_.erase(0, begin);
  if (rest_.size() > kLongestLine) rest_.clear();
}

Done SigrokMeter::ended_early() {
  hear_complaints();
  return fail(ErrorCode::kLinkLost,
              fmt::format("sigrok-cli ended while it should measure {}: {}; is it unplugged?", spec_.address,
                          useful_part(complaints_)));
}

Result<bool> SigrokMeter::read(PowerSamples& block, int64_t timeout_ms) {
  clear(block);
  if (!stream_) return false;
  if (child_) hear_complaints();
  block.first_index = next_index_;
  const int64_t deadline_ns = base::monotonic_now_ns() + timeout_ms * 1'000'000;
  while (block.flags.size() < kMostSamples) {
    const int64_t left_ms = std::max<int64_t>(0, (deadline_ns - base::monotonic_now_ns()) / 1'000'000);
    // What is there already is taken along; nothing further is waited for.
    const int64_t wait_ms = block.flags.empty() ? left_ms : 0;
    const Result<std::optional<MeterBytes>> got = stream_->next(running_ ? wait_ms : kDrainMs);
    if (!got) {
      if (running_ && block.flags.empty()) return tl::unexpected(ended_early().error());
      if (!running_) stream_.reset();
      break;
    }
    if (!*got) {
      if (!block.flags.empty() || left_ms == 0 || !running_) break;
      continue;
    }
    heard_ns_ = base::monotonic_now_ns();
    take(**got, block);
  }
  if (!block.flags.empty()) return true;
  if (running_ && base::monotonic_now_ns() - heard_ns_ > kSilentMs * 1'000'000) {
    return fail(ErrorCode::kTimeout,
                fmt::format("{} has shown no figure for {} s", spec_.address, kSilentMs / 1000));
  }
  return false;
}

Done SigrokMeter::stop() {
  running_ = false;
  if (!child_) return {};
  // What it had written stays in the pipe, and is read to its end.
  child_->stop();
  child_.reset();
  return {};
}

Result<std::vector<MeterCheck>> SigrokMeter::self_check() {
  SLMRIG_TRY(start());
  PowerSamples block;
  int64_t readings = 0;
  int64_t lacking = 0;
  const int64_t begin_ns = base::monotonic_now_ns();
  while (base::monotonic_now_ns() - begin_ns < kCheckStreamMs * 1'000'000 || readings == 0) {
    const Result<bool> got = read(block, kCheckReadMs);
    if (!got) return tl::unexpected(got.error());
    readings += static_cast<int64_t>(block.flags.size());
    for (const uint8_t flags : block.flags) lacking += flags != 0 ? 1 : 0;
  }
  const double seconds = static_cast<double>(base::monotonic_now_ns() - begin_ns) * 1e-9;
  SLMRIG_TRY(stop());
  return std::vector<MeterCheck>{
      {"rate", readings > 0, fmt::format("{:.1f} figures a second", static_cast<double>(readings) / seconds)},
      {"losses", lacking == 0,
       fmt::format("{} of {} figures were overloads or none; none may", lacking, readings)}};
}

}  // namespace

std::optional<SigrokFigure> parse_sigrok_line(const std::string& line) {
  static const std::map<char, double> kPrefixes = {{'p', 1e-12}, {'n', 1e-9}, {'u', 1e-6},
                                                   {'m', 1e-3},  {'k', 1e3},  {'M', 1e6}};
  const std::size_t colon = line.find(": ");
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  SigrokFigure figure;
  figure.channel = line.substr(0, colon);
  const char* text = line.c_str() + colon + 2;
  char* rest = nullptr;
  figure.value = std::strtod(text, &rest);
  if (rest == text) return std::nullopt;
  std::string unit(rest);
  unit.erase(0, unit.find_first_not_of(' ') == std::string::npos ? unit.size() : unit.find_first_not_of(' '));
  unit = unit.substr(0, unit.find_first_of(" \r\n"));
  // The micro sign is two bytes of UTF-8.
  if (unit.rfind("\xc2\xb5", 0) == 0) unit.replace(0, 2, "u");
  const auto prefix = unit.size() > 1 ? kPrefixes.find(unit.front()) : kPrefixes.end();
  if (prefix != kPrefixes.end()) {
    figure.value *= prefix->second;
    unit.erase(0, 1);
  }
  if (unit.empty()) return std::nullopt;
  figure.unit = unit;
  return figure;
}

Result<std::unique_ptr<Meter>> open_sigrok(const base::MeterSpec& spec) {
  auto meter = std::make_unique<SigrokMeter>(spec);
  SLMRIG_TRY(meter->prepare());
  return meter;
}

}  // namespace slmrig::rig
