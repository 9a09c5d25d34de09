// The one text format between corpus, suites, training and use.
//
//   fed to the model:   BOS, encode(utterance + "\n")
//   the model answers:  answer, EOS
//
// The line feed is a single piece (the byte token <0x0A>) and ends the prompt; neither utterance nor answer
// holds one. There is no other marker: whether a command, a sensor stream or small talk was said is for the
// model to see. A suite stores the prompt text with its line feed, exactly as the tokenizer gets it after
// BOS.
//
//   command   "set a timer for 12 minutes\n" -> "timer.set duration=12m"
//   stream    "heart rate: 72 at 14:02, 131 at 14:08 ...\n"
//             -> "1 heart rate spike, highest 131 bpm at 14:08."
//   talk      "thank you\n" -> "you're welcome."
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace slmrig::forge {

inline constexpr char kPromptEnd = '\n';

// Limits that the corpus keeps and a test proves, BOS and EOS included.
inline constexpr std::size_t kMaxCommandTokens = 96;
inline constexpr std::size_t kMaxSummaryTokens = 224;

inline std::string prompt_text(std::string_view utterance) { return std::string(utterance) + kPromptEnd; }

}  // namespace slmrig::forge
