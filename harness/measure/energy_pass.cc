#include "harness/measure/energy_pass.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/base/sha256.h"
#include "harness/measure/pass_recorder.h"

namespace slmrig::measure {
namespace {

using base::Done;
using base::Result;

// Without marker lines a token line cannot be told apart.
constexpr uint32_t kFewestMarkerLines = 2;

// The pass's share of a run's progress, in steps; what is left of it at the end, whatever came of the pass.
class PassProgress {
 public:
  PassProgress(const SessionInputs& inputs, const SessionContext& context, const std::string& cell_id,
               std::size_t steps)
      : bench_(inputs.session.bench), observer_(context.observer) {
    const auto units = inputs.units.energy.find(cell_id);
    if (units == inputs.units.energy.end()) return;
    left_ = units->second;
    step_ = left_ / std::max<std::size_t>(steps, 1);
  }
  ~PassProgress() { advance(left_); }
  PassProgress(const PassProgress&) = delete;
  PassProgress& operator=(const PassProgress&) = delete;

  void step() { advance(std::min(step_, left_)); }

 private:
  void advance(uint64_t units) {
    if (units != 0) observer_.advance(bench_, units);
    left_ -= units;
  }

  const std::string& bench_;
  base::Observer& observer_;
  uint64_t left_ = 0;
  uint64_t step_ = 0;
};

class EnergyRun {
 public:
  EnergyRun(rig::LiveBoard& board, const SessionInputs& inputs, const SessionContext& context,
            const base::Cell& cell, const EnergyMeans& means)
      : board_(board),
        inputs_(inputs),
        context_(context),
        cell_(cell),
        means_(means),
        suite_(base::suite_of(inputs.plan, cell)),
        prompts_(std::min<std::size_t>(means.settings.prompts, base::prompt_count(cell.settings, suite_))),
        recorder_(board, inputs, context, means),
        progress_(inputs, context, cell.cell_id,
                  means.settings.windows != 0 ? means.settings.windows : prompts_ * means.settings.repeats) {}

  Result<EnergyOutcome> run() {
    if (prompts_ == 0) return outcome_;
    base::Energy energy;
    const Result<uint32_t> repeats = record(energy);
    if (!repeats) {
      SLMRIG_TRY(tell_missing(repeats.error().text()));
      outcome_.go_on = recorder_.board_answers();
      return outcome_;
    }
    if (context_.stop()) return EnergyOutcome{outcome_.busy_ns, false};
    SLMRIG_TRY(store(std::move(energy), *repeats));
    return outcome_;
  }

 private:
  // All repeats or windows, and what they tell; how many there were. After a stop the energy is that of none.
  Result<uint32_t> record(base::Energy& energy) {
    SLMRIG_TRY(recorder_.open());
    const uint32_t windows = means_.settings.windows;
    uint32_t spans = 0;
    for (bool more = true; more;) {
      SLMRIG_TRY(recorder_.record([&] { return windows == 0 ? work(spans) : window(spans); }));
      if (context_.stop()) return spans;
      ++spans;
      if (windows != 0) progress_.step();
      if (windows != 0 && spans < windows) continue;
      SLMRIG_ASSIGN(energy, means_.evaluate(recorder_.capture()));
      more = windows == 0 && wants_more(energy, spans);
    }
    if (windows != 0) end_windows(energy);
    return spans;
  }

  Done work(uint32_t repeat) {
    SLMRIG_TRY(recorder_.idle(means_.idle_ticks));
    SLMRIG_TRY(all_prompts(repeat, repeat, ""));
    return recorder_.idle(means_.idle_ticks);
  }

  // Whole rounds of the prompts, so that each counts as much as the others.
  Done window(uint32_t window) {
    const base::EnergySettings& settings = means_.settings;
    const int64_t began_ns = context_.clock.monotonic_ns();
    const auto limit_ns = int64_t{settings.window_limit_s} * 1'000'000'000;
    int64_t window_ns = 0;
    SLMRIG_TRY(recorder_.idle(means_.idle_ticks));
    do {
      const std::size_t from = recorder_.capture().generations.size();
      SLMRIG_TRY(all_prompts(round_++, window,
                             fmt::format(", window {}/{}: {:.1f} of {:g} s", window + 1, settings.windows,
                                         static_cast<double>(window_ns) * 1e-9, settings.window_s)));
      const auto& all = recorder_.capture().generations;
      for (std::size_t i = from; i < all.size(); ++i) window_ns += means_.meter_ns(all[i].total_ticks);
    } while (!context_.stop() && static_cast<double>(window_ns) < settings.window_s * 1e9 &&
             context_.clock.monotonic_ns() - began_ns < limit_ns);
    shortest_window_ns_ = std::min(shortest_window_ns_, window_ns);
    return recorder_.idle(means_.idle_ticks);
  }

  void end_windows(base::Energy& energy) {
    const base::EnergySettings& settings = means_.settings;
    const double shortest_s = static_cast<double>(shortest_window_ns_) * 1e-9;
    ending_ = fmt::format("{} windows of at least {:g} s, {} answers", settings.windows, settings.window_s,
                          recorder_.capture().generations.size());
    if (shortest_s >= settings.window_s) return;
    const std::string doubt = fmt::format("a window has {:.3g} s of {:g} s: its limit of {} s was reached",
                                          shortest_s, settings.window_s, settings.window_limit_s);
    energy.doubts.push_back(doubt);
    for (base::PhaseEnergy& phase : energy.phases) phase.doubts.push_back(doubt);
  }

