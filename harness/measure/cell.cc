#include "harness/measure/cell.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "harness/base/sha256.h"
#include "harness/base/utf8.h"

namespace slmrig::measure {
namespace {

using base::CellStatus;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::Generation;
using base::Prompt;
using base::Result;

// A board that refuses this many prompts one after the other will refuse the rest, too.
constexpr uint64_t kFailuresInARow = 3;

std::string hash_of_ids(const std::vector<int32_t>& ids) {
  std::string bytes;
  bytes.reserve(ids.size() * 4);
  for (const int32_t id : ids) {
    const auto word = static_cast<uint32_t>(id);
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((word >> shift) & 0xFFU);
  }
  return base::sha256_hex(std::string_view(bytes));
}

// Answers are counted by intent; what a private suite asks for stays private.
std::string intent_of(const base::Check& check, bool store_text) {
  constexpr std::size_t kHashDigits = 12;
  if (store_text) return check.text;
  return "#" + base::sha256_hex(std::string_view(check.text)).substr(0, kHashDigits);
}

// The board answered, and said no: the next prompt may do better. Everything else means that it cannot be
// trusted to answer at all.
bool is_refusal(const Error& error) {
  return error.code == ErrorCode::kDeviceFault || error.code == ErrorCode::kUnfit;
}

}  // namespace

rig::LoadRequest load_request(const base::Session& session) {
  const base::CellSettings& shared = session.cells.front().settings;
  return {shared.context_tokens, shared.kv};
}

CellRun::CellRun(rig::LiveBoard& board, const SessionInputs& inputs, const SessionContext& context,
                 const base::Cell& cell)
    : board_(board),
      inputs_(inputs),
      context_(context),
      cell_(cell),
      suite_(base::suite_of(inputs.plan, cell)),
      prompts_(base::prompt_count(cell.settings, suite_)),
      planned_(uint64_t{prompts_} * cell.settings.repeats),
      doubts_(inputs.doubts),
      began_ns_(context.clock.monotonic_ns()),
      host_waiting_at_start_ns_(host_waiting_ns()) {}

Result<CellOutcome> CellRun::run() {
  for (uint32_t repeat = 0; repeat < cell_.settings.repeats; ++repeat) {
    for (std::size_t i = 0; i < prompts_; ++i) {
      if (context_.stop()) outcome_.stopped = true;
      if (outcome_.stopped || outcome_.broken || failed_in_a_row_ == kFailuresInARow) break;
      SLMRIG_TRY(one(suite_.prompts[i], repeat));
    }
  }
  if (!outcome_.broken) SLMRIG_TRY(end());
  return std::move(outcome_);
}

namespace {

// How many ticks a cost of the scale's unit is; rounded down.
uint64_t ticks_of(uint64_t cost, const base::TickScale& scale) {
  const double ticks = static_cast<double>(cost) * static_cast<double>(scale.denominator) /
                       static_cast<double>(scale.numerator);
  return static_cast<uint64_t>(ticks);
}

void ask_for_fallback(const base::SuiteFallback& fallback, const base::TickScale& ticks,
                      rig::RunRequest* request) {
  constexpr uint64_t kNsPerMs = 1'000'000;
  const uint64_t budget =
      ticks.counts_instructions ? fallback.budget_instructions : fallback.budget_ms * kNsPerMs;
  request->budget_ticks = ticks_of(budget, ticks);
  request->form = fallback.form;
  request->fallback = fallback.text;
}

}  // namespace

rig::RunRequest run_request(const SessionInputs& inputs, const base::Cell& cell, const Prompt& prompt,
                            const base::TickScale& ticks) {
  const base::Suite& suite = base::suite_of(inputs.plan, cell);
  const base::GenerationSettings settings = base::generation_settings(cell.settings, suite);
  rig::RunRequest request;
  request.prompt = prompt.text;
  request.max_new_tokens = settings.max_new_tokens;
  request.top_k = settings.top_k;
  request.temperature = settings.temperature;
  request.seed = settings.seed;
  request.ignore_end = !settings.stop_at_end;
  if (suite.fallback) ask_for_fallback(*suite.fallback, ticks, &request);
  const auto timeout = inputs.generation_timeouts_ms.find(cell.cell_id);
  request.timeout_ms =
      timeout == inputs.generation_timeouts_ms.end() ? kGenerationTimeoutMs : timeout->second;
  return request;
}

Done CellRun::one(const Prompt& prompt, uint32_t repeat) {
  const std::string& bench = inputs_.session.bench;
  context_.observer.activity(bench, fmt::format("{} {}: {} {}/{}", inputs_.session.model,
                                                inputs_.session.variant, cell_.suite, done_ + 1, planned_));
  const int64_t started_at_ns = context_.clock.utc_ns();
  Result<rig::RunReply> reply =
      board_.agent().run(run_request(inputs_, cell_, prompt, board_.bench().board.ticks));
  if (!reply && is_refusal(reply.error())) reply = try_again(prompt, reply.error());
  ++done_;
  if (const auto units = inputs_.units.generation.find(cell_.cell_id);
      units != inputs_.units.generation.end()) {
    context_.observer.advance(bench, units->second);
  }
  if (!reply) {
    note_failure(prompt, reply.error());
    return {};
  }
  failed_in_a_row_ = 0;
  outcome_.busy_ns += reply->host_ns;
  if (repeat == 0) add_plain_ticks(*reply, outcome_.plain);
  Generation record = record_of(prompt, repeat, std::move(*reply));
  record.started_at_ns = started_at_ns;
  return context_.sink.add(record);
}

// A board that restarted in mid-run has lost its model and fails like one that refuses a prompt. Load again
// and ask again: what is refused twice is refused; what succeeds now is kept, with the doubt beside it.
Result<rig::RunReply> CellRun::try_again(const Prompt& prompt, const Error& first) {
  if (const auto loaded = board_.agent().load(board_.slot(), load_request(inputs_.session)); !loaded) {
    return tl::unexpected(Error{ErrorCode::kLinkLost, first.text() + "; then " + loaded.error().text(), {}});
  }
  Result<rig::RunReply> second =
      board_.agent().run(run_request(inputs_, cell_, prompt, board_.bench().board.ticks));
  if (second) {
    const std::string text = fmt::format("prompt {} needed a second try: {}", prompt.id, first.text());
    doubts_.push_back(text);
    context_.observer.notice(inputs_.session.bench, text);
  }
  return second;
}

void CellRun::note_failure(const Prompt& prompt, const Error& error) {
  Error placed = base::within(fmt::format("prompt {}", prompt.id), error);
  if (!is_refusal(error)) {
    outcome_.broken = std::move(placed);
    return;
  }
  ++failed_;
  ++failed_in_a_row_;
  if (!outcome_.failure) outcome_.failure = std::move(placed);
}

Generation CellRun::record_of(const Prompt& prompt, uint32_t repeat, rig::RunReply reply) const {
  Generation record;
  record.cell_id = cell_.cell_id;
  record.prompt_id = prompt.id;
  record.repeat = repeat;
  record.prompt_tokens = reply.prompt_tokens;
  record.generated_tokens = reply.generated_tokens;
  record.finish = reply.finish;
  record.encode_ticks = reply.encode_ticks;
  record.prefill_ticks = reply.prefill_ticks;
  record.first_sample_ticks = reply.first_sample_ticks;
  record.total_ticks = reply.total_ticks;
  record.token_ticks = std::move(reply.token_ticks);
  record.token_ids_sha256 = hash_of_ids(reply.token_ids);
  record.prompt_sha256 = base::sha256_hex(std::string_view(prompt.text));
  record.fallback = reply.fallback;
  const std::string answer = base::make_valid_utf8(reply.output);
  if (!prompt.checks.empty()) {
    for (const base::Check& check : prompt.checks) {
      if (check.kind == base::CheckKind::kExactIntent) record.intent = intent_of(check, suite_.store_text);
      if (!base::passes(check, prompt.text, answer)) {
        record.failed_checks.emplace_back(base::to_string(check.kind));
      }
    }
    record.correct = record.failed_checks.empty();
  }
  // A generation that the budget stopped is shorter than the host's.
  const bool comparable = reply.fallback != base::FallbackReason::kBudget;
  if (const auto known = inputs_.references.find(cell_.cell_id);
      comparable && known != inputs_.references.end()) {
    if (const auto hash = known->second.find(prompt.id); hash != known->second.end()) {
      record.matches_reference = hash->second == record.token_ids_sha256;
    }
  }
  if (suite_.store_text) {
    record.token_ids = std::move(reply.token_ids);
    record.prompt_text = prompt.text;
    record.output_text = answer;
  }
  return record;
}

std::optional<int64_t> CellRun::host_waiting_ns() const {
  return inputs_.host_waiting_ns ? inputs_.host_waiting_ns() : std::nullopt;
}

void CellRun::doubt_busy_host() {
  const std::optional<int64_t> waited_ns = host_waiting_ns();
  const int64_t elapsed_ns = context_.clock.monotonic_ns() - began_ns_;
  if (!waited_ns || !host_waiting_at_start_ns_ || elapsed_ns <= 0) return;
  const double share =
      static_cast<double>(*waited_ns - *host_waiting_at_start_ns_) / static_cast<double>(elapsed_ns);
  if (share <= kMostHostWaiting) return;
  doubts_.emplace_back("other programs competed for this host's processors while it was measured");
}

Done CellRun::end() {
  doubt_busy_host();
  if (inputs_.board_doubt) {
    if (std::string doubt = inputs_.board_doubt(); !doubt.empty()) doubts_.push_back(std::move(doubt));
  }
  base::CellEnd record;
  record.cell_id = cell_.cell_id;
  record.doubts = doubts_;
  record.busy_ns = outcome_.busy_ns;
  record.ended_at_ns = context_.clock.utc_ns();
  if (outcome_.stopped) {
    record.status = CellStatus::kInterrupted;
    record.reason = fmt::format("stopped by the user after {} of {} generations", done_, planned_);
    outcome_.failure.reset();
  } else if (outcome_.failure) {
    record.status = CellStatus::kFailed;
    record.reason = outcome_.failure->text();
    if (failed_ > 1) record.reason += fmt::format(" (and {} more of {} generations)", failed_ - 1, planned_);
    outcome_.ended = true;
  } else {
    outcome_.ended = true;
  }
  return context_.sink.end_cell(record);
}

}  // namespace slmrig::measure
