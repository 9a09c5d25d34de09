// Generated from ../report.schema.json by schema_types.mjs; change that file and run it again.

// Integers below 2^53: differences to the one before (the first to 0), zigzag, LEB128, base64.
export type PackedIntegers = string;

// One row of the registry of metrics.
export interface Metric {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
}

export interface Fact {
  readonly key: string;
  readonly value: string;
}

export interface Run {
  readonly run_id: string;
  readonly label: string;
  readonly plan: string;
  readonly rig: string;
  readonly build: string;
  readonly commit_sha: string;
  readonly started_at_ms: number;  // UTC, since the epoch.
  readonly ended_at_ms: number | null;  // null: never ended.
  readonly interrupted: boolean;
  readonly busy_share: number | null;
  readonly provenance: readonly Fact[];
}

export interface MemoryClass {
  readonly name: string;
  readonly bytes: number;
  readonly counted: boolean;  // Part of the peak; the others overlap with it or are code.
}

// One reset, split; the parts add up to the whole.
export interface ColdStart {
  readonly repeat: number;
  readonly origin: string;
  readonly boot: number;
  readonly load: number;
  readonly first_prefill: number;
  readonly first_token: number;
}

// Medians over the repeats, each part for itself; null where origins are mixed or there are none.
export interface ColdStartSummary {
  readonly origin: string;
  readonly repeats: number;
  readonly total: number | null;
  readonly boot: number | null;
  readonly load: number | null;
  readonly first_prefill: number | null;
  readonly first_token: number | null;
}

// What the board can do at most: so much cost for the MACs of a kernel with all it reads in the fastest memory, or for reading so many bytes of a memory.
export interface Limit {
  readonly kind: 'kernel' | 'memory';
  readonly name: string;  // Of the weights' format, or of the memory.
  readonly tokens: number;  // That the kernel multiplied at once; 0 for a memory.
  readonly macs: number;
  readonly bytes: number;
  readonly cost: number;
  readonly missing: string | null;  // Why it was not measured, without figures; null: it was.
}

// One image on one bench between two resets.
export interface Session {
  readonly session_id: string;
  readonly run: number;  // Index into runs.
  readonly ordinal: number;
  readonly bench: string;
  readonly unit_id: string;
  readonly board: string;
  readonly engine: string;
  readonly engine_version: string;
  readonly kernel_isa: string;
  readonly model: string;
  readonly variant: string;
  readonly tier: 'hardware' | 'emulated' | 'functional' | 'modelled';
  readonly unit: 'ns' | 'instructions' | 'none';  // Of every duration; none: only answers are real (tier functional), durations are 0 and figures null.
  readonly tick_source: string;
  readonly agent_build_id: string;
  readonly model_sha256: string;
  readonly image_sha256: string;  // As the device computed it.
  readonly image_bytes: number;
  readonly context_tokens: number;
  readonly started_at_ms: number;
  readonly attempt: number;
  readonly retry_reasons: readonly string[];
  readonly provenance: readonly Fact[];
  readonly memory: readonly MemoryClass[];
  readonly roofline: readonly Limit[];  // Empty: the session was not profiled.
  readonly cold_start: ColdStartSummary;
  readonly cold_starts: readonly ColdStart[];
  readonly cold_start_energy: Energy | null;  // Boot and load; null: no meter measured them.
}

// How many of how many; of 0 means that nothing could be judged.
export interface Share {
  readonly count: number;
  readonly of: number;
}

export interface Figures {
  readonly cold_start_p50: number | null;
  readonly ttft_p50: number | null;
  readonly token_p50: number | null;
  readonly token_p95: number | null;
  readonly token_p99: number | null;
  readonly token_max: number | null;
  readonly tokens_per_s: number | null;  // null wherever time is not real.
  readonly instructions_per_token: number | null;  // null wherever time is real.
  readonly memory_peak_bytes: number | null;
  readonly accuracy: Share;  // Right answers of those that have checks.
  readonly reference: Share;  // Answers with the host's tokens, of those compared.
  readonly fallback: Share;  // Answers that are the suite's fallback text, of all.
  readonly answer_energy_uj: number | null;  // Of a mean answer, gross; null: no meter.
  readonly answer_energy_tier: 'hardware' | 'modelled' | null;  // The energy's own.
}

// By token index (0 is the time to first token), over all generations of the cell that got so far; percentiles as in harness/analyse/percentile.h.
export interface TokenBand {
  readonly count: PackedIntegers;
  readonly low: PackedIntegers;  // 5th percentile.
  readonly median: PackedIntegers;
  readonly high: PackedIntegers;  // 95th percentile.
}

// One prompt executed once.
export interface Trace {
  readonly prompt_id: string;
  readonly repeat: number;
  readonly durations: PackedIntegers;
}

