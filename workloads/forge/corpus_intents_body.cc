#include "workloads/forge/corpus_intents_tables.h"

namespace slmrig::forge {

namespace {

using Pattern = std::string_view;

constexpr Pattern kWorkoutStart[] = {"!(start|begin|track|record) [a|my] {workout} [workout|session]",
                                     "!(start|begin|track) {workout} for {duration}",
                                     "!(start|begin|track) a {duration} {workout} (workout|session)",
                                     "i am (going|off) {workout}",
                                     "(let's|time to) (go|do some) {workout}",
                                     "{workout} (workout|session|mode)"};
constexpr Pattern kWorkoutDistance[] = {"!(start|track|record|plan) {distance} [of] {workout}",
                                        "!(start|track|record) a {distance} {workout} (workout|session)",
                                        "{workout} (for|over) {distance}",
                                        "{distance} [of] {workout} (please|now|today)"};
constexpr Pattern kWorkoutStop[] = {
    "!(stop|end|finish|complete) (the|my|this) (workout|session|training|exercise)",
    "(i am done|i'm done|done) (working out|training|with the workout|exercising)",
    "(workout|training) (over|finished|done|end)"};
constexpr Pattern kWorkoutPause[] = {"!(pause|hold|interrupt) (the|my|this) (workout|session|training)",
                                     "(workout|training) pause",
                                     "i need a (break|rest) from (the|my) (workout|training)"};
constexpr Pattern kWorkoutResume[] = {
    "!(resume|continue|go on with) (the|my|this) (workout|session|training)",
    "(workout|training) (continue|resume|go on)", "back to (the|my) (workout|training)"};
constexpr Pattern kWorkoutSummary[] = {
    "how (was|did) my {workout} [session|workout] (go {past}|{past})",
    "!(show|tell|give) me my {workout} (stats|summary|results) (for|from) {past}",
    "how (far|long) was my {workout} {past}", "my {workout} (stats|results|summary) {past}"};
constexpr Pattern kHeartNow[] = {"what's my (heart rate|pulse|heartbeat) [now|right now]",
                                 "!(check|measure|take|show) my (heart rate|pulse|heartbeat)",
                                 "how fast is my heart (beating|going) [now]",
                                 "my (heart rate|pulse) (now|please)"};
constexpr Pattern kHeartMax[] = {"what was my (highest|maximum|max|peak|top) (heart rate|pulse) {past}",
                                 "how high did my (heart rate|pulse) (go|get|climb) {past}",
                                 "(highest|max|peak|maximum) (heart rate|pulse) {past}"};
constexpr Pattern kHeartResting[] = {
    "what's my resting (heart rate|pulse)", "!(show|tell|give) me my resting (heart rate|pulse)",
    "how (low|high) is my resting (heart rate|pulse)", "my resting (heart rate|pulse)"};
constexpr Pattern kOxygenMeasure[] = {"!(measure|check|take|test) my [blood] oxygen [level]",
                                      "what's my [blood] oxygen (level|saturation)",
                                      "how (much oxygen is|good is the oxygen) in my blood",
                                      "(blood oxygen|oxygen level|oxygen) (now|please|check)"};
constexpr Pattern kStressLevel[] = {
    "how (stressed|tense) am i [now|today]", "what's my (stress|stress level|stress score) [now|today]",
    "!(check|measure|show) my stress [level]", "am i [too|very] (stressed|tense) [now|today]"};
constexpr Pattern kBreathStart[] = {"!(start|begin) [a] {duration} [of] breathing [exercise]",
                                    "!(start|begin) a breathing exercise (for|of) {duration}",
                                    "!help me (breathe|relax|calm down) for {duration}",
                                    "breathing [exercise] for {duration}",
                                    "!(breathe|relax) with me for {duration}"};
constexpr Pattern kSleepSummary[] = {"how (did i|well did i) sleep {past}",
                                     "how (much|long) did i sleep {past}",
                                     "!(show|tell|give) me my sleep [data|stats|score] (for|from) {past}",
                                     "(was my|how was my) sleep (good|ok|any good) {past}"};
constexpr Pattern kSleepStart[] = {
    "i am going to (bed|sleep) [now]",
    "!(start|turn on|begin|switch on|enable) (sleep|bedtime|night) (mode|tracking)",
    "(good night|time to sleep|time for bed)", "!(track|record) my sleep [tonight]"};
constexpr Pattern kStepsCount[] = {"how many steps (did i|have i) (take|taken|do|done|walk|walked) {past}",
                                   "!(show|tell|give) me my (steps|step count) (for|from) {past}",
                                   "what's my step count (for|from) {past}", "my steps {past}",
                                   "how (much|far) did i walk {past}"};
constexpr Pattern kStepsGoal[] = {"!(set|change|put) my (step|daily|walking) goal to {steps} [steps]",
                                  "!make {steps} [steps] my [new|daily] goal",
                                  "i want to (walk|take|do) {steps} steps (a|every|per) day",
                                  "(step|daily) goal {steps}"};
constexpr Pattern kCaloriesCount[] = {"how many calories (did i burn|have i burned|did i use) {past}",
                                      "!(show|tell|give) me my calories (for|from) {past}",
                                      "(calories|energy) (burned|used) {past}"};
constexpr Pattern kWaterLog[] = {"i (drank|had|just drank|just had) {amount:water} [of water]",
                                 "!(log|add|record|track) {amount:water} [of water]",
                                 "!add {amount:water} to my water [log]", "water {amount:water}"};
constexpr Pattern kWeightLog[] = {"i (weigh|am at|am now at) {weight} [today]",
                                  "!(log|record|save|enter) [my weight as] {weight}",
                                  "my weight is [now] {weight}", "!set my weight to {weight}"};
constexpr Pattern kMedicineLog[] = {"i (took|just took|have taken) my (pills|medicine|medication|tablets)",
                                    "!(log|record|note) my (pills|medicine|medication|tablets)",
                                    "my (pills|medicine|medication|tablets) (are|is) (taken|done)"};
constexpr Pattern kEmergencyCall[] = {
    "!(call|phone|alert) (an ambulance|the police|emergency services|the fire brigade|rescue)",
    "!(call|ask|phone|shout) for (help|rescue)",
    "(help me|help|i need help|i need help now|emergency|this is an emergency|it's an emergency)",
    "i (fell|have fallen|had an accident|am hurt|am injured|am bleeding)",
    "!(send|get|bring) (help|an ambulance|the police)"};

constexpr IntentSpec kSpecs[] = {
    {"workout.start", kWorkoutStart},   {"workout.distance", kWorkoutDistance},
    {"workout.stop", kWorkoutStop},     {"workout.pause", kWorkoutPause},
    {"workout.resume", kWorkoutResume}, {"workout.summary", kWorkoutSummary},
    {"heart.now", kHeartNow},           {"heart.max", kHeartMax},
    {"heart.resting", kHeartResting},   {"oxygen.measure", kOxygenMeasure},
    {"stress.level", kStressLevel},     {"breath.start", kBreathStart},
    {"sleep.summary", kSleepSummary},   {"sleep.start", kSleepStart},
    {"steps.count", kStepsCount},       {"steps.goal", kStepsGoal},
    {"calories.count", kCaloriesCount}, {"water.log", kWaterLog},
    {"weight.log", kWeightLog},         {"medicine.log", kMedicineLog},
    {"emergency.call", kEmergencyCall},
};

}  // namespace

std::span<const IntentSpec> body_intents() { return kSpecs; }

}  // namespace slmrig::forge
