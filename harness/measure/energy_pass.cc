#include "harness/measure/energy_pass.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/sha256.h"
#include "harness/measure/meter_recording.h"

namespace slmrig::measure {
namespace {

using base::Done;
using base::PowerSamples;
using base::Result;

// Without marker lines a token line cannot be told apart.
constexpr uint32_t kFewestMarkerLines = 2;

// One position behind the last sample of a block.
int64_t end_of(const PowerSamples& block) {
  const auto samples = static_cast<int64_t>(std::max(block.current_ua.size(), block.power_uw.size()));
  int64_t end = block.first_index + samples;
  // The gap in front of the first sample is in first_index already.
  for (const base::SampleGap& gap : block.gaps) end += gap.index > block.first_index ? gap.count : 0;
  return end;
}

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
        prompts_(std::min<std::size_t>(means.settings.prompts, base::prompt_count(cell.settings, suite_))) {}

  Result<EnergyOutcome> run() {
    if (prompts_ == 0) return outcome_;
    base::Energy energy;
    const Result<uint32_t> repeats = record(energy);
    if (!repeats) {
      SLMRIG_TRY(tell_missing(repeats.error().text()));
      outcome_.go_on = board_answers_;
      return outcome_;
    }
    if (context_.stop()) return EnergyOutcome{outcome_.busy_ns, false};
    SLMRIG_TRY(store(std::move(energy), *repeats));
    return outcome_;
  }

 private:
  // All repeats, and what they tell; how many there were. After a stop the energy is that of none.
  Result<uint32_t> record(base::Energy& energy) {
    SLMRIG_ASSIGN(meter_, means_.meter());
    capture_.started_at_ns = context_.clock.utc_ns();
    SLMRIG_ASSIGN(log_, means_.open_log(capture_.started_at_ns));
    capture_.samples = log_.get();
    uint32_t repeats = 0;
    for (bool more = true; more;) {
      SLMRIG_TRY(repeat_once(repeats));
      if (context_.stop()) return repeats;
      SLMRIG_ASSIGN(energy, means_.evaluate(capture_));
      more = wants_more(energy, ++repeats);
    }
    return repeats;
  }

  Done repeat_once(uint32_t repeat) {
    const int64_t offset = end_;
    const auto take = [this, offset](const PowerSamples& block) {
      PowerSamples kept = block;
      kept.first_index += offset;
      for (base::SampleGap& gap : kept.gaps) gap.index += offset;
      end_ = end_of(kept);
      return log_->add(kept);
    };
    SLMRIG_ASSIGN(const std::unique_ptr<MeterRecording> recording, start_recording(take));
    const Done worked = work(repeat);
    const Done recorded = recording->finish();
    if (recording->is_meter_broken()) means_.meter_failed();
    if (!worked) board_answers_ = false;
    return recorded ? worked : recorded;
  }

  // It may have been plugged out and in since it was asked for last: once more, then.
  Result<std::unique_ptr<MeterRecording>> start_recording(const MeterRecording::Take& take) {
    auto recording = MeterRecording::start(*meter_, take);
    if (recording) return recording;
    means_.meter_failed();
    SLMRIG_ASSIGN(meter_, means_.meter());
    return MeterRecording::start(*meter_, take);
  }

  Done work(uint32_t repeat) {
    SLMRIG_TRY(idle(means_.idle_ticks));
    for (std::size_t i = 0; i < prompts_; ++i) {
      if (context_.stop()) return {};
      if (i != 0) SLMRIG_TRY(idle(means_.between_ticks));
      context_.observer.activity(inputs_.session.bench,
                                 fmt::format("{} {}: energy of {} {}/{}", inputs_.session.model,
                                             inputs_.session.variant, cell_.suite, i + 1, prompts_));
      SLMRIG_TRY(generate(suite_.prompts[i], repeat));
    }
    return idle(means_.idle_ticks);
  }

  // A board that cannot be told to sleep is left alone for as long.
  Done idle(uint64_t ticks) {
    if (ticks == 0) return {};
    if (board_.banner().has_idle) return board_.agent().idle(ticks);
    const base::TickScale& scale = board_.bench().board.ticks;
    if (!scale.counts_instructions) context_.clock.sleep_ns(scale.convert(ticks));
    return {};
  }

  Done generate(const base::Prompt& prompt, uint32_t repeat) {
    rig::RunRequest request = run_request(inputs_, cell_, prompt, board_.bench().board.ticks);
    request.markers = board_.banner().has_markers && meter_->facts().marker_lines >= kFewestMarkerLines;
    SLMRIG_ASSIGN(const rig::RunReply reply, board_.agent().run(request));
    outcome_.busy_ns += reply.host_ns;
    MeteredGeneration generation;
    generation.prompt_id = prompt.id;
    generation.prompt_sha256 = base::sha256_hex(std::string_view(prompt.text));
    generation.repeat = repeat;
    generation.prompt_tokens = reply.prompt_tokens;
    generation.generated_tokens = reply.generated_tokens;
    generation.first_token_ticks = reply.token_ticks.empty() ? 0 : reply.token_ticks.front();
    generation.total_ticks = reply.total_ticks;
    generation.accepted_ns = reply.accepted_ns;
    generation.reported_ns = reply.reported_ns;
    capture_.generations.push_back(std::move(generation));
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
    energy.session_id = inputs_.session.session_id;
    energy.cell_id = cell_.cell_id;
    energy.meter = means_.meter_name;
    energy.started_at_ns = capture_.started_at_ns;
    const std::vector<std::string> doubts = means_.doubts();
    energy.doubts.insert(energy.doubts.end(), doubts.begin(), doubts.end());
    for (base::PhaseEnergy& phase : energy.phases) {
      phase.doubts.insert(phase.doubts.end(), doubts.begin(), doubts.end());
    }
    if (means_.keep) {
      auto kept = means_.keep(*log_);
      if (kept) {
        energy.capture = *std::move(kept);
      } else {
        context_.observer.notice(inputs_.session.bench,
                                 "the raw samples are not kept: " + kept.error().text());
      }
    }
    SLMRIG_TRY(context_.sink.add(energy));
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
  rig::Meter* meter_ = nullptr;
  std::unique_ptr<SampleLog> log_;
  EnergyCapture capture_;
  bool board_answers_ = true;
  int64_t end_ = 0;  // position behind the last sample
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
