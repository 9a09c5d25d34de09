#include "harness/analyse/windows.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

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

// By the marker lines (the port raises prefill's phase while nothing is active) or by the host's clock.
bool is_boot(const Stretch& stretch) {
  return (stretch.state & kStateBoot) != 0 ||
         ((stretch.state & kStateActive) == 0 && phase_of(stretch) == kPhasePrefill);
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

// A span by the meter's clock and by the board's.
bool agree(int64_t seen_ns, int64_t expected_ns) {
  const int64_t difference = std::abs(seen_ns - expected_ns);
  return static_cast<double>(difference - kClockSlackNs) <=
         kMostClockDifference * static_cast<double>(expected_ns);
}

void check_generation(const ExpectedGeneration& expected, const GenerationWindows& seen,
                      std::vector<std::string>& doubts) {
  if (seen.tokens.size() != expected.generated_tokens) {
    doubts.push_back(fmt::format("prompt {}: the markers show {} tokens, the board reports {}",
                                 expected.prompt_id, seen.tokens.size(), expected.generated_tokens));
  }
  if (expected.duration_ns <= 0) return;
  if (!agree(seen.whole.duration_ns(), expected.duration_ns)) {
    doubts.push_back(fmt::format("prompt {}: {:.3f} ms by the meter's clock, {:.3f} ms by the board's",
                                 expected.prompt_id, static_cast<double>(seen.whole.duration_ns()) * 1e-6,
                                 static_cast<double>(expected.duration_ns) * 1e-6));
  }
}

// From the first to behind the last stretch in which the board worked: generations, or where there are none
// boots and loads.
Span worked_span(const std::vector<Stretch>& stretches, const std::vector<Span>& generations) {
  if (!generations.empty()) return {generations.front().begin, generations.back().end};
  Span span{stretches.size(), stretches.size()};
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    if (!is_boot(stretches[i]) && phase_of(stretches[i]) != kPhaseLoad) continue;
    span.begin = std::min(span.begin, i);
    span.end = i + 1;
  }
  return span;
}

void find_idle(const std::vector<Stretch>& stretches, const Span& worked, int64_t guard_ns,
               PassWindows& windows) {
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    if (!is_idle(stretches[i])) continue;
    if (i < worked.begin) windows.idle_before.push_back(idle_window(stretches, i, guard_ns));
    if (i >= worked.end) windows.idle_after.push_back(idle_window(stretches, i, guard_ns));
  }
  const auto least_ns =
      static_cast<int64_t>(kLeastShareOfIdle * static_cast<double>(std::min(longest_ns(windows.idle_before),
                                                                            longest_ns(windows.idle_after))));
  for (std::size_t i = worked.begin; i < worked.end; ++i) {
    if (!is_idle(stretches[i]) || stretches[i].end_ns - stretches[i].start_ns < least_ns || least_ns == 0)
      continue;
    windows.idle_between.push_back(idle_window(stretches, i, guard_ns));
  }
}

void check_part(std::string_view name, const std::vector<Window>& seen, const std::vector<int64_t>& expected,
                std::vector<std::string>& doubts) {
  if (seen.size() != expected.size()) {
    doubts.push_back(fmt::format("the markers show {} {}s, there were {} cold starts", seen.size(), name,
                                 expected.size()));
    return;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (expected[i] <= 0 || agree(seen[i].duration_ns(), expected[i])) continue;
    doubts.push_back(fmt::format("{} {}: {:.3f} ms by the meter's clock, {:.3f} ms by the board's", name,
                                 i + 1, static_cast<double>(seen[i].duration_ns()) * 1e-6,
                                 static_cast<double>(expected[i]) * 1e-6));
  }
}

void check_cold_starts(const std::vector<ExpectedColdStart>& expected, PassWindows& windows) {
  if (expected.empty()) return;
  std::vector<int64_t> boots;
  std::vector<int64_t> loads;
  for (const ExpectedColdStart& each : expected) {
    boots.push_back(each.boot_ns);
    loads.push_back(each.load_ns);
  }
  check_part("boot", windows.boot, boots, windows.doubts);
  check_part("load", windows.load, loads, windows.doubts);
}

}  // namespace

PassWindows find_windows(const std::vector<Stretch>& stretches,
                         const std::vector<ExpectedGeneration>& expected, int64_t idle_guard_ns,
                         const std::vector<ExpectedColdStart>& cold_starts) {
  PassWindows windows;
  const std::vector<Span> spans = active_spans(stretches);
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    if (is_active(stretches[i])) continue;
    if (is_boot(stretches[i])) windows.boot.push_back(join(stretches, i, i + 1));
    if (phase_of(stretches[i]) == kPhaseLoad) windows.load.push_back(join(stretches, i, i + 1));
  }
  find_idle(stretches, worked_span(stretches, spans), idle_guard_ns, windows);
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
  check_cold_starts(cold_starts, windows);
  return windows;
}

}  // namespace slmrig::analyse
