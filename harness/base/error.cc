#include "harness/base/error.h"

#include <cstdio>
#include <cstdlib>

namespace slmrig::base {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadInput: return "bad_input";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kLinkLost: return "link_lost";
    case ErrorCode::kDeviceFault: return "device_fault";
    case ErrorCode::kCorrupt: return "corrupt";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kUnfit: return "unfit";
    case ErrorCode::kLocked: return "locked";
    case ErrorCode::kWrongBoard: return "wrong_board";
    case ErrorCode::kIo: return "io";
  }
  return "unknown";
}

std::string Error::text() const { return context.empty() ? message : context + ": " + message; }

Error within(std::string_view place, Error error) {
  error.context = error.context.empty() ? std::string(place) : std::string(place) + ": " + error.context;
  return error;
}

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "slmrig: broken invariant %s at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace slmrig::base
