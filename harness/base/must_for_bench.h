// What benchmarks do with an error: a broken benchmark must not print a figure.
#pragma once

#include <cstdlib>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "harness/base/error.h"

namespace slmrig::base {

template <typename T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().text());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace slmrig::base
