#include "workloads/forge/corpus_words.h"

#include <algorithm>
#include <iterator>

namespace slmrig::forge {

namespace {

using Word = std::string_view;

constexpr Word kContactWords[] = {
    "mum",   "dad",   "anna",  "ben",     "carla",     "david",      "emma",    "felix",
    "grace", "henry", "ines",  "jonas",   "karim",     "laura",      "mia",     "noah",
    "olga",  "paul",  "quinn", "rosa",    "sam",       "tara",       "uma",     "victor",
    "wendy", "yusuf", "zoe",   "lena",    "marco",     "nina",       "oscar",   "priya",
    "ravi",  "sofia", "tom",   "my boss", "my sister", "my brother", "grandma", "the doctor"};
constexpr Word kMessageWords[] = {"i am running late", "on my way",         "see you soon",
                                  "call me back",      "happy birthday",    "i will be there in a minute",
                                  "thank you so much", "where are you",     "good luck today",
                                  "i am at home",      "the train is late", "dinner is ready",
                                  "can we talk later", "i miss you",        "just landed",
                                  "all good here",     "stuck in traffic",  "do not wait for me"};
constexpr Word kPlacesToMeet[] = {"at the station", "at the office", "at the park", "at the gym",
                                  "after work",     "for lunch",     "for coffee",  "at the cafe",
                                  "in the lobby",   "next week"};
constexpr Phrase kPlanPhrases[] = {{"see you", kPlacesToMeet},
                                   {"let's meet", kPlacesToMeet},
                                   {"i am waiting", kPlacesToMeet},
                                   {"we can talk", kPlacesToMeet}};

constexpr Word kGroceries[] = {"milk", "bread",  "eggs",   "coffee",  "apples",
                               "rice", "a gift", "stamps", "flowers", "cat food"};
constexpr Word kPeopleToCall[] = {"the dentist", "the bank",   "the landlord",
                                  "the school",  "the garage", "the doctor"};
constexpr Word kThingsAtHome[] = {"the plants", "the car",     "the dishes",
                                  "the dog",    "the kitchen", "the bike"};
constexpr Word kPapers[] = {"the rent", "the bill", "the report", "the form", "the tickets", "the invoice"};
constexpr Word kHealthThings[] = {"my pills", "a break", "my vitamins", "the medicine", "a walk", "my keys"};
constexpr Phrase kTaskPhrases[] = {
    {"buy", kGroceries},      {"get", kGroceries},        {"call", kPeopleToCall}, {"email", kPeopleToCall},
    {"water", kThingsAtHome}, {"clean", kThingsAtHome},   {"wash", kThingsAtHome}, {"pay", kPapers},
    {"send", kPapers},        {"print", kPapers},         {"sign", kPapers},       {"take", kHealthThings},
    {"bring", kHealthThings}, {"look for", kHealthThings}};
constexpr Word kNoteStates[] = {"is empty",       "is broken",   "is in the garage",
                                "needs a repair", "is due soon", "works again"};
constexpr Phrase kNotePhrases[] = {{"the printer", kNoteStates}, {"the fridge", kNoteStates},
                                   {"the bike", kNoteStates},    {"the car", kNoteStates},
                                   {"the lamp", kNoteStates},    {"the door", kNoteStates},
                                   {"buy", kGroceries},          {"ask about", kPapers}};
constexpr Word kEventWords[] = {"dentist",       "team meeting",    "yoga class",  "lunch with anna",
                                "dinner",        "piano lesson",    "haircut",     "review",
                                "doctor",        "training",        "movie night", "football",
                                "job interview", "parents evening", "date night",  "book club"};
constexpr Word kDayWords[] = {"today",  "tomorrow", "monday", "tuesday", "wednesday", "thursday",
                              "friday", "saturday", "sunday", "tonight", "next week"};
constexpr Word kPastDayWords[] = {"today",          "yesterday",         "last night",
                                  "this week",      "last week",         "monday",
                                  "tuesday",        "wednesday",         "thursday",
                                  "friday",         "saturday",          "sunday",
                                  "this morning",   "this month",        "last month",
                                  "this year",      "last year",         "this evening",
                                  "this afternoon", "yesterday morning", "yesterday evening",
                                  "two days ago",   "three days ago",    "last monday",
                                  "last friday",    "last weekend",      "this weekend",
                                  "two weeks ago",  "last winter",       "last summer"};
constexpr Word kCityWords[] = {"berlin",   "london",    "paris",     "rome",        "madrid", "lisbon",
                               "vienna",   "prague",    "oslo",      "dublin",      "athens", "warsaw",
                               "zurich",   "munich",    "milan",     "boston",      "denver", "tokyo",
                               "seoul",    "delhi",     "cairo",     "lagos",       "lima",   "sydney",
                               "new york", "cape town", "hong kong", "buenos aires"};
constexpr Word kPlaceWords[] = {
    "home",        "work",         "the airport",     "the station",     "the gym",
    "the office",  "the hospital", "the pharmacy",    "the supermarket", "the park",
    "the library", "the museum",   "main street",     "the hotel",       "the beach",
    "the school",  "the bank",     "the city center", "the stadium",     "the harbour"};
constexpr Word kGenreWords[] = {
    "jazz",      "rock",     "pop",           "techno",     "classical",   "blues",     "country",
    "hip hop",   "folk",     "reggae",        "soul",       "metal",       "house",     "ambient",
    "disco",     "latin",    "piano",         "lofi",       "punk",        "funk",      "swing",
    "gospel",    "indie",    "opera",         "salsa",      "samba",       "tango",     "trance",
    "grunge",    "dance",    "drum and bass", "bossa nova", "heavy metal", "soft rock", "film music",
    "guitar",    "acoustic", "electronic",    "christmas",  "eighties",    "nineties",  "baroque",
    "bluegrass", "dubstep",  "rap",           "ska"};
constexpr Word kPlaylistWords[] = {
    "morning run",  "focus",       "road trip",   "party mix",  "chill",          "workout",
    "sleep",        "favorites",   "summer",      "cooking",    "rainy days",     "deep work",
    "weekend",      "power hour",  "evening run", "long drive", "sunday morning", "late night",
    "coffee break", "slow dance",  "good mood",   "winter",     "autumn leaves",  "spring cleaning",
    "dinner party", "study",       "reading",     "garden",     "beach",          "campfire",
    "train ride",   "gym",         "yoga",        "meditation", "wake up",        "bedtime",
    "throwback",    "school days", "oldies",      "new songs",  "road to work",   "happy hour",
    "rainy sunday", "stretching",  "birthday",    "holiday",    "city walk",      "warm up",
    "cool down",    "hill climb"};
constexpr Word kWorkoutWords[] = {"running", "cycling",  "swimming", "rowing",    "walking", "hiking",
                                  "yoga",    "boxing",   "tennis",   "football",  "pilates", "dancing",
                                  "skiing",  "climbing", "strength", "stretching"};
constexpr Word kAppWords[] = {"camera",   "calendar", "mail",    "maps",       "wallet", "photos",
                              "podcasts", "recorder", "compass", "calculator", "news",   "games",
                              "radio",    "fitness",  "browser", "stocks"};
constexpr Word kLanguageWords[] = {"german", "french", "spanish", "italian", "polish", "dutch",   "greek",
                                   "czech",  "danish", "turkish", "korean",  "arabic", "swedish", "chinese"};
constexpr Word kTravelPhraseWords[] = {
    "good morning",     "thank you", "where is the station", "how much is it",  "i am hungry",
    "the bill please",  "excuse me", "good night",           "i need a doctor", "two coffees",
    "see you tomorrow", "i am lost", "where is the exit",    "a table for two", "one ticket please",
    "no sugar"};
constexpr Word kListItemWords[] = {"apples",       "eggs",         "bananas",  "lemons",  "onions",
                                   "tomatoes",     "yoghurts",     "potatoes", "carrots", "bottles of water",
                                   "bags of rice", "cans of beans"};
constexpr Word kUnitWords[] = {"miles", "kilometers", "feet",   "meters", "inches", "pounds",
                               "kilos", "grams",      "ounces", "liters", "cups",   "gallons"};

}  // namespace

bool units_convert(std::string_view from, std::string_view to) {
  const auto family = [](std::string_view unit) {
    constexpr std::size_t kFirstMass = 5;
    constexpr std::size_t kFirstVolume = 9;
    const auto index =
        static_cast<std::size_t>(std::find(std::begin(kUnitWords), std::end(kUnitWords), unit) - kUnitWords);
    return index < kFirstMass ? 0 : index < kFirstVolume ? 1 : 2;
  };
  return from != to && family(from) == family(to);
}

const std::span<const std::string_view> kContacts = kContactWords;
const std::span<const std::string_view> kMessages = kMessageWords;
const std::span<const Phrase> kPlans = kPlanPhrases;
const std::span<const Phrase> kTasks = kTaskPhrases;
const std::span<const Phrase> kNotes = kNotePhrases;
const std::span<const std::string_view> kEvents = kEventWords;
const std::span<const std::string_view> kDays = kDayWords;
const std::span<const std::string_view> kPastDays = kPastDayWords;
const std::span<const std::string_view> kCities = kCityWords;
const std::span<const std::string_view> kPlaces = kPlaceWords;
const std::span<const std::string_view> kGenres = kGenreWords;
const std::span<const std::string_view> kPlaylists = kPlaylistWords;
const std::span<const std::string_view> kWorkouts = kWorkoutWords;
const std::span<const std::string_view> kApps = kAppWords;
const std::span<const std::string_view> kLanguages = kLanguageWords;
const std::span<const std::string_view> kTravelPhrases = kTravelPhraseWords;
const std::span<const std::string_view> kListItems = kListItemWords;
const std::span<const std::string_view> kUnits = kUnitWords;

}  // namespace slmrig::forge
