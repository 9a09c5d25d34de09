// slmrig power: meters by themselves, without a board's agent.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/interrupt.h"
#include "harness/base/meter_words.h"
#include "harness/cli/commands.h"
#include "harness/cli/power_plot.h"
#include "harness/cli/power_summary.h"
#include "harness/cli/recording_file.h"
#include "harness/cli/text_table.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/meter_kinds.h"

namespace slmrig::cli {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

struct MeterOptions {
  std::string meter;
  std::string mode;
  int voltage_mv = 0;
  std::vector<std::string> settings;
};

struct RecordOptions {
  MeterOptions meter;
  double seconds = 10;
  std::string file;
  bool no_plot = false;
};

void add_meter_options(CLI::App& command, MeterOptions& options) {
  command.add_option("--meter", options.meter, "KIND:ADDRESS, such as ppk2:/dev/serial/by-id/...")
      ->required();
  command.add_option("--mode", options.mode, "Of a meter in or behind the supply; absent: as it stands")
      ->check(CLI::IsMember({"source", "ampere"}));
  command.add_option("--voltage", options.voltage_mv,
                     "Millivolts of the board's supply; with --mode source it is made");
  command.add_option("--set", options.settings,
                     "NAME=VALUE: a setting of this kind of meter; may be repeated");
}

Result<std::unique_ptr<rig::Meter>> open(const MeterOptions& options, base::MeterSpec* spec) {
  SLMRIG_ASSIGN(*spec, rig::parse_meter(options.meter));
  spec->mode = options.mode;
  spec->voltage_mv = options.voltage_mv;
  for (const std::string& setting : options.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos)
      return fail(ErrorCode::kBadInput, fmt::format("--set takes NAME=VALUE, found '{}'", setting));
    spec->settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return rig::open_meter(*spec);
}

// What the supply gives, where the meter does not measure it itself.
double supply_v(const base::MeterFacts& facts, const base::MeterSpec& spec) {
  const auto set = facts.settings.find("voltage_mv");
  const std::string text = set == facts.settings.end() ? std::string() : set->second;
  const int millivolts = text.empty() ? spec.voltage_mv : std::atoi(text.c_str());
  return millivolts / 1000.0;
}

Result<ExitCode> list_meters() {
  // An address is there to be copied: never cut.
  constexpr std::size_t kWidest = 1000;
  TextTable table({{"kind"}, {"instrument"}, {"address"}}, 2);
  const std::vector<rig::FoundMeter> found = rig::find_meters();
  for (const rig::FoundMeter& one : found) table.add_row({one.kind, one.name, one.address});
  if (found.empty()) {
    fmt::print("No meter is there that tells what it is.\n");
  } else {
    std::fputs(table.text(kWidest).c_str(), stdout);
  }
  fmt::print("\nKinds of meters, as KIND:ADDRESS in --meter and \"kind\" and \"address\" in a rig file:\n");
  TextTable kinds({{"kind"}, {"instrument"}, {"address"}}, 2);
  for (const rig::MeterKind& kind : rig::meter_kinds()) kinds.add_row({kind.name, kind.title, kind.address});
  std::fputs(kinds.text(kWidest).c_str(), stdout);
  return ExitCode::kGood;
}

// Redraws the plot on a terminal; on anything else it says nothing, since what counts comes at the end.
class LiveView {
 public:
  LiveView(bool wanted, const base::MeterFacts& facts, double seconds) {
    winsize size = {};
    shown_ = wanted && facts.sample_rate_hz > 0 && ::isatty(STDERR_FILENO) != 0;
    if (!shown_) return;
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > kNarrowest)
      columns_ = size.ws_col - 1U;
    const std::size_t capacity = plot_capacity(columns_);
    constexpr double kLongestS = 10;
    const double samples = std::min(seconds, kLongestS) * facts.sample_rate_hz;
    bins_.emplace(std::max<std::size_t>(1, static_cast<std::size_t>(samples / static_cast<double>(capacity))),
                  capacity);
  }

  void add(const base::PowerSamples& block, const PowerSummary& summary) {
    if (!shown_) return;
    bins_->add(block);
    const int64_t now_ns = base::monotonic_now_ns();
    if (now_ns - drawn_ns_ < kRedrawNs) return;
    drawn_ns_ = now_ns;
    erase();
    for (const std::string& line : plot_lines(bins_->bins(), columns_, kRows))
      fmt::print(stderr, "{}\n", line);
    fmt::print(stderr, "{:.1f} s  mean {}  {}  lost {}\n", summary.seconds(),
               quantity_text(summary.mean_ua(), "A"), quantity_text(summary.energy_uj(), "J"),
               summary.lost());
    drawn_ = true;
  }

 private:
  static constexpr std::size_t kNarrowest = 30;
  static constexpr std::size_t kRows = 10;
  static constexpr int64_t kRedrawNs = 100'000'000;

  void erase() const {
    if (drawn_) fmt::print(stderr, "\x1b[{}F\x1b[J", kRows + 1);
  }

