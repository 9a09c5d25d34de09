// A running slmrig-virtual-scpi, and a meter of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "harness/base/child_process.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/rig/meters/scpi_meter.h"
#include "harness/rigsim/line_server.h"

namespace slmrig::rigsim {

inline constexpr int64_t kReadMs = 10'000;

class RunningInstrument {
 public:
  explicit RunningInstrument(const std::string& model, std::vector<std::string> further = {})
      : folder_(base::TemporaryDirectory::create("scpi").value()) {
    base::ChildOptions options;
    options.arguments = {SLMRIG_BUILD_DIR "/bin/slmrig-virtual-scpi",
                         "--model",
                         model,
                         "--ready-file",
                         file("ready"),
                         "--control",
                         file("control")};
    options.arguments.insert(options.arguments.end(), further.begin(), further.end());
    options.streams = base::StandardStreams::kNull;
    auto child = base::ChildProcess::spawn(options);
    REQUIRE(child);
    child_.emplace(std::move(*child));
    const int64_t deadline_ns = base::monotonic_now_ns() + kReadMs * 1'000'000;
    while (address_.empty() && base::monotonic_now_ns() < deadline_ns)
      address_ = base::read_text(file("ready")).value_or("");
    REQUIRE_FALSE(address_.empty());
  }

  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  const std::string& address() const { return address_; }
  std::string tell(const std::string& line) const {
    const auto answer = tell_line(file("control"), line);
    REQUIRE(answer);
    return *answer;
  }
  void stop() { child_->stop(); }

  base::MeterSpec spec() const {
    base::MeterSpec spec;
    spec.kind = "scpi";
    spec.address = address_;
    return spec;
  }
  base::MeterSpec source_spec(int millivolts) const {
    base::MeterSpec spec = this->spec();
    spec.mode = "source";
    spec.voltage_mv = millivolts;
    spec.settings["current_limit_ma"] = "500";
    return spec;
  }

 private:
  base::TemporaryDirectory folder_;
  std::optional<base::ChildProcess> child_;
  std::string address_;
};

// The next reading.
inline base::PowerSamples one_reading(rig::Meter& meter) {
  base::PowerSamples block;
  const auto got = meter.read(block, kReadMs);
  REQUIRE(got);
  REQUIRE(*got);
  return block;
}

}  // namespace slmrig::rigsim
