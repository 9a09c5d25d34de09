// The one status byte of all device code, and of every reply that a device sends.
//
// Values are part of the wire protocol: append, never renumber.
#pragma once

#include <cstdint>

namespace slmrig::wire {

enum class Status : uint8_t {
  kOk = 0,
  kBadMessage = 1,        // not a valid message of this protocol version
  kBadArgument = 2,       // a field is out of its range
  kBadSlot = 3,           // no such slot, or nothing complete in it
  kSlotTooSmall = 4,      // the image does not fit the slot
  kHashMismatch = 5,      // what is stored does not have the announced SHA-256
  kBadImage = 6,          // the image failed validation
  kUnsupportedImage = 7,  // a valid image that this engine cannot run
  kArenaTooSmall = 8,     // kv, activations and scratch do not fit the arena
  kNotLoaded = 9,         // run before load
  kPromptTooLong = 10,    // the prompt does not fit the context
  kContextFull = 11,      // generation reached the end of the context
  kStorageFault = 12,     // flash or file refused a write, an erase or a read
  kEngineFault = 13,      // the engine failed for a reason of its own
  kBusy = 14,             // a second command while one runs
  kTraceFull = 15,        // more tokens were asked for than the trace buffer holds
  kProtectedSlot = 16,    // the board would go back to what is in this slot; write another one
};

// A short lower_snake_case name, never null.
const char* status_name(Status status);

}  // namespace slmrig::wire
