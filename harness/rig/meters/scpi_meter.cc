#include "harness/rig/meters/scpi_meter.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/paths.h"
#include "harness/base/suggest.h"
#include "harness/rig/bench_lock.h"
#include "harness/rig/meters/instrument_line.h"
#include "harness/rig/meters/scpi_profile.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int64_t kConnectMs = 3000;
constexpr double kAnswerMs = 2000;
constexpr double kHighestRateHz = 1000;
constexpr int kMostFailures = 3;
constexpr const char* kDefaultPort = ":5025";

std::string setting(const base::MeterSpec& spec, const std::string& name) {
  const auto found = spec.settings.find(name);
  return found == spec.settings.end() ? std::string() : found->second;
}

bool is_serial(const base::MeterSpec& spec) {
  return !spec.usb_serial.empty() || (!spec.address.empty() && spec.address.front() == '/');
}

bool is_pseudo_terminal(const std::string& address) {
  std::error_code missing;
  const fs::path device = fs::canonical(address, missing);
  return !missing && device.parent_path() == "/dev/pts";
}

// Those that can be meant before the instrument has told what it is.
Result<std::vector<ScpiProfile>> candidates(const base::MeterSpec& spec, const fs::path& folder) {
  const std::string name = setting(spec, "profile");
  if (name.ends_with(".json")) {
    SLMRIG_ASSIGN(ScpiProfile profile, read_scpi_profile(name));
    return std::vector<ScpiProfile>{std::move(profile)};
  }
  SLMRIG_ASSIGN(std::vector<ScpiProfile> profiles, read_scpi_profiles(folder));
  std::vector<std::string> names;
  for (const ScpiProfile& profile : profiles) names.push_back(profile.name);
  const bool serial = is_serial(spec);
  if (name.empty() && serial) {
    return fail(ErrorCode::kBadInput,
                fmt::format("an instrument on a serial port needs the setting \"profile\", one of {}",
                            fmt::join(names, ", ")));
  }
  std::erase_if(profiles, [&](const ScpiProfile& profile) {
    return name.empty() ? profile.is_serial : profile.name != name;
  });
  if (profiles.empty()) return fail(ErrorCode::kBadInput, base::unknown_name("profile", name, names));
  return profiles;
}

std::string printable(const std::string& text) {
  std::string kept;
  std::copy_if(text.begin(), text.end(), std::back_inserter(kept),
               [](char c) { return c >= ' ' && c <= '~'; });
  return kept;
}

class ScpiSource final : public PolledSource {
 public:
  ScpiSource(base::MeterSpec spec, ScpiProfile profile, std::unique_ptr<InstrumentLine> line,
             std::optional<BenchLock> lock, std::string idn)
      : spec_(std::move(spec)),
        profile_(std::move(profile)),
        lock_(std::move(lock)),
        line_(std::move(line)),
        idn_(std::move(idn)) {}

  Done prepare(const std::string& address);

  const base::MeterFacts& facts() const override { return facts_; }
  PolledColumns columns() const override { return columns_; }
  int64_t interval_ns() const override { return interval_ns_; }
  Done begin() override {
    failures_ = 0;
    return {};
  }
  Result<std::optional<PolledReading>> poll() override;
  Done set_voltage(int millivolts) override;
  Done set_power(bool on) override;
  Result<std::vector<MeterCheck>> checks() override;
  void close() override;

 private:
  bool feeds() const { return spec_.mode == "source"; }
  Result<std::string> ask(const std::string& question);
  Done tell(const std::string& command, const std::map<std::string, std::string>& values = {});
  Done read_figure(const std::string& question, double unit, double* into, PolledReading* reading);
  Done identify();
  Done begin_remote();
  Done feed_board();
  Done check_error(const std::string& command);
  Result<bool> is_on();

  base::MeterSpec spec_;
  ScpiProfile profile_;
  std::optional<BenchLock> lock_;
  std::unique_ptr<InstrumentLine> line_;
  std::string idn_;
  base::MeterFacts facts_;
  PolledColumns columns_;
  int64_t interval_ns_ = 0;
  int64_t answer_ms_ = 0;
  int channel_ = 1;
  int failures_ = 0;  // in succession
};

Result<std::string> ScpiSource::ask(const std::string& question) {
  return line_->ask(fill_command(question, {{"channel", fmt::format("{}", channel_)}}), answer_ms_);
}

