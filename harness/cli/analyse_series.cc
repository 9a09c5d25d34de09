#include "harness/cli/analyse_series.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/analyse/noise.h"
#include "harness/base/file.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using analyse::ChangeLevel;
using analyse::ChangePoint;
using base::ErrorCode;
using base::Result;

constexpr std::size_t kNightsAfter = 5;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\"";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

char separator_of(std::string_view line) {
  for (const char separator : {',', ';', '\t'}) {
    if (line.find(separator) != std::string_view::npos) return separator;
  }
  return ' ';
}

std::vector<std::string_view> fields_of(std::string_view line) {
  const char separator = separator_of(line);
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(separator, begin), line.size());
    const std::string_view field = trimmed(line.substr(begin, end - begin));
    // Blanks may be several in a row.
    if (separator != ' ' || !field.empty()) fields.push_back(field);
    begin = end + 1;
  }
  return fields;
}

bool is_missing(std::string_view field) {
  const std::string text = lower(field);
  return text.empty() || text == "nan" || text == "na" || text == "n/a" || text == "null" || text == "none" ||
         text == "-";
}

// Infinite, too, is a number that nobody measured.
std::optional<double> number_of(std::string_view field) {
  if (field.starts_with('+')) field.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (end != field.data() + field.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::quiet_NaN();
  if (error != std::errc()) return std::nullopt;
  return std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN();
}

class SeriesParser {
 public:
  Result<NumberSeries> parse(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::size_t line_number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      ++line_number;
      SLMRIG_TRY(take(text.substr(begin, end - begin), line_number));
      begin = end + 1;
    }
    if (series_.values.size() == series_.missing) {
      return base::fail(ErrorCode::kBadInput,
                        "it has no number; expected are lines of \"time,value\", or one value a line");
    }
    return std::move(series_);
  }

 private:
  base::Done take(std::string_view line, std::size_t line_number) {
    const std::string_view bare = trimmed(line);
    if (bare.empty() || bare.starts_with('#')) return {};
    const std::vector<std::string_view> fields = fields_of(line);
    if (!begun_) {
      begun_ = true;
      value_column_ = fields.size() > 1 ? 1 : 0;
      if (is_header(fields)) {
        read_header(fields);
        return {};
      }
    }
    return take_row(fields, line_number);
  }

  static bool is_header(const std::vector<std::string_view>& fields) {
    return std::none_of(fields.begin(), fields.end(),
                        [](std::string_view field) { return is_missing(field) || number_of(field); });
  }

  void read_header(const std::vector<std::string_view>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (lower(fields[i]) == "value") value_column_ = i;
      if (lower(fields[i]) == "time") time_column_ = i;
    }
    if (value_column_ == time_column_ && fields.size() > 1) time_column_ = value_column_ == 0 ? 1 : 0;
  }

  base::Done take_row(const std::vector<std::string_view>& fields, std::size_t line_number) {
    const std::string_view field = value_column_ < fields.size() ? fields[value_column_] : std::string_view();
    double value = std::numeric_limits<double>::quiet_NaN();
    if (!is_missing(field)) {
      const std::optional<double> number = number_of(field);
      if (!number) {
        return base::fail(
            ErrorCode::kBadInput,
            fmt::format("\"{}\" is no number; expected is a value like 12.5, or nothing where it is "
                        "missing",
                        field),
            fmt::format("line {}", line_number));
      }
      value = *number;
    }
    series_.missing += std::isfinite(value) ? 0 : 1;
    series_.values.push_back(value);
    const bool timed = time_column_ != value_column_ && time_column_ < fields.size();
    series_.times.emplace_back(timed ? fields[time_column_] : std::string_view());
    const std::optional<double> time = timed ? number_of(fields[time_column_]) : std::nullopt;
    if (time && last_time_ && *time < *last_time_) ++series_.steps_back;
    if (time) last_time_ = time;
    return {};
  }

  NumberSeries series_;
  bool begun_ = false;
  std::size_t time_column_ = 0;
  std::size_t value_column_ = 1;
  std::optional<double> last_time_;
};

std::string_view to_string(ChangeLevel level) { return level == ChangeLevel::kAlert ? "alert" : "watch"; }

