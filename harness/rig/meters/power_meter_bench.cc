// How fast the bytes of meters become samples, and what eight of them at once cost this process.
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "harness/base/child_process.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/ppk2_decoder.h"
#include "harness/rig/meters/ppk2_words_for_test.h"
#include "harness/rig/meters/stream_check.h"

namespace slmrig::rig {
namespace {

// Random codes in four ranges: the worst that a current can do to the table.
void ppk2_decode(benchmark::State& state) {
  constexpr uint32_t kSamples = 1U << 16U;
  std::vector<uint32_t> words;
  uint32_t random = 1;
  for (uint32_t i = 0; i < kSamples; ++i) {
    random = random * 1664525U + 1013904223U;
    words.push_back(ppk2_word(random >> 29U, random >> 8U & 0x3FFEU, i, random >> 4U & 255U) & ~(1U << 16U));
  }
  const std::vector<uint8_t> bytes = ppk2_bytes(words);
  Ppk2Decoder decoder(*parse_ppk2_metadata(ppk2_metadata_a()), 3.3);
  base::PowerSamples block;
  for (auto _ : state) {
    clear(block);
    decoder.feed(bytes, block);
    benchmark::DoNotOptimize(block.current_ua.data());
  }
  if (decoder.lost_samples() != 0) state.SkipWithError("a whole stream was decoded with losses");
  state.counters["samples/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kSamples, benchmark::Counter::kIsRate);
}
BENCHMARK(ppk2_decode);

double cpu_seconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::unique_ptr<Meter> open_when_there(const std::string& port) {
  base::MeterSpec spec;
  spec.kind = "ppk2";
  spec.address = port;
  const int64_t deadline_ns = base::monotonic_now_ns() + 10'000'000'000;
  while (!std::filesystem::exists(port) && base::monotonic_now_ns() < deadline_ns)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  auto meter = open_meter(spec);
  return meter ? std::move(*meter) : nullptr;
}

// Virtual instruments in processes of their own; what counts is this one's time.
void ppk2_live(benchmark::State& state) {
  const auto folder = base::TemporaryDirectory::create("bench").value();
  std::vector<base::ChildProcess> children;
  std::vector<std::unique_ptr<Meter>> meters;
  for (int64_t i = 0; i < state.range(0); ++i) {
    const std::string port = (folder.path() / fmt::format("port{}", i)).string();
    base::ChildOptions options;
    options.streams = base::StandardStreams::kNull;
    options.arguments = {std::string(SLMRIG_PROGRAMS) + "/slmrig-virtual-ppk2", "--port", port};
    auto child = base::ChildProcess::spawn(options);
    if (child) children.push_back(std::move(*child));
    meters.push_back(open_when_there(port));
    if (!meters.back()) return state.SkipWithError("a virtual PPK2 cannot be opened");
  }
  int64_t samples = 0;
  int64_t lost = 0;
  double cpu_s = 0;
  double wall_s = 0;
  for (auto _ : state) {
    for (const auto& meter : meters) {
      if (!meter->start()) return state.SkipWithError("a virtual PPK2 does not start");
    }
    const double cpu_before_s = cpu_seconds();
    const int64_t begin_ns = base::monotonic_now_ns();
    base::PowerSamples block;
    while (base::monotonic_now_ns() - begin_ns < 3'000'000'000) {
      // As a capture does: whatever has come, ten times a second.
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      for (const auto& meter : meters) {
        if (!meter->read(block, 0)) return state.SkipWithError("a stream broke off");
        samples += static_cast<int64_t>(block.current_ua.size());
        for (const base::SampleGap& gap : block.gaps) lost += gap.count;
      }
    }
    cpu_s += cpu_seconds() - cpu_before_s;
    wall_s += static_cast<double>(base::monotonic_now_ns() - begin_ns) * 1e-9;
    for (const auto& meter : meters) static_cast<void>(meter->stop());
  }
  state.counters["core_share"] = cpu_s / wall_s;
  state.counters["lost"] = static_cast<double>(lost);
  state.counters["samples/s"] = static_cast<double>(samples) / wall_s;
}
BENCHMARK(ppk2_live)->Arg(8)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace slmrig::rig

BENCHMARK_MAIN();