// An answer that failed a check, differs from the host's or is not the model's.
export interface Answer {
  readonly prompt_id: string;
  readonly repeat: number;
  readonly prompt: string | null;  // null: the suite does not store text.
  readonly text: string | null;  // What was answered; null likewise.
  readonly failed_checks: readonly string[];
  readonly matches_reference: boolean | null;
  readonly fallback: 'none' | 'budget' | 'form';  // Why `text` is the suite's and not the model's: the budget was used up, or the model's words had not the form that the suite asks for.
}

// What an operator cost in a phase, over all layers and generations of the profile pass.
export interface Operator {
  readonly name: string;
  readonly calls: number;
  readonly cost: number;
  readonly macs: number;
  readonly bytes: number;
  readonly limit: number | null;  // What its MACs would cost at the best rate of their kernels on this board; null: no weights, or no roofline.
}

// The profile pass of a phase; the costliest operator first.
export interface PhaseProfile {
  readonly phase: 'prefill' | 'decode';
  readonly generations: number;
  readonly tokens: number;
  readonly cost: number;  // Of all operators together.
  readonly subtracted: number;  // What looking at the clock cost, which is in no operator.
  readonly operators: readonly Operator[];
}

// One cause of uncertainty; standard uncertainties (k = 1), which add in quadrature.
export interface EnergyTerm {
  readonly name: string;
  readonly standard_uj: number;  // Of the value itself.
  readonly comparative_uj: number;  // What is left of it between measurements by the same unit in the same range.
  readonly degrees_of_freedom: number;  // 0: infinitely many.
}

// Sums over the generations of the energy pass, or over cold starts.
export interface EnergyPhase {
  readonly phase: 'idle' | 'boot' | 'load' | 'prefill' | 'decode';
  readonly generations: number;
  readonly tokens: number;
  readonly gross_uj: number;
  readonly net_uj: number | null;  // Without idle power; null: this is idle.
  readonly mean_uw: number;
  readonly peak_uw: number;
  readonly duration_ns: number;
  readonly expanded_uj: number;  // Half-width at 95 %, of the net energy (idle: of the gross one).
  readonly comparative_uj: number;  // Likewise, for comparisons by the same unit in the same range.
  readonly samples: number;
  readonly lost_samples: number;
  readonly terms: readonly EnergyTerm[];
  readonly doubts: readonly string[];
}

// Of a mean answer: prefill, decode and idle add up to gross. Where the plan asked for windows, gross and net are of an answer in the median window, and prefill and decode of a mean answer.
export interface AnswerEnergy {
  readonly answers: number;
  readonly gross_uj: number;
  readonly net_uj: number;  // Without idle power.
  readonly prefill_uj: number;  // Net.
  readonly decode_uj: number;  // Net.
  readonly idle_uj: number;  // What the board would have taken in the same time at rest.
  readonly expanded_uj: number;  // Half-width at 95 % of gross; those of the phases added up, since they share a meter.
  readonly comparative_uj: number;
}

// The power of one generation over time, in steps; the database has the raw samples' file. Times are since the generation began.
export interface PowerTrace {
  readonly prompt_id: string;
  readonly repeat: number;
  readonly first_ns: number;  // Of the first step; negative: before the generation.
  readonly step_ns: number;
  readonly prefill_ns: number | null;  // Up to the first token; null: nothing tells.
  readonly duration_ns: number;
  readonly lowest_nw: PackedIntegers;
  readonly mean_nw: PackedIntegers;
  readonly highest_nw: PackedIntegers;
  readonly token_ends_ns: PackedIntegers;
  readonly token_net_nj: PackedIntegers;
  readonly tokens_refused: string;  // Why tokens cannot be told apart; empty: they can.
  readonly net_uj: number;
  readonly expanded_uj: number;
  readonly comparative_uj: number;
}

// A stretch of answers, one after the other (MLPerf Tiny): sums over them, without what lies between.
export interface EnergyWindow {
  readonly answers: number;
  readonly duration_ns: number;
  readonly net_uj: number;
  readonly expanded_uj: number;
  readonly comparative_uj: number;
}

// What a power meter measured in a pass of its own.
export interface Energy {
  readonly tier: 'hardware' | 'modelled';  // Of the energy, whatever the session's is.
  readonly meter: string;
  readonly supply_mv: number;
  readonly sample_rate_hz: number;  // 0: samples are not equally spaced.
  readonly idle_before_uw: number;
  readonly idle_after_uw: number;
  readonly doubts: readonly string[];
  readonly answer: AnswerEnergy | null;  // null: no generation was measured.
  readonly windows: readonly EnergyWindow[];  // In the order in which they ran. Empty: the plan asked for none.
  readonly phases: readonly EnergyPhase[];
  readonly trace: PowerTrace | null;
}

