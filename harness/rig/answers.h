// Reading what an agent answered into our own structs, with nothing believed: texts become valid UTF-8 of
// bounded length, counts and sizes are compared. Pure.
#pragma once

#include <vector>

#include "device-agent/wire/messages.h"
#include "harness/rig/agent.h"

namespace slmrig::rig {

wire::fb::AnswerForm wire_answer_form(base::AnswerForm form);
wire::fb::KvFormat wire_kv_format(base::KvFormat format);
base::Result<Banner> read_banner(const wire::fb::Banner& banner);
base::Result<SlotState> read_slot_state(const wire::fb::SlotState& state, uint32_t asked_slot);
LoadReport read_load_report(const wire::fb::LoadReport& report);
// Of a run that asked for at most max_new_tokens; the trace is still empty.
base::Result<RunReply> read_generation_report(const wire::fb::GenerationReport& report,
                                              uint32_t max_new_tokens);
// Appends; kCorrupt when the piece does not continue what is there.
base::Done append_trace(const wire::fb::Trace& trace, RunReply* reply);
// Appends; kCorrupt when there are more operators than any model has, or one is of no known phase.
base::Done append_profile(const wire::fb::Profile& profile, RunReply* reply);
// Appends; kCorrupt when there are more limits than any engine has, or one is of no known kind.
base::Done append_roofline(const wire::fb::Roofline& roofline, std::vector<base::RooflineEntry>* entries);
std::vector<MemoryBytes> read_memory_report(const wire::fb::MemoryReport& report);
// Appends; facts whose key is not dotted lower_snake_case are left out. kCorrupt when there is no end of
// them.
base::Done append_board_facts(const wire::fb::BoardState& state, BoardFacts* facts);

}  // namespace slmrig::rig
