// The ladder as JSON, as text for a terminal and as a section of a card.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "workloads/forge/ladder.h"

namespace slmrig::forge {

using nlohmann::ordered_json;

namespace {

constexpr std::string_view kHeading = "## Quantization ladder\n";
// A card stays readable; card.json holds all of them.
constexpr std::size_t kShownFlips = 8;

std::string label(const Rung& rung) {
  return rung.kv_format == "f32" ? rung.variant : fmt::format("{}, kv {}", rung.variant, rung.kv_format);
}

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }

std::string points(const SuiteComparison& comparison) {
  return fmt::format("{:+.1f} [{:+.1f}, {:+.1f}]", 100 * comparison.accuracy_difference,
                     100 * comparison.difference_ci95.low, 100 * comparison.difference_ci95.high);
}

// Cells of one rung, the first of which names it.
std::vector<std::string> quality_cells(const Rung& rung) {
  std::vector<std::string> cells = {label(rung), fmt::format("{:.3f}", rung.bits_per_weight),
                                    fmt::format("{}", rung.file_bytes)};
  if (rung.text) {
    cells.push_back(fmt::format("{:.4f}", rung.text->perplexity));
    cells.push_back(fmt::format("{:.4f}", rung.text->bits_per_byte));
    const Divergence divergence = rung.text->divergence.value_or(Divergence{});
    cells.push_back(fmt::format("{:.5f}", divergence.mean_kl_nats));
    cells.push_back(percent(divergence.top1_agreement));
  }
  for (const RungSuite& suite : rung.suites) {
    cells.push_back(fmt::format("{} [{}, {}]", percent(suite.score.accuracy),
                                percent(suite.score.accuracy_ci95.low),
                                percent(suite.score.accuracy_ci95.high)));
  }
  return cells;
}

std::vector<std::string> loss_cells(const Rung& rung) {
  std::vector<std::string> cells = {label(rung)};
  for (const RungSuite& suite : rung.suites) {
    cells.push_back(fmt::format("{}; {} lost, {} gained", points(suite.to_reference),
                                suite.to_reference.lost.size(), suite.to_reference.gained));
  }
  return cells;
}

std::vector<std::string> suite_names(const Ladder& ladder) {
  std::vector<std::string> names;
  for (const RungSuite& suite : ladder.rungs.front().suites) names.push_back(suite.score.suite);
  return names;
}

std::vector<std::string> quality_heads(const Ladder& ladder) {
  std::vector<std::string> heads = {"variant", "bits/weight", "GGUF bytes"};
  if (ladder.rungs.front().text) {
    heads.insert(heads.end(), {"perplexity", "bits/byte", "mean KL, nats", "same top token, %"});
  }
  for (const std::string& name : suite_names(ladder)) heads.push_back(name + ", %");
  return heads;
}

std::vector<std::string> loss_heads(const Ladder& ladder) {
  std::vector<std::string> heads = {"variant"};
  for (std::string& name : suite_names(ladder)) heads.push_back(std::move(name));
  return heads;
}

using Rows = std::vector<std::vector<std::string>>;

// The first row is the heads; rungs that do not apply come after the table.
Rows rows_of(const Ladder& ladder, std::vector<std::string> heads,
             std::vector<std::string> (*cells)(const Rung&)) {
  Rows rows = {std::move(heads)};
  for (const Rung& rung : ladder.rungs) {
    if (rung.not_applicable_reason.empty()) rows.push_back(cells(rung));
  }
  return rows;
}

std::string aligned(const Rows& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i == 0 ? fmt::format("{:<{}}", row[i], widths[i]) : fmt::format("  {:>{}}", row[i], widths[i]);
    }
    text += '\n';
  }
  return text;
}

std::string markdown_table(const Rows& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += fmt::format("| {} |\n", fmt::join(rows[i], " | "));
    if (i > 0) continue;
    for (std::size_t column = 0; column < rows[0].size(); ++column) text += "|---";
    text += "|\n";
  }
  return text;
}

std::string not_applicable(const Ladder& ladder, std::string_view bullet) {
  std::string text;
  for (const Rung& rung : ladder.rungs) {
    if (rung.not_applicable_reason.empty()) continue;
    text += fmt::format("{}{}: not applicable: {}\n", bullet, label(rung), rung.not_applicable_reason);
  }
  return text;
}

// Text that may stand in a cell of a table.
std::string quoted(const std::string& text) {
  std::string out = "`";
  for (const char c : text) {
    if (c == '\n') continue;
    out += c == '|' ? '/' : c == '`' ? '\'' : c;
  }
  return out + "`";
}

std::string flips_markdown(const Ladder& ladder) {
  std::string text = "| variant | prompt | f32 says | the variant says |\n|---|---|---|---|\n";
  std::string more;
  bool has_flips = false;
  for (const Rung& rung : ladder.rungs) {
    std::size_t shown = 0;
    std::size_t all = 0;
    for (const RungSuite& suite : rung.suites) {
      all += suite.to_reference.lost.size();
      for (const Flip& flip : suite.to_reference.lost) {
        if (shown == kShownFlips) break;
        ++shown;
        has_flips = true;
        text += fmt::format("| {} | {}: {} | {} | {} |\n", label(rung), suite.score.suite,
                            quoted(flip.prompt), quoted(flip.reference_text), quoted(flip.text));
      }
    }
    if (all > shown) more += fmt::format("{}{}: {}", more.empty() ? "" : ", ", label(rung), all);
  }
  if (!has_flips) return "No variant lost a prompt.\n";
  if (!more.empty()) {
    text += fmt::format("\nThe first {} of a variant; card.json has all ({}).\n", kShownFlips, more);
  }
  return text;
}

