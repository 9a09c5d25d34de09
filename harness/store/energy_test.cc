// Energy goes in by the record sink and comes out by the views and the reader.
#include <limits>

#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

namespace {

base::PhaseEnergy phase_for_test(base::EnergyPhase phase, double net_uj) {
  base::PhaseEnergy energy;
  energy.phase = phase;
  energy.generations = 2;
  energy.tokens = 14;
  energy.gross_uj = net_uj + 100;
  energy.net_uj = net_uj;
  energy.charge_uc = 30.5;
  energy.mean_uw = 12000;
  energy.peak_uw = 34000;
  energy.duration_ns = 120'000'000;
  energy.expanded_uncertainty_uj = net_uj / 8;
  energy.comparative_uncertainty_uj = net_uj / 512;
  energy.samples = 12'000;
  energy.lost_samples = 3;
  energy.range_switches = 7;
  energy.filtered_difference_uj = -0.25;
  energy.terms = {{"gain", net_uj / 16, 0, 0}, {"sampling", 0.125, 0.125, 15}};
  return energy;
}

base::Energy energy_for_test() {
  base::Energy energy;
  energy.session_id = "s-1";
  energy.cell_id = "s-1-c0";
  energy.tier = base::Tier::kModelled;
  energy.meter = "ppk2 PPK2 C0FFEE";
  energy.started_at_ns = 5000;
  energy.sample_rate_hz = 100'000.5;
  energy.supply_mv = 3300;
  energy.idle_before_uw = 800;
  energy.idle_after_uw = 802;
  energy.phases = {phase_for_test(base::EnergyPhase::kIdle, 0),
                   phase_for_test(base::EnergyPhase::kPrefill, 1024),
                   phase_for_test(base::EnergyPhase::kDecode, 2048)};
  energy.phases[2].doubts = {"lost 0.2 % of the samples", "supply off by 3 %"};
  base::GenerationEnergy one;
  one.prompt_id = "p-1";
  one.prompt_sha256 = base::sha256_hex(std::string_view("set a timer"));
  one.start_ns = 77;
  one.duration_ns = 60'000'000;
  one.prefill_ns = 20'000'000;
  one.gross_uj = 1600;
  one.net_uj = 1536;
  one.expanded_uncertainty_uj = 192;
  one.comparative_uncertainty_uj = 3;
  one.token_net_uj = {512.0, 511.5, 512.5};
  one.token_duration_ns = {20'000'000, 20'000'000, 20'000'000};
  base::GenerationEnergy refused = one;
  refused.repeat = 1;
  refused.token_net_uj.clear();
  refused.token_duration_ns.clear();
  refused.tokens_refused = "an edge is 12 % of a token";
  energy.generations = {one, refused};
  energy.windows = {{1, 60'000'000, 1600, 1536, 192, 3}, {2, 119'000'000, 3200, 3072, 384, 6.5}};
  energy.trace = {1, 57, 20, {10, 11.5, 12}, {20, 21, 22}, {30, 31, 32.25}};
  energy.capture = {"ab12", "ab/ab12.power", 4096, 12'000};
  return energy;
}

using Row = std::vector<SqlValue>;

}  // namespace

TEST_CASE("energy has its own tier in the views, and a doubt in its trust") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  must(store->add(generation_for_test()));
  must(store->add(energy_for_test()));
  must(store->add(energy_for_test()));  // replaces
  const SqlTable phases = query_for_test(
      folder.file(),
      "select cell_id, tier, phase, generations, tokens, gross_uj, net_uj, expanded_uncertainty_uj, "
      "comparative_uncertainty_uj, duration_ns, lost_samples, trust from v_energy order by phase");
  REQUIRE(phases.rows.size() == 3);
  const int64_t ns = 120'000'000;
  CHECK(phases.rows[0] == Row{"s-1-c0", "modelled", "decode", int64_t{2}, int64_t{14}, 2148.0, 2048.0, 256.0,
                              4.0, ns, int64_t{3}, "lost 0.2 % of the samples; supply off by 3 %"});
  CHECK(phases.rows[1] == Row{"s-1-c0", "modelled", "idle", int64_t{2}, int64_t{14}, 100.0, std::monostate{},
                              0.0, 0.0, ns, int64_t{3}, "ok"});
  CHECK(std::get<std::string>(phases.rows[2][2]) == "prefill");
  const SqlTable generations = query_for_test(
      folder.file(),
      "select tier, prompt_id, repeat, net_uj, expanded_uncertainty_uj from v_generation_energy "
      "order by repeat");
  REQUIRE(generations.rows.size() == 2);
  CHECK(generations.rows[1] == Row{"modelled", "p-1", int64_t{1}, 1536.0, 192.0});
  const SqlTable tokens = query_for_test(
      folder.file(),
      "select tier, prompt_id, repeat, token_index, net_uj from v_token_energy order by token_index");
  REQUIRE(tokens.rows.size() == 3);
  CHECK(tokens.rows[0] == Row{"modelled", "p-1", int64_t{0}, int64_t{0}, 512.0});
  CHECK(tokens.rows[2] == Row{"modelled", "p-1", int64_t{0}, int64_t{2}, 512.5});
  const SqlTable budget =
      query_for_test(folder.file(),
                     "select phase, term, standard_uncertainty_uj, comparative_standard_uncertainty_uj, "
                     "degrees_of_freedom from v_energy_budget where phase = 'decode' order by term");
  REQUIRE(budget.rows.size() == 2);
  CHECK(budget.rows[0] == Row{"decode", "gain", 128.0, 0.0, 0.0});
  CHECK(budget.rows[1] == Row{"decode", "sampling", 0.125, 0.125, 15.0});
  const SqlTable windows = query_for_test(
      folder.file(),
      "select tier, window, generations, duration_ns, net_uj_per_generation from v_energy_window");
  REQUIRE(windows.rows.size() == 2);
  CHECK(windows.rows[1] == Row{"modelled", int64_t{1}, int64_t{2}, int64_t{119'000'000}, 1536.0});
  // The prompt is the one that the timing pass brought.
  CHECK(number_for_test(folder.file(), "select count(*) from prompt") == 1);
}

