// How the terms of an uncertainty budget and the steps of a power trace stand in the database: as JSON that
// json_each opens. Pure; safe from any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/energy.h"

namespace slmrig::store {

// SQLite keeps NaN as NULL, which would read as "not measured": kBadInput, and `what` has it.
base::Done check_finite(std::string_view what, std::initializer_list<double> values);

// [[name, standard, comparative, degrees of freedom], ...]
std::string json_of(const std::vector<base::UncertaintyTerm>& terms);
// kCorrupt when it is no such list.
base::Result<std::vector<base::UncertaintyTerm>> terms_of(const std::string& json);

// [[lowest, mean, highest], ...], a step each. kBadInput where their numbers differ, or one is not finite.
base::Result<std::string> json_of(const base::PowerTrace& trace);
// The steps go to the end of `trace`. kCorrupt when it is no such list.
base::Done add_points(const std::string& json, base::PowerTrace& trace);

}  // namespace slmrig::store
