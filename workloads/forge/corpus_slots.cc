#include "workloads/forge/corpus_slots.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include <fmt/format.h>

#include "harness/base/error.h"
#include "workloads/forge/corpus_words.h"

namespace slmrig::forge {

namespace {

std::string number_as_said(int number, Random& random) {
  return number < 100 && random.chance(0.3) ? number_in_words(number) : std::to_string(number);
}

std::string pick(std::span<const std::string_view> words, Random& random) {
  return std::string(words[random.below(words.size())]);
}

SlotValue word_from(std::span<const std::string_view> words, Random& random) {
  std::string word = pick(words, random);
  return {word, word};
}

SlotValue phrase_from(std::span<const Phrase> phrases, Random& random) {
  const Phrase& phrase = phrases[random.below(phrases.size())];
  std::string text = fmt::format("{} {}", phrase.verb, pick(phrase.objects, random));
  return {text, text};
}

SlotValue make_duration(Random& random) {
  switch (random.below(12)) {
    case 0: return {"half an hour", "30m"};
    case 1: return random.chance(0.5) ? SlotValue{"an hour", "1h"} : SlotValue{"a minute", "1m"};
    case 2: {
      const int seconds = random.between(5, 95);
      return {number_as_said(seconds, random) + " seconds", fmt::format("{}s", seconds)};
    }
    case 3: {
      const int hours = random.between(2, 12);
      return {number_as_said(hours, random) + " hours", fmt::format("{}h", hours)};
    }
    case 4: {
      const int hours = random.between(1, 5);
      const int minutes = random.between(1, 59);
      // Drawn in this order whatever order a compiler evaluates arguments in: the committed suites come of
      // it.
      const std::string minutes_said = number_as_said(minutes, random);
      const char* joint = random.chance(0.5) ? "and " : "";
      const std::string hours_said = number_as_said(hours, random);
      return {
          fmt::format("{} {} {}{} minutes", hours_said, hours == 1 ? "hour" : "hours", joint, minutes_said),
          fmt::format("{}h{}m", hours, minutes)};
    }
    default: {
      const int minutes = random.chance(0.5) ? random.between(2, 30) : random.between(2, 120);
      const std::string_view unit = random.chance(0.15) ? "min" : "minutes";
      return {fmt::format("{} {}", number_as_said(minutes, random), unit), fmt::format("{}m", minutes)};
    }
  }
}

SlotValue make_time(Random& random) {
  const int hour12 = random.between(1, 12);
  const int minute = random.chance(0.35) ? 0 : 5 * random.between(1, 11) + (random.chance(0.3) ? 1 : 0);
  const bool is_pm = random.chance(0.5);
  const int hour24 = hour12 % 12 + (is_pm ? 12 : 0);
  const std::string_view half = is_pm ? "pm" : "am";
  switch (random.below(8)) {
    case 0: {
      const int hour = random.between(13, 23);
      return {fmt::format("{}:{:02}", hour, minute), fmt::format("{}:{:02}", hour, minute)};
    }
    case 1: return {fmt::format("{}:{:02}", hour12, minute), fmt::format("{}:{:02}", hour12, minute)};
    case 2: return {fmt::format("half past {}", number_in_words(hour12)), fmt::format("{}:30", hour12)};
    case 3: return {fmt::format("quarter past {}", number_in_words(hour12)), fmt::format("{}:15", hour12)};
    case 4: return {fmt::format("{} o'clock", number_in_words(hour12)), fmt::format("{}:00", hour12)};
    case 5: return {fmt::format("{} {}", number_as_said(hour12, random), half), fmt::format("{}:00", hour24)};
    default:
      return {fmt::format("{}:{:02} {}", hour12, minute, half), fmt::format("{}:{:02}", hour24, minute)};
  }
}

SlotValue make_level(Random& random) {
  const int level = random.chance(0.6) ? 5 * random.between(1, 20) : random.between(1, 100);
  const std::string spoken = level == 100 ? "100" : number_as_said(level, random);
  return {spoken + " percent", fmt::format("{}%", level)};
}

SlotValue make_distance(Random& random) {
  const int km = random.between(1, 42);
  if (random.chance(0.2)) return {fmt::format("{} k", km), fmt::format("{}km", km)};
  if (random.chance(0.25)) {
    const int miles = random.between(2, 26);
    return {number_as_said(miles, random) + " miles", fmt::format("{}mi", miles)};
  }
  return {number_as_said(km, random) + (km == 1 ? " kilometer" : " kilometers"), fmt::format("{}km", km)};
}

SlotValue make_step_count(Random& random) {
  const int steps = random.chance(0.7) ? 500 * random.between(4, 40) : 100 * random.between(15, 250);
  return {std::to_string(steps), std::to_string(steps)};
}

SlotValue make_water(Random& random) {
  if (random.chance(0.3)) {
    const int glasses = random.between(1, 12);
    return {glasses == 1 ? "a glass" : number_as_said(glasses, random) + " glasses",
            fmt::format("{}{}", glasses, glasses == 1 ? "glass" : "glasses")};
  }
  const int ml = 10 * random.between(5, 120);
  return {fmt::format("{} {}", ml, random.chance(0.7) ? "ml" : "milliliters"), fmt::format("{}ml", ml)};
}

SlotValue make_weight(Random& random) {
  const int tenths = random.between(450, 1200);
  const bool whole = random.chance(0.4);
  const std::string number =
      whole ? std::to_string(tenths / 10) : fmt::format("{}.{}", tenths / 10, tenths % 10);
  return {fmt::format("{} {}", number, random.chance(0.5) ? "kilos" : "kg"), number + "kg"};
}

SlotValue make_quantity(Random& random) {
  const int number = random.chance(0.6) ? random.between(1, 99) : 5 * random.between(20, 160);
  return {number_as_said(number, random), std::to_string(number)};
}

// "tomilak"
std::string invented_name(Random& random) {
  static constexpr std::string_view kConsonants = "bcdfghjklmnprstvwz";
  static constexpr std::string_view kVowels = "aeiou";
  std::string name;
  for (int syllables = random.between(2, 3); syllables > 0; --syllables) {
    name += kConsonants[random.below(kConsonants.size())];
    name += kVowels[random.below(kVowels.size())];
  }
  if (random.chance(0.5)) name += kConsonants[random.below(kConsonants.size())];
  return name;
}

}  // namespace

std::string number_in_words(int number) {
  static constexpr std::array<std::string_view, 20> kOnes = {
      "zero",     "one",     "two",     "three",     "four",     "five",    "six",
      "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  static constexpr std::array<std::string_view, 10> kTens = {"",      "",      "twenty",  "thirty", "forty",
                                                             "fifty", "sixty", "seventy", "eighty", "ninety"};
  SLMRIG_CHECK(number >= 0 && number < 100);
  if (number < 20) return std::string(kOnes[static_cast<std::size_t>(number)]);
  std::string words(kTens[static_cast<std::size_t>(number / 10)]);
  if (number % 10 != 0) words += " " + std::string(kOnes[static_cast<std::size_t>(number % 10)]);
  return words;
}

SlotValue make_slot(std::string_view kind, bool invents_names, Random& random) {
  static constexpr std::string_view kNames[] = {"contact", "playlist", "genre", "city", "app", "event"};
  if (invents_names && std::find(std::begin(kNames), std::end(kNames), kind) != std::end(kNames) &&
      random.chance(0.2)) {
    std::string name = invented_name(random);
    return {name, name};
  }
  struct Maker {
    std::string_view kind;
    SlotValue (*make)(Random&);
  };
  static constexpr Maker kMakers[] = {
      {"duration", make_duration},
      {"time", make_time},
      {"level", make_level},
      {"distance", make_distance},
      {"steps", make_step_count},
      {"water", make_water},
      {"weight", make_weight},
      {"quantity", make_quantity},
      {"contact", [](Random& r) { return word_from(kContacts, r); }},
      {"message", [](Random& r) { return r.chance(0.5) ? word_from(kMessages, r) : phrase_from(kPlans, r); }},
      {"task", [](Random& r) { return phrase_from(kTasks, r); }},
      {"note", [](Random& r) { return phrase_from(kNotes, r); }},
      {"event", [](Random& r) { return word_from(kEvents, r); }},
      {"day", [](Random& r) { return word_from(kDays, r); }},
      {"past", [](Random& r) { return word_from(kPastDays, r); }},
      {"city", [](Random& r) { return word_from(kCities, r); }},
      {"place", [](Random& r) { return word_from(kPlaces, r); }},
      {"genre", [](Random& r) { return word_from(kGenres, r); }},
      {"playlist", [](Random& r) { return word_from(kPlaylists, r); }},
      {"workout", [](Random& r) { return word_from(kWorkouts, r); }},
      {"app", [](Random& r) { return word_from(kApps, r); }},
      {"language", [](Random& r) { return word_from(kLanguages, r); }},
      {"phrase", [](Random& r) { return word_from(kTravelPhrases, r); }},
      {"grocery", [](Random& r) { return word_from(kListItems, r); }},
      {"unit", [](Random& r) { return word_from(kUnits, r); }},
  };
  for (const Maker& maker : kMakers) {
    if (maker.kind == kind) return maker.make(random);
  }
  SLMRIG_CHECK(false && "unknown slot kind in the intent tables");
  return {};
}

}  // namespace slmrig::forge
