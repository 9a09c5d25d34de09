#include "harness/store/sample_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <random>
#include <span>
#include <vector>

#include "harness/base/sha256.h"
#include "harness/store/sample_energy.h"
#include "harness/store/sample_profile.h"

namespace slmrig::store {

using base::CellStatus;
using base::Done;
using base::Result;

namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

struct SampleBoard {
  const char* bench;
  const char* unit_id;
  const char* cpu;
  const char* kernel_isa;
  base::Tier tier;
  base::TickScale ticks;
  const char* tick_source;
  const char* origin;
  double ticks_per_mac;  // of f32; int8 takes a third
  uint64_t boot_ticks;
};

constexpr std::array<SampleBoard, 3> kBoards = {{
    {"native",
     "host-7f3a",
     "x86-64",
     "avx2",
     base::Tier::kHardware,
     {false, 1, 1},
     "clock_monotonic",
     "exec",
     0.45,
     2'300'000},
    // 25 MHz emulated clock, 40 instructions a tick under -icount shift=0.
    {"mps2-an386",
     "virtual-0001",
     "cortex-m4",
     "dsp",
     base::Tier::kEmulated,
     {true, 40, 1},
     "cmsdk_timer",
     "reset",
     0.21,
     9'000},
    {"mps3-an547",
     "virtual-0002",
     "cortex-m55",
     "mve",
     base::Tier::kEmulated,
     {true, 40, 1},
     "cmsdk_timer",
     "reset",
     0.09,
     7'000},
}};

struct SampleModel {
  const char* name;
  uint64_t macs_per_token;
  uint64_t f32_bytes;
};

constexpr std::array<SampleModel, 2> kModels = {
    {{"wrist-nano", 280'000, 1'130'000}, {"wrist-wide", 905'000, 3'650'000}}};

struct SamplePrompt {
  const char* text;
  const char* answer;
  const char* wrong_answer;
  const char* failed_check;
};

constexpr std::array<SamplePrompt, 4> kIntents = {{
    {"set a timer for 12 minutes", "timer.set duration=12m", "timer.set duration=2m", "slots"},
    {"wake me at half past six", "alarm.set time=06:30", "timer.set duration=6h", "exact_intent"},
    {"call mom on speaker", "call.start contact=mom mode=speaker", "call.start contact=mom", "slots"},
    {"how did i sleep last night", "sleep.summary day=yesterday", "sleep.summary", "slots"},
}};

constexpr std::array<SamplePrompt, 3> kSummaries = {{
    {"hr 14:02 71 14:05 128 14:08 131 14:11 74 | summarise",
     "Heart rate rose to 131 at 14:08 and fell back to 74 by 14:11.",
     "Heart rate rose to 181 at 14:08 and fell back to 74 by 14:11.", "numbers_of_input"},
    {"steps 09:00 412 10:00 1950 11:00 230 | summarise", "You were most active at 10:00 with 1950 steps.",
     "You were most active around 10 with many steps.", "numbers_of_input"},
    {"spo2 02:10 96 02:40 91 03:05 95 | summarise",
     "Oxygen dipped to 91 at 02:40 and was back at 95 by 03:05.",
     "Oxygen dipped to 91 at 02:40 and was back at 96 by 03:05.", "numbers_of_input"},
}};

struct SampleSuite {
  const char* name;
  const char* prefix;
  std::span<const SamplePrompt> prompts;
};

// What goes wrong where.
struct Trouble {
  const char* bench;
  const char* model;
  const char* variant;
  const char* suite;
  CellStatus status;
  const char* reason;
};

constexpr std::array<Trouble, 4> kTroubles = {{
    {"mps3-an547", "wrist-wide", "f32", "intents", CellStatus::kUnfit,
     "needs 4194304 bytes, board has 2097152"},
    {"mps3-an547", "wrist-wide", "f32", "summaries", CellStatus::kUnfit,
     "needs 4194304 bytes, board has 2097152"},
    {"mps2-an386", "wrist-wide", "int8", "summaries", CellStatus::kFailed,
     "the agent was silent for 30 s after Run; expected a generation report"},
    {"mps3-an547", "wrist-wide", "int8", "summaries", CellStatus::kInterrupted, "stopped by the user"},
}};

class Sample {
 public:
  Sample(Store& store, const SampleOptions& options)
      : store_(store), options_(options), random_(options.seed), now_ns_(options.started_at_ns) {}

  Result<std::string> fill() {
    run_id_ = uuid();
    base::RunStart run;
    run.run_id = run_id_;
    run.label = options_.label;
    run.build = {options_.build, options_.commit_sha};
    run.plan_name = "sample";
    run.plan_text = R"({"name":"sample","models":["wrist-nano","wrist-wide"],"variants":["f32","int8"]})";
    run.rig_name = "virtual";
    run.started_at_ns = now_ns_;
    run.provenance = {{"host.cpu", "Sample CPU"}, {"host.kernel", "Linux 6.1"}, {"slmrig.version", "0.1.0"}};
    SLMRIG_TRY(store_.begin_run(run));
    for (const SampleBoard& board : kBoards) {
      for (const SampleModel& model : std::span(kModels).first(options_.both_models ? 2 : 1)) {
        for (const char* variant : {"f32", "int8"}) SLMRIG_TRY(add_session(board, model, variant));
      }
    }
    SLMRIG_TRY(store_.end_run({run_id_, now_ns_, options_.with_troubles, 0.71}));
    return run_id_;
  }

 private:
  // 0 <= result < limit, the same on every platform.
  uint64_t below(uint64_t limit) { return random_() % limit; }

  // 1 +- 2 %, with a rare spike, as a busy host has.
  double jitter(const SampleBoard& board) {
    if (board.tier == base::Tier::kEmulated) return 1.0;
    const double spread = 0.98 + 0.04 * static_cast<double>(below(1000)) / 1000.0;
    return below(60) == 0 ? spread * 1.8 : spread;
  }

  std::string uuid() {
    const auto milliseconds = static_cast<uint64_t>(now_ns_ / 1'000'000);
    return fmt::format("{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}", milliseconds >> 16U, milliseconds & 0xffffU,
                       ++ids_ & 0xfffU, below(0x1000), below(uint64_t{1} << 48U));
  }

  const Trouble* trouble(const std::string& bench, const std::string& model, const std::string& variant,
                         const std::string& suite) const {
    if (!options_.with_troubles) return nullptr;
    for (const Trouble& each : kTroubles) {
      if (bench == each.bench && model == each.model && variant == each.variant && suite == each.suite)
        return &each;
    }
    return nullptr;
  }

  base::SessionStart describe(const SampleBoard& board, const SampleModel& model,
                              const std::string& variant) {
    base::SessionStart start;
    start.run_id = run_id_;
    start.session.session_id = uuid();
    start.session.bench = start.session.board = board.bench;
    start.session.model = model.name;
    start.session.variant = variant;
    for (const char* suite : {"intents", "summaries"}) {
      start.session.cells.push_back({uuid(), suite, {}, "ctx=256 new=48 top_k=1 temp=0 seed=1"});
    }
    start.tier = board.tier;
    start.ticks = board.ticks;
    start.tick_source = board.tick_source;
    start.unit_id = board.unit_id;
    start.engine = "slm";
    start.engine_version = "0.1.0";
    start.kernel_isa = board.kernel_isa;
    start.agent_build_id = base::sha256_hex(std::string(board.bench)).substr(0, 40);
    start.image_sha256 = base::sha256_hex(std::string(model.name) + variant);
    start.variant.model = model.name;
    start.variant.variant = variant;
    start.variant.image_sha256 = start.image_sha256;
    start.variant.model_sha256 = base::sha256_hex(std::string(model.name));
    start.variant.image_bytes = variant == "int8" ? model.f32_bytes * 17 / 64 : model.f32_bytes;
    start.variant.weight_macs_per_token = model.macs_per_token;
    start.variant.context_tokens = 256;
    start.started_at_ns = now_ns_;
    start.provenance = {{"board.cpu", board.cpu}, {"agent.compiler", "gcc 12.2"}, {"order.seed", "1"}};
    return start;
  }

  Done add_session(const SampleBoard& board, const SampleModel& model, const std::string& variant) {
    base::SessionStart start = describe(board, model, variant);
    const bool unfit = [&] {
      const Trouble* found = trouble(board.bench, model.name, variant, "intents");
      return found != nullptr && found->status == CellStatus::kUnfit;
    }();
    if (unfit) start.unit_id = start.image_sha256 = "";
    SLMRIG_TRY(store_.begin_session(start));
    if (options_.with_troubles && board.tier == base::Tier::kHardware && variant == "int8" &&
        model.name == std::string(kModels[0].name)) {
      SLMRIG_TRY(fail_first_attempt(start));
    }
    token_ticks_ =
        static_cast<double>(model.macs_per_token) * board.ticks_per_mac / (variant == "int8" ? 3.0 : 1.0);
    if (!unfit) SLMRIG_TRY(add_device_records(board, start));
    for (const base::Cell& cell : start.session.cells) SLMRIG_TRY(add_cell(board, start, cell));
    now_ns_ += kSecondNs;
    return store_.end_session(start.session.session_id, now_ns_);
  }

  Done fail_first_attempt(base::SessionStart& start) {
    SLMRIG_TRY(
        store_.add(base::SessionLog{start.session.session_id, "transcript", "> Hello\n(link lost)\n"}));
    for (const base::Cell& cell : start.session.cells) {
      SLMRIG_TRY(store_.end_cell({cell.cell_id, CellStatus::kFailed, "the link was lost", {}, now_ns_, 0}));
    }
    now_ns_ += kSecondNs;
    start.attempt = 2;
    start.started_at_ns = now_ns_;
    return store_.begin_session(start);
  }

  Done add_device_records(const SampleBoard& board, const base::SessionStart& start) {
    const std::string& session_id = start.session.session_id;
    const auto ticks = [&](double tokens) {
      return static_cast<uint64_t>(token_ticks_ * tokens * jitter(board));
    };
    for (uint32_t repeat = 0; repeat < 2; ++repeat) {
      base::ColdStart cold{session_id, repeat,     board.origin, board.boot_ticks,
                           ticks(3.5), ticks(6.0), ticks(0.9)};
      SLMRIG_TRY(store_.add(cold));
    }
    const uint64_t width = start.variant.weight_macs_per_token / 5000;
    const std::array<std::pair<const char*, uint64_t>, 10> classes = {{{"weights", start.variant.image_bytes},
                                                                       {"kv", width * 2048},
                                                                       {"activations", width * 96},
                                                                       {"scratch", width * 40},
                                                                       {"stack", 2912},
                                                                       {"wire", 8192},
                                                                       {"trace", 3072},
                                                                       {"text", 48'216},
                                                                       {"data", 512},
                                                                       {"bss", 262'144}}};
    for (const auto& [name, bytes] : classes)
      SLMRIG_TRY(store_.add(base::MemoryClass{session_id, name, bytes}));
    // One board's supply goes through the meter.
    if (board.bench == std::string(kBoards[1].bench))
      SLMRIG_TRY(store_.add(sample_cold_start_energy(session_id, energy_costs(board))));
    return store_.add(
        base::SessionLog{session_id, "transcript", "> Hello\n< Banner\n> Load\n< LoadReport\n"});
  }

  Done add_cell(const SampleBoard& board, const base::SessionStart& start, const base::Cell& cell) {
    static constexpr std::array<SampleSuite, 2> kSuites = {
        {{"intents", "i", kIntents}, {"summaries", "s", kSummaries}}};
    const SampleSuite& suite = kSuites[cell.suite == "intents" ? 0 : 1];
    const Trouble* found = trouble(board.bench, start.session.model, start.session.variant, cell.suite);
    base::CellEnd end;
    end.cell_id = cell.cell_id;
    uint32_t prompts =
        board.tier == base::Tier::kHardware ? options_.prompts_native : options_.prompts_emulated;
    if (found != nullptr) {
      end.status = found->status;
      end.reason = found->reason;
      prompts = found->status == CellStatus::kUnfit ? 0 : 1;
    }
    costs_ = {};
    metered_.clear();
    for (uint32_t index = 0; index < prompts; ++index)
      SLMRIG_TRY(add_generation(board, start, cell, suite, index));
    if (end.status == CellStatus::kOk) {
      SLMRIG_TRY(store_.add(sample_profile(cell.cell_id, costs_)));
      SLMRIG_TRY(store_.add(sample_roofline(start.session.session_id, costs_)));
      if (board.tier == base::Tier::kEmulated) {
        SampleEnergyCosts costs = energy_costs(board);
        costs.windows = cell.suite == "summaries" ? 5 : 0;
        SLMRIG_TRY(store_.add(sample_energy(start.session.session_id, cell.cell_id, metered_, costs)));
      }
    }
    if (options_.with_troubles && board.tier == base::Tier::kHardware && cell.suite == "intents" &&
        start.session.model == kModels[1].name && start.session.variant == "f32") {
      end.doubts = {"host load was 3.2 while measuring"};
    }
    end.busy_ns = int64_t{prompts} * kSecondNs / 20;
    now_ns_ += end.busy_ns + kSecondNs / 50;
    end.ended_at_ns = now_ns_;
    return store_.end_cell(end);
  }

  Done add_generation(const SampleBoard& board, const base::SessionStart& start, const base::Cell& cell,
                      const SampleSuite& suite, uint32_t index) {
    const SamplePrompt& prompt = suite.prompts[index % suite.prompts.size()];
    const bool wrong = options_.with_troubles && below(start.session.model == kModels[0].name ? 6 : 14) == 0;
    base::Generation generation;
    generation.cell_id = cell.cell_id;
    generation.prompt_id = fmt::format("{}-{:03}", suite.prefix, index);
    generation.prompt_text = prompt.text;
    generation.prompt_sha256 = base::sha256_hex(std::string_view(prompt.text));
    generation.output_text = wrong ? prompt.wrong_answer : prompt.answer;
    generation.prompt_tokens = static_cast<uint32_t>(std::string_view(prompt.text).size() / 3 + 1);
    generation.generated_tokens = static_cast<uint32_t>(generation.output_text.size() / 3 + 1);
    generation.finish = base::Finish::kEndToken;
    add_trace(board, generation);
    ++costs_.generations;
    costs_.prompt_tokens += generation.prompt_tokens;
    costs_.decode_tokens += generation.generated_tokens - 1;
    costs_.ticks_per_token = token_ticks_;
    costs_.macs_per_token = start.variant.weight_macs_per_token;
    costs_.bytes_per_token = start.variant.image_bytes;
    metered_.push_back({generation.prompt_id, generation.prompt_sha256, generation.prompt_tokens,
                        generation.generated_tokens});
    generation.correct = !wrong;
    generation.intent = index % 2 == 0 ? "timer.set" : "music.play";
    if (wrong) generation.failed_checks = {prompt.failed_check};
    generation.matches_reference =
        !(options_.with_troubles && board.tier == base::Tier::kEmulated && below(12) == 0);
    // An emulated board's wrong intents are answered by the suite.
    if (wrong && board.tier == base::Tier::kEmulated && cell.suite == "intents") {
      generation.fallback = base::FallbackReason::kForm;
      generation.output_text = "Sorry, I did not get that.";
    }
    generation.started_at_ns = now_ns_;
    return store_.add(generation);
  }

  void add_trace(const SampleBoard& board, base::Generation& generation) {
    const auto ticks = [&](double tokens) {
      return static_cast<uint64_t>(token_ticks_ * tokens * jitter(board));
    };
    generation.encode_ticks = ticks(0.02);
    generation.prefill_ticks = ticks(0.8 * generation.prompt_tokens);
    generation.first_sample_ticks = ticks(0.05);
    generation.token_ticks = {generation.encode_ticks + generation.prefill_ticks +
                              generation.first_sample_ticks};
    base::Sha256 hash;
    for (uint32_t token = 0; token < generation.generated_tokens; ++token) {
      const auto id = static_cast<int32_t>(below(512));
      generation.token_ids.push_back(id);
      const std::array<uint8_t, 4> bytes = {static_cast<uint8_t>(id), static_cast<uint8_t>(id >> 8), 0, 0};
      hash.update(bytes);
      // Attention reads a longer cache with every token.
      if (token > 0) generation.token_ticks.push_back(ticks(1.0 + 0.002 * token));
    }
    generation.token_ids_sha256 = base::to_hex(hash.finish());
    for (const uint64_t each : generation.token_ticks) generation.total_ticks += each;
  }

  // Modelled time: 1.4 cycles an instruction at 25 MHz.
  SampleEnergyCosts energy_costs(const SampleBoard& board) const {
    const double instructions = token_ticks_ * static_cast<double>(board.ticks.numerator);
    return {instructions * 1.4 / 25e6, now_ns_, 0};
  }

  Store& store_;
  SampleOptions options_;
  std::mt19937_64 random_;
  int64_t now_ns_;
  uint64_t ids_ = 0;
  std::string run_id_;
  double token_ticks_ = 0;
  SampleCosts costs_;  // of the cell at hand
  std::vector<SampleGeneration> metered_;
};

}  // namespace

Result<std::string> fill_with_sample_run(Store& store, const SampleOptions& options) {
  return Sample(store, options).fill();
}

}  // namespace slmrig::store
