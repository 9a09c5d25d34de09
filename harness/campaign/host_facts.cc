#include "harness/campaign/host_facts.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "harness/base/child_process.h"

namespace slmrig::campaign {
namespace {

// The files of /proc and /sys have no size, so read_text() does not suit them.
std::string first_line(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// "model name : AMD EPYC ..." of the first CPU.
std::string value_in(const std::string& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return {};
}

void add(base::Provenance& facts, const std::string& key, const std::string& value) {
  if (!value.empty()) facts[key] = value;
}

}  // namespace

base::Provenance host_facts() {
  base::Provenance facts;
  utsname names = {};
  if (uname(&names) == 0) {
    add(facts, "host.name", names.nodename);
    add(facts, "host.kernel", fmt::format("{} {} {}", names.sysname, names.release, names.machine));
  }
  add(facts, "host.cpu", value_in("/proc/cpuinfo", "model name"));
  add(facts, "host.cores", fmt::format("{}", std::thread::hardware_concurrency()));
  add(facts, "host.memory", value_in("/proc/meminfo", "MemTotal"));
  add(facts, "host.governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
  add(facts, "host.load", first_line("/proc/loadavg"));
  add(facts, "host.hypervisor", value_in("/proc/cpuinfo", "hypervisor"));
  add(facts, "harness.compiler", "g++ " __VERSION__);
  return facts;
}

std::optional<int64_t> host_waiting_ns() {
  // "some avg10=0.00 avg60=0.00 avg300=0.00 total=123456", in microseconds.
  const std::string line = first_line("/proc/pressure/cpu");
  const std::size_t total = line.find("total=");
  if (!line.starts_with("some") || total == std::string::npos) return std::nullopt;
  constexpr int64_t kNsPerUs = 1000;
  return std::strtoll(line.c_str() + total + 6, nullptr, 10) * kNsPerUs;
}

std::string program_version(const std::string& program) {
  base::ChildOptions options;
  options.arguments = {program, "--version"};
  constexpr int64_t kPatienceMs = 5000;
  const auto run = base::run_captured(options, {.timeout_ms = kPatienceMs});
  if (!run || !run->exit.ok()) return {};
  return run->output.substr(0, run->output.find('\n'));
}

}  // namespace slmrig::campaign
