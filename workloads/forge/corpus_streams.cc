#include "workloads/forge/corpus_streams.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "workloads/forge/corpus_slots.h"

namespace slmrig::forge {

namespace {

struct Reading {
  int value;
  int minute_of_day;
};

std::string clock(int minute_of_day) {
  return fmt::format("{}:{:02}", minute_of_day / 60 % 24, minute_of_day % 60);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// `layout` holds $v for the value and $t for the time.
std::string written(const std::vector<Reading>& readings, std::string_view layout) {
  std::string items;
  for (const Reading& reading : readings) {
    std::string item(layout);
    replace_all(item, "$v", std::to_string(reading.value));
    replace_all(item, "$t", clock(reading.minute_of_day));
    items += (items.empty() ? "" : ", ") + item;
  }
  return items;
}

// Times that rise by one step, values from a range.
std::vector<Reading> readings(Random& random, int least, int most, std::pair<int, int> values,
                              std::span<const int> steps_minutes) {
  const int count = random.between(least, most);
  const int step = steps_minutes[random.below(steps_minutes.size())];
  const int span = step * count;
  int minute =
      step >= 60 ? 60 * random.between(0, (24 * 60 - span) / 60) : random.between(0, 24 * 60 - span - 1);
  std::vector<Reading> all;
  for (int i = 0; i < count; ++i, minute += step)
    all.push_back({random.between(values.first, values.second), minute});
  return all;
}

constexpr std::array<int, 4> kMinuteSteps = {2, 3, 5, 10};
constexpr std::array<int, 2> kHourSteps = {60, 120};

// Makes reading `at` stand out by at least `margin` over all others, upward or downward.
void make_extreme(std::vector<Reading>& all, std::size_t at, int margin, int spread, bool upward,
                  Random& random) {
  int edge = upward ? -1000000 : 1000000;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != at) edge = upward ? std::max(edge, all[i].value) : std::min(edge, all[i].value);
  }
  const int by = margin + random.between(0, spread);
  all[at].value = upward ? edge + by : edge - by;
}

Stream extreme_stream(std::vector<Reading> all, std::size_t at, std::string_view layout, std::string answer) {
  const std::string value = std::to_string(all[at].value);
  const std::string time = clock(all[at].minute_of_day);
  replace_all(answer, "$v", value);
  replace_all(answer, "$t", time);
  return {written(all, layout), std::move(answer), {value, time}, {}};
}

Stream make_spikes(std::string_view layout, Random& random) {
  std::vector<Reading> all = readings(random, 4, 8, {56, 89}, kMinuteSteps);
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
    std::swap(order[i], order[random.below(i + 1)]);
  }
  const std::size_t count =
      random.chance(0.08) ? 0 : 1 + random.below(std::min<std::size_t>(4, all.size() - 1));
  for (std::size_t i = 0; i < count; ++i) all[order[i]].value = random.between(118, 165);
  if (count == 0) return {written(all, layout), "no heart rate spikes.", {}, {"no heart rate spikes"}};
  if (count > 1) make_extreme(all, order[0], 6, 20, true, random);
  const std::string phrase =
      fmt::format("{} heart rate spike{}", number_in_words(static_cast<int>(count)), count == 1 ? "" : "s");
  Stream stream = extreme_stream(all, order[0], layout, phrase + ", highest $v bpm at $t.");
  stream.phrases.push_back(phrase);
  return stream;
}

Stream make_heart_range(std::string_view layout, Random& random) {
  std::vector<Reading> all = readings(random, 4, 7, {66, 95}, kMinuteSteps);
  const std::size_t low = random.below(all.size());
  const std::size_t high = (low + 1 + random.below(all.size() - 1)) % all.size();
  make_extreme(all, high, 6, 40, true, random);
  make_extreme(all, low, 5, 10, false, random);
  const std::string lowest = std::to_string(all[low].value);
  const std::string highest = std::to_string(all[high].value);
  const std::string phrase = fmt::format("between {} and {}", lowest, highest);
  return {written(all, layout), fmt::format("heart rate {} bpm.", phrase), {lowest, highest}, {phrase}};
}

