#include "reports/testing/sample_history.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "harness/base/metrics.h"

namespace slmrig::reports {
namespace {

using base::Tier;

constexpr int64_t kDayNs = 86'400'000'000'000;
constexpr const char* kCellSettings = "ctx=256 new=48 top_k=1 temp=0 seed=1";
constexpr const char* kSessionSettings = "ctx=256";

// splitmix64: the same on every host.
class Noise {
 public:
  explicit Noise(uint64_t seed) : state_(seed) {}

  double uniform() {
    uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return static_cast<double>((mixed ^ (mixed >> 31U)) >> 11U) / 9'007'199'254'740'992.0;
  }
  double normal() {
    double sum = 0;  // Irwin-Hall of 12
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum - 6;
  }

 private:
  uint64_t state_;
};

// Collects points by series and hands them out in the order of their keys.
class HistoryMaker {
 public:
  std::size_t session(store::HistorySession session) {
    history_.sessions.push_back(std::move(session));
    return history_.sessions.size() - 1;
  }

  void point(std::size_t session, const store::SeriesKey& key, double value) {
    store::Series& series = series_[key];
    series.key = key;
    if (const base::Metric* metric = base::find_metric(key.metric)) {
      series.unit = metric->unit;
      series.better = metric->better;
    }
    store::SeriesPoint point;
    point.session = static_cast<uint32_t>(session);
    point.samples = 12;
    point.value = value;
    series.points.push_back(point);
  }

  store::History finish() {
    for (auto& [key, series] : series_) history_.series.push_back(std::move(series));
    return std::move(history_);
  }

