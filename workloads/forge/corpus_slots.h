// Values of slots: how they are said, and how an intent line writes them.
#pragma once

#include <string>
#include <string_view>

#include "workloads/forge/random.h"

namespace slmrig::forge {

struct SlotValue {
  std::string spoken;     // "half past six"
  std::string canonical;  // "6:30"
};

// `kind` is a name that corpus_intents.cc uses: duration, time, day, contact, message, task, ... Aborts on
// another.
//
// Canonical forms: durations 12m, 1h30m, 45s; clock times h:mm of 24 hours; levels 40%; counts, amounts and
// distances with their unit, 250ml, 72.5kg, 10km; everything else as said.
//
// Where `invents_names`, one in five contacts, playlists, genres, cities, apps and events is a word that does
// not exist. Users have such names, and a model that only ever chose among known ones does not copy.
SlotValue make_slot(std::string_view kind, bool invents_names, Random& random);

// 1..99 in words: "twenty five".
std::string number_in_words(int number);

}  // namespace slmrig::forge
