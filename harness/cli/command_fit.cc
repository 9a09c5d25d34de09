#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "harness/base/interrupt.h"
#include "harness/base/paths.h"
#include "harness/base/suggest.h"
#include "harness/base/trace_room.h"
#include "harness/cli/commands.h"
#include "harness/cli/fit.h"
#include "harness/plan/plan_reader.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;

struct FitOptions {
  Places places;
  std::string model;
  std::string board;
  std::vector<std::string> variants;
  uint32_t context_tokens = 256;
  std::string kv = "f32";
  bool as_json = false;
};

// The bundled recipes: workloads/recipes/<name>.json.
std::vector<std::string> recipe_names(const fs::path& root) {
  return base::bundled_names(root / "workloads" / "recipes");
}

Result<base::KvFormat> kv_format(const std::string& text) {
  std::vector<std::string> known;
  for (const base::KvFormat format : {base::KvFormat::kF32, base::KvFormat::kF16, base::KvFormat::kInt8}) {
    if (base::to_string(format) == text) return format;
    known.emplace_back(base::to_string(format));
  }
  return base::fail(ErrorCode::kBadInput, base::unknown_name("format", text, known), "--kv");
}

// Images are written for the model's longest context, so that the largest one that fits can be found.
Result<Fit> fit_of(const FitQuestion& question, const base::ModelRef& model, const std::string& variant,
                   uint32_t context_tokens, const deploy::Workshop& workshop) {
  const auto facts = deploy::provision_variant(model, variant, {0, base::KvFormat::kF32}, workshop);
  if (!facts && facts.error().code == ErrorCode::kUnsupported) {
    Fit fit;
    fit.variant = variant;
    fit.status = base::CellStatus::kNotApplicable;
    fit.reason = facts.error().message;
    return fit;
  }
  if (!facts) return tl::unexpected(facts.error());
  const uint32_t context = std::min(context_tokens, facts->context_tokens);
  // What the trace takes at the longest context is left out of what the largest one is looked for in.
  const uint64_t board_bytes = question.board.arena_bytes;
  const uint64_t trace_bytes = std::min(board_bytes, base::trace_room_bytes(facts->context_tokens));
  SLMRIG_ASSIGN(deploy::ArenaFacts arena, deploy::arena_facts(facts->image_file, {context, question.kv},
                                                              board_bytes - trace_bytes, workshop));
  arena.total_bytes += base::trace_room_bytes(arena.context_tokens);
  if (arena.total_bytes <= board_bytes) {
    arena.largest_context_tokens = std::max(arena.largest_context_tokens, arena.context_tokens);
  }
  return judge_fit(question, variant, facts->image_bytes, arena);
}

Result<deploy::Workshop> workshop_of(const FitOptions& options, const fs::path& root) {
  deploy::Workshop workshop;
  SLMRIG_ASSIGN(workshop.slmforge, base::find_program("slmforge", root));
  workshop.root = root;
  workshop.cache_directory = options.places.output() / base::kCacheDirectory;
  base::install_interrupt_handler();
  workshop.stop = [] { return base::interrupt_flag().load(); };
  return workshop;
}

Result<ExitCode> show_fit(const FitOptions& options) {
  SLMRIG_ASSIGN(const fs::path root, options.places.root());
  SLMRIG_ASSIGN(const std::string file, plan::find_model_file(options.model, root.string()));
  const base::ModelRef model = {fs::path(file).stem().string(), file};
  FitQuestion question;
  question.model = model.name;
  SLMRIG_ASSIGN(question.board, rig::find_board(options.board, root));
  SLMRIG_ASSIGN(question.kv, kv_format(options.kv));
  SLMRIG_ASSIGN(const deploy::Workshop workshop, workshop_of(options, root));
  std::vector<Fit> fits;
  ExitCode worst = ExitCode::kGood;
  for (const std::string& variant : options.variants.empty() ? recipe_names(root) : options.variants) {
    const Result<Fit> fit = fit_of(question, model, variant, options.context_tokens, workshop);
    if (fit) {
      fits.push_back(*fit);
      continue;
    }
    Fit failed;
    failed.variant = variant;
    failed.status = base::CellStatus::kFailed;
    failed.reason = fit.error().text();
    fits.push_back(std::move(failed));
    const ExitCode codes[] = {worst, exit_code_of(fit.error().code)};
    worst = worst_of(codes);
    if (workshop.stop()) break;
  }
  sort_by_size(fits);
  if (options.as_json) {
    fmt::print("{}\n", fit_json(question, fits).dump(2));
  } else {
    std::fputs(fit_text(question, fits).c_str(), stdout);
  }
  return worst;
}

}  // namespace

void add_fit_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<FitOptions>();
  CLI::App* command =
      app.add_subcommand("fit", "Which variants of a model have room on a board, and for how long a context");
  command->add_option("MODEL", options->model, "A model under workloads/models, or a GGUF file")->required();
  command->add_option("--board", options->board, "A board under boards/")->required();
  command->add_option("--variant", options->variants, "Only this recipe (repeatable) [all bundled ones]")
      ->allow_extra_args(false);
  command->add_option("--context", options->context_tokens, "Context in tokens")
      ->check(CLI::Range(1U, 1U << 20))
      ->capture_default_str();
  command->add_option("--kv", options->kv, "How keys and values are kept: f32, f16 or int8")
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "As JSON");
  add_output_option(*command, options->places);
  add_root_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return show_fit(*options); }; });
}

}  // namespace slmrig::cli
