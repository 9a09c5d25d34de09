// What it costs to bring an image to a board: the real client and the real agent, on simulated lines.
#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include <benchmark/benchmark.h>

#include "device-agent/core/agent.h"
#include "device-agent/wire/frame.h"
#include "harness/base/sha256.h"
#include "harness/rig/agent_client.h"
#include "tests/perf/simulated_line.h"

namespace slmrig::perf {
namespace {

using agent::port::SimBoard;
using agent::port::SimStorage;

constexpr std::size_t kSlotBytes = 2U << 20U;

// As weights of four bits look: bytes of all values, a zero now and then.
std::vector<uint8_t> image_of(std::size_t size_bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> image(size_bytes);
  for (uint8_t& byte : image) byte = static_cast<uint8_t>(random());
  return image;
}

// Each board runs an agent of its own: run_agent() has but one.
void run_own_agent() {
  agent::Agent own(agent::linked_engine());
  while (own.serve(1000)) {
  }
}

struct Board {
  explicit Board(const LineSpec& spec, std::function<void()> wait = {}) {
    storage.slot0_writable = true;
    sim = std::make_unique<SimBoard>(storage, run_own_agent, kSlotBytes);
    rig::ClientTimeouts timeouts;
    clock = std::make_unique<BoardClock>(*sim);
    timeouts.clock = clock.get();
    client = std::make_unique<rig::AgentClient>(std::make_unique<SimulatedLine>(*sim, spec, std::move(wait)),
                                                timeouts);
  }
  SimStorage storage;
  std::unique_ptr<SimBoard> sim;
  std::unique_ptr<BoardClock> clock;
  std::unique_ptr<rig::AgentClient> client;
};

bool holds(const Board& board, std::size_t slot, const std::vector<uint8_t>& image) {
  return std::equal(image.begin(), image.end(), board.storage.slots[slot].begin());
}

// The share of what a line of 8N1 can carry that arrives as image.
void upload(benchmark::State& state, double baud, double bit_error_rate) {
  const std::vector<uint8_t> image = image_of(1'000'000, 1);
  double seconds = 0;
  double repeats = 0;
  for (auto _ : state) {
    Board board({baud, bit_error_rate});
    if (!board.client->connect()) return state.SkipWithError("the agent did not answer");
    const uint64_t began_ns = board.sim->now_ns;
    const auto stored = board.client->upload(1, image, {});
    if (!stored) return state.SkipWithError(stored.error().text().c_str());
    if (!holds(board, 1, image)) return state.SkipWithError("the slot holds something else");
    seconds += static_cast<double>(board.sim->now_ns - began_ns) * 1e-9;
    repeats += board.client->statistics().retransmits;
  }
  const auto iterations = static_cast<double>(state.iterations());
  state.counters["share"] = static_cast<double>(image.size()) * iterations / seconds / (baud / 10);
  state.counters["simulated_s"] = seconds / iterations;
  state.counters["repeats"] = repeats / iterations;
}
BENCHMARK_CAPTURE(upload, clean_115200, 115200, 0)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(upload, clean_921600, 921600, 0)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(upload, clean_3000000, 3'000'000, 0)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(upload, errors_1em5_115200, 115200, 1e-5)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(upload, errors_1em5_921600, 921600, 1e-5)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(upload, errors_1em5_3000000, 3'000'000, 1e-5)->Unit(benchmark::kMillisecond)->Iterations(1);

// Of the lines of seeds 1 to 20 the worst: where the errors fall decides what they cost.
void upload_worst(benchmark::State& state, double baud, double bit_error_rate) {
  const std::vector<uint8_t> image = image_of(1'000'000, 1);
  double worst = 1;
  double sum = 0;
  constexpr uint64_t kSeeds = 20;
  for (auto _ : state) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      Board board({baud, bit_error_rate, seed});
      if (!board.client->connect()) return state.SkipWithError("the agent did not answer");
      const uint64_t began_ns = board.sim->now_ns;
      const auto stored = board.client->upload(1, image, {});
      if (!stored) return state.SkipWithError(stored.error().text().c_str());
      if (!holds(board, 1, image)) return state.SkipWithError("the slot holds something else");
      const double seconds = static_cast<double>(board.sim->now_ns - began_ns) * 1e-9;
      const double share = static_cast<double>(image.size()) / seconds / (baud / 10);
      worst = std::min(worst, share);
      sum += share;
    }
  }
  state.counters["share"] = worst;
  state.counters["mean"] = sum / kSeeds;
}
BENCHMARK_CAPTURE(upload_worst, errors_1em5_921600, 921600, 1e-5)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(upload_worst, errors_1em5_3000000, 3'000'000, 1e-5)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// All that crosses the line, both ways, when a contiguous hundredth of an image changes.
void change_one_percent(benchmark::State& state) {
  const auto size_bytes = static_cast<std::size_t>(state.range(0));
  const std::vector<uint8_t> held = image_of(size_bytes, 1);
  std::vector<uint8_t> image = held;
  const std::vector<uint8_t> change = image_of(size_bytes / 100, 2);
  std::copy(change.begin(), change.end(), image.begin() + static_cast<std::ptrdiff_t>(size_bytes / 3));
  double line_bytes = 0;
  for (auto _ : state) {
    Board board({921600, 0});
    if (!board.client->connect() || !board.client->upload(0, held, {})) {
      return state.SkipWithError("the first image was not taken");
    }
    const auto stored = board.client->upload(1, image, {});
    if (!stored) return state.SkipWithError(stored.error().text().c_str());
    if (!holds(board, 1, image)) return state.SkipWithError("the slot holds something else");
    line_bytes += static_cast<double>(board.client->upload_figures().line_bytes);
  }
  state.counters["share"] =
      line_bytes / static_cast<double>(state.iterations()) / static_cast<double>(size_bytes);
}
BENCHMARK(change_one_percent)
    ->Arg(350'000)
    ->Arg(1'000'000)
    ->Arg(2'000'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// Seconds of real time until `count` boards hold an image, each over a line of its own.
double deploy_to(std::size_t count, const std::vector<uint8_t>& image, bool* good) {
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  std::vector<char> stored(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&image, &stored, i, began] {
      std::unique_ptr<Board> board;
      // The board's millisecond ends with the host's.
      board = std::make_unique<Board>(LineSpec{921600, 0}, [&board, began] {
        if (board) std::this_thread::sleep_until(began + std::chrono::nanoseconds(board->sim->now_ns));
      });
      stored[i] =
          board->client->connect() && board->client->upload(1, image, {}) && holds(*board, 1, image) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  *good = std::all_of(stored.begin(), stored.end(), [](char one) { return one != 0; });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void four_boards(benchmark::State& state) {
  const std::vector<uint8_t> image = image_of(200'000, 1);
  double one_s = 0;
  double four_s = 0;
  for (auto _ : state) {
    bool one_good = false;
    bool four_good = false;
    one_s += deploy_to(1, image, &one_good);
    four_s += deploy_to(4, image, &four_good);
    if (!one_good || !four_good) return state.SkipWithError("an image was not taken");
  }
  state.counters["ratio"] = four_s / one_s;
  state.counters["one_s"] = one_s / static_cast<double>(state.iterations());
}
BENCHMARK(four_boards)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

// --- The frame codec -------------------------------------------------------------------------------------
void codec(benchmark::State& state, bool decode, int zero_share) {
  std::vector<uint8_t> payload = image_of(wire::kMaxPayloadBytes, 1);
  if (zero_share != 0) {
    for (std::size_t i = 0; i < payload.size(); i += static_cast<std::size_t>(zero_share)) payload[i] = 0;
  }
  std::vector<uint8_t> frame(wire::kMaxFrameBytes);
  wire::FrameHeader header;
  header.kind = wire::FrameKind::kChunk;
  const std::size_t frame_bytes = wire::encode_frame(header, payload.data(), payload.size(), frame.data());
  alignas(8) static uint8_t buffer[wire::kMaxBodyBytes];
  wire::FrameDecoder decoder(buffer);
  for (auto _ : state) {
    if (!decode) {
      benchmark::DoNotOptimize(wire::encode_frame(header, payload.data(), payload.size(), frame.data()));
      benchmark::ClobberMemory();
      continue;
    }
    bool arrived = false;
    for (std::size_t at = 0; at < frame_bytes;) {
      wire::FrameEvent event = wire::FrameEvent::kNone;
      at += decoder.take(frame.data() + at, frame_bytes - at, &event);
      arrived = arrived || event == wire::FrameEvent::kFrame;
    }
    if (!arrived) return state.SkipWithError("the frame did not come back");
  }
  state.counters["GB/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(payload.size()) * 1e-9,
                         benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(codec, encode_random, false, 0);
BENCHMARK_CAPTURE(codec, decode_random, true, 0);
BENCHMARK_CAPTURE(codec, encode_a_zero_in_32, false, 32);
BENCHMARK_CAPTURE(codec, decode_a_zero_in_32, true, 32);

}  // namespace
}  // namespace slmrig::perf

BENCHMARK_MAIN();
