// Word lists of the corpus. Data only.
#pragma once

#include <span>
#include <string_view>

namespace slmrig::forge {

// A verb phrase and what it may be followed by: "water" + "the plants".
struct Phrase {
  std::string_view verb;
  std::span<const std::string_view> objects;
};

extern const std::span<const std::string_view> kContacts;
extern const std::span<const std::string_view> kMessages;
extern const std::span<const Phrase> kPlans;
extern const std::span<const Phrase> kTasks;
extern const std::span<const Phrase> kNotes;
extern const std::span<const std::string_view> kEvents;
extern const std::span<const std::string_view> kDays;
extern const std::span<const std::string_view> kPastDays;
extern const std::span<const std::string_view> kCities;
extern const std::span<const std::string_view> kPlaces;
extern const std::span<const std::string_view> kGenres;
extern const std::span<const std::string_view> kPlaylists;
extern const std::span<const std::string_view> kWorkouts;
extern const std::span<const std::string_view> kApps;
extern const std::span<const std::string_view> kLanguages;
extern const std::span<const std::string_view> kTravelPhrases;
extern const std::span<const std::string_view> kListItems;
extern const std::span<const std::string_view> kUnits;  // lengths, then masses, then volumes

// Whether both units measure the same thing, and are not the same.
bool units_convert(std::string_view from, std::string_view to);

}  // namespace slmrig::forge
