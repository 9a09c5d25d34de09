// What a gate said, for tests: a row that fails, one that could not be measured, one that passes.
#pragma once

#include "harness/gate/verdict.h"

namespace slmrig::reports {

// The first row's board is called "a|b<script>".
gate::GateReport sample_gate();

}  // namespace slmrig::reports