export interface Cell {
  readonly cell_id: string;
  readonly session: number;  // Index into sessions.
  readonly suite: string;
  readonly settings: string;
  readonly status: 'ok' | 'failed' | 'unfit' | 'not_applicable' | 'interrupted';
  readonly reason: string;
  readonly doubts: readonly string[];  // Trust: empty means that there is none.
  readonly generations: number;
  readonly tokens: number;
  readonly figures: Figures;
  readonly band: TokenBand;
  readonly traces: readonly Trace[];  // The first few; the database has all.
  readonly answers: readonly Answer[];
  readonly answers_left_out: number;
  readonly profile: readonly PhaseProfile[];  // Decode first; empty: the cell was not profiled.
  readonly energy: Energy | null;  // null: no meter measured it.
}

// A figure of one of the compared, and its change against the reference.
export interface ComparedFigure {
  readonly metric: string;
  readonly tier: 'hardware' | 'emulated' | 'functional' | 'modelled';
  readonly value: number;  // In the metric's unit.
  readonly sessions: number;
  readonly change: number | null;  // null: of the reference, or nothing to compare with.
  readonly is_ratio: boolean;  // The change is value / reference; false: value - reference.
  readonly low: number | null;  // Of the change, 95 %; null: exact, or not known.
  readonly high: number | null;
  readonly exact: boolean;
  readonly judgement: 'reference' | 'better' | 'worse' | 'same' | 'undecided';
  readonly reason: string;  // Why it is undecided.
}

// An answer that differs from the reference's.
export interface Flip {
  readonly prompt_id: string;
  readonly prompt: string;  // Empty: the suite does not store text; likewise the answers.
  readonly reference_text: string;
  readonly text: string;
  readonly reference_correct: boolean | null;
  readonly correct: boolean | null;
}

// A variant; the first one is the reference.
export interface ComparedSubject {
  readonly name: string;
  readonly cells: readonly number[];  // Indices into cells.
  readonly figures: readonly ComparedFigure[];
  readonly answers: number;  // Prompts that this one and the reference both answered.
  readonly flipped: number;  // Of them, answered otherwise.
  readonly flips: readonly Flip[];  // The first of these.
  readonly recommendation: string;
  readonly accepted: string;  // Yes, no or undecided, and why; empty: nobody asked.
}

// The variants that the newest run measured in one way, side by side.
export interface Comparison {
  readonly bench: string;
  readonly board: string;
  readonly model: string;
  readonly suite: string;
  readonly settings: string;
  readonly tier: 'hardware' | 'emulated' | 'functional' | 'modelled';
  readonly accept: string;  // Conditions that a subject must meet; empty: nobody asked.
  readonly subjects: readonly ComparedSubject[];
}

// i: PackedIntegers; d and f: 64-bit and 32-bit floats, little-endian, in base64.
export type PackedNumbers = string;

// A night: one run, which gives each series one point.
export interface NightRun {
  readonly run_id: string;
  readonly label: string;
  readonly build: string;
  readonly commit_sha: string;
  readonly started_at_ms: number;
  readonly inlined: number;  // Index into runs, where the page has its record; -1: it has not.
}

// Points from here on are of one physical unit.
export interface UnitSegment {
  readonly unit_id: string;
  readonly from: number;  // Index of its first point.
}

// The level changed between two points.
export interface Change {
  readonly index: number;  // First point of the new level.
  readonly onset_low: number;  // 95 %: the change lies at one of these points.
  readonly onset_high: number;  // Included.
  readonly level: 'watch' | 'alert';
  readonly before: number;
  readonly after: number;
  readonly effect_low: number;  // Of after - before, 95 %.
  readonly effect_high: number;
  readonly p_value: number;
}

// The limit that a gate held the newest night to.
export interface SeriesBudget {
  readonly row: string;  // Id of the gate's row.
  readonly comparison: '<=' | '>=';
  readonly limit: number;
  readonly verdict: string;
}

// One metric of one bench, engine, model, variant, suite and settings, night by night.
export interface Series {
  readonly bench: string;
  readonly board: string;
  readonly engine: string;
  readonly model: string;
  readonly variant: string;
  readonly suite: string;  // Empty: the metric belongs to the session.
  readonly settings: string;
  readonly metric: string;
  readonly tier: 'hardware' | 'emulated' | 'functional' | 'modelled';
  readonly status: 'unchanged' | 'learning' | 'regression' | 'improvement' | 'trade' | 'change' | 'unmeasured' | 'absent';
  readonly note: string;
  readonly exact: boolean;  // Counts without noise: any difference is a change.
  readonly sentinel: boolean;
  readonly level: number | null;  // Robust, since the last change.
  readonly sigma: number | null;  // Of a night.
  readonly detectable: number | null;  // The smallest effect that would be found within some nights.
  readonly run: PackedIntegers;  // By point: index into nights.
  readonly values: PackedNumbers;  // By point.
  readonly segments: readonly UnitSegment[];
  readonly changes: readonly Change[];
  readonly budget: SeriesBudget | null;
}

