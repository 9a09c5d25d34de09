// Energy, written and read.
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "harness/store/internal/codec.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/energy_codec.h"
#include "harness/store/internal/record_writer.h"
#include "harness/store/queries.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

Result<std::optional<base::PowerTrace>> read_power_trace(Database& database, int64_t energy) {
  SLMRIG_ASSIGN(
      Statement row,
      database.prepare("select place, start_ns, step_ns, points from power_trace where energy_key = ?"));
  SLMRIG_ASSIGN(const bool known, row.bind(energy).step());
  if (!known) return std::nullopt;
  base::PowerTrace trace;
  trace.generation = static_cast<std::size_t>(row.column_int64(0));
  trace.start_ns = row.column_int64(1);
  trace.step_ns = row.column_int64(2);
  SLMRIG_TRY(add_points(row.column_text(3), trace));
  return trace;
}

std::string json_or_empty(const std::vector<std::string>& texts) {
  return texts.empty() ? std::string() : json_array_of(texts);
}

Result<std::vector<std::string>> texts_or_none(const Statement& row, int column) {
  if (row.column_is_null(column)) return std::vector<std::string>();
  return texts_of(row.column_text(column));
}

Result<std::vector<base::PhaseEnergy>> read_phases(Database& database, int64_t energy) {
  SLMRIG_ASSIGN(
      Statement row,
      database.prepare("select phase, generations, tokens, gross_uj, net_uj, charge_uc, mean_uw, peak_uw, "
                       "duration_ns, expanded_uncertainty_uj, comparative_uncertainty_uj, samples, "
                       "lost_samples, saturated_samples, invalid_samples, range_switches, "
                       "filtered_difference_uj, terms, doubts from energy_phase where energy_key = ? "
                       "order by phase"));
  row.bind(energy);
  std::vector<base::PhaseEnergy> phases;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, row.step());
    if (!more) return phases;
    base::PhaseEnergy phase;
    phase.phase = static_cast<base::EnergyPhase>(row.column_int64(0));
    phase.generations = static_cast<uint32_t>(row.column_int64(1));
    phase.tokens = static_cast<uint64_t>(row.column_int64(2));
    phase.gross_uj = row.column_double(3);
    phase.net_uj = row.column_double(4);
    phase.charge_uc = row.column_double(5);
    phase.mean_uw = row.column_double(6);
    phase.peak_uw = row.column_double(7);
    phase.duration_ns = row.column_int64(8);
    phase.expanded_uncertainty_uj = row.column_double(9);
    phase.comparative_uncertainty_uj = row.column_double(10);
    phase.samples = row.column_int64(11);
    phase.lost_samples = row.column_int64(12);
    phase.saturated_samples = row.column_int64(13);
    phase.invalid_samples = row.column_int64(14);
    phase.range_switches = row.column_int64(15);
    phase.filtered_difference_uj = row.column_double(16);
    SLMRIG_ASSIGN(phase.terms, terms_of(row.column_text(17)));
    SLMRIG_ASSIGN(phase.doubts, texts_or_none(row, 18));
    phases.push_back(std::move(phase));
  }
}

Result<std::vector<base::GenerationEnergy>> read_generations(Database& database, int64_t energy) {
  SLMRIG_ASSIGN(
      Statement row,
      database.prepare(
          "select p.prompt_id, p.sha256, g.repeat, g.start_ns, g.duration_ns, g.gross_uj, "
          "g.net_uj, g.expanded_uncertainty_uj, g.comparative_uncertainty_uj, "
          "g.token_net_uj, g.token_duration_ns, g.tokens_refused, g.prefill_ns from energy_generation g "
          "join prompt p using (prompt_key) where g.energy_key = ? order by g.place"));
  row.bind(energy);
  std::vector<base::GenerationEnergy> generations;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, row.step());
    if (!more) return generations;
    base::GenerationEnergy generation;
    generation.prompt_id = row.column_text(0);
    generation.prompt_sha256 = hex_of_bytes(row.column_blob(1));
    generation.repeat = static_cast<uint32_t>(row.column_int64(2));
    generation.start_ns = row.column_int64(3);
    generation.duration_ns = row.column_int64(4);
    generation.gross_uj = row.column_double(5);
    generation.net_uj = row.column_double(6);
    generation.expanded_uncertainty_uj = row.column_double(7);
    generation.comparative_uncertainty_uj = row.column_double(8);
    if (!row.column_is_null(9)) {
      SLMRIG_ASSIGN(generation.token_net_uj, doubles_of(row.column_text(9)));
      SLMRIG_ASSIGN(generation.token_duration_ns, int64s_of(row.column_text(10)));
    }
    generation.tokens_refused = row.column_text(11);
    generation.prefill_ns = row.column_int64(12);
    generations.push_back(std::move(generation));
  }
}

