#include "harness/rig/message_text.h"

#include <fmt/format.h>

#include "device-agent/wire/status.h"
#include "harness/base/sha256.h"
#include "harness/base/utf8.h"

namespace slmrig::rig {
namespace {

namespace fb = wire::fb;
using base::ErrorCode;

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? "" : base::make_valid_utf8(text->string_view());
}

std::string hash_of(const flatbuffers::Vector<uint8_t>* bytes) {
  return bytes == nullptr ? "-" : base::to_hex(std::span(bytes->data(), bytes->size()));
}

template <typename Vector>
std::size_t size_of(const Vector* vector) {
  return vector == nullptr ? 0 : vector->size();
}

// Host to agent.
std::string question_text(const fb::Envelope& envelope) {
  switch (envelope.message_type()) {
    case fb::Message::Hello:
      return fmt::format("protocol_version={}", envelope.message_as_Hello()->protocol_version());
    case fb::Message::SlotQuery: {
      const auto& query = *envelope.message_as_SlotQuery();
      return fmt::format("slot={} hash={}", query.slot(), query.hash());
    }
    case fb::Message::UploadBegin: {
      const auto& begin = *envelope.message_as_UploadBegin();
      return fmt::format("slot={} image_bytes={} sha256={}", begin.slot(), begin.image_bytes(),
                         hash_of(begin.sha256()));
    }
    case fb::Message::UploadChunk: {
      const auto& chunk = *envelope.message_as_UploadChunk();
      return fmt::format("slot={} offset_bytes={} bytes={}", chunk.slot(), chunk.offset_bytes(),
                         size_of(chunk.data()));
    }
    case fb::Message::ChunkQuery: {
      const auto& query = *envelope.message_as_ChunkQuery();
      return fmt::format("slot={} chunk_bytes={} first={} count={}", query.slot(), query.chunk_bytes(),
                         query.first(), query.count());
    }
    case fb::Message::Activate: {
      const auto& activate = *envelope.message_as_Activate();
      return fmt::format("slot={} image_bytes={} sha256={}", activate.slot(), activate.image_bytes(),
                         hash_of(activate.sha256()));
    }
    case fb::Message::UploadEnd: return fmt::format("slot={}", envelope.message_as_UploadEnd()->slot());
    case fb::Message::Load: {
      const auto& load = *envelope.message_as_Load();
      return fmt::format("slot={} context_tokens={} kv={} markers={}", load.slot(), load.context_tokens(),
                         fb::EnumNameKvFormat(load.kv()), load.markers());
    }
    case fb::Message::Run: {
      const auto& run = *envelope.message_as_Run();
      return fmt::format(
          "prompt_bytes={} max_new_tokens={} top_k={} temperature={} seed={} ignore_end={} profile={} "
          "markers={}",
          size_of(run.prompt()), run.max_new_tokens(), run.top_k(), run.temperature(), run.seed(),
          run.ignore_end(), run.profile(), run.markers());
    }
    case fb::Message::Idle: return fmt::format("ticks={}", envelope.message_as_Idle()->ticks());
    case fb::Message::SetLinkRate: return fmt::format("baud={}", envelope.message_as_SetLinkRate()->baud());
    default: return {};
  }
}

// Agent to host.
std::string answer_text(const fb::Envelope& envelope) {
  switch (envelope.message_type()) {
    case fb::Message::Banner: {
      const auto& banner = *envelope.message_as_Banner();
      return fmt::format(
          "protocol_version={} board={} unique_id={} build={} engine={} {} kernels={} ticks={}@{} "
          "boot_ticks={} "
          "arena_bytes={} reset_reason='{}'",
          banner.protocol_version(), text_of(banner.board()), text_of(banner.unique_id()),
          text_of(banner.agent_build_id()), text_of(banner.engine()), text_of(banner.engine_version()),
          text_of(banner.kernel_isa()), text_of(banner.tick_source()), banner.tick_rate_hz(),
          banner.boot_ticks(), banner.arena_bytes(), text_of(banner.reset_reason()));
    }
    case fb::Message::SlotState: {
      const auto& state = *envelope.message_as_SlotState();
      return fmt::format(
          "slot={} phase={} active={} on_trial={} writable={} image_bytes={} received_bytes={} "
          "capacity_bytes={} sha256={}",
          state.slot(), fb::EnumNameSlotPhase(state.phase()), state.active(), state.on_trial(),
          state.writable(), state.image_bytes(), state.received_bytes(), state.capacity_bytes(),
          hash_of(state.sha256()));
    }
    case fb::Message::LoadReport: {
      const auto& report = *envelope.message_as_LoadReport();
      return fmt::format("model={} variant={} load_ticks={} context_tokens={} arena_needed_bytes={}",
                         text_of(report.model()), text_of(report.variant()), report.load_ticks(),
                         report.context_tokens(), report.arena_needed_bytes());
    }
    case fb::Message::GenerationReport: {
      const auto& report = *envelope.message_as_GenerationReport();
      return fmt::format(
          "prompt_tokens={} generated_tokens={} finish={} encode={} prefill={} first_sample={} total={}",
          report.prompt_tokens(), report.generated_tokens(), static_cast<int>(report.finish()),
          report.encode_ticks(), report.prefill_ticks(), report.first_sample_ticks(), report.total_ticks());
    }
    case fb::Message::Trace: {
      const auto& trace = *envelope.message_as_Trace();
      return fmt::format("first_index={} tokens={} last={}", trace.first_index(), size_of(trace.token_ids()),
                         trace.last());
    }
    case fb::Message::Profile: {
      const auto& profile = *envelope.message_as_Profile();
      return fmt::format("operators={} last={}", size_of(profile.entries()), profile.last());
    }
    case fb::Message::Roofline: {
      const auto& roofline = *envelope.message_as_Roofline();
      return fmt::format("limits={} last={}", size_of(roofline.entries()), roofline.last());
    }
    case fb::Message::MemoryReport: {
      std::string classes;
      if (const auto* list = envelope.message_as_MemoryReport()->classes()) {
        for (const auto* one : *list) classes += fmt::format(" {}={}", text_of(one->name()), one->bytes());
      }
      return classes.empty() ? classes : classes.substr(1);
    }
    case fb::Message::BoardState: {
      const auto& state = *envelope.message_as_BoardState();
      return fmt::format("facts={} last={}", size_of(state.facts()), state.last());
    }
    case fb::Message::Clock: return fmt::format("ticks={}", envelope.message_as_Clock()->ticks());
    case fb::Message::Failure: {
      const auto& failure = *envelope.message_as_Failure();
      return fmt::format("status={} detail='{}' needed={} available={}",
                         wire::status_name(static_cast<wire::Status>(failure.status())),
                         text_of(failure.detail()), failure.needed(), failure.available());
    }
    default: return {};
  }
}

ErrorCode code_of(wire::Status status) {
  switch (status) {
    case wire::Status::kSlotTooSmall:
    case wire::Status::kArenaTooSmall: return ErrorCode::kUnfit;
    case wire::Status::kPromptTooLong:
    case wire::Status::kTraceFull: return ErrorCode::kBadInput;
    case wire::Status::kUnsupportedImage: return ErrorCode::kUnsupported;
    case wire::Status::kHashMismatch:
    case wire::Status::kBadImage: return ErrorCode::kCorrupt;
    default: return ErrorCode::kDeviceFault;
  }
}

}  // namespace

std::string message_name(const fb::Envelope& envelope) {
  return fb::EnumNameMessage(envelope.message_type());
}

std::string message_text(const fb::Envelope& envelope) {
  std::string fields = question_text(envelope);
  if (fields.empty()) fields = answer_text(envelope);
  return fields.empty() ? message_name(envelope) : fmt::format("{} {}", message_name(envelope), fields);
}

base::Error failure_error(const fb::Failure& failure, const std::string& asked) {
  const auto status = static_cast<wire::Status>(failure.status());
  std::string message = fmt::format("the agent answered {} with {}", asked, wire::status_name(status));
  if (const std::string detail = text_of(failure.detail()); !detail.empty()) message += ": " + detail;
  if (status == wire::Status::kPromptTooLong && failure.available() != 0) {
    message +=
        fmt::format(": the prompt does not fit a context of {} tokens; shorten it, or raise context_tokens",
                    failure.available());
  } else if (failure.needed() != 0 || failure.available() != 0) {
    message += fmt::format(" (needed {}, available {})", failure.needed(), failure.available());
  }
  return base::Error{code_of(status), std::move(message), {}};
}

}  // namespace slmrig::rig