Done ScpiSource::tell(const std::string& command, const std::map<std::string, std::string>& values) {
  if (command.empty()) return {};
  std::map<std::string, std::string> all = values;
  all["channel"] = fmt::format("{}", channel_);
  return line_->tell(fill_command(command, all));
}

Done ScpiSource::identify() {
  // Four fields with commas, where the instrument keeps to the standard.
  std::vector<std::string> fields(1);
  for (const char c : idn_) {
    if (c == ',') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  constexpr std::size_t kFields = 4;
  facts_.model = fields.size() < kFields ? idn_ : fields[0] + " " + fields[1];
  if (fields.size() < kFields) return {};
  facts_.serial = fields[2];
  facts_.version = fields[3];
  return {};
}

Done ScpiSource::prepare(const std::string& address) {
  SLMRIG_TRY(check_settings(spec_, {"profile", "channel", "current_limit_ma", "nplc", "rate_hz", "answer_ms",
                                    "gain_percent", "offset_ua"}));
  SLMRIG_ASSIGN(const double channel, number_setting(spec_, "channel", 1, 1, profile_.channels));
  SLMRIG_ASSIGN(const double rate_hz, number_setting(spec_, "rate_hz", kHighestRateHz, 0.01, kHighestRateHz));
  SLMRIG_ASSIGN(const double answer_ms, number_setting(spec_, "answer_ms", kAnswerMs, 1, 60'000));
  channel_ = static_cast<int>(channel);
  interval_ns_ = static_cast<int64_t>(1e9 / rate_hz);
  answer_ms_ = static_cast<int64_t>(answer_ms);
  const bool both = !profile_.voltage.empty() && !profile_.current.empty();
  columns_ = {!profile_.current.empty(), !profile_.voltage.empty(), !both && !profile_.power.empty()};
  facts_.kind = spec_.kind;
  facts_.address = address;
  facts_.measures_voltage = columns_.voltage || columns_.power;
  facts_.settings["profile"] = profile_.name;
  facts_.settings["channel"] = fmt::format("{}", channel_);
  facts_.voltage_half_width = profile_.voltage_gain;
  base::MeterRange range;
  range.name = "whole";
  range.gain_half_width = profile_.current_gain;
  range.offset_ua = profile_.current_offset_ua;
  range.calibrated = profile_.accuracy_stated;
  if (range.calibrated) facts_.settings["accuracy"] = "as its maker states";
  SLMRIG_ASSIGN(range, stated_range(spec_, range, &facts_));
  facts_.ranges = {range};
  SLMRIG_TRY(identify());
  SLMRIG_TRY(begin_remote());
  if (!spec_.mode.empty() && !feeds()) facts_.settings["mode"] = spec_.mode;
  return feeds() ? feed_board() : Done{};
}

Done ScpiSource::begin_remote() {
  for (const std::string& command : profile_.open) SLMRIG_TRY(tell(command));
  SLMRIG_TRY(tell(profile_.select));
  for (const std::string& command : profile_.setup) SLMRIG_TRY(tell(command));
  if (profile_.integration.empty()) return {};
  SLMRIG_ASSIGN(const double nplc, number_setting(spec_, "nplc", profile_.nplc, 1e-4, 1000));
  facts_.settings["nplc"] = fmt::format("{}", nplc);
  return tell(profile_.integration, {{"nplc", fmt::format("{}", nplc)}});
}

// The limit first: nothing may flow that the board does not stand.
Done ScpiSource::feed_board() {
  if (!profile_.supply) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} is no supply: leave out \"mode\"", profile_.description));
  }
  if (spec_.voltage_mv == 0 || setting(spec_, "current_limit_ma").empty()) {
    return fail(
        ErrorCode::kBadInput,
        "a supply that feeds the board (\"mode\": \"source\") must be told its \"voltage_mv\" and, in its "
        "settings, a \"current_limit_ma\"; nothing was changed");
  }
  SLMRIG_ASSIGN(const double limit_ma,
                number_setting(spec_, "current_limit_ma", 0, 1, profile_.supply->highest_ma));
  facts_.sources = true;
  facts_.settings["mode"] = "source";
  facts_.settings["current_limit_ma"] = fmt::format("{}", limit_ma);
  const ScpiSupply& supply = *profile_.supply;
  SLMRIG_TRY(tell(supply.set_current_limit,
                  {{"amperes", figure_text(limit_ma / 1000, supply.amperes_decimals, supply.width)}}));
  SLMRIG_TRY(check_error(supply.set_current_limit));
  SLMRIG_TRY(set_voltage(spec_.voltage_mv));
  return set_power(spec_.leave_powered);
}

