// For tests: a virtual instrument as a child process, on a port in a folder of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/base/child_process.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/rigsim/line_server.h"

namespace slmrig::rig {

class VirtualInstrument {
 public:
  explicit VirtualInstrument(const std::string& program, std::vector<std::string> arguments = {}) {
    base::ChildOptions options;
    options.streams = base::StandardStreams::kNull;
    options.arguments = {std::string(SLMRIG_PROGRAMS) + "/" + program, "--port", port(), "--control",
                         control()};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    auto child = base::ChildProcess::spawn(options);
    REQUIRE(child);
    child_ = std::make_unique<base::ChildProcess>(std::move(*child));
    const int64_t deadline_ns = base::monotonic_now_ns() + 10'000'000'000;
    while (!std::filesystem::exists(port()) && !child_->poll() && base::monotonic_now_ns() < deadline_ns)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    REQUIRE(std::filesystem::exists(port()));
  }

  std::string port() const { return (folder_.path() / "port").string(); }
  std::string control() const { return (folder_.path() / "control").string(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

  std::string tell(const std::string& line) const {
    return rigsim::tell_line(control(), line).value_or(std::string("no answer"));
  }

  // Commands are not acknowledged, and reach it through a terminal: what it says once it has them all.
  std::string state_with(const std::string& words) const {
    const int64_t deadline_ns = base::monotonic_now_ns() + 2'000'000'000;
    std::string state = tell("state");
    while (state.find(words) == std::string::npos && base::monotonic_now_ns() < deadline_ns) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      state = tell("state");
    }
    return state;
  }

 private:
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::create("instrument").value();
  std::unique_ptr<base::ChildProcess> child_;
};

}  // namespace slmrig::rig