  bool shown_ = false;
  bool drawn_ = false;
  std::size_t columns_ = 79;
  std::optional<PlotBins> bins_;
  int64_t drawn_ns_ = 0;
};

class Recorder {
 public:
  Recorder(rig::Meter& meter, PowerSummary& summary, LiveView& view, std::optional<RecordingFile>& file)
      : meter_(meter), summary_(summary), view_(view), file_(file) {}

  Done record(double seconds) {
    SLMRIG_TRY(meter_.start());
    // By the meter's own clock; a meter in modelled time, or one that goes slow, is not waited for for ever.
    const int64_t begin_ns = base::monotonic_now_ns();
    const auto limit_ns = static_cast<int64_t>((seconds * 2 + 5) * 1e9);
    while (!base::interrupt_flag() && summary_.seconds() < seconds &&
           base::monotonic_now_ns() - begin_ns < limit_ns) {
      SLMRIG_ASSIGN(const bool got, meter_.read(block_, kWaitMs));
      if (got) SLMRIG_TRY(take());
    }
    SLMRIG_TRY(meter_.stop());
    for (;;) {
      SLMRIG_ASSIGN(const bool got, meter_.read(block_, kWaitMs));
      if (!got) return {};
      SLMRIG_TRY(take());
    }
  }

 private:
  static constexpr int64_t kWaitMs = 200;

  Done take() {
    summary_.add(block_);
    view_.add(block_, summary_);
    return file_ ? file_->write(block_) : Done{};
  }

  rig::Meter& meter_;
  PowerSummary& summary_;
  LiveView& view_;
  std::optional<RecordingFile>& file_;
  base::PowerSamples block_;
};

void print_facts(const base::MeterFacts& facts) {
  fmt::print("meter    {} {}{}\n", facts.kind, facts.model,
             facts.serial.empty() ? std::string() : ", serial number " + facts.serial);
  for (const base::MeterRange& range : facts.ranges) {
    if (!range.calibrated) fmt::print("doubt    {}\n", base::uncalibrated_text(facts, range));
  }
}

Result<ExitCode> record(const RecordOptions& options) {
  base::install_interrupt_handler();
  base::MeterSpec spec;
  SLMRIG_ASSIGN(const std::unique_ptr<rig::Meter> meter, open(options.meter, &spec));
  const base::MeterFacts& facts = meter->facts();
  std::optional<RecordingFile> file;
  if (!options.file.empty()) {
    SLMRIG_ASSIGN(file, RecordingFile::create(options.file, facts, supply_v(facts, spec) * 1000));
  }
  PowerSummary summary(facts, supply_v(facts, spec));
  LiveView view(!options.no_plot, facts, options.seconds);
  const Done recorded = Recorder(*meter, summary, view, file).record(options.seconds);
  const Done written = file ? file->finish() : Done{};
  // What there is, also where it ended early.
  print_facts(facts);
  for (const std::string& line : summary.lines()) fmt::print("{}\n", line);
  if (!options.file.empty()) fmt::print("file     {}\n", options.file);
  if (file && !file->sha256().empty()) fmt::print("sha256   {}\n", file->sha256());
  SLMRIG_TRY(recorded);
  SLMRIG_TRY(written);
  return ExitCode::kGood;
}

Result<ExitCode> self_check(const MeterOptions& options) {
  base::MeterSpec spec;
  SLMRIG_ASSIGN(const std::unique_ptr<rig::Meter> meter, open(options, &spec));
  print_facts(meter->facts());
  SLMRIG_ASSIGN(const std::vector<rig::MeterCheck> checks, meter->self_check());
  bool good = true;
  for (const rig::MeterCheck& check : checks) {
    fmt::print("{} {:<12} {}\n", check.good ? "good " : "BAD  ", check.name, check.detail);
    good &= check.good;
  }
  return good ? ExitCode::kGood : ExitCode::kUndecided;
}

}  // namespace

void add_power_command(CLI::App& app, Action& action) {
  CLI::App* power = app.add_subcommand("power", "Power monitors: list, record, check; battery life");
  power->require_subcommand(1);
  add_power_life_command(*power, action);
  power->add_subcommand("list", "Meters that are plugged in, and the kinds that there are drivers for")
      ->callback([&action] { action = [] { return list_meters(); }; });

  auto recording = std::make_shared<RecordOptions>();
  CLI::App* command = power->add_subcommand("record", "Records what a meter sees");
  add_meter_options(*command, recording->meter);
  command->add_option("--seconds", recording->seconds, "How long")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  command->add_option("-o,--output", recording->file,
                      "The file to write: FILE.csv, or a capture that `slmrig power export` reads");
  command->add_flag("--no-plot", recording->no_plot, "No plot on the terminal");
  command->callback([&action, recording] { action = [recording] { return record(*recording); }; });

  auto checking = std::make_shared<MeterOptions>();
  command =
      power->add_subcommand("selfcheck", "Zero offset, known load, rate, losses, marker lines of a meter");
  add_meter_options(*command, *checking);
  add_power_export_command(*power, action);
  command->callback([&action, checking] { action = [checking] { return self_check(*checking); }; });
}

}  // namespace slmrig::cli