Done ScpiSource::check_error(const std::string& command) {
  if (profile_.error.empty()) return {};
  SLMRIG_ASSIGN(const std::string answer, ask(profile_.error));
  SLMRIG_ASSIGN(const bool none, matches(answer, profile_.no_error));
  if (none) return {};
  return fail(ErrorCode::kDeviceFault,
              fmt::format("{} refused '{}': {}", facts_.address, command, printable(answer)));
}

Done ScpiSource::set_voltage(int millivolts) {
  if (!profile_.supply || !feeds()) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} does not feed the board (\"mode\": \"source\"): its "
                                                     "voltage is not ours to set",
                                                     facts_.address));
  }
  const ScpiSupply& supply = *profile_.supply;
  if (millivolts < supply.lowest_mv || millivolts > supply.highest_mv) {
    return fail(ErrorCode::kBadInput,
                fmt::format("{} makes {} to {} mV; {} mV were asked for, and nothing was changed",
                            profile_.description, supply.lowest_mv, supply.highest_mv, millivolts));
  }
  SLMRIG_TRY(tell(supply.set_voltage,
                  {{"volts", figure_text(millivolts / 1000.0, supply.volts_decimals, supply.width)}}));
  SLMRIG_TRY(check_error(supply.set_voltage));
  SLMRIG_ASSIGN(const std::string answer, ask(supply.voltage));
  SLMRIG_ASSIGN(const ScpiFigure set, parse_figure(answer));
  // It may round to its own steps.
  constexpr double kStepV = 0.02;
  if (!set.valid || std::abs(set.value - millivolts / 1000.0) > kStepV) {
    return fail(ErrorCode::kDeviceFault, fmt::format("{} was set to {} mV and says that it is set to {} V",
                                                     facts_.address, millivolts, answer));
  }
  facts_.settings["voltage_mv"] = fmt::format("{}", millivolts);
  return {};
}

Result<bool> ScpiSource::is_on() {
  const ScpiSupply& supply = *profile_.supply;
  SLMRIG_ASSIGN(const std::string answer, ask(supply.state));
  if (supply.state_bit < 0) return matches(answer, supply.state_on);
  return !answer.empty() && ((static_cast<uint8_t>(answer.front()) >> supply.state_bit) & 1U) != 0;
}

Done ScpiSource::set_power(bool on) {
  if (!profile_.supply || !feeds()) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{} does not feed the board (\"mode\": \"source\"): its output is not ours to switch",
                    facts_.address));
  }
  const std::string& command = on ? profile_.supply->on : profile_.supply->off;
  SLMRIG_TRY(tell(command));
  SLMRIG_TRY(check_error(command));
  if (profile_.supply->state.empty()) return {};
  SLMRIG_ASSIGN(const bool now, is_on());
  if (now == on) return {};
  return fail(ErrorCode::kDeviceFault, fmt::format("{} was told to switch its output {}, and it is {}",
                                                   facts_.address, on ? "on" : "off", now ? "on" : "off"));
}

Done ScpiSource::read_figure(const std::string& question, double unit, double* into, PolledReading* reading) {
  if (question.empty()) return {};
  SLMRIG_ASSIGN(const std::string answer, ask(question));
  SLMRIG_ASSIGN(const ScpiFigure figure, parse_figure(answer));
  reading->valid &= figure.valid;
  reading->saturated |= figure.saturated;
  *into = figure.valid && !figure.saturated ? figure.value * unit : 0;
  return {};
}

Result<std::optional<PolledReading>> ScpiSource::poll() {
  PolledReading reading;
  const int64_t begin_ns = base::monotonic_now_ns();
  const auto read_all = [&]() -> Done {
    SLMRIG_TRY(read_figure(profile_.voltage, 1e3, &reading.voltage_mv, &reading));
    SLMRIG_TRY(read_figure(profile_.current, 1e6, &reading.current_ua, &reading));
    if (columns_.power) SLMRIG_TRY(read_figure(profile_.power, 1e6, &reading.power_uw, &reading));
    return {};
  };
  const Done got = read_all();
  const int64_t end_ns = base::monotonic_now_ns();
  reading.time_ns = begin_ns + (end_ns - begin_ns) / 2;
  if (got) {
    failures_ = 0;
    return reading;
  }
  // A late or garbled answer costs one reading; several in succession are no accident.
  const bool may_pass = got.error().code == ErrorCode::kTimeout || got.error().code == ErrorCode::kCorrupt;
  if (!may_pass || ++failures_ >= kMostFailures) return tl::unexpected(got.error());
  reading = {};
  reading.time_ns = end_ns;
  reading.valid = false;
  return reading;
}

