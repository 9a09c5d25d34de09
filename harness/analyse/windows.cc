#include "harness/analyse/windows.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace slmrig::analyse {

namespace {

constexpr double kMostClockDifference = 0.005;  // as between board and host: more is untrusted
constexpr double kLeastShareOfIdle = 0.5;
constexpr int64_t kClockSlackNs = 50'000;  // an edge at either end

uint8_t phase_of(const Stretch& stretch) {
  return static_cast<uint8_t>((stretch.state & kStatePhaseMask) >> kStatePhaseShift);
}

// A load is marked as active, too, and is no generation.
bool is_active(const Stretch& stretch) {
  return (stretch.state & kStateActive) != 0 && phase_of(stretch) != kPhaseLoad;
}

bool is_idle(const Stretch& stretch) {
  return !is_active(stretch) && phase_of(stretch) == kPhaseNone &&
         (stretch.state & (kStateBoot | kStateOther)) == 0;
}

// Stretches [begin, end) as one.
Window join(const std::vector<Stretch>& stretches, std::size_t begin, std::size_t end) {
  Window window;
  if (begin >= end) {
    const int64_t at = begin < stretches.size() ? stretches[begin].start_ns
                                                : (stretches.empty() ? 0 : stretches.back().end_ns);
    window.start_ns = window.end_ns = at;
    return window;
  }
  window.start_ns = stretches[begin].start_ns;
  window.end_ns = stretches[end - 1].end_ns;
  window.block_ns = stretches[begin].block_ns;
  if (begin > 0) window.step_at_start_uw = std::abs(stretches[begin].first_uw - stretches[begin - 1].last_uw);
  if (end < stretches.size())
    window.step_at_end_uw = std::abs(stretches[end].first_uw - stretches[end - 1].last_uw);
  window.sums.peak_uw = stretches[begin].sums.peak_uw;
  for (std::size_t i = begin; i < end; ++i) {
    window.sums.add(stretches[i].sums);
    window.block_uw.insert(window.block_uw.end(), stretches[i].block_uw.begin(), stretches[i].block_uw.end());
  }
  return window;
}

// What lies within the guards is left out of the blocks, unless that is most of them.
Window idle_window(const std::vector<Stretch>& stretches, std::size_t at, int64_t guard_ns) {
  Window window = join(stretches, at, at + 1);
  const int64_t block_ns = window.block_ns > 0
                               ? window.block_ns
                               : window.duration_ns() / std::max<int64_t>(1, std::ssize(window.block_uw));
  const int64_t guard = block_ns > 0 ? guard_ns / block_ns : 0;
  if (guard > 0 && std::ssize(window.block_uw) > 4 * guard) {
    window.block_uw.erase(window.block_uw.end() - static_cast<ptrdiff_t>(guard), window.block_uw.end());
    window.block_uw.erase(window.block_uw.begin(), window.block_uw.begin() + static_cast<ptrdiff_t>(guard));
  }
  return window;
}

int64_t longest_ns(const std::vector<Window>& windows) {
  int64_t longest = 0;
  for (const Window& window : windows) longest = std::max(longest, window.duration_ns());
  return longest;
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Span> active_spans(const std::vector<Stretch>& stretches) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    if (!is_active(stretches[i])) continue;
    if (i > 0 && is_active(stretches[i - 1])) {
      spans.back().end = i + 1;
    } else {
      spans.push_back({i, i + 1});
    }
  }
  return spans;
}

// Where tokens end: indexes of the stretches that begin there.
std::vector<std::size_t> token_ends(const std::vector<Stretch>& stretches, const Span& span,
                                    uint64_t expected_tokens) {
  std::vector<std::size_t> ends;
  const auto level = [&](std::size_t at) { return stretches[at].state & kStateToken; };
  for (std::size_t i = span.begin + 1; i < span.end; ++i) {
    if (level(i) != level(i - 1)) ends.push_back(i);
  }
  // The last edge may fall together with the end; so does a line that is merely put back.
  const bool at_end = span.end < stretches.size() && level(span.end) != level(span.end - 1);
  if (at_end && ends.size() + 1 == expected_tokens) ends.push_back(span.end);
  return ends;
}

