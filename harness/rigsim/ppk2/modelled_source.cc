#include "harness/rigsim/ppk2/modelled_source.h"

#include <algorithm>

#include "harness/base/json_reader.h"
#include "harness/base/power_model.h"

namespace slmrig::rigsim {
namespace {

constexpr double kSampleRateHz = 100'000;
// Sums of fractions of a sample come out this close to a whole one.
constexpr double kRounding = 1e-9;

bool is_boot(uint8_t lines) { return (lines & ~wire::kMarkToken) == wire::kMarkBoot; }

const char* phase_name(uint8_t lines) {
  if ((lines & wire::kMarkActive) == 0 && wire::phase_of(lines) != wire::MarkerPhase::kLoad)
    return is_boot(lines) ? "boot" : "idle";
  switch (wire::phase_of(lines)) {
    case wire::MarkerPhase::kPrefill: return "prefill";
    case wire::MarkerPhase::kLoad: return "load";
    default: return "decode";
  }
}

}  // namespace

base::Result<ModelledBoard> read_modelled_board(const std::string& file) {
  SLMRIG_ASSIGN(base::JsonDocument document, base::JsonDocument::read(file));
  base::JsonObject root = document.root();
  root.keys();  // the rest of the file is for others
  ModelledBoard board;
  board.clock_hz = root.required_uint("clock_hz", 1);
  base::JsonObject ticks = root.required_object("ticks");
  ticks.keys();
  base::JsonObject scale = ticks.required_object("instructions_per_tick");
  board.ticks.counts_instructions = true;
  board.ticks.numerator = scale.required_uint("numerator", 1, UINT32_MAX);
  board.ticks.denominator = scale.required_uint("denominator", 1, UINT32_MAX);
  if (!root.has("power_model"))
    root.fail("power_model", "is missing: without it there is neither modelled time nor a current");
  board.power = base::read_power_model(root);
  SLMRIG_TRY(document.finish());
  return board;
}

void ModelledTruth::pass(double seconds, double current_ua, uint8_t lines) {
  const double uj = current_ua * supply_v_ * seconds;
  Drawn& phase = phases_[phase_name(lines)];
  phase.uj += uj;
  phase.ns += seconds * 1e9;
  const bool active = (lines & wire::kMarkActive) != 0;
  if (active && !was_active_) after_token_ = {};
  was_active_ = active;
  if (!active) return;
  after_token_.uj += uj;
  after_token_.ns += seconds * 1e9;
}

void ModelledTruth::token_ended() {
  tokens_.push_back(after_token_);
  after_token_ = {};
}

nlohmann::json ModelledTruth::json() const {
  nlohmann::json phases = nlohmann::json::object();
  for (const auto& [name, drawn] : phases_) phases[name] = {{"uj", drawn.uj}, {"ns", drawn.ns}};
  nlohmann::json tokens = nlohmann::json::array();
  for (const Drawn& drawn : tokens_) tokens.push_back({{"uj", drawn.uj}, {"ns", drawn.ns}});
  return {{"supply_mv", supply_v_ * 1000}, {"phases", phases}, {"tokens", tokens}};
}

void ModelledSource::stream_started(int64_t) {
  stretches_.clear();
  waiting_ = filled_ = charge_ = 0;
  truths_.emplace_back(supply_v_);
  // One sample at once: it tells the host that edges count from now on.
  push(1 / kSampleRateHz, current_ua());
}

double ModelledSource::current_ua() const {
  const base::PowerModel& power = board_.power;
  if (!powered_) return 0;
  const bool active = (lines_ & wire::kMarkActive) != 0;
  if (is_boot(lines_)) return power.load_ua;  // both copy and clear memory
  switch (wire::phase_of(lines_)) {
    case wire::MarkerPhase::kLoad: return power.load_ua;
    case wire::MarkerPhase::kPrefill: return active ? power.prefill_ua : power.idle_ua;
    default: return active ? power.decode_ua : power.idle_ua;
  }
}

void ModelledSource::push(double seconds, double current_ua) {
  if (seconds <= 0) return;
  stretches_.push_back({seconds * kSampleRateHz, current_ua, lines_});
  waiting_ += stretches_.back().samples;
  truths_.back().pass(seconds, current_ua, lines_);
}

void ModelledSource::pass(double seconds, bool streaming) {
  const double pulse_s = std::min(pulse_left_s_, seconds);
  pulse_left_s_ -= pulse_s;
  if (!streaming || truths_.empty()) return;
  push(pulse_s, current_ua() + (powered_ ? board_.power.token_pulse_ua : 0));
  push(seconds - pulse_s, current_ua());
}

// By what both ends are in time, so that the rounding of one never adds to that of the next.
void ModelledSource::pass_until(uint64_t ticks, bool streaming) {
  const auto seconds = [&](uint64_t at) {
    return base::modelled_seconds(at, board_.ticks, board_.power, board_.clock_hz);
  };
  if (ticks > last_ticks_) pass(seconds(ticks) - seconds(last_ticks_), streaming);
  last_ticks_ = std::max(ticks, last_ticks_);
}

void ModelledSource::add(const wire::MarkerEdge& edge, bool streaming) {
  switch (edge.kind) {
    case wire::MarkerEdgeKind::kStart: last_ticks_ = edge.ticks; break;
    case wire::MarkerEdgeKind::kEdge:
    case wire::MarkerEdgeKind::kEnd: pass_until(edge.ticks, streaming); break;
    case wire::MarkerEdgeKind::kIdle:
      lines_ = edge.lines;
      pass(base::modelled_seconds(edge.ticks, board_.ticks, board_.power, board_.clock_hz), streaming);
      break;
  }
  const bool token = ((lines_ ^ edge.lines) & wire::kMarkToken) != 0;
  if (token && edge.kind == wire::MarkerEdgeKind::kEdge) {
    pulse_left_s_ = board_.power.token_pulse_us * 1e-6;
    if (streaming && !truths_.empty()) truths_.back().token_ended();
  }
  lines_ = edge.lines;
  if ((lines_ & wire::kMarkActive) == 0) pulse_left_s_ = 0;  // a board that sleeps draws what it sleeps at
}

bool ModelledSource::owes() const { return !stretches_.empty() && waiting_ + filled_ >= 1 - kRounding; }

void ModelledSource::take_due(int64_t, std::size_t most, std::vector<DueSample>* due) {
  for (std::size_t made = 0; made < most && owes();) {
    Stretch& front = stretches_.front();
    const double taken = std::min(front.samples, 1 - filled_);
    charge_ += front.current_ua * taken;
    if (filled_ < 0.5 && filled_ + taken >= 0.5) middle_lines_ = front.lines;
    filled_ += taken;
    front.samples -= taken;
    waiting_ -= taken;
    if (front.samples <= kRounding) {
      waiting_ -= front.samples;
      stretches_.pop_front();
    }
    if (stretches_.empty()) waiting_ = 0;
    if (filled_ < 1 - kRounding) continue;
    due->push_back({charge_, middle_lines_});
    filled_ = charge_ = 0;
    ++made;
  }
}

nlohmann::json ModelledSource::truth() const {
  nlohmann::json streams = nlohmann::json::array();
  for (const ModelledTruth& truth : truths_) streams.push_back(truth.json());
  return {{"streams", streams}};
}

}  // namespace slmrig::rigsim