TEST_CASE("energy reads back as it was written") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  base::Energy written = energy_for_test();
  written.doubts = {"rate off by 900 ppm"};
  must(store->add(written));
  auto reader = must(open_reader(folder.file()));
  const SessionData data = must(reader.session_data("s-1"));
  CHECK_FALSE(data.cold_start_energy.has_value());
  CHECK_FALSE(data.cells.at(1).energy.has_value());
  REQUIRE(data.cells.at(0).energy.has_value());
  const base::Energy& read = *data.cells.at(0).energy;
  CHECK(read.meter == written.meter);
  CHECK(read.tier == base::Tier::kModelled);
  CHECK(read.sample_rate_hz == written.sample_rate_hz);
  CHECK(read.idle_after_uw == 802);
  CHECK(read.doubts == written.doubts);
  CHECK(read.capture.file == "ab/ab12.power");
  CHECK(read.capture.samples == 12'000);
  REQUIRE(read.phases.size() == 3);
  CHECK(read.phases[2].doubts == written.phases[2].doubts);
  CHECK(read.phases[2].filtered_difference_uj == -0.25);
  CHECK(read.phases[2].range_switches == 7);
  REQUIRE(read.phases[1].terms.size() == 2);
  CHECK(read.phases[1].terms[1].name == "sampling");
  CHECK(read.phases[1].terms[1].degrees_of_freedom == 15);
  REQUIRE(read.windows.size() == 2);
  CHECK(read.windows[1].generations == 2);
  CHECK(read.windows[1].duration_ns == 119'000'000);
  CHECK(read.windows[1].comparative_uncertainty_uj == 6.5);
  REQUIRE(read.generations.size() == 2);
  CHECK(read.generations[0].token_net_uj == written.generations[0].token_net_uj);
  CHECK(read.generations[0].token_duration_ns == written.generations[0].token_duration_ns);
  CHECK(read.generations[0].prompt_sha256 == written.generations[0].prompt_sha256);
  CHECK(read.generations[1].tokens_refused == "an edge is 12 % of a token");
  CHECK(read.generations[0].prefill_ns == 20'000'000);
  REQUIRE(read.trace.has_value());
  CHECK(read.trace->generation == 1);
  CHECK(read.trace->start_ns == 57);
  CHECK(read.trace->step_ns == 20);
  CHECK(read.trace->lowest_uw == written.trace->lowest_uw);
  CHECK(read.trace->mean_uw == written.trace->mean_uw);
  CHECK(read.trace->highest_uw == written.trace->highest_uw);
  const SqlTable steps =
      query_for_test(folder.file(),
                     "select tier, prompt_id, repeat, time_ns, step_ns, lowest_uw, mean_uw, "
                     "highest_uw from v_power_trace order by time_ns");
  REQUIRE(steps.rows.size() == 3);
  // Times begin with the generation: a step before it is negative.
  CHECK(steps.rows[0] == Row{"modelled", "p-1", int64_t{1}, int64_t{-20}, int64_t{20}, 10.0, 20.0, 30.0});
  CHECK(steps.rows[2] == Row{"modelled", "p-1", int64_t{1}, int64_t{20}, int64_t{20}, 12.0, 22.0, 32.25});
}