Stream make_steps(std::string_view layout, Random& random) {
  std::vector<Reading> all = readings(random, 4, 7, {10, 90}, kHourSteps);
  for (Reading& reading : all) reading.value *= 10;
  const std::size_t at = random.below(all.size());
  make_extreme(all, at, 150, 900, true, random);
  all[at].value -= all[at].value % 10;
  return extreme_stream(all, at, layout, "most active at $t with $v steps.");
}

Stream make_oxygen(std::string_view layout, Random& random) {
  std::vector<Reading> all = readings(random, 4, 8, {95, 99}, kHourSteps);
  const std::size_t at = random.below(all.size());
  make_extreme(all, at, 2, 6, false, random);
  return extreme_stream(all, at, layout, "oxygen was lowest at $t with $v percent.");
}

Stream make_temperature(std::string_view layout, Random& random) {
  const int base = random.between(2, 24);
  std::vector<Reading> all = readings(random, 4, 8, {base, base + 7}, kHourSteps);
  const std::size_t at = random.below(all.size());
  make_extreme(all, at, 2, 5, true, random);
  return extreme_stream(all, at, layout, "warmest at $t with $v degrees.");
}

Stream make_noise_level(std::string_view layout, Random& random) {
  std::vector<Reading> all = readings(random, 4, 8, {35, 70}, kMinuteSteps);
  const std::size_t at = random.below(all.size());
  make_extreme(all, at, 5, 25, true, random);
  return extreme_stream(all, at, layout, "loudest at $t with $v decibels.");
}

Stream make_battery(std::string_view layout, Random& random) {
  std::vector<Reading> all = readings(random, 3, 7, {0, 0}, kHourSteps);
  int level = random.between(70, 100);
  for (Reading& reading : all) {
    reading.value = level;
    level -= random.between(2, 9);
  }
  const std::string first = std::to_string(all.front().value);
  const std::string last = std::to_string(all.back().value);
  const std::string from = clock(all.front().minute_of_day);
  const std::string until = clock(all.back().minute_of_day);
  return {written(all, layout),
          fmt::format("battery fell from {} percent at {} to {} percent at {}.", first, from, last, until),
          {first, from, last, until},
          {fmt::format("from {} percent at {} ", first, from)}};
}

Stream make_laps(std::string_view layout, Random& random) {
  const int count = random.between(3, 6);
  const int base_minutes = random.between(3, 7);
  std::vector<int> seconds;
  for (int i = 0; i < count; ++i) seconds.push_back(base_minutes * 60 + random.between(20, 59));
  const std::size_t at = random.below(seconds.size());
  seconds[at] = *std::min_element(seconds.begin(), seconds.end()) - random.between(3, 20);
  std::string items;
  for (int i = 0; i < count; ++i) {
    std::string item(layout);
    replace_all(item, "$n", std::to_string(i + 1));
    replace_all(item, "$t", clock(seconds[static_cast<std::size_t>(i)]));
    items += (items.empty() ? "" : ", ") + item;
  }
  const std::string time = clock(seconds[at]);
  const std::string number = std::to_string(at + 1);
  return {items, fmt::format("lap {} was the fastest in {}.", number, time), {number, time}, {}};
}

// Fields in any order; the summary picks them by name.
std::string shuffled(std::vector<std::string> fields, Random& random) {
  for (std::size_t i = fields.size() - 1; i > 0; --i) std::swap(fields[i], fields[random.below(i + 1)]);
  return fmt::format("{}", fmt::join(fields, ", "));
}

Stream make_night(std::string_view, Random& random) {
  const int asleep = 60 * random.between(21, 23) + 5 * random.between(0, 11);
  const int up = 60 * random.between(5, 9) + 5 * random.between(0, 11);
  const std::string deep = std::to_string(random.between(35, 130));
  const std::string rem = std::to_string(random.between(40, 140));
  const std::string wakings = std::to_string(random.between(1, 9));
  const std::string from = clock(asleep);
  const std::string until = clock(up);
  return {
      shuffled({"asleep " + from, "up " + until, "deep " + deep, "rem " + rem, "awake " + wakings}, random),
      fmt::format("slept from {} to {} with {} minutes of deep sleep.", from, until, deep),
      {from, until, deep},
      {}};
}

