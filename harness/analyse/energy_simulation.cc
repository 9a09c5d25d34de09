#include "harness/analyse/energy_simulation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slmrig::analyse {

namespace {

constexpr double kRateHz = 100'000;
constexpr double kHoldS = 100e-6;  // as the agent holds its lines after the last token
constexpr double kFilterLag = 2.0438;
constexpr std::size_t kBlockSamples = 4096;
constexpr std::array<double, 5> kHighestUa = {50, 500, 5'000, 50'000, 1'000'000};
constexpr std::array<double, 5> kShuntOhm = {1003.3506, 101.5865, 10.3027, 0.9636, 0.0564};

// Power and markers from `start_s` on.
struct Step {
  double start_s = 0;
  double current_ua = 0;
  uint8_t markers = 0;
};

uint8_t markers_of(bool active, bool token, int phase) {
  return static_cast<uint8_t>((active ? 1 : 0) | (token ? 2 : 0) | (phase << 2));
}

class Script {
 public:
  Script(const SimulatedBoard& board, std::vector<Step>& steps) : board_(board), steps_(steps) {}

  double idle_now_ua() const { return board_.idle_ua * (1 + board_.idle_drift * board_.idle_place); }

  void rest(double seconds, double current_ua) { append(seconds, current_ua, false, 0); }

  void load(double seconds) {
    if (seconds > 0) append(seconds, board_.prefill_ua, true, 3);
  }

  GenerationTruth generate(const SimulatedGeneration& generation) {
    GenerationTruth truth;
    const double prefill_uj = append(generation.prefill_s, board_.prefill_ua * generation.scale, true, 1);
    const double prefill_idle = net_idle(generation.prefill_s);
    truth.prefill = {prefill_uj - prefill_idle, prefill_uj / generation.scale - prefill_idle,
                     generation.prefill_s};
    truth.token_net_uj.push_back(truth.prefill.net_uj);
    token_ = !token_;
    for (const double seconds : generation.token_s) {
      const double pulse_s = seconds * board_.pulse_share;
      double token_uj = append(pulse_s, (board_.decode_ua + board_.pulse_ua) * generation.scale, true, 2);
      token_uj += append(seconds - pulse_s, board_.decode_ua * generation.scale, true, 2);
      token_ = !token_;
      const double idle_uj = net_idle(seconds);
      truth.token_net_uj.push_back(token_uj - idle_uj);
      truth.decode.net_uj += token_uj - idle_uj;
      truth.decode.expected_net_uj += token_uj / generation.scale - idle_uj;
      truth.decode.seconds += seconds;
    }
    append(kHoldS, board_.decode_ua * generation.scale, true, 0);
    return truth;
  }

  double end_s() const { return now_s_; }

 private:
  double append(double seconds, double current_ua, bool active, int phase) {
    steps_.push_back({now_s_, current_ua, markers_of(active, token_, phase)});
    now_s_ += seconds;
    return current_ua * board_.supply_mv * 1e-3 * seconds;
  }
  double net_idle(double seconds) const { return idle_now_ua() * board_.supply_mv * 1e-3 * seconds; }

  const SimulatedBoard& board_;
  std::vector<Step>& steps_;
  double now_s_ = 0;
  bool token_ = false;
};

class Sampler {
 public:
  Sampler(const SimulatedBoard& board, const MeterErrors& errors, std::mt19937_64& random, Simulation& result)
      : board_(board), errors_(errors), random_(random), result_(result) {}

  void sample(const std::vector<Step>& steps, double end_s) {
    const double period_s = (1 + errors_.clock) / kRateHz;
    std::size_t step = 0;
    // The meter is not in step with the board.
    const double phase_s = std::uniform_real_distribution<double>(0, period_s)(random_);
    for (int64_t index = 0;; ++index) {
      const double now_s = phase_s + static_cast<double>(index) * period_s;
      if (now_s >= end_s) break;
      while (step + 1 < steps.size() && steps[step + 1].start_s <= now_s) ++step;
      if (gap_left_ == 0 && errors_.loss_rate > 0 && index > 10 && chance_(random_) < errors_.loss_rate) {
        gap_left_ = gap_ = std::uniform_int_distribution<int64_t>(1, errors_.longest_gap)(random_);
      }
      if (gap_left_ > 0) {
        ++result_.lost;
        if (--gap_left_ == 0) pending_gap_ = gap_;
        continue;
      }
      push(index, steps[step]);
    }
    flush();
  }

