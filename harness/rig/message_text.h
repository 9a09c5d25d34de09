// Messages as one line of text each, for transcripts. Pure.
#pragma once

#include <string>

#include "device-agent/wire/messages.h"
#include "harness/base/error.h"

namespace slmrig::rig {

// "Load slot=0 context_tokens=256", without payload bytes. Texts of prompts and answers are left out (a suite
// may keep them private): only their length is told.
std::string message_text(const wire::fb::Envelope& envelope);

// "Load": the name of a message's kind.
std::string message_name(const wire::fb::Envelope& envelope);

// The error that an agent's Failure means, with its detail and the amounts it names.
base::Error failure_error(const wire::fb::Failure& failure, const std::string& asked);

}  // namespace slmrig::rig
