// What child processes write besides what they are asked for.
#pragma once

#include <string>

#include "harness/base/child_process.h"
#include "harness/rig/bounded_text.h"

namespace slmrig::deploy {

// What a process writes to its stderr (and, where that is no link, to its stdout), within limits. drain()
// never waits.
class ProcessLog {
 public:
  // `with_output`: its stdout is text too.
  ProcessLog(base::ChildProcess& child, bool with_output);
  void drain();
  std::string text();

 private:
  void drain_descriptor(int fd, std::string* partial);

  base::ChildProcess& child_;
  bool with_output_;
  std::string partial_output_;
  std::string partial_errors_;
  rig::BoundedText text_;
};

}  // namespace slmrig::deploy