GenerationWindows generation_windows(const std::vector<Stretch>& stretches, const Span& span,
                                     uint64_t expected_tokens) {
  GenerationWindows windows;
  const std::vector<std::size_t> ends = token_ends(stretches, span, expected_tokens);
  // What follows the last token holds its edge for the meter, and is not the model's.
  const std::size_t last_end = ends.empty() ? span.end : ends.back();
  windows.whole = join(stretches, span.begin, last_end);
  std::size_t first_end = last_end;
  if (!ends.empty()) {
    first_end = ends.front();
  } else {
    for (std::size_t i = span.begin; i < span.end && first_end == last_end; ++i) {
      if (phase_of(stretches[i]) == kPhaseDecode) first_end = i;
    }
  }
  windows.prefill = join(stretches, span.begin, first_end);
  windows.decode = join(stretches, first_end, last_end);
  std::size_t begin = span.begin;
  for (const std::size_t end : ends) {
    windows.tokens.push_back(join(stretches, begin, end));
    begin = end;
  }
  return windows;
}

void check_generation(const ExpectedGeneration& expected, const GenerationWindows& seen,
                      std::vector<std::string>& doubts) {
  if (seen.tokens.size() != expected.generated_tokens) {
    doubts.push_back(fmt::format("prompt {}: the markers show {} tokens, the board reports {}",
                                 expected.prompt_id, seen.tokens.size(), expected.generated_tokens));
  }
  if (expected.duration_ns <= 0) return;
  const int64_t difference = std::abs(seen.whole.duration_ns() - expected.duration_ns);
  const double most = kMostClockDifference * static_cast<double>(expected.duration_ns);
  if (static_cast<double>(difference - kClockSlackNs) > most) {
    doubts.push_back(fmt::format("prompt {}: {:.3f} ms by the meter's clock, {:.3f} ms by the board's",
                                 expected.prompt_id, static_cast<double>(seen.whole.duration_ns()) * 1e-6,
                                 static_cast<double>(expected.duration_ns) * 1e-6));
  }
}

}  // namespace

PassWindows find_windows(const std::vector<Stretch>& stretches,
                         const std::vector<ExpectedGeneration>& expected, int64_t idle_guard_ns) {
  PassWindows windows;
  const std::vector<Span> spans = active_spans(stretches);
  const std::size_t first = spans.empty() ? stretches.size() : spans.front().begin;
  const std::size_t behind = spans.empty() ? stretches.size() : spans.back().end;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Stretch& stretch = stretches[i];
    if (is_active(stretch)) continue;
    if ((stretch.state & kStateBoot) != 0) windows.boot.push_back(join(stretches, i, i + 1));
    if (phase_of(stretch) == kPhaseLoad) windows.load.push_back(join(stretches, i, i + 1));
    if (!is_idle(stretch)) continue;
    if (i < first) windows.idle_before.push_back(idle_window(stretches, i, idle_guard_ns));
    if (i >= behind) windows.idle_after.push_back(idle_window(stretches, i, idle_guard_ns));
  }
  const auto least_ns =
      static_cast<int64_t>(kLeastShareOfIdle * static_cast<double>(std::min(longest_ns(windows.idle_before),
                                                                            longest_ns(windows.idle_after))));
  for (std::size_t i = first; i < behind; ++i) {
    if (!is_idle(stretches[i]) || stretches[i].end_ns - stretches[i].start_ns < least_ns || least_ns == 0)
      continue;
    windows.idle_between.push_back(idle_window(stretches, i, idle_guard_ns));
  }
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const bool known = i < expected.size();
    windows.generations.push_back(
        generation_windows(stretches, spans[i], known ? expected[i].generated_tokens : 0));
    if (known) check_generation(expected[i], windows.generations.back(), windows.doubts);
  }
  if (spans.size() != expected.size()) {
    windows.doubts.insert(
        windows.doubts.begin(),
        fmt::format("the markers show {} generations, {} were asked for", spans.size(), expected.size()));
  }
  return windows;
}

}  // namespace slmrig::analyse
