// Our driver against a virtual Otii server in a process of its own.
#include <catch2/catch.hpp>

#include "harness/base/child_process.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/rig/meters/otii_meter.h"
#include "harness/rigsim/line_server.h"

namespace slmrig::rigsim {
namespace {

using base::ErrorCode;
using base::PowerSamples;
using rig::open_otii;

constexpr int64_t kReadMs = 10'000;

class RunningServer {
 public:
  RunningServer() : folder_(base::TemporaryDirectory::create("otii").value()) {
    base::ChildOptions options;
    options.arguments = {SLMRIG_BUILD_DIR "/bin/slmrig-virtual-otii", "--ready-file", file("ready"),
                         "--control", file("control")};
    options.streams = base::StandardStreams::kNull;
    auto child = base::ChildProcess::spawn(options);
    REQUIRE(child);
    child_.emplace(std::move(*child));
    const int64_t deadline_ns = base::monotonic_now_ns() + kReadMs * 1'000'000;
    while (spec_.address.empty() && base::monotonic_now_ns() < deadline_ns)
      spec_.address = base::read_text(file("ready")).value_or("");
    REQUIRE_FALSE(spec_.address.empty());
    spec_.kind = "otii";
    spec_.mode = "source";
    spec_.voltage_mv = 3300;
    spec_.settings["current_limit_ma"] = "500";
  }

  const base::MeterSpec& spec() const { return spec_; }
  std::string tell(const std::string& line) const {
    const auto answer = tell_line(file("control"), line);
    REQUIRE(answer);
    return *answer;
  }

 private:
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

  base::TemporaryDirectory folder_;
  std::optional<base::ChildProcess> child_;
  base::MeterSpec spec_;
};

struct Seen {
  std::vector<float> current_ua;
  std::vector<uint8_t> markers;

  void add(const PowerSamples& block) {
    CHECK(block.first_index == static_cast<int64_t>(current_ua.size()));
    CHECK(block.markers.size() == block.current_ua.size());
    current_ua.insert(current_ua.end(), block.current_ua.begin(), block.current_ua.end());
    markers.insert(markers.end(), block.markers.begin(), block.markers.end());
  }
};

}  // namespace

TEST_CASE("an Otii feeds the board, streams and marks, and is left as the rig file says", "[otii]") {
  const RunningServer server;
  base::MeterSpec spec = server.spec();
  spec.leave_powered = false;
  {
    const auto meter = open_otii(spec);
    REQUIRE(meter);
    CHECK((*meter)->facts().model == "Otii Arc");
    CHECK((*meter)->facts().serial == "abcd1234");
    CHECK((*meter)->facts().sample_rate_hz == 4000);
    CHECK(server.tell("state") == "off 3.300 V, limit 0.500 A, licence reserved");
    REQUIRE((*meter)->set_power(true));
    const auto high = (*meter)->set_voltage(5100);
    REQUIRE_FALSE(high);
    CHECK(high.error().code == ErrorCode::kBadInput);
    REQUIRE((*meter)->start());
    Seen seen;
    PowerSamples block;
    while (seen.current_ua.size() < 1200) {
      const auto got = (*meter)->read(block, kReadMs);
      REQUIRE(got);
      REQUIRE(*got);
      seen.add(block);
    }
    REQUIRE((*meter)->stop());
    while (*(*meter)->read(block, kReadMs)) seen.add(block);
    CHECK_FALSE(*(*meter)->read(block, kReadMs));
    // The current doubles while GPI1 is high: line and current belong together, sample by sample.
    for (std::size_t i = 0; i < seen.current_ua.size(); ++i) {
      const bool high_now = (i / 40) % 2 == 1;
      REQUIRE(seen.current_ua[i] == Approx(high_now ? 24'000 : 12'000));
      REQUIRE(seen.markers[i] == (high_now ? 1 : 0));
    }
  }
  CHECK(server.tell("state") == "off 3.300 V, limit 0.500 A, licence free");
}

TEST_CASE("progress that a server sends meanwhile is passed over", "[otii]") {
  const RunningServer server;
  server.tell("fault progress");
  CHECK(open_otii(server.spec()));
}

TEST_CASE("what an Otii server lacks is said", "[otii]") {
  struct Case {
    const char* order;
    ErrorCode code;
    const char* text;
  };
  const Case one = GENERATE(Case{"fault no-login", ErrorCode::kUnsupported, "log in"},
                            Case{"fault no-licence", ErrorCode::kUnsupported, "Automation Toolbox"},
                            Case{"fault no-device", ErrorCode::kLinkLost, "plugged in"},
                            Case{"refuse arc_set_main_voltage", ErrorCode::kDeviceFault, "told to refuse"},
                            Case{"fault junk", ErrorCode::kCorrupt, "no JSON"});
  CAPTURE(one.order);
  const RunningServer server;
  REQUIRE(server.tell(one.order) == "done");
  const auto meter = open_otii(server.spec());
  REQUIRE_FALSE(meter);
  CHECK(meter.error().code == one.code);
  INFO(meter.error().text());
  CHECK(meter.error().text().find(one.text) != std::string::npos);
  // A licence that it had reserved is free again.
  server.tell("fault none");
  CHECK(server.tell("state").find("licence free") != std::string::npos);
}

TEST_CASE("an Otii server that falls silent, sends rubbish or refuses in mid-run ends the measurement",
          "[otii]") {
  struct Case {
    const char* order;
    ErrorCode code;
    const char* text;
  };
  const Case one =
      GENERATE(Case{"fault silent", ErrorCode::kTimeout, "recording_get_channel_data"},
               Case{"fault junk", ErrorCode::kCorrupt, "no JSON"},
               Case{"refuse recording_get_channel_data", ErrorCode::kDeviceFault, "told to refuse"});
  CAPTURE(one.order);
  const RunningServer server;
  base::MeterSpec spec = server.spec();
  spec.settings["answer_ms"] = "300";
  auto meter = open_otii(spec);
  REQUIRE(meter);
  REQUIRE((*meter)->start());
  PowerSamples block;
  auto got = (*meter)->read(block, kReadMs);
  REQUIRE(got);
  REQUIRE(server.tell(one.order) == "done");
  while (got && *got) got = (*meter)->read(block, kReadMs);
  REQUIRE_FALSE(got);
  INFO(got.error().text());
  CHECK(got.error().code == one.code);
  CHECK(got.error().text().find(one.text) != std::string::npos);
  // A server that says nothing is not waited for at every farewell.
  const int64_t began_ns = base::monotonic_now_ns();
  meter->reset();
  CHECK(base::monotonic_now_ns() - began_ns < 300'000'000);
  const auto again = open_otii(spec);
  CHECK(again.has_value() == (one.code == ErrorCode::kDeviceFault));
}

TEST_CASE("an Otii server that goes away ends the measurement; feeding takes a limit", "[otii]") {
  const RunningServer server;
  base::MeterSpec unlimited = server.spec();
  unlimited.settings.clear();
  CHECK_FALSE(open_otii(unlimited));
  const auto meter = open_otii(server.spec());
  REQUIRE(meter);
  CHECK_FALSE(open_otii(server.spec()));
  REQUIRE((*meter)->start());
  server.tell("unplug");
  PowerSamples block;
  auto got = (*meter)->read(block, kReadMs);
  while (got && *got) got = (*meter)->read(block, kReadMs);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == ErrorCode::kLinkLost);
}

}  // namespace slmrig::rigsim
