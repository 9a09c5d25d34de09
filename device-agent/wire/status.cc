#include "device-agent/wire/status.h"

namespace slmrig::wire {

const char* status_name(Status status) {
  switch (status) {
    case Status::kOk: return "ok";
    case Status::kBadMessage: return "bad_message";
    case Status::kBadArgument: return "bad_argument";
    case Status::kBadSlot: return "bad_slot";
    case Status::kSlotTooSmall: return "slot_too_small";
    case Status::kHashMismatch: return "hash_mismatch";
    case Status::kBadImage: return "bad_image";
    case Status::kUnsupportedImage: return "unsupported_image";
    case Status::kArenaTooSmall: return "arena_too_small";
    case Status::kNotLoaded: return "not_loaded";
    case Status::kPromptTooLong: return "prompt_too_long";
    case Status::kContextFull: return "context_full";
    case Status::kStorageFault: return "storage_fault";
    case Status::kEngineFault: return "engine_fault";
    case Status::kBusy: return "busy";
    case Status::kTraceFull: return "trace_full";
    case Status::kProtectedSlot: return "protected_slot";
  }
  return "unknown_status";
}

}  // namespace slmrig::wire
