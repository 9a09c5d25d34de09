#include "workloads/forge/corpus_intents_tables.h"

namespace slmrig::forge {

namespace {

using Pattern = std::string_view;

constexpr Pattern kTimerSet[] = {"!(set|start|create) a [new] timer for {duration}",
                                 "!(set|start) a {duration} (timer|countdown)",
                                 "!(set|start) the timer (for|to) {duration}",
                                 "!count down {duration}",
                                 "!(wake|alert|tell|ping) me in {duration}",
                                 "[a] timer (for|of) {duration}",
                                 "i need a [new] timer for {duration}",
                                 "{duration} (timer|countdown)"};
constexpr Pattern kTimerCancel[] = {"!(cancel|delete|remove|clear) (the|my) (timer|countdown)",
                                    "!(stop|end|kill) (the|my) (timer|countdown)",
                                    "!turn off (the|my|this) (timer|countdown)",
                                    "!get rid of (the|my|this) (timer|countdown)",
                                    "i don't need the (timer|countdown) [anymore]",
                                    "(timer|countdown) (off|cancel)"};
constexpr Pattern kTimerPause[] = {"!(pause|hold|freeze|halt) (the|my) (timer|countdown)",
                                   "!put (the|my) (timer|countdown) on hold", "(timer|countdown) pause",
                                   "!(pause|hold) the (running|current) timer"};
constexpr Pattern kTimerResume[] = {"!(resume|continue|restart|unpause) (the|my) (timer|countdown)",
                                    "!let (the|my) (timer|countdown) (run again|run on|go on|continue)",
                                    "(timer|countdown) (resume|continue|go on)"};
constexpr Pattern kTimerLeft[] = {
    "how (much time|long) is left [on (the|my) timer]",
    "how (much time|many minutes) (do i have|remain|are left) [on (the|my) timer]",
    "!(check|show) [me] (the|my) timer", "what's left on (the|my) (timer|countdown)",
    "when (does|will) (the|my) (timer|countdown) (end|finish|ring)"};
constexpr Pattern kTimerExtend[] = {"!add {duration} to (the|my) (timer|countdown)",
                                    "!(extend|prolong) (the|my) (timer|countdown) by {duration}",
                                    "!give (me|the timer) (another {duration}|{duration} more)",
                                    "{duration} (more|extra) on (the|my) timer"};
constexpr Pattern kAlarmSet[] = {"!(set|create|add) an alarm (for|at) {time}",
                                 "!(set|create|add) an alarm (for|on) {day} at {time}",
                                 "!wake me [up] at {time}",
                                 "!wake me [up] {day} at {time}",
                                 "!(get|have) me up (at|by) {time}",
                                 "i (need|have|want) to (get|wake) up at {time} [{day}]",
                                 "[an] alarm (for|at) {time} [{day}]"};
constexpr Pattern kAlarmCancel[] = {"!(cancel|delete|remove|turn off|drop) (the|my) {time} alarm",
                                    "!(cancel|delete|remove|turn off) (the|my) alarm (at|for) {time}",
                                    "i don't need the [alarm at] {time} alarm", "no alarm at {time}"};
constexpr Pattern kAlarmList[] = {"(what|which) alarms (are set|do i have|are on|are active)",
                                  "!(show|list|read|tell) me (my|all|the) alarms",
                                  "when (does my alarm|is my alarm going to) (ring|go off)",
                                  "!(check|show) my alarms", "do i have (an alarm|any alarms) [set]"};
constexpr Pattern kAlarmSnooze[] = {
    "!snooze [the alarm] [for] {duration}",
    "!(let me sleep|sleep) (another {duration}|{duration} more|for {duration} more)",
    "{duration} more [sleep] please", "!ring again in {duration}", "!wake me again in {duration}"};
constexpr Pattern kStopwatchStart[] = {"!(start|run|begin|launch) (the|a) stopwatch",
                                       "!(start|begin) (timing|measuring the time)",
                                       "stopwatch (start|go|on)", "!time (me|this|my run)"};
constexpr Pattern kStopwatchStop[] = {"!(stop|halt|end|finish) (the|my) stopwatch", "!(stop|end) timing",
                                      "stopwatch (stop|end|off)"};
constexpr Pattern kStopwatchReset[] = {"!(reset|clear|zero) (the|my) stopwatch",
                                       "!set (the|my) stopwatch (to zero|back|back to zero)",
                                       "stopwatch (reset|clear|to zero)"};
constexpr Pattern kStopwatchLap[] = {"!(take|mark|record|save|add) a [new] lap",
                                     "!(mark|take) (the|this) lap", "(lap|new lap|lap time|next lap)",
                                     "stopwatch lap"};
constexpr Pattern kCallStart[] = {"!call {contact} [now|for me]",
                                  "!(ring|phone|dial) {contact}",
                                  "!(make|start|place) a call to {contact}",
                                  "!give {contact} a (call|ring)",
                                  "i (want|need|have) to (call|talk to|speak to) {contact}",
                                  "!get {contact} on the (phone|line)"};
constexpr Pattern kCallAnswer[] = {"!(answer|accept|take|pick up) (the|this) (call|phone)",
                                   "!pick up [the phone]", "!(answer|take) (it|that)",
                                   "!say (hello|hi) to the caller"};
constexpr Pattern kCallReject[] = {
    "!(reject|decline|refuse|ignore) (the|this) call", "!(don't answer|do not answer) [the call|it]",
    "!send (it|the call) to voicemail", "(not now|no) (hang up on|reject) (them|him|her)"};
constexpr Pattern kCallEnd[] = {"!(end|finish|stop) (the|this) call",
                                "!hang up [the phone|now|the call|on them]", "(the|this) call is over",
                                "(call over|goodbye end call|end call)"};
constexpr Pattern kCallRedial[] = {"!(redial|call back) [the last number|the last caller]",
                                   "!call the last (number|caller|person) [again|back]",
                                   "!try (that number|the call|calling) again",
                                   "!dial (again|the last number)"};
constexpr Pattern kCallMissed[] = {"did i miss (a|any) (call|calls)",
                                   "(who|did anyone) (called|call|tried to call) [me]",
                                   "!(show|list|read) [me] (my|the) missed calls", "(any|what) missed calls"};
constexpr Pattern kMessageSend[] = {"!(text|message) {contact} {message}",
                                    "!(send|write) {contact} [a] (message|text) {message}",
                                    "!(send|write) a (message|text) to {contact} saying {message}",
                                    "!tell {contact} {message}",
                                    "!let {contact} know {message}",
                                    "!(text|tell|message) {contact} that {message}"};
constexpr Pattern kMessageRead[] = {"!(read|show|open) [me] (my|the) [new|last|latest] (messages|texts)",
                                    "(any|do i have any|are there any|what are my) new (messages|texts)",
                                    "what did (they|people) (write|text)", "!read (it|that) out [loud]"};
constexpr Pattern kMessageFrom[] = {"!(read|show) [me] [the] (messages|message|text) from {contact}",
                                    "what did {contact} (write|say|text|want|send)",
                                    "(any|a) (news|message|text|word) from {contact}",
                                    "did {contact} (write|text|answer|reply) [me]"};
constexpr Pattern kWeatherNow[] = {"what's the weather [like] in {city}",
                                   "how's the weather in {city} [now|right now]",
                                   "(weather|temperature) in {city}", "how (warm|cold|hot) is it in {city}",
                                   "what's the temperature in {city}"};
constexpr Pattern kWeatherForecast[] = {"what (will|is) the weather [be] [like] in {city} {day}",
                                        "!(show|give|tell) me the (forecast|weather) for {city} {day}",
                                        "(forecast|weather) (for|in) {city} {day}",
                                        "how (warm|cold|hot) (will it be|is it going to be) in {city} {day}"};
constexpr Pattern kWeatherRain[] = {"(will it|is it going to) rain in {city} {day}",
                                    "do i need (an umbrella|a coat|a raincoat) in {city} {day}",
                                    "(any|is there) rain in {city} {day}",
                                    "(chance|risk) of rain in {city} {day}"};
constexpr Pattern kNavigateTo[] = {
    "!(navigate|guide|take|bring) me to {place}", "!(start|begin) navigation to {place}",
    "!(get|show|give) me directions to {place}",  "how do i get to {place}",
    "(route|way|directions) to {place}",          "which way to {place}"};
constexpr Pattern kNavigateStop[] = {
    "!(stop|end|cancel|quit) (the|this) (navigation|route|guidance|directions)",
    "i know the way [from here|now]", "(navigation|route) (off|end|stop)"};
constexpr Pattern kNavigateEta[] = {
    "how (long|far) (to|until|is it to) {place}", "when (will|do) i (get|arrive|be) (to|at) {place}",
    "how (many minutes|much time) to {place}", "(arrival time|eta) (at|for|to) {place}"};
constexpr Pattern kCalendarNext[] = {
    "what's (my next|the next|next on my) (meeting|appointment|event|calendar)",
    "when is my next (meeting|appointment|event)", "!(show|tell) me my next (meeting|appointment|event)",
    "what (comes|do i have) next"};
constexpr Pattern kCalendarList[] = {"what's on my (calendar|schedule|agenda) {day}",
                                     "what do i have [planned] {day}",
                                     "!(show|read|tell) me my (calendar|schedule|agenda|plans) for {day}",
                                     "(any|do i have any) (meetings|appointments|plans) {day}"};
constexpr Pattern kCalendarAdd[] = {"!(add|put|schedule|enter) {event} {day} at {time}",
                                    "!(add|put|enter) {event} (to|in) my calendar [for] {day} at {time}",
                                    "!(create|make|add) an (event|appointment|entry) {event} {day} at {time}",
                                    "!(plan|book) {event} for {day} at {time}",
                                    "i have {event} {day} at {time}"};
constexpr Pattern kReminderAdd[] = {
    "!remind me to {text:task} (at {time}|{day}|{day} at {time})",
    "!(set|add|create) a reminder to {text:task} (at {time}|{day}|{day} at {time})",
    "!remind me (at {time}|{day}|{day} at {time}) to {text:task}",
    "!don't let me forget to {text:task} [{day}]",
    "i (must|have to|need to) {text:task} (at {time}|{day}|{day} at {time})"};
constexpr Pattern kReminderList[] = {"(what|which) reminders (do i have|are set|are there)",
                                     "!(show|list|read|tell) me (my|all my|the) reminders",
                                     "what (should|must) i (remember|not forget) [today]",
                                     "(any|do i have any) reminders"};
constexpr Pattern kNoteAdd[] = {
    "!(take|make|write|save|add) a note {text:note}", "!(note|write|jot) down {text:note}",
    "!(take|make|add) a note that says {text:note}", "[new] note {text:note}", "!remember that {text:note}"};
constexpr Pattern kNoteRead[] = {"!(read|show|open) [me] (my|all my|the|my last) (notes|note)",
                                 "what (did i|have i) (note|noted|write|written) down",
                                 "what (is|stands) in my notes"};
constexpr Pattern kListAdd[] = {"!(add|put) {quantity} {item:grocery} (to|on) my (shopping|grocery) list",
                                "we (need|are out of) {quantity} {item:grocery}",
                                "{quantity} {item:grocery} (to|on|for) the (shopping|grocery) list"};
constexpr Pattern kTranslate[] = {
    "!translate {text:phrase} (to|into) {language}", "how do (you|i) say {text:phrase} in {language}",
    "what's {text:phrase} in {language}", "!(say|tell me) {text:phrase} in {language}",
    "{text:phrase} in {language}"};
constexpr Pattern kConvert[] = {"!convert {quantity} {from:unit} (to|into) {to:unit}",
                                "how (many|much) {to:unit} (are|is|in) {quantity} {from:unit}",
                                "what (is|are) {quantity} {from:unit} in {to:unit}",
                                "{quantity} {from:unit} (in|to) {to:unit}"};
constexpr Pattern kTimeCity[] = {"what time is it in {city}", "what's the (time|local time) in {city}",
                                 "(time|local time) in {city}", "how late is it in {city}",
                                 "!(tell|show|give) me the time in {city}"};
constexpr Pattern kTimeNow[] = {"what time is it [now]", "what's the (time|current time)",
                                "!(tell|give|show) me the time", "how late is it",
                                "do you (have|know) the time"};
constexpr Pattern kDateToday[] = {
    "what (day|date) is it [today]", "what's (today's date|the date|the date today)",
    "!(tell|give|show) me (the date|today's date)", "which day (is it|do we have) [today]"};

constexpr IntentSpec kSpecs[] = {
    {"timer.set", kTimerSet},
    {"timer.cancel", kTimerCancel},
    {"timer.pause", kTimerPause},
    {"timer.resume", kTimerResume},
    {"timer.left", kTimerLeft},
    {"timer.extend", kTimerExtend},
    {"alarm.set", kAlarmSet},
    {"alarm.cancel", kAlarmCancel},
    {"alarm.list", kAlarmList},
    {"alarm.snooze", kAlarmSnooze},
    {"stopwatch.start", kStopwatchStart},
    {"stopwatch.stop", kStopwatchStop},
    {"stopwatch.reset", kStopwatchReset},
    {"stopwatch.lap", kStopwatchLap},
    {"call.start", kCallStart},
    {"call.answer", kCallAnswer},
    {"call.reject", kCallReject},
    {"call.end", kCallEnd},
    {"call.redial", kCallRedial},
    {"call.missed", kCallMissed},
    {"message.send", kMessageSend},
    {"message.read", kMessageRead},
    {"message.from", kMessageFrom},
    {"weather.now", kWeatherNow},
    {"weather.forecast", kWeatherForecast},
    {"weather.rain", kWeatherRain},
    {"navigate.to", kNavigateTo},
    {"navigate.stop", kNavigateStop},
    {"navigate.eta", kNavigateEta},
    {"calendar.next", kCalendarNext},
    {"calendar.list", kCalendarList},
    {"calendar.add", kCalendarAdd},
    {"reminder.add", kReminderAdd},
    {"reminder.list", kReminderList},
    {"note.add", kNoteAdd},
    {"note.read", kNoteRead},
    {"list.add", kListAdd},
    {"translate", kTranslate},
    {"convert", kConvert},
    {"time.city", kTimeCity},
    {"time.now", kTimeNow},
    {"date.today", kDateToday},
};

}  // namespace

std::span<const IntentSpec> day_intents() { return kSpecs; }

}  // namespace slmrig::forge
