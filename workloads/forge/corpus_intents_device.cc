#include "workloads/forge/corpus_intents_tables.h"

namespace slmrig::forge {

namespace {

using Pattern = std::string_view;

constexpr Pattern kMusicPlay[] = {
    "!play [some|a bit of] {genre} [music]", "!(put|turn) on some {genre} [music]",
    "i (want|would like) to (hear|listen to) [some] {genre}", "(some|a little) {genre} [music] please",
    "!start (some|the) {genre} (music|station)"};
constexpr Pattern kMusicShuffle[] = {
    "!(shuffle|mix) [some|my|the] {genre} [songs|tracks]",
    "!play [some|my] {genre} [songs|music] (on shuffle|in random order|shuffled)",
    "!(mix|shuffle) (my|the) {genre} (music|songs|tracks)", "random {genre} (songs|tracks|music)"};
constexpr Pattern kMusicPlaylist[] = {
    "!play (the|my) {playlist} playlist", "!(start|put on|open) (the|my) playlist {playlist}",
    "!(start|put on|open) (the|my) {playlist} (playlist|list|mix)",
    "!play (the|my) playlist (called|named) {playlist}", "playlist {playlist}"};
constexpr Pattern kMusicPause[] = {"!(pause|hold|halt) (the|my|this) (music|song|track|playback)",
                                   "!(stop|halt|interrupt) (the|my|this) (music|song|track|playback)",
                                   "!stop playing [music]",
                                   "(music|playback) (off|pause|stop)",
                                   "!(silence|quiet) the (music|song|playback)",
                                   "!be quiet"};
constexpr Pattern kMusicResume[] = {
    "!(resume|continue|unpause) (the|my) (music|song|playback)",
    "!(go on|keep|keep on|continue|resume|start) playing [music|the music|my music|again]",
    "!play [the music|my music|the song] again", "music (on|continue|resume)"};
constexpr Pattern kMusicNext[] = {
    "!(next|skip to the next) (song|track|one)", "!(skip|jump over) (this|the) (song|track|one)",
    "!(play|go to) the next (song|track|one)", "i (don't like|am tired of|hate) this (song|track|one)"};
constexpr Pattern kMusicPrevious[] = {
    "!(previous|last) (song|track)", "!(go back|back) [to] (one|the last|the previous) (song|track)",
    "!play the (previous|last|one before) (song|track)", "!repeat the (last|previous) (song|track)"};
constexpr Pattern kMusicWhat[] = {"what (song|track|music) is (this|playing)",
                                  "what's (playing|this song|this track)",
                                  "who (sings|plays|is singing) this [song]",
                                  "!(name|tell me) this (song|track)", "which (song|track) is (this|on)"};
constexpr Pattern kVolumeUp[] = {"!(turn|crank) (it|the volume|the music|the sound) up",
                                 "!(raise|increase) the (volume|sound)",
                                 "(louder|more volume|volume up)",
                                 "!make (it|the sound|the music) [a bit|a little|much] louder",
                                 "(it's|it is|the sound is) [much] too (quiet|soft)",
                                 "i (can't|cannot|can hardly) hear (it|the music|anything)"};
constexpr Pattern kVolumeDown[] = {"!(turn|bring) (it|the volume|the music|the sound) down",
                                   "!(lower|decrease|reduce) the (volume|sound)",
                                   "(quieter|less volume|volume down|softer)",
                                   "!make (it|the sound|the music) [a bit|a little|much] (quieter|softer)",
                                   "(it's|it is|the sound is|the music is) [much] too loud"};
constexpr Pattern kVolumeSet[] = {"!set [the] (volume|sound) to {level}",
                                  "!(turn|change|put) the (volume|sound|music) to {level}",
                                  "(volume|sound) (to|at) {level}", "(volume|sound) {level}"};
constexpr Pattern kVolumeMute[] = {
    "!(mute|silence) (everything|the sound|the watch|my watch|the device|it|all sounds)",
    "!(turn|switch) (the sound|all sounds|everything) off", "(mute|sound off|no sound)",
    "!(shut up|go silent)"};
constexpr Pattern kBrightnessUp[] = {
    "!(turn|bring) (the brightness|the screen) up", "!(raise|increase) the (brightness|backlight)",
    "!make the (screen|display) brighter", "(brighter|more brightness|brightness up)",
    "(the|my) (screen|display) is (too|so|much too) dark"};
constexpr Pattern kBrightnessDown[] = {
    "!(turn|bring) (the brightness|the screen) down",
    "!(lower|decrease|reduce|dim) the (brightness|backlight|screen|display)",
    "!make the (screen|display) (darker|less bright)", "(darker|less brightness|brightness down)",
    "(the|my) (screen|display) is (too|so|much too) bright"};
constexpr Pattern kBrightnessSet[] = {"!set [the] (brightness|screen) to {level}",
                                      "!(turn|change|put) the (brightness|screen|display) to {level}",
                                      "(brightness|display) (to|at) {level}", "brightness {level}"};
constexpr Pattern kSilenceOn[] = {"!(turn|switch) on (do not disturb|quiet mode|silent mode)",
                                  "!(turn|switch) (do not disturb|quiet mode|silent mode) on",
                                  "!(enable|activate) (do not disturb|quiet mode|silent mode)",
                                  "!(don't|do not) disturb me",
                                  "no (calls|notifications|alerts) (now|for now|please)"};
constexpr Pattern kSilenceOff[] = {"!(turn|switch) off (do not disturb|quiet mode|silent mode)",
                                   "!(turn|switch) (do not disturb|quiet mode|silent mode) off",
                                   "!(disable|end|leave) (do not disturb|quiet mode|silent mode)",
                                   "(you|they|people) (may|can) disturb me (again|now)"};
constexpr Pattern kWifiOn[] = {"!(turn|switch) on [the] (wifi|wireless)",
                               "!(turn|switch) [the] (wifi|wireless) on",
                               "!(enable|activate) [the] (wifi|wireless)",
                               "!(connect|log on) to (the wifi|my wifi|the internet|the network)"};
constexpr Pattern kWifiOff[] = {"!(turn|switch) off [the] (wifi|wireless)",
                                "!(turn|switch) [the] (wifi|wireless) off",
                                "!(disable|deactivate) [the] (wifi|wireless)",
                                "!(disconnect|log off) from (the wifi|my wifi|the internet|the network)"};
constexpr Pattern kBluetoothOn[] = {"!(turn|switch) on [the] bluetooth", "!(turn|switch) [the] bluetooth on",
                                    "!(enable|activate) [the] bluetooth",
                                    "!(pair|connect|link) (my|the) (headphones|earbuds|headset|speaker)"};
constexpr Pattern kBluetoothOff[] = {
    "!(turn|switch) off [the] bluetooth", "!(turn|switch) [the] bluetooth off",
    "!(disable|deactivate) [the] bluetooth",
    "!(unpair|disconnect|unlink) (my|the) (headphones|earbuds|headset|speaker)"};
constexpr Pattern kFlightOn[] = {"!(turn|switch) on (flight|airplane) mode",
                                 "!(turn|switch) (flight|airplane) mode on",
                                 "!(enable|activate) (flight|airplane) mode",
                                 "(we are|i am) (taking off|on the plane|boarding|in the plane) [now]"};
constexpr Pattern kFlightOff[] = {
    "!(turn|switch) off (flight|airplane) mode", "!(turn|switch) (flight|airplane) mode off",
    "!(disable|deactivate|leave) (flight|airplane) mode", "(we|i) (have|just|have just) landed [now]"};
constexpr Pattern kLightOn[] = {
    "!(turn|switch) on the (flashlight|torch|light)", "!(turn|switch) the (flashlight|torch|light) on",
    "i need (a light|some light|the flashlight|a torch)", "(light|flashlight|torch) on"};
constexpr Pattern kLightOff[] = {"!(turn|switch) off the (flashlight|torch|light)",
                                 "!(turn|switch) the (flashlight|torch|light) off",
                                 "(light|flashlight|torch) off", "(no more|enough) (light|flashlight|torch)"};
constexpr Pattern kBatteryLevel[] = {"how much (battery|charge|power) (is left|do i have|have i got) [left]",
                                     "what's (my|the) battery [level|status]",
                                     "!(check|show) (my|the) battery [level]",
                                     "(battery|power) (level|status)", "how long will the battery last"};
constexpr Pattern kBatterySaver[] = {
    "!(turn|switch) on (battery|power) (saver|saving)", "!(turn|switch) (battery|power) (saver|saving) on",
    "!(enable|activate) (battery|power) (saver|saving)", "!save [some|my] (battery|power|energy)",
    "!make (the|my) battery last (longer|the day)"};
constexpr Pattern kPhoneFind[] = {
    "!(find|locate|ring|look for) my phone", "where (is|did i leave|did i put) my phone",
    "i (can't find|lost|don't see|misplaced) my phone", "!(make|let) my phone (ring|beep)"};
constexpr Pattern kAppOpen[] = {"!(open|launch|start|run) [the] {app} [app]",
                                "!(go to|bring up|show me) the {app} [app]",
                                "i (want|need) (the|to use the) {app} app"};
constexpr Pattern kAppClose[] = {"!(close|quit|exit|kill|leave) [the] {app} [app]",
                                 "!(shut|shut down) the {app} app", "i'm done with the {app} app"};
constexpr Pattern kAppMute[] = {"!(mute|silence|hide) [the] {app} (notifications|alerts)",
                                "!(stop|block) (notifications|alerts) from [the] {app} [app]",
                                "no (more notifications|more alerts) from [the] {app} [app]"};
constexpr Pattern kPayOpen[] = {"!(pay|let me pay) (with|by) (my watch|card|the watch)",
                                "!(open|show|start) (my card|my wallet card|the payment|payment)",
                                "i (want|would like) to pay", "ready to pay"};
constexpr Pattern kCameraShoot[] = {"!(take|shoot|snap) a (photo|picture|selfie)",
                                    "(say cheese|photo now|picture now)",
                                    "!(press|push|use|hit) the (camera|shutter|photo) [button]"};

constexpr IntentSpec kSpecs[] = {
    {"music.play", kMusicPlay},
    {"music.shuffle", kMusicShuffle},
    {"music.playlist", kMusicPlaylist},
    {"music.pause", kMusicPause},
    {"music.resume", kMusicResume},
    {"music.next", kMusicNext},
    {"music.previous", kMusicPrevious},
    {"music.what", kMusicWhat},
    {"volume.up", kVolumeUp},
    {"volume.down", kVolumeDown},
    {"volume.set", kVolumeSet},
    {"volume.mute", kVolumeMute},
    {"brightness.up", kBrightnessUp},
    {"brightness.down", kBrightnessDown},
    {"brightness.set", kBrightnessSet},
    {"silence.on", kSilenceOn},
    {"silence.off", kSilenceOff},
    {"wifi.on", kWifiOn},
    {"wifi.off", kWifiOff},
    {"bluetooth.on", kBluetoothOn},
    {"bluetooth.off", kBluetoothOff},
    {"flight.on", kFlightOn},
    {"flight.off", kFlightOff},
    {"light.on", kLightOn},
    {"light.off", kLightOff},
    {"battery.level", kBatteryLevel},
    {"battery.saver", kBatterySaver},
    {"phone.find", kPhoneFind},
    {"app.open", kAppOpen},
    {"app.close", kAppClose},
    {"app.mute", kAppMute},
    {"pay.open", kPayOpen},
    {"camera.shoot", kCameraShoot},
};

}  // namespace

std::span<const IntentSpec> device_intents() { return kSpecs; }

}  // namespace slmrig::forge
