// What every call of the runtime returns, and why an image was refused.
#pragma once

#include <cstdint>

namespace slmrig::runtime {

enum class [[nodiscard]] Status : uint8_t{
    kOk = 0,
    kBadImage,          // damaged or lying; see Refusal
    kUnsupportedImage,  // well formed, but not something this build can run; see Refusal
    kArenaTooSmall,    kBadArgument, kNotLoaded, kPromptTooLong, kContextFull,
};

// Why load() said kBadImage or kUnsupportedImage.
struct Refusal {
  const char* reason = "";  // static string, one clause: "a tensor reaches beyond the image"
  uint64_t offset = 0;      // the byte of the image at which it was found
};

}  // namespace slmrig::runtime
