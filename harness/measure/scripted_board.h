// A board that answers as a test tells it to, and a sink that remembers. Tests of measure and campaign only.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/base/records/run_record.h"
#include "harness/rig/live_board.h"

namespace slmrig::measure {

// Answers every prompt with "ok" in two tokens, unless `on_run` says otherwise. `events` lists what it was
// asked.
class ScriptedBoard final : public rig::LiveBoard, public rig::Agent {
 public:
  ScriptedBoard() {
    bench_.name = "scripted";
    bench_.board.name = "scripted-board";
    banner_.board = "scripted-board";
    banner_.unique_id = "unit-1";
    banner_.origin = "reset";
    banner_.boot_ticks = 100;
  }

  std::vector<std::string> events;
  std::function<base::Result<rig::RunReply>(const rig::RunRequest&)> on_run;
  std::function<base::Result<rig::LoadReport>()> on_load;
  std::function<base::Result<std::vector<base::RooflineEntry>>()> on_roofline;
  std::function<base::Result<rig::ClockReading>()> on_clock;
  std::function<base::Result<rig::Banner>()> on_reset;
  std::function<rig::BoardFacts()> on_board_facts;
  std::function<base::Done(uint64_t ticks)> on_idle;
  std::string held_sha256 = "aa";

  static rig::RunReply good_reply() {
    rig::RunReply reply;
    reply.prompt_tokens = 3;
    reply.generated_tokens = 2;
    reply.encode_ticks = 1;
    reply.prefill_ticks = 20;
    reply.first_sample_ticks = 4;
    reply.total_ticks = 31;
    reply.token_ids = {7, 2};
    reply.token_ticks = {25, 6};
    reply.output = "ok";
    reply.host_ns = 1000;
    return reply;
  }

  // LiveBoard
  const base::Bench& bench() const override { return bench_; }
  const rig::AgentFacts& agent_facts() const override { return facts_; }
  const rig::Banner& banner() const override { return banner_; }
  rig::Agent& agent() override { return *this; }
  uint32_t slot() const override { return 0; }
  const std::string& image_sha256() const override { return image_sha256_; }
  base::Result<rig::Banner> reset() override {
    events.emplace_back("reset");
    return on_reset ? on_reset() : banner_;
  }
  const rig::Deployment& deployment() const override { return deployment_; }
  std::string transcript() override { return "transcript"; }
  std::string process_log() override { return {}; }

  // Agent
  base::Result<rig::SlotState> query_slot(uint32_t slot_index, bool hash) override {
    events.emplace_back(hash ? "hash" : "slot");
    rig::SlotState state;
    state.slot = slot_index;
    state.phase = rig::SlotPhase::kReady;
    state.sha256 = hash ? held_sha256 : "";
    return state;
  }
  base::Result<rig::SlotState> upload(uint32_t, std::span<const uint8_t>,
                                      const rig::UploadProgress&) override {
    return base::fail(base::ErrorCode::kUnsupported, "a scripted board takes no uploads");
  }
  base::Result<rig::LoadReport> load(uint32_t, const rig::LoadRequest& request) override {
    events.push_back("load " + std::to_string(request.context_tokens) + (request.markers ? " marked" : ""));
    if (on_load) return on_load();
    rig::LoadReport report;
    report.load_ticks = 50;
    return report;
  }
  base::Result<rig::RunReply> run(const rig::RunRequest& request) override {
    events.push_back((request.profile ? "profile " : "run ") + request.prompt + " " +
                     std::to_string(request.max_new_tokens));
    if (on_run) return on_run(request);
    return good_reply();
  }
  base::Result<std::vector<rig::MemoryBytes>> memory() override {
    events.emplace_back("memory");
    return std::vector<rig::MemoryBytes>{{"weights", 1000}, {"kv", 200}};
  }
  base::Result<rig::BoardFacts> board_facts() override {
    return on_board_facts ? on_board_facts() : rig::BoardFacts{};
  }
  base::Result<std::vector<base::RooflineEntry>> roofline() override {
    events.emplace_back("roofline");
    if (on_roofline) return on_roofline();
    return std::vector<base::RooflineEntry>{{base::RooflineKind::kKernel, "Q8_0", 1, 4000, 4250, 100}};
  }
  base::Result<rig::ClockReading> clock() override {
    events.emplace_back("clock");
    return on_clock ? on_clock() : rig::ClockReading{};
  }

  base::Done idle(uint64_t ticks) override {
    events.push_back("idle " + std::to_string(ticks));
    return on_idle ? on_idle(ticks) : base::Done{};
  }

  rig::Banner& banner_for_test() { return banner_; }
  rig::AgentFacts& facts() { return facts_; }
  rig::Deployment& deployment_for_test() { return deployment_; }
  base::Bench& bench_for_test() { return bench_; }

 private:
  base::Bench bench_;
  rig::AgentFacts facts_;
  rig::Deployment deployment_;
  rig::Banner banner_;
  std::string image_sha256_ = "aa";
};

// Keeps what it is given; `fail_after` writes it begins to refuse, as a full disk would.
class MemorySink final : public base::RecordSink {
 public:
  std::vector<base::RunStart> runs;
  std::vector<base::SessionStart> sessions;
  std::vector<base::ColdStart> cold_starts;
  std::vector<base::MemoryClass> memory;
  std::vector<base::Generation> generations;
  std::vector<base::SessionLog> logs;
  std::vector<base::SessionFacts> facts;
  std::vector<base::Profile> profiles;
  std::vector<base::Roofline> rooflines;
  std::vector<base::Energy> energies;
  std::vector<base::CellEnd> cells;
  int64_t fail_after = -1;

  base::Done begin_run(const base::RunStart& run) override { return keep(runs, run); }
  base::Done begin_session(const base::SessionStart& session) override { return keep(sessions, session); }
  base::Done add(const base::ColdStart& cold_start) override { return keep(cold_starts, cold_start); }
  base::Done add(const base::MemoryClass& entry) override { return keep(memory, entry); }
  base::Done add(const base::Generation& generation) override { return keep(generations, generation); }
  base::Done add(const base::SessionLog& log) override { return keep(logs, log); }
  base::Done add(const base::SessionFacts& session) override { return keep(facts, session); }
  base::Done add(const base::Profile& profile) override { return keep(profiles, profile); }
  base::Done add(const base::Roofline& roofline) override { return keep(rooflines, roofline); }
  base::Done add(const base::Energy& energy) override { return keep(energies, energy); }
  base::Done end_cell(const base::CellEnd& cell) override { return keep(cells, cell); }
  base::Done end_session(const std::string&, int64_t) override { return {}; }
  base::Done end_run(const base::RunEnd&) override { return {}; }

 private:
  template <typename T>
  base::Done keep(std::vector<T>& list, const T& item) {
    if (fail_after == 0) return base::fail(base::ErrorCode::kIo, "disk full");
    if (fail_after > 0) --fail_after;
    list.push_back(item);
    return {};
  }
};

}  // namespace slmrig::measure
