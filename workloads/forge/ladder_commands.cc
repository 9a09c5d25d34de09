// ladder: every variant of a model, measured and written into its card.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/paths.h"
#include "harness/base/suite_reader.h"
#include "workloads/forge/commands.h"
#include "workloads/forge/ladder.h"
#include "workloads/forge/print_json.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/train_loop.h"

namespace slmrig::forge {

using base::Result;

namespace {

struct LadderArguments {
  std::string model;
  std::string text;
  bool is_documents = false;
  std::vector<std::string> suites;
  std::string suite_folder;
  LadderOptions options;
  std::string output;
  bool leaves_card = false;
  bool as_json = false;
};

// One line on a terminal, rewritten: "int4: intents 120/400".
LadderProgress ladder_bar() {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [](std::string_view variant, std::string_view work, std::uint64_t done, std::uint64_t total) {
    constexpr std::uint64_t kWidth = 30;
    const std::uint64_t filled = total == 0 ? kWidth : kWidth * done / total;
    const std::string line = fmt::format("\r\033[K{:<14} {:<16} [{:#<{}}{:.<{}}] {}/{}", variant, work, "",
                                         filled, "", kWidth - filled, done, total);
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
  };
}

Result<Yardstick> yardstick_of(const LadderArguments& arguments) {
  if (arguments.text.empty() && arguments.suites.empty()) {
    SLMRIG_ASSIGN(const GgufFile file, load_gguf(arguments.model));
    const auto name = file.string_of("general.name");
    if (!name || !model_shape(*name)) {
      return base::fail(base::ErrorCode::kBadInput,
                        fmt::format("`{}` is no bundled model; say what to measure it with: --text FILE or "
                                    "--suite FILE",
                                    name.value_or("the model")),
                        arguments.model);
    }
    std::filesystem::path folder = arguments.suite_folder;
    if (folder.empty()) {
      SLMRIG_ASSIGN(const std::filesystem::path root, base::find_project_root());
      folder = root / "workloads" / "suites";
    }
    return bundled_yardstick(folder);
  }
  Yardstick yardstick;
  if (!arguments.text.empty()) {
    SLMRIG_ASSIGN(yardstick.text, base::read_text(arguments.text));
    yardstick.text_source = "`" + std::filesystem::path(arguments.text).filename().string() + "`";
    yardstick.is_documents = arguments.is_documents;
  }
  for (const std::string& file : arguments.suites) {
    SLMRIG_ASSIGN(base::Suite suite, base::load_suite(file));
    yardstick.suites.push_back(std::move(suite));
  }
  return yardstick;
}

Result<int> run_ladder(LadderArguments arguments) {
  prefer_fast_blas();
  SLMRIG_ASSIGN(const Yardstick yardstick, yardstick_of(arguments));
  const LadderProgress bar = ladder_bar();
  auto ladder = measure_ladder(arguments.model, yardstick, arguments.options, bar);
  if (bar) std::fputs("\r\033[K", stderr);
  if (!ladder) return tl::unexpected(base::within(arguments.model, ladder.error()));
  if (arguments.as_json) {
    print_json(to_json(*ladder));
  } else {
    fmt::print("{}\n{:.0f} s\n", ladder_text(*ladder), ladder->seconds);
  }
  if (arguments.leaves_card) return 0;
  std::filesystem::path folder = arguments.output;
  if (folder.empty()) folder = std::filesystem::path(arguments.model).parent_path();
  SLMRIG_TRY(update_card(*ladder, folder));
  return 0;
}

}  // namespace

void add_ladder_command(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<LadderArguments>();
  CLI::App* command = app.add_subcommand(
      "ladder", "Make every variant of a model, measure each, and write the table into its card");
  command->add_option("model", arguments->model, "The f32 GGUF file")->required();
  command
      ->add_option(
          "--recipes", arguments->options.recipes,
          fmt::format("Some of {} (default: all); f32 is always there", fmt::join(recipe_names(), ", ")))
      ->delimiter(',');
  command->add_option("--calibration", arguments->options.calibration,
                      "A text to calibrate on (default: the bundled one of a bundled model)");
  command->add_flag("--allow-requantize", arguments->options.allow_requantize,
                    "Also from a model that is quantized already");
  command->add_option("--text", arguments->text, "Measure perplexity and KL on this file");
  command->add_flag("--documents", arguments->is_documents,
                    "The text is documents that end with an empty line; each is scored alone");
  command->add_option("--suite", arguments->suites, "Measure accuracy on this suite; may be repeated");
  command->add_option("--suites", arguments->suite_folder,
                      "Folder of the bundled suites (default: the project's)");
  command->add_option("--limit", arguments->options.prompts, "Run the first prompts of each suite only");
  command->add_option("-o,--output", arguments->output,
                      "Folder of card.md and card.json (default: beside the model)");
  command->add_flag("--no-card", arguments->leaves_card, "Leave the card alone");
  command->add_flag("--json", arguments->as_json, "The whole table with every flip, as JSON");
  command->callback([=] { *chosen = [arguments] { return run_ladder(*arguments); }; });
}

}  // namespace slmrig::forge
