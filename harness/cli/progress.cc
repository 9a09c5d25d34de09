#include "harness/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>

#include <fmt/format.h>

#include "harness/cli/figures.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;
constexpr int64_t kPaceNeedsNs = 2 * kNsPerS;    // earlier than this the pace is a guess
constexpr int64_t kShareEveryNs = 30 * kNsPerS;  // of PlainProgress: a log keeps its lines
constexpr std::chrono::milliseconds kRedrawEvery{150};
constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kNarrowestBar = 8;

std::size_t columns_of(std::FILE* terminal) {
  winsize size = {};
  if (ioctl(fileno(terminal), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string bar_of(double share, std::size_t width) {
  const auto filled = static_cast<std::size_t>(std::floor(share * static_cast<double>(width)));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < filled ? "━" : "┈";
  return bar;
}

}  // namespace

double ProgressState::share() const {
  if (total_ == 0) return 0.0;
  return std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
}

std::string ProgressState::time_left(int64_t now_ns) const {
  const int64_t elapsed_ns = now_ns - started_at_ns_;
  const double done = share();
  if (elapsed_ns < kPaceNeedsNs || done <= 0.01) return {};
  const double left_ns = static_cast<double>(elapsed_ns) * (1.0 - done) / done;
  return countdown_text(static_cast<int64_t>(left_ns)) + " left";
}

std::vector<std::string> progress_block(const ProgressOptions& options, const ProgressState& state,
                                        const std::map<std::string, std::string>& activities,
                                        std::size_t columns, int64_t now_ns) {
  const std::string title = shorten(options.title, 20);
  const std::string figures =
      fmt::format("{:3.0f}%  {}", std::floor(state.share() * 100.0), state.time_left(now_ns));
  const std::size_t beside = display_width(title) + display_width(figures) + 4;
  const std::size_t room = columns > beside ? columns - beside : 0;
  std::string head = title + "  ";
  if (room >= kNarrowestBar) head += bar_of(state.share(), std::min(room, kWidestBar)) + "  ";
  head += figures;

  std::size_t name_width = 0;
  for (const std::string& bench : options.benches) name_width = std::max(name_width, display_width(bench));
  name_width = std::min(name_width, columns / 3);
  std::vector<std::string> lines = {shorten(head, columns)};
  for (const std::string& bench : options.benches) {
    const auto found = activities.find(bench);
    const std::string name = shorten(bench, name_width);
    std::string line = "  " + name + std::string(name_width - display_width(name) + 2, ' ');
    line += found == activities.end() ? "waiting" : found->second;
    lines.push_back(shorten(line, columns));
  }
  return lines;
}

TerminalProgress::TerminalProgress(std::FILE* terminal, ProgressOptions options)
    : terminal_(terminal),
      options_(std::move(options)),
      drawer_([this](const std::stop_token& stop) { draw_repeatedly(stop); }) {}

TerminalProgress::~TerminalProgress() {
  drawer_.request_stop();
  drawer_.join();
  const std::lock_guard lock(mutex_);
  erase();
  std::fflush(terminal_);
}

void TerminalProgress::draw_repeatedly(const std::stop_token& stop) {
  std::mutex sleep_mutex;
  std::condition_variable_any sleeper;
  std::unique_lock sleeping(sleep_mutex);
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex_);
      draw();
    }
    sleeper.wait_for(sleeping, stop, kRedrawEvery, [] { return false; });
  }
}

void TerminalProgress::erase() {
  if (drawn_lines_ != 0) fmt::print(terminal_, "\x1b[{}F\x1b[J", drawn_lines_);
  drawn_lines_ = 0;
}

// One write for the whole block: a terminal that shows half of it flickers.
void TerminalProgress::draw() {
  // A column less: a full line would leave the cursor at a place that terminals disagree about.
  const std::size_t columns = std::max<std::size_t>(columns_of(terminal_), 20) - 1;
  const auto lines = progress_block(options_, state_, activities_, columns, base::monotonic_now_ns());
  std::string text = drawn_lines_ == 0 ? "" : fmt::format("\x1b[{}F", drawn_lines_);
  for (const std::string& line : lines) text += line + "\x1b[K\n";
  std::fputs(text.c_str(), terminal_);
  std::fflush(terminal_);
  drawn_lines_ = lines.size();
}

void TerminalProgress::total_work(uint64_t units) {
  const std::lock_guard lock(mutex_);
  state_.set_total(units, base::monotonic_now_ns());
}

void TerminalProgress::advance(const std::string&, uint64_t units) {
  const std::lock_guard lock(mutex_);
  state_.advance(units);
}

void TerminalProgress::activity(const std::string& bench, const std::string& text) {
  const std::lock_guard lock(mutex_);
  activities_[bench] = text;
}

void TerminalProgress::notice(const std::string& bench, const std::string& text) {
  const std::lock_guard lock(mutex_);
  erase();
  fmt::print(terminal_, "{}: {}\n", bench, text);
  draw();
}

PlainProgress::PlainProgress(std::FILE* stream, ProgressOptions options)
    : stream_(stream), options_(std::move(options)), last_share_at_ns_(base::monotonic_now_ns()) {}

void PlainProgress::total_work(uint64_t units) {
  const std::lock_guard lock(mutex_);
  state_.set_total(units, base::monotonic_now_ns());
}

void PlainProgress::advance(const std::string&, uint64_t units) {
  const std::lock_guard lock(mutex_);
  state_.advance(units);
  const int64_t now_ns = base::monotonic_now_ns();
  if (now_ns - last_share_at_ns_ < kShareEveryNs) return;
  last_share_at_ns_ = now_ns;
  fmt::print(stream_, "{}: {:.0f}%  {}\n", options_.title, std::floor(state_.share() * 100.0),
             state_.time_left(now_ns));
  std::fflush(stream_);
}

// Activities change with every prompt: too many for lines that stay.
void PlainProgress::activity(const std::string&, const std::string&) {}

void PlainProgress::stage(const std::string& bench, const std::string& text) { notice(bench, text); }

void PlainProgress::notice(const std::string& bench, const std::string& text) {
  const std::lock_guard lock(mutex_);
  fmt::print(stream_, "{}: {}\n", bench, text);
  std::fflush(stream_);
}

std::unique_ptr<base::Observer> make_progress(std::FILE* stream, bool quiet, ProgressOptions options) {
  if (quiet) return std::make_unique<base::SilentObserver>();
  if (isatty(fileno(stream)) == 1) return std::make_unique<TerminalProgress>(stream, std::move(options));
  return std::make_unique<PlainProgress>(stream, std::move(options));
}

}  // namespace slmrig::cli
