#include "harness/cli/fit.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/cli/figures.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

uint64_t beyond(uint64_t needed, uint64_t capacity) {
  return capacity == 0 || needed <= capacity ? 0 : needed - capacity;
}

std::string capacity_text(uint64_t bytes) {
  return bytes == 0 ? "no limit" : bytes_text(static_cast<double>(bytes));
}

std::string reason_of(const Fit& fit, const base::Board& board) {
  std::string reason;
  if (fit.missing_slot_bytes != 0) {
    reason = fmt::format("the image needs {} bytes more than the model slot's {}", fit.missing_slot_bytes,
                         board.slot_bytes);
  }
  if (fit.missing_arena_bytes != 0) {
    reason += fmt::format("{}keys, values and buffers need {} bytes more than the arena's {}",
                          reason.empty() ? "" : "; ", fit.missing_arena_bytes, board.arena_bytes);
  }
  return reason;
}

std::string largest_text(const Fit& fit) {
  const deploy::ArenaFacts& arena = fit.arena;
  if (fit.missing_slot_bytes != 0 || arena.largest_context_tokens == 0) return kNothing;
  const bool all = arena.largest_context_tokens == arena.most_context_tokens;
  return fmt::format("{}{}", arena.largest_context_tokens, all ? " (model's most)" : "");
}

}  // namespace

Fit judge_fit(const FitQuestion& question, std::string variant, uint64_t image_bytes,
              const deploy::ArenaFacts& arena) {
  Fit fit;
  fit.variant = std::move(variant);
  fit.image_bytes = image_bytes;
  fit.arena = arena;
  fit.missing_slot_bytes = beyond(image_bytes, question.board.slot_bytes);
  fit.missing_arena_bytes = beyond(arena.total_bytes, question.board.arena_bytes);
  if (question.board.arena_bytes == 0) fit.arena.largest_context_tokens = arena.most_context_tokens;
  fit.reason = reason_of(fit, question.board);
  if (!fit.reason.empty()) fit.status = base::CellStatus::kUnfit;
  return fit;
}

void sort_by_size(std::vector<Fit>& fits) {
  std::stable_sort(fits.begin(), fits.end(),
                   [](const Fit& a, const Fit& b) { return a.image_bytes > b.image_bytes; });
}

std::string fit_text(const FitQuestion& question, const std::vector<Fit>& fits) {
  const Align right = Align::kRight;
  TextTable table({{"variant"},
                   {"image", right},
                   {"kv", right},
                   {"activations", right},
                   {"scratch", right},
                   {"arena", right},
                   {"largest context", right},
                   {""}},
                  2);
  uint32_t context_tokens = 0;
  for (const Fit& fit : fits) {
    const bool sized = fit.status == base::CellStatus::kOk || fit.status == base::CellStatus::kUnfit;
    if (!sized) {
      table.add_note_row({fit.variant}, fmt::format("{}: {}", base::to_string(fit.status), fit.reason));
      continue;
    }
    context_tokens = fit.arena.context_tokens;
    const auto bytes = [](uint64_t count) { return bytes_text(static_cast<double>(count)); };
    table.add_row({fit.variant, bytes(fit.image_bytes), bytes(fit.arena.kv_bytes),
                   bytes(fit.arena.activations_bytes), bytes(fit.arena.scratch_bytes),
                   bytes(fit.arena.total_bytes), largest_text(fit),
                   fit.status == base::CellStatus::kOk ? "fits" : "unfit"});
    if (!fit.reason.empty()) table.add_note_row({""}, fit.reason);
  }
  const base::Board& board = question.board;
  return fmt::format("{} on {}: model slot {}, arena {}; context {} tokens, keys and values as {}\n\n{}",
                     question.model, board.name, capacity_text(board.slot_bytes),
                     capacity_text(board.arena_bytes), context_tokens, base::to_string(question.kv),
                     table.text());
}

nlohmann::ordered_json fit_json(const FitQuestion& question, const std::vector<Fit>& fits) {
  nlohmann::ordered_json variants = nlohmann::ordered_json::array();
  for (const Fit& fit : fits) {
    const bool fits_board = fit.status == base::CellStatus::kOk;
    nlohmann::ordered_json entry = {{"variant", fit.variant},
                                    {"status", fits_board ? "fits" : base::to_string(fit.status)},
                                    {"reason", fit.reason}};
    if (fit.image_bytes != 0) {
      entry.update(
          {{"image_bytes", fit.image_bytes},
           {"kv_bytes", fit.arena.kv_bytes},
           {"activations_bytes", fit.arena.activations_bytes},
           {"scratch_bytes", fit.arena.scratch_bytes},
           {"arena_bytes", fit.arena.total_bytes},
           {"context_tokens", fit.arena.context_tokens},
           {"largest_context_tokens", fit.missing_slot_bytes != 0 ? 0 : fit.arena.largest_context_tokens},
           {"missing_slot_bytes", fit.missing_slot_bytes},
           {"missing_arena_bytes", fit.missing_arena_bytes}});
    }
    variants.push_back(std::move(entry));
  }
  return {{"model", question.model},
          {"board", question.board.name},
          {"slot_bytes", question.board.slot_bytes},
          {"arena_bytes", question.board.arena_bytes},
          {"kv", base::to_string(question.kv)},
          {"variants", std::move(variants)}};
}

}  // namespace slmrig::cli