 private:
  store::History history_;
  std::map<store::SeriesKey, store::Series> series_;
};

struct SampleBoard {
  const char* name;
  const char* unit_id;
  Tier tier;
  double cost;  // of a token, in ms or instructions
};
constexpr std::array kBoards = {SampleBoard{"native", "host-7f3a", Tier::kHardware, 0.21},
                                SampleBoard{"mps2-an386", "virtual-0001", Tier::kEmulated, 1'214'005},
                                SampleBoard{"mps3-an547", "virtual-0002", Tier::kEmulated, 254'322}};
struct SampleVariant {
  const char* name;
  double cost;
  double bytes;
  double accuracy;
};
constexpr std::array kVariants = {SampleVariant{"f32", 1.0, 1'050'112, 0.961},
                                  SampleVariant{"int8", 0.46, 291'904, 0.957},
                                  SampleVariant{"int4", 0.37, 164'288, 0.931}};

class NightMaker {
 public:
  NightMaker(const SampleHistoryOptions& options, HistoryMaker& maker) : options_(options), maker_(maker) {}

  void make(std::size_t night) {
    for (const SampleBoard& board : kBoards) {
      // This one came to the rack four nights ago.
      if (std::string_view(board.name) == "mps3-an547" && night + 4 < options_.nights) continue;
      for (const char* model : {"wrist-nano", "wrist-wide"}) {
        for (const SampleVariant& variant : kVariants) make_session(night, board, model, variant);
      }
    }
  }

 private:
  bool since_last(std::size_t night, std::size_t nights) const { return night + nights >= options_.nights; }

  // What the builds and the rig did to a token's cost.
  double cost_factor(std::size_t night, const SampleBoard& board, std::string_view model,
                     std::string_view variant) {
    const bool hardware = board.tier == Tier::kHardware;
    double factor = model == "wrist-wide" ? 3.2 : 1.0;
    if (hardware && model == "wrist-nano" && variant == "int8" && since_last(night, 12)) factor *= 1.10;
    if (!hardware && model == "wrist-nano" && variant == "int4" && since_last(night, 30)) factor *= 0.92;
    if (hardware && night < options_.nights / 3) factor *= 1.03;  // another physical unit
    return hardware ? factor * (1 + 0.008 * noise_.normal()) : factor;
  }

  void make_session(std::size_t night, const SampleBoard& board, const std::string& model,
                    const SampleVariant& variant) {
    const bool hardware = board.tier == Tier::kHardware;
    const bool newest = night + 1 == options_.nights;
    store::HistorySession session;
    session.run_id = newest && !options_.newest_run_id.empty()
                         ? options_.newest_run_id
                         : fmt::format("019b76da-a800-7002-8a4e-{:012x}", night);
    session.session_id = fmt::format("{}-{}-{}-{}", session.run_id, board.name, model, variant.name);
    session.started_at_ns =
        options_.newest_at_ns - static_cast<int64_t>(options_.nights - 1 - night) * kDayNs;
    session.bench = session.board = board.name;
    session.unit_id = hardware && night < options_.nights / 3 ? "host-01c2" : board.unit_id;
    session.model = model;
    session.variant = variant.name;
    session.label = "nightly";
    session.build = fmt::format("1.{}.{}", night / 14, night % 14);
    session.commit_sha =
        fmt::format("{:08x}5c1d0f3a9b7e2468ace01357{:08x}", night * 2654435761U % 0xffffffffU, night);
    session.conditions["plan.file"] = "nightly.json";
    const std::size_t at = maker_.session(session);
    // The newest night of this one gave no figure.
    if (newest && hardware && model == "wrist-wide" && std::string_view(variant.name) == "f32") return;
    add_figures(at, night, board, model, variant);
  }

  void add_figures(std::size_t session, std::size_t night, const SampleBoard& board, const std::string& model,
                   const SampleVariant& variant) {
    const bool hardware = board.tier == Tier::kHardware;
    store::SeriesKey key{board.name, "slm", model, variant.name, "", kSessionSettings, "", board.tier};
    const auto add = [&](const char* metric, double value) {
      key.metric = metric;
      maker_.point(session, key, value);
    };
    const double size = variant.bytes * (model == "wrist-wide" ? 4 : 1);
    add("image_bytes", size);
    add("memory_peak_bytes", std::round(size * 1.2 + 65'536));
    key.settings = kCellSettings;
    for (const char* suite : {"intents", "summaries"}) {
      key.suite = suite;
      const double factor = cost_factor(night, board, model, variant.name);
      const double cost =
          board.cost * variant.cost * factor * (std::string_view(suite) == "intents" ? 1 : 1.31);
      if (hardware) {
        add("token_ms_p50", cost);
        add("token_ms_p99", cost * (1.12 + 0.01 * noise_.uniform()));
        add("decode_tokens_per_s", 1000 / cost);
      } else {
        add("token_instructions_p50", std::round(cost));
        add("token_instructions_p99", std::round(cost * 1.12));
      }
      add("accuracy", std::round((variant.accuracy + 0.004 * noise_.normal()) * 480) / 480);
    }
  }

  const SampleHistoryOptions& options_;
  HistoryMaker& maker_;
  Noise noise_{1};
};

std::map<store::SeriesKey, BudgetLine> sample_budgets() {
  const auto key = [](const char* bench, const char* variant, const char* metric, Tier tier) {
    return store::SeriesKey{bench, "slm", "wrist-nano", variant, "intents", kCellSettings, metric, tier};
  };
  std::map<store::SeriesKey, BudgetLine> budgets;
  budgets[key("native", "int8", "token_ms_p99", Tier::kHardware)] = {"token-tail", "<=", 0.115, "fail"};
  budgets[key("native", "int4", "token_ms_p99", Tier::kHardware)] = {"token-tail", "<=", 0.115, "pass"};
  budgets[key("mps2-an386", "int8", "token_instructions_p99", Tier::kEmulated)] = {"token-count",
                                                                                   "<=", 650'000, "pass"};
  return budgets;
}

store::HistorySession plain_session(std::size_t night, const std::string& bench, const std::string& variant) {
  store::HistorySession session;
  session.run_id = fmt::format("run-{}", night);
  session.session_id = fmt::format("{}-{}-{}", session.run_id, bench, variant);
  session.started_at_ns = 1'700'000'000'000'000'000 + static_cast<int64_t>(night) * kDayNs;
  session.bench = session.board = bench;
  session.unit_id = "unit";
  session.model = "wrist-nano";
  session.variant = variant;
  return session;
}

// `text` again and again, up to 200 bytes or a little more; never cut inside a character.
std::string long_name(std::string_view text) {
  std::string name;
  while (name.size() < 200) name += text;
  return name;
}

}  // namespace

SampleHistory::SampleHistory(store::History history, std::vector<PinnedRun> releases,
                             std::map<store::SeriesKey, BudgetLine> budgets)
    : history_(std::move(history)),
      judgement_(analyse::judge(history_)),
      releases_(std::move(releases)),
      budgets_(std::move(budgets)) {}

ReportHistory SampleHistory::input() const {
  ReportHistory input;
  input.history = &history_;
  input.judgement = &judgement_;
  input.releases = releases_;
  input.budgets = budgets_;
  return input;
}

SampleHistory sample_history(const SampleHistoryOptions& options) {
  HistoryMaker maker;
  NightMaker nights(options, maker);
  for (std::size_t night = 0; night < options.nights; ++night) nights.make(night);
  store::History history = maker.finish();
  std::vector<PinnedRun> releases;
  for (const std::size_t night : {options.nights / 2, options.nights - options.nights / 8}) {
    const int64_t at_ns = options.newest_at_ns - static_cast<int64_t>(options.nights - 1 - night) * kDayNs;
    for (const store::HistorySession& session : history.sessions) {
      if (session.started_at_ns != at_ns) continue;
      releases.push_back({fmt::format("v{}", releases.size() + 1), session.run_id});
      break;
    }
  }
  return {std::move(history), std::move(releases), sample_budgets()};
}

SampleHistory smallest_history() {
  HistoryMaker maker;
  const std::size_t session = maker.session(plain_session(0, "desk", "int8"));
  maker.point(session, {"desk", "slm", "wrist-nano", "int8", "intents", "", "token_ms_p99", Tier::kHardware},
              1.25);
  return {maker.finish(), {}, {}};
}

SampleHistory long_history(std::size_t nights) {
  HistoryMaker maker;
  Noise noise(3);
  for (std::size_t night = 0; night < nights; ++night) {
    store::HistorySession session = plain_session(night, "desk", "int8");
    session.started_at_ns = 1'700'000'000'000'000'000 + static_cast<int64_t>(night) * (kDayNs / 288);
    // Judging tens of thousands of nights takes minutes: only those of the unit that is there now are judged.
    session.unit_id = night + 100 < nights ? "unit-a" : "unit-b";
    maker.point(maker.session(session),
                {"desk", "slm", "wrist-nano", "int8", "intents", "", "token_ms_p99", Tier::kHardware},
                (night == nights / 3 ? 1.75 : 1.25) + 0.01 * noise.normal());
  }
  return {maker.finish(), {}, {}};
}

SampleHistory hostile_history() {
  HistoryMaker maker;
  const std::array<std::string, 6> names = {
      "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>",
      long_name("скорость"),
      long_name("速度テスト"),
      long_name("مقياس"),
      long_name("a\"'|&=#%"),
      long_name("👩‍🔬"),
  };
  const std::array<double, 6> levels = {1e-12,
                                        1e12,
                                        0.0,
                                        1.0,
                                        std::numeric_limits<double>::quiet_NaN(),
                                        std::numeric_limits<double>::infinity()};
  Noise noise(7);
  for (std::size_t night = 0; night < 12; ++night) {
    for (std::size_t at = 0; at < names.size(); ++at) {
      const std::size_t session =
          maker.session(plain_session(night, names[at], names[(at + 1) % names.size()]));
      maker.point(session,
                  {names[at], "slm", names[(at + 2) % names.size()], names[(at + 1) % names.size()],
                   names[at], names[at], "token_ms_p99", Tier::kHardware},
                  levels[at] * (at == 3 ? 1.0 : 1 + 0.01 * noise.normal()));
    }
  }
  for (std::size_t board = 0; board < 1000; ++board) {
    const std::string bench = fmt::format("board-{}", board);
    const std::size_t session = maker.session(plain_session(11, bench, "int8"));
    maker.point(session, {bench, "slm", "wrist-nano", "int8", "intents", "", "token_ms_p99", Tier::kHardware},
                1 + 0.1 * noise.uniform());
  }
  return {maker.finish(), {}, {}};
}

}  // namespace slmrig::reports
