// A broken invariant of the agent: kept in retained memory, then reset; the next banner tells it.
//
// Never for bad input: that is answered with a Failure.
#pragma once

#include "device-agent/core/port.h"

#define SLMRIG_AGENT_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::slmrig::agent::port::fault(__FILE__, __LINE__))
