#include "harness/store/internal/import_formats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <sqlite3.h>
#include <nlohmann/json.hpp>

#include "harness/store/internal/database.h"

namespace slmrig::store {

using base::ErrorCode;
using base::Result;

namespace {

using nlohmann::json;

constexpr double kMillisecondsPerSecond = 1e3;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Numbers, also where SQL has made texts of them.
std::optional<double> number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  if (!found->is_string()) return std::nullopt;
  const std::string text = found->get<std::string>();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return end == text.c_str() || *end != '\0' ? std::nullopt : std::optional<double>(value);
}

// "2026-03-01T12:34:56Z" or with an offset.
std::optional<int64_t> utc_ns_of(const std::string& text) {
  std::tm parts{};
  if (text.empty() || ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::nullopt;
  int64_t seconds = ::timegm(&parts);
  const std::size_t zone = text.find_first_of("+-", 19);
  if (zone != std::string::npos) {
    int hours = 0;
    int minutes = 0;
    if (std::sscanf(text.c_str() + zone + 1, "%d:%d", &hours, &minutes) < 1) return std::nullopt;
    seconds -= (text[zone] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  return seconds * 1'000'000'000;
}

std::optional<double> milliseconds_of(const json& entry) {
  static const std::map<std::string, double> kUnits = {
      {"ns", 1e-6}, {"us", 1e-3}, {"ms", 1}, {"s", kMillisecondsPerSecond}};
  const auto unit = kUnits.find(text_of(entry, "time_unit"));
  const std::optional<double> time = number_of(entry, "real_time");
  if (unit == kUnits.end() || !time || !std::isfinite(*time) || *time < 0) return std::nullopt;
  return *time * unit->second;
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

struct BenchmarkTimes {
  std::vector<double> iterations_ms;
  std::optional<double> median_ms;  // as the program gives it, where it kept the repetitions to itself
  uint64_t repetitions = 1;
};

Result<ImportedFile> read_google_benchmark(const json& document) {
  ImportedFile file;
  file.format = file.engine = "google-benchmark";
  if (const auto context = document.find("context"); context != document.end() && context->is_object()) {
    file.started_at_ns = utc_ns_of(text_of(*context, "date"));
    for (const char* key : {"host_name", "executable", "library_version"}) {
      if (std::string value = text_of(*context, key); !value.empty()) file.facts.emplace_back(key, value);
    }
  }
  std::map<std::string, BenchmarkTimes> times;
  for (const json& entry : document["benchmarks"]) {
    if (!entry.is_object()) continue;
    const std::string own_name = text_of(entry, "name");
    const std::string name = text_of(entry, "run_name").empty() ? own_name : text_of(entry, "run_name");
    const std::optional<double> time_ms = milliseconds_of(entry);
    const bool failed = entry.contains("error_occurred") && entry["error_occurred"] == true;
    if (name.empty() || failed || !time_ms) {
      file.notices.push_back(fmt::format(
          "{}: {}", name.empty() ? "an entry" : own_name,
          failed ? "it failed: " + text_of(entry, "error_message") : "it has no time that can be read"));
      continue;
    }
    BenchmarkTimes& found = times[name];
    if (text_of(entry, "run_type") != "aggregate") {
      found.iterations_ms.push_back(*time_ms);
    } else if (text_of(entry, "aggregate_name") == "median") {
      found.median_ms = time_ms;
      found.repetitions = static_cast<uint64_t>(std::max(1.0, number_of(entry, "repetitions").value_or(1)));
    }
  }
  for (const auto& [name, found] : times) {
    if (!found.iterations_ms.empty()) {
      file.figures.push_back(
          {"", "", name, "", "benchmark_ms_p50", found.iterations_ms.size(), median_of(found.iterations_ms)});
    } else if (found.median_ms) {
      file.figures.push_back({"", "", name, "", "benchmark_ms_p50", found.repetitions, *found.median_ms});
    } else {
      file.notices.push_back(name + ": it has aggregates, but no median");
    }
  }
  return file;
}

// Of the settings that change what is measured, those that the file has.
std::string llama_settings(const json& row) {
  std::string settings;
  for (const auto& [key, name] :
       {std::pair("n_prompt", "pp"), std::pair("n_gen", "tg"), std::pair("n_depth", "depth"),
        std::pair("n_threads", "threads"), std::pair("n_batch", "batch"), std::pair("n_ubatch", "ubatch"),
        std::pair("n_gpu_layers", "ngl")}) {
    const std::optional<double> value = number_of(row, key);
    if (value) settings += fmt::format("{}{}={:.0f}", settings.empty() ? "" : " ", name, *value);
  }
  for (const auto& [key, name] : {std::pair("type_k", "k"), std::pair("type_v", "v")}) {
    const std::string value = text_of(row, key);
    if (!value.empty()) settings += fmt::format("{}{}={}", settings.empty() ? "" : " ", name, value);
  }
  return settings;
}

Result<ImportedFile> read_llama_bench(const json& rows) {
  ImportedFile file;
  file.format = "llama-bench";
  file.engine = "llama.cpp";
  for (const json& row : rows) {
    if (!row.is_object()) continue;
    if (file.commit_sha.empty()) {
      file.commit_sha = text_of(row, "build_commit");
      file.started_at_ns = utc_ns_of(text_of(row, "test_time"));
      for (const char* key : {"cpu_info", "gpu_info", "backends"}) {
        if (std::string value = text_of(row, key); !value.empty()) file.facts.emplace_back(key, value);
      }
    }
    const double prompt = number_of(row, "n_prompt").value_or(0);
    const double generated = number_of(row, "n_gen").value_or(0);
    const std::optional<double> rate = number_of(row, "avg_ts");
    const std::string settings = llama_settings(row);
    if (!rate || !std::isfinite(*rate) || (prompt > 0) == (generated > 0)) {
      file.notices.push_back(fmt::format("{}: {}", settings,
                                         !rate || !std::isfinite(*rate)
                                             ? "it has no avg_ts"
                                             : "prompt and generation together are no "
                                               "metric here"));
      continue;
    }
    ImportedFigure figure;
    figure.model = std::filesystem::path(text_of(row, "model_filename")).stem().string();
    figure.variant = text_of(row, "model_type");
    figure.suite = "llama-bench";
    figure.settings = settings;
    figure.metric = prompt > 0 ? "prefill_tokens_per_s" : "decode_tokens_per_s";
    const auto samples = row.find("samples_ts");
    figure.samples = samples != row.end() && samples->is_array() ? samples->size() : 1;
    figure.value = *rate;
    file.figures.push_back(std::move(figure));
  }
  return file;
}

// Only what llama-bench writes: CREATE TABLE and INSERT of plain values.
int allow_table(void* /*unused*/, int action, const char* first, const char* second, const char* /*database*/,
                const char* /*trigger*/) {
  const auto is = [](const char* text, std::string_view name) { return text != nullptr && name == text; };
  switch (action) {
    case SQLITE_CREATE_TABLE: return is(first, "test") || is(first, "llama_bench") ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_INSERT:
      return is(first, "test") || is(first, "llama_bench") || is(first, "sqlite_master") ? SQLITE_OK
                                                                                         : SQLITE_DENY;
    case SQLITE_READ:
    case SQLITE_SELECT:
    case SQLITE_TRANSACTION: return SQLITE_OK;
    // CREATE TABLE updates the schema's own table.
    case SQLITE_UPDATE: return is(first, "sqlite_master") ? SQLITE_OK : SQLITE_DENY;
    default: static_cast<void>(second); return SQLITE_DENY;
  }
}

int stop_now(void* steps) { return --*static_cast<int*>(steps) < 0 ? 1 : 0; }

Result<json> rows_of_sql(std::string_view text) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database,
                Database::open("", OpenMode::kReadWriteCreate, std::chrono::milliseconds(1)));
  sqlite3_set_authorizer(database->handle(), allow_table, nullptr);
  constexpr int kStepsBetween = 1000;
  int patience = 100'000;  // 10^8 steps of SQLite's machine: no file of figures needs as many
  sqlite3_progress_handler(database->handle(), kStepsBetween, stop_now, &patience);
  if (const base::Done run = database->execute(std::string(text)); !run) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("the SQL is not what llama-bench writes: {}", run.error().message));
  }
  sqlite3_set_authorizer(database->handle(), nullptr, nullptr);
  SLMRIG_ASSIGN(Statement name, database->prepare("select name from sqlite_master where type = 'table'"));
  SLMRIG_ASSIGN(const bool some, name.step());
  if (!some) return base::fail(ErrorCode::kBadInput, "the SQL makes no table");
  SLMRIG_ASSIGN(Statement row, database->prepare("select * from " + name.column_text(0)));
  json rows = json::array();
  for (;;) {
    SLMRIG_ASSIGN(const bool more, row.step());
    if (!more) return rows;
    json object = json::object();
    for (int i = 0; i < sqlite3_column_count(row.handle()); ++i) {
      object[sqlite3_column_name(row.handle(), i)] = row.column_text(i);
    }
    rows.push_back(std::move(object));
  }
}

}  // namespace

Result<ImportedFile> read_import(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  const char first = begin == std::string_view::npos ? '\0' : text[begin];
  if (first == '{' || first == '[') {
    const json document = json::parse(text, nullptr, false);
    if (document.is_object() && document.contains("benchmarks") && document["benchmarks"].is_array()) {
      return read_google_benchmark(document);
    }
    if (document.is_array() && !document.empty() && document[0].is_object() &&
        document[0].contains("n_gen")) {
      return read_llama_bench(document);
    }
    if (document.is_discarded()) return base::fail(ErrorCode::kBadInput, "it is not whole JSON");
  } else if (text.find("CREATE TABLE") != std::string_view::npos) {
    SLMRIG_ASSIGN(const json rows, rows_of_sql(text));
    return read_llama_bench(rows);
  }
  return base::fail(
      ErrorCode::kBadInput,
      "expected Google Benchmark's JSON (an object with benchmarks) or llama-bench's JSON or SQL "
      "(with CREATE TABLE: -o sql)");
}

}  // namespace slmrig::store
