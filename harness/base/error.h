// Results and errors of all host code.
//
// A function that can fail returns Result<T>: a value, or an Error that says what was found, what was
// expected and what to do next. Callers add context on the way up; only cli turns an error into an exit
// code. We throw nothing; exceptions of libraries stop at the wrapper that calls them.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace slmrig::base {

enum class ErrorCode {
  kBadInput,     // a file, a name or an argument is wrong: the user mends it (exit 2)
  kTimeout,      // nothing came back in time
  kLinkLost,     // the byte stream to a device ended
  kDeviceFault,  // the device answered, and the answer is a failure
  kCorrupt,      // data does not have the hash, checksum or form that it must have
  kUnsupported,  // valid, but not something this version can do
  kUnfit,        // does not fit the board
  kLocked,       // somebody else holds the bench or the file
  kWrongBoard,   // another board or unit than the rig file says is behind a link
  kIo,           // the operating system refused (disk full, permission, ...)
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kBadInput;
  std::string message;  // one sentence: what was found, what was expected, what to do next
  std::string context;  // outermost first: "plan demo.json: cells[2].model"

  // "context: message", or the message alone.
  std::string text() const;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Done = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string context = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(context)});
}

// The same error with one more place in front of its context.
Error within(std::string_view place, Error error);

// Aborts with file and line: for broken invariants of our own, never for bad input.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace slmrig::base

#define SLMRIG_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::slmrig::base::check_failed(#expression, __FILE__, __LINE__))

// Returns the error of `result` from the enclosing function.
#define SLMRIG_TRY(result)                                                 \
  do {                                                                     \
    if (auto&& slmrig_try_ = (result); !slmrig_try_) {                     \
      return ::tl::unexpected<::slmrig::base::Error>(slmrig_try_.error()); \
    }                                                                      \
  } while (false)

#define SLMRIG_CONCAT_INNER(a, b) a##b
#define SLMRIG_CONCAT(a, b) SLMRIG_CONCAT_INNER(a, b)
// SLMRIG_ASSIGN(auto value, may_fail()): declares value, or returns the error.
#define SLMRIG_ASSIGN(declaration, ...)                                                              \
  auto SLMRIG_CONCAT(slmrig_result_, __LINE__) = (__VA_ARGS__);                                      \
  if (!SLMRIG_CONCAT(slmrig_result_, __LINE__)) {                                                    \
    return ::tl::unexpected<::slmrig::base::Error>(SLMRIG_CONCAT(slmrig_result_, __LINE__).error()); \
  }                                                                                                  \
  declaration = std::move(*SLMRIG_CONCAT(slmrig_result_, __LINE__))