  Done all_prompts(uint32_t repeat, uint32_t span, const std::string& where) {
    for (std::size_t i = 0; i < prompts_; ++i) {
      if (context_.stop()) return {};
      if (i != 0 || started_span_ == span) SLMRIG_TRY(recorder_.idle(means_.between_ticks));
      started_span_ = span;
      context_.observer.activity(inputs_.session.bench,
                                 fmt::format("{} {}: energy of {} {}/{}{}", inputs_.session.model,
                                             inputs_.session.variant, cell_.suite, i + 1, prompts_, where));
      SLMRIG_TRY(generate(suite_.prompts[i], repeat, span));
      if (means_.settings.windows == 0) progress_.step();
    }
    return {};
  }

  Done generate(const base::Prompt& prompt, uint32_t repeat, uint32_t span) {
    rig::RunRequest request = run_request(inputs_, cell_, prompt, board_.bench().board.ticks);
    request.markers =
        board_.banner().has_markers && recorder_.meter().facts().marker_lines >= kFewestMarkerLines;
    SLMRIG_ASSIGN(const rig::RunReply reply, board_.agent().run(request));
    outcome_.busy_ns += reply.host_ns;
    MeteredGeneration generation;
    generation.prompt_id = prompt.id;
    generation.prompt_sha256 = base::sha256_hex(std::string_view(prompt.text));
    generation.repeat = repeat;
    generation.span = span;
    generation.prompt_tokens = reply.prompt_tokens;
    generation.generated_tokens = reply.generated_tokens;
    generation.token_ticks = reply.token_ticks;
    generation.total_ticks = reply.total_ticks;
    generation.accepted_ns = reply.accepted_ns;
    generation.reported_ns = reply.reported_ns;
    recorder_.capture().generations.push_back(std::move(generation));
    return {};
  }

  bool wants_more(const base::Energy& energy, uint32_t repeats) {
    const base::EnergySettings& settings = means_.settings;
    if (repeats < settings.repeats) return true;
    if (settings.until_half_width_percent <= 0) return false;
    const double percent = half_width_percent(energy);
    if (percent <= settings.until_half_width_percent) {
      ending_ =
          fmt::format("{} repeats: the comparative uncertainty of decode is {:.3g} %, {:.3g} % was asked for",
                      repeats, percent, settings.until_half_width_percent);
      return false;
    }
    if (repeats < settings.most_repeats) return true;
    ending_ = fmt::format(
        "{} repeats, the limit: the comparative uncertainty of decode is still {:.3g} %, {:.3g} % was asked "
        "for",
        repeats, percent, settings.until_half_width_percent);
    return false;
  }

  static double half_width_percent(const base::Energy& energy) {
    for (const base::PhaseEnergy& phase : energy.phases) {
      if (phase.phase != base::EnergyPhase::kDecode || phase.net_uj <= 0) continue;
      return 100 * phase.comparative_uncertainty_uj / phase.net_uj;
    }
    return 100;
  }

  Done store(base::Energy energy, uint32_t repeats) {
    energy.cell_id = cell_.cell_id;
    SLMRIG_TRY(recorder_.store(std::move(energy)));
    const std::string key = fmt::format("energy.{}", cell_.suite);
    return context_.sink.add(base::SessionFacts{
        inputs_.session.session_id,
        {{key, ending_.empty() ? fmt::format("{} prompts, {} repeats", prompts_, repeats) : ending_}}});
  }

  Done tell_missing(const std::string& why) {
    context_.observer.notice(inputs_.session.bench,
                             fmt::format("{} {} {} has no energy: {}", inputs_.session.model,
                                         inputs_.session.variant, cell_.suite, why));
    return context_.sink.add(
        base::SessionFacts{inputs_.session.session_id,
                           {{fmt::format("energy.{}", cell_.suite), "none: " + why},
                            {"energy.missing", fmt::format("{}: {}", cell_.suite, why)}}});
  }

  rig::LiveBoard& board_;
  const SessionInputs& inputs_;
  const SessionContext& context_;
  const base::Cell& cell_;
  const EnergyMeans& means_;
  const base::Suite& suite_;
  const std::size_t prompts_;
  PassRecorder recorder_;
  PassProgress progress_;
  uint32_t round_ = 0;                    // of all prompts, over all windows
  std::optional<uint32_t> started_span_;  // the one of the last prompt
  int64_t shortest_window_ns_ = std::numeric_limits<int64_t>::max();
  std::string ending_;
  EnergyOutcome outcome_;
};

}  // namespace

Result<EnergyOutcome> measure_energy(rig::LiveBoard& board, const SessionInputs& inputs,
                                     const SessionContext& context, const base::Cell& cell,
                                     const EnergyMeans& means) {
  return EnergyRun(board, inputs, context, cell, means).run();
}

}  // namespace slmrig::measure