TEST_CASE("cold starts have an energy that belongs to the session") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  base::Energy energy = energy_for_test();
  CHECK_FALSE(([&] {
                energy.cell_id.clear();
                return store->add(energy);  // generations without a cell
              })()
                  .has_value());
  energy.generations.clear();
  CHECK_FALSE(store->add(energy).has_value());  // nor windows
  energy.windows.clear();
  CHECK_FALSE(store->add(energy).has_value());  // a trace of no generation
  energy.trace.reset();
  energy.capture = {};
  energy.phases = {phase_for_test(base::EnergyPhase::kBoot, 8), phase_for_test(base::EnergyPhase::kLoad, 16)};
  must(store->add(energy));
  must(store->add(energy));
  must(store->add(energy_for_test()));
  const SqlTable table =
      query_for_test(folder.file(),
                     "select session_id, cell_id, suite, settings, phase, net_uj from v_energy "
                     "where cell_id is null order by phase");
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0] == Row{"s-1", std::monostate{}, std::monostate{}, "ctx=256", "boot", 8.0});
  auto reader = must(open_reader(folder.file()));
  CHECK(must(reader.session_data("s-1")).cold_start_energy->phases.at(1).net_uj == 16);
}

TEST_CASE("a cell that is measured anew loses its energy, and one without numbers is refused") {
  const TestFolder folder;
  const base::SessionStart session = session_for_test();
  auto store = store_for_test(folder.file(), session);
  must(store->add(energy_for_test()));
  must(store->begin_session(session));
  CHECK(number_for_test(folder.file(), "select count(*) from v_energy") == 0);
  CHECK(number_for_test(folder.file(), "select count(*) from energy_generation") == 0);
  CHECK(number_for_test(folder.file(), "select count(*) from power_trace") == 0);
  base::Energy bad = energy_for_test();
  SECTION("no number") { bad.phases[1].gross_uj = std::numeric_limits<double>::quiet_NaN(); }
  SECTION("no token") { bad.generations[0].token_net_uj[1] = std::numeric_limits<double>::infinity(); }
  SECTION("a term") { bad.phases[1].terms[0].standard_uj = std::numeric_limits<double>::infinity(); }
  SECTION("lengths") { bad.generations[0].token_duration_ns.pop_back(); }
  SECTION("no power") { bad.trace->mean_uw[2] = std::numeric_limits<double>::quiet_NaN(); }
  SECTION("steps") { bad.trace->highest_uw.pop_back(); }
  SECTION("another's trace") { bad.trace->generation = 2; }
  SECTION("tier") { bad.tier = base::Tier::kEmulated; }
  SECTION("nobody's") { bad.cell_id = "nobody's"; }
  CHECK_FALSE(store->add(bad).has_value());
  CHECK(number_for_test(folder.file(), "select count(*) from energy") == 0);
}

}  // namespace slmrig::store