 private:
  void push(int64_t index, const Step& step) {
    const std::size_t range = simulated_range(step.current_ua);
    double current_ua = step.current_ua * (1 + errors_.gain[range]) + errors_.offset_ua[range];
    if (errors_.noise_ua > 0) current_ua += errors_.noise_ua * normal_(random_);
    if (block_.current_ua.empty()) block_.first_index = index;
    if (pending_gap_ > 0) block_.gaps.push_back({index, pending_gap_});
    pending_gap_ = 0;
    block_.current_ua.push_back(static_cast<float>(current_ua));
    block_.range.push_back(static_cast<uint8_t>(range));
    block_.markers.push_back(step.markers);
    ++result_.samples;
    if (block_.current_ua.size() == kBlockSamples) flush();
  }

  void flush() {
    if (!block_.current_ua.empty()) result_.blocks.push_back(std::move(block_));
    block_ = {};
  }

  const SimulatedBoard& board_;
  const MeterErrors& errors_;
  std::mt19937_64& random_;
  Simulation& result_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> chance_;
  base::PowerSamples block_;
  int64_t gap_left_ = 0;
  int64_t gap_ = 0;
  int64_t pending_gap_ = 0;
};

void add(PhaseTruth& sum, const PhaseTruth& part) {
  sum.net_uj += part.net_uj;
  sum.expected_net_uj += part.expected_net_uj;
  sum.seconds += part.seconds;
}

void scale(PhaseTruth& truth, double factor) {
  truth.net_uj *= factor;
  truth.expected_net_uj *= factor;
}

}  // namespace

base::MeterFacts simulated_meter() {
  base::MeterFacts meter;
  meter.kind = "ppk2";
  meter.model = "simulated";
  meter.sample_rate_hz = kRateHz;
  meter.marker_lines = 8;
  meter.voltage_half_width = 0.01;
  const std::array<const char*, 5> names = {"50 uA", "500 uA", "5 mA", "50 mA", "1 A"};
  const std::array<double, 5> offsets_ua = {0.2, 0.5, 5, 50, 1000};
  for (std::size_t r = 0; r < 5; ++r) {
    meter.ranges.push_back(
        {names[r], kHighestUa[r], r == 4 ? 0.15 : 0.10, offsets_ua[r], kShuntOhm[r], true});
  }
  return meter;
}

std::size_t simulated_range(double current_ua) {
  std::size_t range = 0;
  while (range < 4 && current_ua > kHighestUa[range]) ++range;
  return range;
}

Simulation simulate(const SimulatedBoard& board, const std::vector<SimulatedGeneration>& generations,
                    const MeterErrors& errors, std::mt19937_64& random) {
  Simulation result;
  std::vector<Step> steps;
  Script script(board, steps);
  script.load(board.load_s);
  script.rest(board.idle_s, board.idle_ua);
  for (std::size_t i = 0; i < generations.size(); ++i) {
    if (i > 0) script.rest(0.01, script.idle_now_ua());
    GenerationTruth truth = script.generate(generations[i]);
    result.truth.push_back(std::move(truth));
  }
  script.rest(board.idle_s, board.idle_ua * (1 + board.idle_drift));

  // The supply is not quite what it was set to.
  const std::size_t range = simulated_range(board.decode_ua);
  const double volts = board.supply_mv * 1e-3;
  const double factor =
      (1 + errors.voltage) * (1 + errors.drop_share * kShuntOhm[range] * board.decode_ua * 1e-6 / volts);
  // Samples beside a change of range are off by a share of what the filter changes there: over three of them
  // it lags by 0.82 + 0.82^2 + 0.82^3 of the step. The filter cannot see the error, so it is in the truth.
  const bool switches = simulated_range(board.idle_ua) != simulated_range(board.prefill_ua);
  const double missed_uj =
      switches ? errors.switching_share * kFilterLag * (board.prefill_ua - board.idle_ua) * volts / kRateHz
               : 0.0;
  for (GenerationTruth& truth : result.truth) {
    truth.prefill.net_uj += missed_uj;
    truth.prefill.expected_net_uj += missed_uj;
    scale(truth.prefill, factor);
    scale(truth.decode, factor);
    for (double& token : truth.token_net_uj) token *= factor;
    add(result.prefill, truth.prefill);
    add(result.decode, truth.decode);
  }
  Sampler(board, errors, random, result).sample(steps, script.end_s());

  result.inputs.meter = simulated_meter();
  result.inputs.supply_mv = board.supply_mv;
  for (std::size_t i = 0; i < generations.size(); ++i) {
    ExpectedGeneration expected;
    expected.prompt_id = fmt::format("p-{}", generations[i].prompt);
    expected.prompt_tokens = 10;
    expected.generated_tokens = generations[i].token_s.size() + 1;
    expected.duration_ns =
        std::llround((result.truth[i].prefill.seconds + result.truth[i].decode.seconds) * 1e9);
    result.inputs.expected.push_back(std::move(expected));
  }
  return result;
}

}  // namespace slmrig::analyse
