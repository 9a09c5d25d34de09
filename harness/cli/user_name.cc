#include "harness/cli/user_name.h"

#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

namespace slmrig::cli {

std::string user_name() {
  for (const char* variable : {"USER", "LOGNAME"}) {
    if (const char* name = std::getenv(variable); name != nullptr && *name != '\0') return name;
  }
  return fmt::format("uid {}", ::getuid());
}

}  // namespace slmrig::cli