Result<std::vector<MeterCheck>> ScpiSource::checks() {
  std::vector<MeterCheck> checks;
  if (!feeds() || profile_.voltage.empty()) return checks;
  SLMRIG_ASSIGN(const std::string set_text, ask(profile_.supply->voltage));
  SLMRIG_ASSIGN(const ScpiFigure set, parse_figure(set_text));
  SLMRIG_ASSIGN(const std::string measured_text, ask(profile_.voltage));
  SLMRIG_ASSIGN(const ScpiFigure measured, parse_figure(measured_text));
  bool on = true;
  if (!profile_.supply->state.empty()) {
    SLMRIG_ASSIGN(on, is_on());
  }
  if (!on) return checks;
  constexpr double kTolerance = 0.02;
  const bool good = measured.valid && std::abs(measured.value - set.value) <= kTolerance * set.value;
  checks.push_back({"supply", good,
                    fmt::format("{:.4g} V at its output, set to {:.4g} V; within {} % is expected",
                                measured.value, set.value, kTolerance * 100)});
  return checks;
}

void ScpiSource::close() {
  // It may be gone, and then nobody can be told anything.
  if (feeds()) static_cast<void>(set_power(spec_.leave_powered));
  for (const std::string& command : profile_.close) static_cast<void>(tell(command));
  line_->close();
}

Result<std::unique_ptr<Link>> open_line(const base::MeterSpec& spec, const std::string& address,
                                        const ScpiProfile& profile) {
  base::LinkSpec link;
  link.address = address;
  link.usb_serial = spec.usb_serial;
  link.baud = profile.baud;
  link.kind = "tcp";
  if (is_serial(spec)) link.kind = is_pseudo_terminal(address) ? "tty" : "serial";
  return open_link(link, is_serial(spec) ? 0 : kConnectMs);
}

Result<ScpiProfile> profile_of(const std::vector<ScpiProfile>& profiles, const std::string& idn,
                               const std::string& address) {
  std::string known;
  for (const ScpiProfile& profile : profiles) {
    SLMRIG_ASSIGN(const bool is_it, matches(idn, profile.idn));
    if (is_it) return profile;
    known += (known.empty() ? "" : "; ") + profile.name + ": " + profile.description;
  }
  return fail(ErrorCode::kBadInput,
              fmt::format("{} says that it is '{}', for which there is no profile ({}); write one "
                          "(boards/meters/meter.schema.json) and name its file in the setting \"profile\"",
                          address, idn, known));
}

}  // namespace

Result<std::unique_ptr<Meter>> open_scpi(const base::MeterSpec& spec, const fs::path& profiles) {
  fs::path folder = profiles;
  if (folder.empty()) {
    SLMRIG_ASSIGN(const fs::path root, base::find_project_root());
    folder = root / "boards/meters";
  }
  SLMRIG_ASSIGN(const std::vector<ScpiProfile> known, candidates(spec, folder));
  std::string address = spec.address.empty() ? spec.usb_serial : spec.address;
  if (address.empty()) return fail(ErrorCode::kBadInput, "an instrument needs an \"address\": host:port");
  std::optional<BenchLock> lock;
  if (!is_serial(spec)) {
    if (address.find(':') == std::string::npos) address += kDefaultPort;
    SLMRIG_ASSIGN(lock, BenchLock::acquire_instrument(address, "as a power meter"));
  }
  SLMRIG_ASSIGN(std::unique_ptr<Link> link,
                open_line(spec, spec.address.empty() ? std::string() : address, known.front()));
  auto line = std::make_unique<InstrumentLine>(std::move(link), known.front().framing);
  SLMRIG_ASSIGN(const double answer_ms, number_setting(spec, "answer_ms", kAnswerMs, 1, 60'000));
  SLMRIG_ASSIGN(const std::string answer, line->ask("*IDN?", static_cast<int64_t>(answer_ms)));
  const std::string idn = printable(answer);
  SLMRIG_ASSIGN(ScpiProfile profile, profile_of(known, idn, address));
  auto source = std::make_unique<ScpiSource>(spec, std::move(profile), std::move(line), std::move(lock), idn);
  SLMRIG_TRY(source->prepare(address));
  return std::make_unique<PolledMeter>(std::move(source));
}

}  // namespace slmrig::rig