Stream make_run(std::string_view, Random& random) {
  // Drawn in this order whatever order a compiler evaluates arguments in: the committed suites come of it.
  const int tenths = random.between(0, 9);
  const std::string distance = fmt::format("{}.{}", random.between(2, 21), tenths);
  const int seconds = random.between(0, 59);
  const std::string time = fmt::format("{}:{:02}", random.between(12, 59), seconds);
  const std::string average = std::to_string(random.between(120, 160));
  const std::string top = std::to_string(random.between(161, 195));
  const std::string climb = std::to_string(random.between(5, 240));
  return {
      shuffled({"distance " + distance, "time " + time, "average " + average, "max " + top, "climb " + climb},
               random),
      fmt::format("{} km in {} with a heart rate of {} on average and {} at most.", distance, time, average,
                  top),
      {distance, time, average, top},
      {}};
}

constexpr std::string_view kReadingLayouts[] = {"$v at $t", "$t $v"};
constexpr std::string_view kLapLayouts[] = {"lap $n $t", "$n in $t"};
constexpr std::string_view kFieldLayouts[] = {"by name"};

constexpr StreamSpec kStreams[] = {
    {"heart_spikes",
     "([please] (summarise|sum up|describe|report) (my|the) [recent|latest] (heart rate|pulse) spikes|"
     "(any|what) [recent] (heart rate|pulse) spikes): {items}",
     kReadingLayouts, make_spikes},
    {"heart_range",
     "([please] (summarise|sum up|describe|report) (my|the) (heart rate|pulse) range|"
     "(what|which) range had my (heart rate|pulse)|(heart rate|pulse) range): {items}",
     kReadingLayouts, make_heart_range},
    {"steps",
     "([please] (summarise|sum up|describe|report) (my|the) [hourly] steps|when did i walk (most|the most)|"
     "(steps|step counts) by hour): {items}",
     kReadingLayouts, make_steps},
    {"oxygen",
     "([please] (summarise|sum up|describe|report) (my|the) [blood] oxygen|(when|where) was my oxygen "
     "(low|lowest)|"
     "oxygen (log|by hour)): {items}",
     kReadingLayouts, make_oxygen},
    {"temperature",
     "([please] (summarise|sum up|describe|report) (the|my) (temperature|temperatures|forecast)|"
     "(when|what hour) is it warmest|(temperature|degrees) by hour): {items}",
     kReadingLayouts, make_temperature},
    {"noise",
     "([please] (summarise|sum up|describe|report) (the|my) (noise|noise level|sound level)|"
     "(when|where) was it (loud|loudest)|noise (log|readings)): {items}",
     kReadingLayouts, make_noise_level},
    {"battery",
     "([please] (summarise|sum up|describe|report) (the|my) battery [log|history]|(how|when) did the battery "
     "(drain|fall)|"
     "battery (log|readings)): {items}",
     kReadingLayouts, make_battery},
    {"laps",
     "([please] (summarise|sum up|describe|report) (the|my) (laps|lap times)|(which|what) lap was [the] "
     "fastest|"
     "(laps|lap times)): {items}",
     kLapLayouts, make_laps},
    {"night",
     "([please] (summarise|sum up|describe|report) (the|my|this) (night|sleep)|how did i sleep|"
     "(sleep|night) (log|data)): {items}",
     kFieldLayouts, make_night},
    {"run",
     "([please] (summarise|sum up|describe|report) (the|my|this) (run|workout)|how was my (run|workout)|"
     "(run|workout) (log|data)): {items}",
     kFieldLayouts, make_run},
};

}  // namespace

std::span<const StreamSpec> stream_specs() { return kStreams; }

}  // namespace slmrig::forge