ordered_json flips_json(const std::vector<Flip>& flips) {
  ordered_json json = ordered_json::array();
  for (const Flip& flip : flips) {
    json.push_back({{"id", flip.id},
                    {"prompt", flip.prompt},
                    {"reference_text", flip.reference_text},
                    {"text", flip.text}});
  }
  return json;
}

ordered_json interval_json(const Interval& interval) { return {interval.low, interval.high}; }

ordered_json rung_json(const Rung& rung) {
  ordered_json json = {{"variant", rung.variant}, {"kv", rung.kv_format}};
  if (!rung.not_applicable_reason.empty()) {
    json["status"] = "not_applicable";
    json["reason"] = rung.not_applicable_reason;
    return json;
  }
  json["status"] = "ok";
  json["bits_per_weight"] = rung.bits_per_weight;
  json["file_bytes"] = rung.file_bytes;
  json["image_bytes"] = rung.image_bytes;
  json["image_sha256"] = rung.image_sha256;
  if (rung.text) json["text"] = to_json(*rung.text);
  ordered_json suites = ordered_json::object();
  for (const RungSuite& suite : rung.suites) {
    suites[suite.score.suite] = {{"prompts", suite.score.prompts.size()},
                                 {"correct", suite.score.correct},
                                 {"accuracy", suite.score.accuracy},
                                 {"accuracy_ci95", interval_json(suite.score.accuracy_ci95)},
                                 {"difference", suite.to_reference.accuracy_difference},
                                 {"difference_ci95", interval_json(suite.to_reference.difference_ci95)},
                                 {"gained", suite.to_reference.gained},
                                 {"lost", flips_json(suite.to_reference.lost)}};
  }
  json["suites"] = std::move(suites);
  return json;
}

// Six digits are more than any figure of a card has, and keep its differences readable.
void round_numbers(ordered_json* json) {
  if (json->is_number_float()) *json = std::round(json->get<double>() * 1e6) / 1e6;
  if (!json->is_structured()) return;
  for (ordered_json& child : *json) round_numbers(&child);
}

// The text with the section that begins with kHeading replaced or added.
std::string with_section(std::string text, const std::string& section) {
  const std::size_t begin = text.find(kHeading);
  if (begin == std::string::npos) return text + (text.empty() ? "" : "\n") + section;
  const std::size_t next = text.find("\n## ", begin + kHeading.size());
  const std::size_t end = next == std::string::npos ? text.size() : next;
  return text.replace(begin, end - begin, section);
}

}  // namespace

ordered_json to_json(const Ladder& ladder) {
  ordered_json rungs = ordered_json::array();
  for (const Rung& rung : ladder.rungs) rungs.push_back(rung_json(rung));
  return {{"model", ladder.model},      {"model_sha256", ladder.model_sha256}, {"kernels", ladder.kernels},
          {"text", ladder.text_source}, {"seconds", ladder.seconds},           {"rungs", std::move(rungs)}};
}

std::string ladder_text(const Ladder& ladder) {
  std::string text = aligned(rows_of(ladder, quality_heads(ladder), quality_cells));
  if (!ladder.rungs.front().suites.empty()) {
    text += "\npoints to f32 [95 %]\n" + aligned(rows_of(ladder, loss_heads(ladder), loss_cells));
  }
  const std::string reasons = not_applicable(ladder, "");
  if (!reasons.empty()) text += "\n" + reasons;
  return text;
}

std::string ladder_markdown(const Ladder& ladder) {
  std::string text = std::string(kHeading);
  text +=
      "\nWritten by `slmforge ladder`. Each variant ran as the image that boards run. In brackets: 95 % of "
      "10,000 resamples of the prompts.\n";
  if (!ladder.text_source.empty()) {
    text += fmt::format("Perplexity, bits per byte and KL: of {}{}.\n", ladder.text_source,
                        ladder.is_documents ? ", each document alone" : "");
  }
  text += "\n" + markdown_table(rows_of(ladder, quality_heads(ladder), quality_cells));
  const std::string reasons = not_applicable(ladder, "- ");
  if (!reasons.empty()) text += "\n" + reasons;
  if (ladder.rungs.front().suites.empty()) return text;
  text += "\n### Points to f32\n\nOf prompts against themselves.\n\n";
  text += markdown_table(rows_of(ladder, loss_heads(ladder), loss_cells));
  text += "\n### Right in f32, wrong in the variant\n\n" + flips_markdown(ladder);
  return text;
}

base::Done update_card(const Ladder& ladder, const std::filesystem::path& folder) {
  const std::filesystem::path json_path = folder / "card.json";
  const std::filesystem::path text_path = folder / "card.md";
  ordered_json card = {{"model", ladder.model}, {"model_sha256", ladder.model_sha256}};
  std::string text = fmt::format("# {}\n", ladder.model);
  std::error_code ignored;
  if (std::filesystem::exists(json_path, ignored)) {
    SLMRIG_ASSIGN(const std::string written, base::read_text(json_path));
    card = ordered_json::parse(written, nullptr, false);
    if (!card.is_object() || !card.contains("model_sha256") || card["model_sha256"] != ladder.model_sha256) {
      return base::fail(base::ErrorCode::kBadInput,
                        "is not the card of this model; write it again with `slmforge card`, or name another "
                        "folder with --output",
                        json_path.string());
    }
    SLMRIG_ASSIGN(text, base::read_text(text_path));
  }
  ordered_json section = to_json(ladder);
  for (const char* key : {"model", "model_sha256", "seconds"}) section.erase(key);
  round_numbers(&section);
  card["ladder"] = std::move(section);
  SLMRIG_TRY(base::write_file_atomically(json_path, card.dump(1) + "\n"));
  return base::write_file_atomically(text_path, with_section(std::move(text), ladder_markdown(ladder)));
}

}  // namespace slmrig::forge