Result<std::vector<base::EnergyWindow>> read_windows(Database& database, int64_t energy) {
  SLMRIG_ASSIGN(
      Statement row,
      database.prepare("select generations, duration_ns, gross_uj, net_uj, expanded_uncertainty_uj, "
                       "comparative_uncertainty_uj from energy_window where energy_key = ? "
                       "order by place"));
  row.bind(energy);
  std::vector<base::EnergyWindow> windows;
  for (;;) {
    SLMRIG_ASSIGN(const bool more, row.step());
    if (!more) return windows;
    windows.push_back({static_cast<uint32_t>(row.column_int64(0)), row.column_int64(1), row.column_double(2),
                       row.column_double(3), row.column_double(4), row.column_double(5)});
  }
}

Result<std::optional<base::Energy>> read_energy(Database& database, const char* where,
                                                const std::string& id) {
  SLMRIG_ASSIGN(
      Statement row,
      database.prepare(
          std::string("select e.energy_key, s.session_id, c.cell_id, e.tier, e.meter, e.started_at_ns, "
                      "e.sample_rate_hz, e.supply_mv, e.idle_before_uw, e.idle_after_uw, e.doubts, f.sha256, "
                      "case when f.removed_at_ns is null then f.file end, f.bytes, f.samples "
                      "from energy e join session s using (session_key) left join cell c using (cell_key) "
                      "left join capture f using (capture_key) where ") +
          where));
  SLMRIG_ASSIGN(const bool known, row.bind(id).step());
  if (!known) return std::nullopt;
  base::Energy energy;
  energy.session_id = row.column_text(1);
  energy.cell_id = row.column_text(2);
  const std::optional<base::Tier> tier = base::parse_tier(row.column_text(3));
  energy.tier = tier.value_or(base::Tier::kModelled);
  energy.meter = row.column_text(4);
  energy.started_at_ns = row.column_int64(5);
  energy.sample_rate_hz = row.column_double(6);
  energy.supply_mv = row.column_double(7);
  energy.idle_before_uw = row.column_double(8);
  energy.idle_after_uw = row.column_double(9);
  SLMRIG_ASSIGN(energy.doubts, texts_or_none(row, 10));
  if (!row.column_is_null(11)) {
    energy.capture = {row.column_text(11), row.column_text(12), static_cast<uint64_t>(row.column_int64(13)),
                      static_cast<uint64_t>(row.column_int64(14))};
  }
  SLMRIG_ASSIGN(energy.phases, read_phases(database, row.column_int64(0)));
  SLMRIG_ASSIGN(energy.generations, read_generations(database, row.column_int64(0)));
  SLMRIG_ASSIGN(energy.windows, read_windows(database, row.column_int64(0)));
  SLMRIG_ASSIGN(energy.trace, read_power_trace(database, row.column_int64(0)));
  return energy;
}

}  // namespace

Done RecordWriter::add(const base::Energy& energy) {
  SLMRIG_ASSIGN(const int64_t key, insert_energy(energy));
  for (const base::PhaseEnergy& phase : energy.phases) SLMRIG_TRY(add_phase(key, phase));
  uint64_t place = 0;
  for (const base::GenerationEnergy& generation : energy.generations) {
    SLMRIG_TRY(add_generation(key, place++, generation));
  }
  SLMRIG_TRY(add_windows(key, energy.windows));
  return energy.trace ? add_power_trace(key, *energy.trace, energy.generations.size()) : Done{};
}

Done RecordWriter::remove_energy(int64_t cell) {
  for (const char* sql :
       {"delete from power_trace where energy_key in (select energy_key from energy where cell_key = ?)",
        "delete from energy_window where energy_key in (select energy_key from energy where cell_key = ?)",
        "delete from energy_generation where energy_key in (select energy_key from energy where cell_key = "
        "?)",
        "delete from energy_phase where energy_key in (select energy_key from energy where cell_key = ?)",
        "delete from energy where cell_key = ?"}) {
    SLMRIG_ASSIGN(Statement * remove, database_.cached(sql));
    SLMRIG_TRY(remove->bind(cell).run());
  }
  return {};
}