// What else changed at a finding's onset.
export interface FactChange {
  readonly cause: 'rig' | 'model' | 'code' | 'unknown';
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

// A change that statistics support.
export interface Finding {
  readonly finding_id: string;
  readonly series: number;  // Index into series.
  readonly title: string;
  readonly what: string;  // Where: bench, model, variant, suite.
  readonly state: 'new' | 'ongoing' | 'acknowledged' | 'resolved';
  readonly level: 'watch' | 'alert';
  readonly direction: 'regression' | 'improvement' | 'trade' | 'change';
  readonly cause: 'rig' | 'model' | 'code' | 'unknown';
  readonly unit_id: string;
  readonly onset_ms: number;
  readonly onset_low_ms: number;
  readonly onset_high_ms: number;
  readonly last_good_commit: string;
  readonly first_bad_commit: string;
  readonly last_good_build: string;
  readonly first_bad_build: string;
  readonly before: number;
  readonly after: number;
  readonly effect_low: number;
  readonly effect_high: number;
  readonly p_value: number;
  readonly q_value: number;
  readonly nights: number;
  readonly exact: boolean;
  readonly changes: readonly FactChange[];
  readonly notes: readonly string[];
  readonly samples_before: readonly number[];
  readonly samples_after: readonly number[];
  readonly reproduce: string;  // The command that shows it again.
}

// Findings that began together, by one cause.
export interface FindingGroup {
  readonly findings: readonly number[];  // Indices; the one with the largest effect first.
}

// A run that was pinned under a name.
export interface Release {
  readonly name: string;
  readonly night: number;  // Index into nights.
}

// One limit, held against one figure.
export interface GateRow {
  readonly id: string;  // The same every night; slmrig gate --explain takes it.
  readonly name: string;  // Board, model, variant, suite, metric.
  readonly verdict: string;
  readonly text: string;  // The verdict with what waives or excuses it.
  readonly tier: 'hardware' | 'emulated' | 'functional' | 'modelled';
  readonly figure: string;
  readonly limit: string;
  readonly distance: string;
  readonly reason: string;
  readonly holds_back: boolean;
}

// What a file of budgets says of the newest run.
export interface Gate {
  readonly outcome: 'pass' | 'fail' | 'waiver lapsed' | 'undecided';
  readonly headline: string;
  readonly file: string;
  readonly remarks: readonly string[];
  readonly rows: readonly GateRow[];  // What holds back first.
}

// How far physical boards of one kind are apart, where it is most.
export interface Spread {
  readonly share: number;  // Between the greatest and the least, of the median.
  readonly series: number;  // Index into series: the one of this bench.
  readonly benches: number;
}

// A bench, and how it fared on its newest night.
export interface FleetBench {
  readonly bench: string;
  readonly board: string;
  readonly unit_id: string;  // The physical board that is there now.
  readonly units: number;  // Physical boards that were there.
  readonly nights: number;
  readonly last_seen_ms: number;
  readonly health: 'well' | 'suspect' | 'troubled' | 'away' | 'quarantined';
  readonly why: string;  // Of anything but well.
  readonly series: number;
  readonly unmeasured: number;  // Of the series, on the newest night.
  readonly temperature_c: number | null;  // Of its newest session; null: the board tells none.
  readonly spread: Spread | null;  // null: no other bench of the board measures the same.
}

// All nights of the database, and what is judged of the newest.
export interface History {
  readonly sentence: string;  // "2 regressions, 1 improvement, 41 unchanged".
  readonly sentinels: string;  // What the unchanging benches say of the rig.
  readonly nights: readonly NightRun[];  // Oldest first.
  readonly releases: readonly Release[];
  readonly series: readonly Series[];
  readonly findings: readonly Finding[];  // Most important first.
  readonly groups: readonly FindingGroup[];  // Most important first.
  readonly fleet: readonly FleetBench[];  // By name.
}

// What C++ hands to the page of a report. The page's types are generated from this file and the page checks its data against it before it draws; the writer's unit tests check what they write against it. Durations are nanoseconds or instructions, as the session's unit says; an absent figure is null, never 0.
export interface Report {
  readonly schema_version: 1;
  readonly title: string;
  readonly sentence: string;  // What was measured, when, and how it ended.
  readonly notes: readonly string[];  // What the database holds and this file does not.
  readonly metrics: readonly Metric[];
  readonly runs: readonly Run[];  // Newest first.
  readonly sessions: readonly Session[];
  readonly cells: readonly Cell[];
  readonly comparisons: readonly Comparison[];  // Of the newest run.
  readonly gate: Gate | null;  // null: the report was made without budgets.
  readonly history: History | null;  // null: the page is of runs alone.
}
