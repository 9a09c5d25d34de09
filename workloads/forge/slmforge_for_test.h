// slmforge as users and scripts start it: for the tests of its commands.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

#include <catch2/catch.hpp>

namespace slmrig::forge {

struct Finished {
  int exit_code = -1;
  std::string output;
};

// Through a shell, so `arguments` may be quoted. What it says on stderr is in the output, too, or nowhere.
inline Finished run_slmforge(const std::string& arguments, bool with_errors) {
  const std::string errors = with_errors ? " 2>&1" : " 2>/dev/null";
  std::FILE* pipe = popen((std::string(SLMRIG_SLMFORGE) + " " + arguments + errors).c_str(), "r");
  REQUIRE(pipe != nullptr);
  Finished finished;
  char buffer[512];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) finished.output += buffer;
  finished.exit_code = WEXITSTATUS(pclose(pipe));
  return finished;
}

}  // namespace slmrig::forge