Done RecordWriter::remove_cold_start_energy(int64_t session) {
  for (const char* sql : {"delete from energy_phase where energy_key in "
                          "(select energy_key from energy where session_key = ? and cell_key is null)",
                          "delete from energy where session_key = ? and cell_key is null"}) {
    SLMRIG_ASSIGN(Statement * remove, database_.cached(sql));
    SLMRIG_TRY(remove->bind(session).run());
  }
  return {};
}

Result<int64_t> RecordWriter::insert_energy(const base::Energy& energy) {
  SLMRIG_TRY(check_finite(
      "an energy", {energy.sample_rate_hz, energy.supply_mv, energy.idle_before_uw, energy.idle_after_uw}));
  SLMRIG_ASSIGN(const SessionKey session, session_key(energy.session_id));
  std::optional<int64_t> cell;
  if (!energy.cell_id.empty()) {
    SLMRIG_ASSIGN(cell, cell_key(energy.cell_id));
    SLMRIG_TRY(remove_energy(*cell));
  } else {
    if (!energy.generations.empty() || !energy.windows.empty()) {
      return base::fail(
          ErrorCode::kBadInput,
          fmt::format("an energy of session '{}' holds generations and names no cell", energy.session_id));
    }
    SLMRIG_TRY(remove_cold_start_energy(session.key));
  }
  SLMRIG_ASSIGN(const std::optional<int64_t> capture, capture_key(energy));
  const std::string doubts = json_or_empty(energy.doubts);
  SLMRIG_ASSIGN(
      Statement * insert,
      database_.cached("insert into energy (session_key, cell_key, tier, meter, started_at_ns, "
                       "sample_rate_hz, supply_mv, idle_before_uw, idle_after_uw, doubts, capture_key) "
                       "values (?,?,?,?,?,?,?,?,?,?,?)"));
  insert->bind(session.key).bind(cell).bind(base::to_string(energy.tier)).bind(energy.meter);
  insert->bind(energy.started_at_ns).bind(energy.sample_rate_hz).bind(energy.supply_mv);
  insert->bind(energy.idle_before_uw).bind(energy.idle_after_uw).bind_text_or_null(doubts);
  SLMRIG_TRY(insert->bind(capture).run());
  return database_.last_insert_key();
}

// The same samples are one file, whoever took them; one that was removed and comes again is there again.
Result<std::optional<int64_t>> RecordWriter::capture_key(const base::Energy& energy) {
  const base::CaptureFacts& capture = energy.capture;
  if (capture.sha256.empty()) return std::nullopt;
  SLMRIG_ASSIGN(Statement * insert,
                database_.cached("insert into capture (sha256, file, bytes, samples, started_at_ns) "
                                 "values (?,?,?,?,?) on conflict (sha256) do update set file = "
                                 "excluded.file, started_at_ns = excluded.started_at_ns, "
                                 "removed_at_ns = null returning capture_key"));
  insert->bind(capture.sha256).bind(capture.file).bind(capture.bytes).bind(capture.samples);
  SLMRIG_ASSIGN(const bool row, insert->bind(energy.started_at_ns).step());
  SLMRIG_CHECK(row);
  const int64_t key = insert->column_int64(0);
  SLMRIG_ASSIGN(const bool more, insert->step());
  SLMRIG_CHECK(!more);
  return key;
}