double detectable(const analyse::Noise& noise) {
  analyse::Detection detection;
  detection.nights_before = noise.count;
  detection.nights_after = kNightsAfter;
  return analyse::minimum_detectable_effect(noise.sigma_long_run, detection);
}

std::string number_text(double value) { return fmt::format("{:.6g}", value); }

}  // namespace

Result<NumberSeries> parse_series(std::string_view text) { return SeriesParser().parse(text); }

std::string series_text(const NumberSeries& series, const std::vector<ChangePoint>& changes) {
  const analyse::Noise noise = analyse::estimate_noise(series.values);
  std::string text = fmt::format("{} values", noise.count);
  if (series.missing > 0) text += fmt::format(", {} missing", series.missing);
  text += fmt::format("; noise {} a point, correlation of neighbours {:.2f}\n", number_text(noise.sigma),
                      noise.rho);
  const std::size_t needed = analyse::ChangePointOptions().min_points;
  if (noise.count < needed) {
    text += fmt::format("learning, {} of {} points\n", noise.count, needed);
  } else {
    text += fmt::format("a step of {} would be found within {} points (4 times in 5)\n",
                        number_text(detectable(noise)), kNightsAfter);
  }
  if (changes.empty()) return text + "no change\n";
  TextTable table({{"index", Align::kRight},
                   {"time"},
                   {"level"},
                   {"onset", Align::kRight},
                   {"before", Align::kRight},
                   {"after", Align::kRight},
                   {"effect", Align::kRight},
                   {"95 %"},
                   {"p", Align::kRight}},
                  2);
  for (const ChangePoint& change : changes) {
    table.add_row({std::to_string(change.index), series.times[change.index],
                   std::string(to_string(change.level)),
                   fmt::format("{}..{}", change.onset_low, change.onset_high), number_text(change.before),
                   number_text(change.after), fmt::format("{:+.6g}", change.effect),
                   fmt::format("{:+.6g} to {:+.6g}", change.effect_low, change.effect_high),
                   fmt::format("{:.1e}", change.p_value)});
  }
  return text + table.text();
}

std::string series_json(const NumberSeries& series, const std::vector<ChangePoint>& changes) {
  const analyse::Noise noise = analyse::estimate_noise(series.values);
  nlohmann::ordered_json json;
  json["values"] = noise.count;
  json["missing"] = series.missing;
  json["noise"] = {{"sigma", noise.sigma}, {"rho", noise.rho}, {"sigma_long_run", noise.sigma_long_run}};
  const double effect = detectable(noise);
  if (std::isfinite(effect)) json["detectable_effect"] = effect;
  json["change_points"] = nlohmann::ordered_json::array();
  for (const ChangePoint& change : changes) {
    json["change_points"].push_back({{"index", change.index},
                                     {"level", to_string(change.level)},
                                     {"time", series.times[change.index]},
                                     {"onset_low", change.onset_low},
                                     {"onset_high", change.onset_high},
                                     {"before", change.before},
                                     {"after", change.after},
                                     {"effect", change.effect},
                                     {"effect_low", change.effect_low},
                                     {"effect_high", change.effect_high},
                                     {"p_value", change.p_value}});
  }
  // A time may be any bytes.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<NumberSeries> read_series(const std::string& file) {
  SLMRIG_ASSIGN(const std::string content, base::read_text(file));
  Result<NumberSeries> series = parse_series(content);
  if (!series) return tl::unexpected(base::within(fmt::format("series {}", file), series.error()));
  if (series->steps_back > 0) {
    fmt::print(stderr,
               "slmrig: series {}: time goes back at {} rows; they are taken in the order of the file\n",
               file, series->steps_back);
  }
  return series;
}

base::Done analyse_series_file(const std::string& file, bool json, bool exact) {
  SLMRIG_ASSIGN(const NumberSeries series, read_series(file));
  analyse::ChangePointOptions options;
  options.exact = exact;
  const std::vector<ChangePoint> changes = analyse::find_change_points(series.values, options);
  std::fputs((json ? series_json(series, changes) : series_text(series, changes)).c_str(), stdout);
  return {};
}

}  // namespace slmrig::cli
