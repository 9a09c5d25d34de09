// Reading the parts of a bench from a rig file. Internal to rig; what is wrong is noted in the document
// (base::JsonDocument::finish() reports it).
#pragma once

#include <filesystem>

#include "harness/base/json_reader.h"
#include "harness/base/records/rig.h"

namespace slmrig::rig {

base::LinkSpec read_link(base::JsonObject link);
// Relative paths of files on this host are relative to `rig_folder`.
base::FlasherSpec read_flasher(base::JsonObject flasher, const std::filesystem::path& rig_folder);
base::PowerSwitchSpec read_power_switch(base::JsonObject power);
base::StandInSpec read_stand_in(base::JsonObject stand_in);
// `kinds`: those that there are drivers for.
base::MeterSpec read_meter(base::JsonObject meter, const std::vector<std::string>& kinds);
// The board's nominal supply where the file does not say; one that it does not stand is refused here, before
// anything is switched on.
void settle_meter_voltage(base::JsonObject meter, const base::Board& board, base::MeterSpec* spec);
// Refuses them where the agent could not be told: only those of Linux boards take them.
void check_board_pins(base::JsonObject meter, const base::Bench& bench);

}  // namespace slmrig::rig
