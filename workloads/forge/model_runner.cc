#include "workloads/forge/model_runner.h"

#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/utf8.h"

namespace slmrig::forge {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Status;

namespace {

constexpr std::size_t kLongestTokenBytes = 256;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool starts_with(std::span<const std::uint8_t> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

Error runtime_error(std::string_view doing, Status status) {
  switch (status) {
    case Status::kPromptTooLong:
      return {ErrorCode::kBadInput,
              fmt::format("{}: the prompt does not fit the context; shorten it", doing),
              {}};
    case Status::kContextFull:
      return {ErrorCode::kBadInput, fmt::format("{}: the context is full", doing), {}};
    case Status::kBadArgument:
      return {ErrorCode::kBadInput, fmt::format("{}: a setting is out of its range", doing), {}};
    case Status::kArenaTooSmall:
      return {ErrorCode::kUnfit, fmt::format("{}: the arena is too small", doing), {}};
    default: return {ErrorCode::kCorrupt, fmt::format("{}: the runtime failed", doing), {}};
  }
}

Result<ModelRunner> ModelRunner::from_image(std::span<const std::uint8_t> image,
                                            const RunnerOptions& options) {
  ModelRunner runner;
  SLMRIG_ASSIGN(runner.info_, describe_image(image));
  if (options.context_tokens == 1 || options.context_tokens > runner.info_.context_tokens) {
    return fail(ErrorCode::kBadInput,
                fmt::format("a context of {} tokens was asked for; the image allows 2 to {}",
                            options.context_tokens, runner.info_.context_tokens));
  }
  runner.image_ = AlignedBytes(image);
  runner.runtime_ = std::make_unique<runtime::Runtime>();
  runtime::LoadOptions load;
  load.context_tokens = options.context_tokens;
  load.kernels = options.kernels;
  load.kv_format = options.kv_format;
  std::size_t needed_bytes = 0;
  // The first call only asks for the size.
  (void)runner.runtime_->load(runner.image_.data(), runner.image_.size(), load, nullptr, 0, &needed_bytes);
  runner.arena_ = AlignedBytes(needed_bytes);
  const Status status = runner.runtime_->load(runner.image_.data(), runner.image_.size(), load,
                                              runner.arena_.data(), runner.arena_.size(), &needed_bytes);
  if (status != Status::kOk) return tl::unexpected(runtime_error("loading the model", status));
  return runner;
}

Result<ModelRunner> ModelRunner::open(const std::filesystem::path& file, const RunnerOptions& options) {
  SLMRIG_ASSIGN(std::vector<std::uint8_t> bytes, base::read_bytes(file));
  const bool is_image =
      starts_with(bytes, std::string_view(runtime::kImageMagic, sizeof(runtime::kImageMagic)));
  if (!is_image && !starts_with(bytes, "GGUF")) {
    return fail(ErrorCode::kBadInput, "neither a GGUF file nor a model image (see `slmforge image --help`)",
                file.string());
  }
  if (!is_image) {
    SLMRIG_ASSIGN(ImageBuild build, image_from_gguf(file, {options.context_tokens}));
    bytes = std::move(build.bytes);
  }
  auto runner = from_image(bytes, options);
  if (!runner) return tl::unexpected(base::within(file.string(), runner.error()));
  return runner;
}

Result<Generation> ModelRunner::generate(std::string_view prompt, const GenerationSettings& settings) {
  Generation result;
  Status status = runtime_->begin(settings.sampling);
  if (status != Status::kOk) return tl::unexpected(runtime_error("starting a generation", status));
  std::vector<std::int32_t> ids(runtime_->context_tokens());
  const std::int64_t start_ns = now_ns();
  std::uint32_t count = 0;
  status = runtime_->encode(prompt.data(), prompt.size(), ids.data(), static_cast<std::uint32_t>(ids.size()),
                            &count, settings.specials);
  if (status == Status::kOk) status = runtime_->prefill(ids.data(), count);
  if (status != Status::kOk) {
    return tl::unexpected(runtime_error(
        fmt::format("running a prompt of {} bytes in a context of {} tokens", prompt.size(), ids.size()),
        status));
  }
  result.prompt_tokens = count;
  std::string text;
  for (std::uint32_t index = 0; index < settings.max_new_tokens; ++index) {
    std::int32_t id = 0;
    bool is_end = false;
    status = runtime_->next_token(&id, &is_end);
    if (status == Status::kContextFull) break;
    if (status != Status::kOk) return tl::unexpected(runtime_error("generating", status));
    if (index == 0) result.ttft_ns = now_ns() - start_ns;
    char piece[kLongestTokenBytes];
    std::size_t piece_bytes = 0;
    status = runtime_->token_text(id, index == 0, piece, sizeof(piece), &piece_bytes);
    if (status != Status::kOk) return tl::unexpected(runtime_error("reading a token's text", status));
    text.append(piece, piece_bytes);
    result.token_ids.push_back(id);
    result.ended = result.ended || is_end;
    if (is_end && settings.stop_at_end) break;
  }
  result.decode_ns = now_ns() - start_ns - result.ttft_ns;
  result.text = base::make_valid_utf8(text);
  return result;
}

std::string token_ids_sha256(const std::vector<std::int32_t>& ids) {
  return base::sha256_hex(
      {reinterpret_cast<const std::uint8_t*>(ids.data()), ids.size() * sizeof(std::int32_t)});
}

}  // namespace slmrig::forge
