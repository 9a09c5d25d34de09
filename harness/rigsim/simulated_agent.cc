#include "harness/rigsim/simulated_agent.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <utility>

#include "device-agent/wire/sha256.h"

namespace slmrig::rigsim {
namespace {

namespace fb = wire::fb;

constexpr uint64_t kCapacityBytes = 64U << 20U;
constexpr uint64_t kTicksPerToken = 1000;
constexpr std::array<int32_t, 4> kAnswer = {17, 23, 42, 2};

uint32_t milliseconds() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint32_t>(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

wire::LinkSettings agent_settings() {
  wire::LinkSettings settings;
  settings.epoch = std::random_device{}() | 1U;
  settings.hello_interval_ms = wire::kAgentHelloIntervalMs;
  return settings;
}

bool write_all(const uint8_t* data, std::size_t size_bytes) {
  while (size_bytes > 0) {
    const ssize_t written = ::write(STDOUT_FILENO, data, size_bytes);
    if (written <= 0) return false;
    data += written;
    size_bytes -= static_cast<std::size_t>(written);
  }
  return true;
}

// False when stdin has ended.
bool wait_and_discard(int wait_ms) {
  pollfd wait = {STDIN_FILENO, POLLIN, 0};
  if (::poll(&wait, 1, wait_ms) <= 0) return true;
  std::array<uint8_t, 4096> ignored;
  return ::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0;
}

std::vector<uint8_t> hello_of_another_link() {
  wire::FrameHeader header;
  header.kind = wire::FrameKind::kHello;
  header.version = wire::kLinkVersion + 1;
  const std::array<uint8_t, 9> payload = {1};
  std::vector<uint8_t> frame(wire::kMaxFrameBytes);
  frame.resize(wire::encode_frame(header, payload.data(), payload.size(), frame.data()));
  return frame;
}

}  // namespace

void serve_without_protocol(Fault fault) {
  std::mt19937 noise(1);
  while (wait_and_discard(20)) {
    std::vector<uint8_t> bytes;
    if (fault == Fault::kGarbage) {
      for (int i = 0; i < 64; ++i) bytes.push_back(static_cast<uint8_t>(noise()));
    } else if (fault == Fault::kBootText) {
      const std::string_view text = "\r\nHit any key to stop autoboot:  0\r\n=> ";
      bytes.assign(text.begin(), text.end());
    } else if (fault == Fault::kOtherLink) {
      bytes = hello_of_another_link();
    }
    if (!write_all(bytes.data(), bytes.size())) return;
  }
}

SimulatedAgent::SimulatedAgent(SimulatedAgentOptions options)
    : options_(std::move(options)), connection_(storage_, agent_settings()) {}

bool SimulatedAgent::misbehaves(Fault fault) const {
  return options_.fault == fault && runs_ >= options_.fault_at_run;
}

void SimulatedAgent::flush() {
  std::array<uint8_t, 4096> output;
  while (const std::size_t count = connection_.take_output(output.data(), output.size())) {
    if (!write_all(output.data(), count)) ::_exit(0);
  }
}

bool SimulatedAgent::pump(int wait_ms) {
  connection_.poll(milliseconds());
  flush();
  pollfd wait = {STDIN_FILENO, POLLIN, 0};
  if (::poll(&wait, 1, wait_ms) <= 0) return true;
  std::array<uint8_t, 4096> input;
  const ssize_t got = ::read(STDIN_FILENO, input.data(), input.size());
  if (got <= 0) return false;
  std::size_t taken = 0;
  while (taken < static_cast<std::size_t>(got)) {
    taken += connection_.receive(input.data() + taken, static_cast<std::size_t>(got) - taken);
    const uint8_t* data = nullptr;
    std::size_t size_bytes = 0;
    if (!connection_.next_message(&data, &size_bytes)) continue;
    flush();
    if (const fb::Envelope* envelope = wire::read_message(data, size_bytes)) answer(*envelope);
  }
  flush();
  return true;
}

void SimulatedAgent::serve() {
  while (pump(50)) {
  }
}

template <typename Table>
void SimulatedAgent::send(flatbuffers::Offset<Table> message) {
  builder_.finish(request_id_, message);
  while (connection_.send(builder_.data(), builder_.size_bytes()) == wire::SendResult::kWindowFull) {
    if (!pump(20)) ::_exit(0);
  }
  flush();
}

void SimulatedAgent::answer(const Envelope& envelope) {
  if (late_request_id_ != 0) {
    request_id_ = std::exchange(late_request_id_, 0);
    send_generation(kAnswer.size());
  }
  request_id_ = envelope.request_id();
  switch (envelope.message_type()) {
    case fb::Message::Hello: send_banner(); return;
    case fb::Message::SlotQuery:
      send_slot_state(envelope.message_as_SlotQuery()->slot(), envelope.message_as_SlotQuery()->hash());
      return;
    case fb::Message::UploadBegin:
      image_.clear();
      complete_ = false;
      send_slot_state(envelope.message_as_UploadBegin()->slot(), false);
      return;
    case fb::Message::UploadChunk:
      if (const auto* data = envelope.message_as_UploadChunk()->data()) {
        image_.insert(image_.end(), data->begin(), data->end());
      }
      return;
    case fb::Message::UploadEnd:
      complete_ = true;
      send_slot_state(envelope.message_as_UploadEnd()->slot(), true);
      return;
    case fb::Message::Load: on_load(); return;
    case fb::Message::Run: on_run(*envelope.message_as_Run()); return;
    case fb::Message::RooflineQuery: send_roofline(); return;
    case fb::Message::MemoryQuery: {
      auto& builder = builder_.begin();
      const std::vector<flatbuffers::Offset<fb::MemoryClass>> classes = {
          fb::CreateMemoryClass(builder, builder.CreateString("weights"), image_.size())};
      send(fb::CreateMemoryReport(builder, builder.CreateVector(classes)));
      return;
    }
    case fb::Message::ClockQuery:
      send(fb::CreateClock(builder_.begin(), milliseconds() * uint64_t{1'000'000}));
      return;
    case fb::Message::BoardQuery: send_board_state(); return;
    case fb::Message::Reset:
      send(fb::CreateAccepted(builder_.begin()));
      options_.restart("");
      return;
    default: send_failure(wire::Status::kBadMessage, "not a request");
  }
}

void SimulatedAgent::send_banner() {
  if (options_.fault == Fault::kResetLoop) options_.restart("assertion failed at loop.cc:1");
  if (options_.fault == Fault::kBadMessage) {
    const std::array<uint8_t, 32> nonsense = {0xFF, 0xFE, 0xFD};
    connection_.send(nonsense.data(), nonsense.size());
    flush();
    return;
  }
  auto& builder = builder_.begin();
  const auto version =
      static_cast<uint16_t>(wire::kProtocolVersion + (options_.fault == Fault::kOtherProtocol ? 1 : 0));
  const auto board = builder.CreateString(options_.board);
  const auto unique_id = builder.CreateString(options_.unique_id);
  const auto build_id = builder.CreateString(options_.build_id);
  const auto engine = builder.CreateString("simulated");
  const auto isa = builder.CreateString("none");
  const auto source = builder.CreateString("clock_monotonic");
  const auto reason = builder.CreateString(options_.reset_reason);
  send(fb::CreateBanner(builder, version, board, unique_id, build_id, engine, engine, isa, source,
                        1'000'000'000, fb::Origin::exec, 5000, 1, 1U << 20U, 1024, reason));
}

void SimulatedAgent::send_slot_state(uint8_t slot, bool with_hash) {
  auto& builder = builder_.begin();
  flatbuffers::Offset<flatbuffers::Vector<uint8_t>> digest;
  if (with_hash) {
    wire::sha256(image_.data(), image_.size(), sha256_.data());
    if (options_.fault == Fault::kWrongHash) sha256_[0] ^= 1U;
    digest = builder.CreateVector(sha256_.data(), sha256_.size());
  }
  const fb::SlotPhase phase = complete_ ? fb::SlotPhase::ready : fb::SlotPhase::empty;
  send(fb::CreateSlotState(builder, slot, phase, kCapacityBytes, true, image_.size(), image_.size(), digest));
}

// In two messages, as a board of many facts has to.
void SimulatedAgent::send_board_state() {
  for (const char* name : {"governor", "temperature_mc"}) {
    auto& builder = builder_.begin();
    const auto key = builder.CreateString(std::string("simulated.") + name);
    const auto value = builder.CreateString("of a simulation");
    const auto odd_key = builder.CreateString("Not A Key");
    const std::vector<flatbuffers::Offset<fb::BoardFact>> facts = {
        fb::CreateBoardFact(builder, key, value), fb::CreateBoardFact(builder, odd_key, value)};
    const bool last = std::string_view(name) == "temperature_mc" && options_.fault != Fault::kEndlessFacts;
    send(fb::CreateBoardState(builder, builder.CreateVector(facts), last));
  }
  if (options_.fault != Fault::kEndlessFacts) return;
  auto& builder = builder_.begin();
  send(fb::CreateBoardState(builder, 0, false));
}

void SimulatedAgent::on_load() {
  if (!complete_) return send_failure(wire::Status::kBadSlot, "no complete image in this slot");
  auto& builder = builder_.begin();
  const auto name = builder.CreateString("simulated");
  send(fb::CreateLoadReport(builder, name, name, 3000, 256, 512, 1000, 4096));
}

void SimulatedAgent::on_run(const fb::Run& run) {
  const uint32_t max_new_tokens = run.max_new_tokens();
  const bool profile = run.profile();
  ++runs_;
  send(fb::CreateAccepted(builder_.begin()));
  if (misbehaves(Fault::kResetInRun)) options_.restart("assertion failed at transformer.cc:123");
  if (misbehaves(Fault::kExitInRun)) ::_exit(3);
  if (misbehaves(Fault::kStallInRun)) return;
  if (misbehaves(Fault::kLateAnswer)) {
    late_request_id_ = request_id_;
    return;
  }
  while (misbehaves(Fault::kFreezeInRun)) {
    if (!wait_and_discard(1000)) ::_exit(0);
  }
  if (misbehaves(Fault::kFailRun))
    return send_failure(wire::Status::kEngineFault, "a fault that was asked for");
  send_generation(max_new_tokens);
  if (profile) send_profile();
}

// In two messages, as an agent of many operators has to.
void SimulatedAgent::send_profile() {
  const std::vector<uint64_t> subtracted_ticks = {10, 20};
  for (const fb::Phase phase : {fb::Phase::prefill, fb::Phase::decode}) {
    auto& builder = builder_.begin();
    const auto name = builder.CreateString("query");
    const std::vector<flatbuffers::Offset<fb::ProfileEntry>> entries = {
        fb::CreateProfileEntry(builder, phase, 0, name, 3, 500, 6000, 7000)};
    const auto vector = builder.CreateVector(entries);
    const auto subtracted = builder.CreateVector(subtracted_ticks);
    send(fb::CreateProfile(builder, vector, subtracted, phase == fb::Phase::decode));
  }
}

// A limit a message, as an agent does: of a kernel, of one that has no room, of a memory.
void SimulatedAgent::send_roofline() {
  const auto send_one = [&](fb::RooflineKind kind, const char* name, uint32_t tokens, uint64_t macs,
                            wire::Status status) {
    auto& builder = builder_.begin();
    const auto text = builder.CreateString(name);
    const bool is_measured = status == wire::Status::kOk;
    const std::vector<flatbuffers::Offset<fb::RooflineEntry>> entries = {
        fb::CreateRooflineEntry(builder, kind, text, tokens, macs, is_measured ? 8500 : 0,
                                is_measured ? 600 : 0, static_cast<uint8_t>(status))};
    send(fb::CreateRoofline(builder, builder.CreateVector(entries), kind == fb::RooflineKind::memory));
  };
  send_one(fb::RooflineKind::kernel, "Q8_0", 1, 8000, wire::Status::kOk);
  send_one(fb::RooflineKind::kernel, "Q8_0", 2, 0, wire::Status::kArenaTooSmall);
  send_one(fb::RooflineKind::memory, "weights", 0, 0, wire::Status::kOk);
}

void SimulatedAgent::send_generation(uint32_t max_new_tokens) {
  const uint32_t count = std::min<uint32_t>(max_new_tokens, kAnswer.size());
  const std::string_view text = "simulated";
  auto& builder = builder_.begin();
  const auto output = builder.CreateVector(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  const fb::Finish finish = count == kAnswer.size() ? fb::Finish::end_token : fb::Finish::length;
  send(fb::CreateGenerationReport(builder, 5, count, finish, 100, 700, 200, kTicksPerToken * count, output,
                                  static_cast<uint32_t>(text.size())));
  const uint32_t told = count + (misbehaves(Fault::kLyingTrace) ? 1 : 0);
  std::vector<int32_t> ids(kAnswer.begin(), kAnswer.begin() + count);
  ids.resize(told);
  const std::vector<uint64_t> ticks(told, kTicksPerToken);
  auto& again = builder_.begin();
  const auto id_vector = again.CreateVector(ids);
  send(fb::CreateTrace(again, 0, id_vector, again.CreateVector(ticks), true));
}

void SimulatedAgent::send_failure(wire::Status status, const char* detail) {
  auto& builder = builder_.begin();
  send(fb::CreateFailure(builder, static_cast<uint8_t>(status), builder.CreateString(detail)));
}

}  // namespace slmrig::rigsim