Done RecordWriter::add_phase(int64_t energy, const base::PhaseEnergy& phase) {
  SLMRIG_TRY(check_finite(
      fmt::format("the energy of phase {}", base::to_string(phase.phase)),
      {phase.gross_uj, phase.net_uj, phase.charge_uc, phase.mean_uw, phase.peak_uw,
       phase.expanded_uncertainty_uj, phase.comparative_uncertainty_uj, phase.filtered_difference_uj}));
  for (const base::UncertaintyTerm& term : phase.terms) {
    SLMRIG_TRY(check_finite(fmt::format("the uncertainty term {}", term.name),
                            {term.standard_uj, term.comparative_uj, term.degrees_of_freedom}));
  }
  const std::string terms = json_of(phase.terms);
  const std::string doubts = json_or_empty(phase.doubts);
  SLMRIG_ASSIGN(
      Statement * insert,
      database_.cached("insert into energy_phase values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  insert->bind(energy).bind(static_cast<int>(phase.phase)).bind(phase.generations).bind(phase.tokens);
  insert->bind(phase.gross_uj);
  const bool has_net = phase.phase != base::EnergyPhase::kIdle;
  insert->bind(has_net ? std::optional<double>(phase.net_uj) : std::nullopt);
  insert->bind(phase.charge_uc).bind(phase.mean_uw).bind(phase.peak_uw).bind(phase.duration_ns);
  insert->bind(phase.expanded_uncertainty_uj).bind(phase.comparative_uncertainty_uj).bind(phase.samples);
  insert->bind(phase.lost_samples).bind(phase.saturated_samples).bind(phase.invalid_samples);
  insert->bind(phase.range_switches).bind(phase.filtered_difference_uj).bind(terms);
  return insert->bind_text_or_null(doubts).run();
}

Done RecordWriter::add_generation(int64_t energy, uint64_t place, const base::GenerationEnergy& generation) {
  const std::string what = fmt::format("the energy of prompt {}", generation.prompt_id);
  SLMRIG_TRY(check_finite(what, {generation.gross_uj, generation.net_uj, generation.expanded_uncertainty_uj,
                                 generation.comparative_uncertainty_uj}));
  for (const double token : generation.token_net_uj) SLMRIG_TRY(check_finite(what, {token}));
  if (generation.token_net_uj.size() != generation.token_duration_ns.size()) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("{} has {} tokens with an energy and {} with a duration", what,
                                  generation.token_net_uj.size(), generation.token_duration_ns.size()));
  }
  SLMRIG_ASSIGN(const int64_t prompt, prompt_key({generation.prompt_id, generation.prompt_sha256, "", ""}));
  const bool has_tokens = !generation.token_net_uj.empty();
  const std::string tokens = has_tokens ? json_array_of(std::span(generation.token_net_uj)) : std::string();
  const std::string durations =
      has_tokens ? json_array_of(std::span(generation.token_duration_ns)) : std::string();
  SLMRIG_ASSIGN(Statement * insert,
                database_.cached("insert into energy_generation values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  insert->bind(energy).bind(place).bind(prompt).bind(generation.repeat).bind(generation.start_ns);
  insert->bind(generation.duration_ns).bind(generation.gross_uj).bind(generation.net_uj);
  insert->bind(generation.expanded_uncertainty_uj).bind(generation.comparative_uncertainty_uj);
  insert->bind_text_or_null(tokens).bind_text_or_null(durations);
  insert->bind_text_or_null(generation.tokens_refused);
  const bool has_prefill = generation.prefill_ns > 0;
  return insert->bind(has_prefill ? std::optional<int64_t>(generation.prefill_ns) : std::nullopt).run();
}

Done RecordWriter::add_windows(int64_t energy, const std::vector<base::EnergyWindow>& windows) {
  uint64_t place = 0;
  for (const base::EnergyWindow& window : windows) {
    SLMRIG_TRY(check_finite(
        "the energy of a window",
        {window.gross_uj, window.net_uj, window.expanded_uncertainty_uj, window.comparative_uncertainty_uj}));
    if (window.generations == 0) {
      return base::fail(ErrorCode::kBadInput,
                        fmt::format("window {} of an energy holds no generation", place));
    }
    SLMRIG_ASSIGN(Statement * insert, database_.cached("insert into energy_window values (?,?,?,?,?,?,?,?)"));
    insert->bind(energy)
        .bind(place++)
        .bind(window.generations)
        .bind(window.duration_ns)
        .bind(window.gross_uj);
    insert->bind(window.net_uj).bind(window.expanded_uncertainty_uj);
    SLMRIG_TRY(insert->bind(window.comparative_uncertainty_uj).run());
  }
  return {};
}

Done RecordWriter::add_power_trace(int64_t energy, const base::PowerTrace& trace, std::size_t generations) {
  if (trace.generation >= generations) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("a power trace is of generation {}, and the energy has {} of them",
                                  trace.generation, generations));
  }
  SLMRIG_ASSIGN(const std::string points, json_of(trace));
  SLMRIG_ASSIGN(Statement * insert, database_.cached("insert into power_trace values (?,?,?,?,?)"));
  insert->bind(energy).bind(uint64_t{trace.generation}).bind(trace.start_ns).bind(trace.step_ns);
  return insert->bind(points).run();
}

Result<std::optional<base::Energy>> Reader::energy(const std::string& cell_id) {
  return read_energy(*database_, "c.cell_id = ?", cell_id);
}

Result<std::optional<base::Energy>> Reader::cold_start_energy(const std::string& session_id) {
  return read_energy(*database_, "s.session_id = ? and e.cell_key is null", session_id);
}

}  // namespace slmrig::store
