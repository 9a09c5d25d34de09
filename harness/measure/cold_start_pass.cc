#include "harness/measure/cold_start_pass.h"

#include <utility>

#include <fmt/format.h>

#include "harness/measure/cell.h"
#include "harness/measure/pass_recorder.h"

namespace slmrig::measure {
namespace {

using base::Done;
using base::Result;

class ColdStartRun {
 public:
  ColdStartRun(rig::LiveBoard& board, const SessionInputs& inputs, const SessionContext& context,
               const EnergyMeans& means)
      : board_(board),
        inputs_(inputs),
        context_(context),
        means_(means),
        recorder_(board, inputs, context, means) {}

  Result<EnergyOutcome> run() {
    // Who wants no resets has none.
    if (means_.settings.cold_starts == 0 || inputs_.session.cold_starts == 0) return outcome_;
    if (const std::string why = impossible(); !why.empty()) {
      SLMRIG_TRY(note("none: " + why));
      return outcome_;
    }
    const int64_t began_ns = context_.clock.monotonic_ns();
    Result<base::Energy> energy = record();
    outcome_.busy_ns = context_.clock.monotonic_ns() - began_ns;
    if (!energy) {
      context_.observer.notice(
          inputs_.session.bench,
          fmt::format("{} {} has no energy of its cold starts: {}", inputs_.session.model,
                      inputs_.session.variant, energy.error().text()));
      SLMRIG_TRY(note("none: " + energy.error().text()));
      outcome_.go_on = recorder_.board_answers();
      return outcome_;
    }
    if (context_.stop()) return EnergyOutcome{outcome_.busy_ns, false};
    SLMRIG_TRY(recorder_.store(*std::move(energy)));
    SLMRIG_TRY(note(fmt::format("{} cold starts by a reset", means_.settings.cold_starts)));
    return outcome_;
  }

 private:
  std::string impossible() const {
    if (!board_.banner().has_markers) return "the board has no marker lines, which would tell boot and load";
    return means_.no_cold_starts;
  }

  Result<base::Energy> record() {
    SLMRIG_TRY(recorder_.open());
    for (uint32_t i = 0; i < means_.settings.cold_starts && !context_.stop(); ++i) {
      context_.observer.activity(inputs_.session.bench,
                                 fmt::format("{} {}: energy of cold start {}/{}", inputs_.session.model,
                                             inputs_.session.variant, i + 1, means_.settings.cold_starts));
      SLMRIG_TRY(recorder_.record([this] { return cold_start(); }));
    }
    return means_.evaluate(recorder_.capture());
  }

  Done cold_start() {
    SLMRIG_TRY(recorder_.idle(means_.idle_ticks));
    SLMRIG_ASSIGN(const rig::Banner banner, board_.reset());
    rig::LoadRequest request = load_request(inputs_.session);
    request.markers = true;
    SLMRIG_ASSIGN(const rig::LoadReport report, board_.agent().load(board_.slot(), request));
    recorder_.capture().cold_starts.push_back({banner.boot_ticks, report.load_ticks});
    return recorder_.idle(means_.idle_ticks);
  }

  Done note(const std::string& text) {
    return context_.sink.add(base::SessionFacts{inputs_.session.session_id, {{"energy.cold_start", text}}});
  }

  rig::LiveBoard& board_;
  const SessionInputs& inputs_;
  const SessionContext& context_;
  const EnergyMeans& means_;
  PassRecorder recorder_;
  EnergyOutcome outcome_;
};

}  // namespace

Result<EnergyOutcome> measure_cold_start_energy(rig::LiveBoard& board, const SessionInputs& inputs,
                                                const SessionContext& context, const EnergyMeans& means) {
  return ColdStartRun(board, inputs, context, means).run();
}

}  // namespace slmrig::measure
