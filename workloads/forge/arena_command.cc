// arena: what an image needs of a board's memory beside its weights, and how long a context a board has room
// for.
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "workloads/forge/commands.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/kv_format.h"
#include "workloads/forge/print_json.h"
#include "workloads/runtime/runtime.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::Result;
using nlohmann::json;

namespace {

struct ArenaArguments {
  std::string image;
  std::uint32_t context_tokens = 0;
  runtime::KvFormat kv = runtime::KvFormat::kF32;
  std::optional<std::uint64_t> capacity_bytes;
  bool as_json = false;
};

// As a board's kernels need it: those of a host take larger batches of the prompt, and more room.
runtime::ArenaNeed need_at(const runtime::ImageHeader& header, std::uint32_t context_tokens,
                           runtime::KvFormat kv) {
  runtime::LoadOptions options;
  options.context_tokens = context_tokens;
  options.kernels = &runtime::plain_kernels();
  options.kv_format = kv;
  return runtime::arena_need(header, options);
}

// 0 where not even one token has room. The need only grows with the context.
std::uint32_t largest_context(const runtime::ImageHeader& header, runtime::KvFormat kv,
                              std::uint64_t capacity_bytes) {
  std::uint32_t fits = 0;
  std::uint32_t too_many = header.context_tokens + 1;
  while (too_many - fits > 1) {
    const std::uint32_t middle = fits + (too_many - fits) / 2;
    (need_at(header, middle, kv).total_bytes <= capacity_bytes ? fits : too_many) = middle;
  }
  return fits;
}

Result<int> run_arena(const ArenaArguments& arguments) {
  SLMRIG_ASSIGN(const std::vector<std::uint8_t> bytes, base::read_bytes(arguments.image));
  const Result<ImageInfo> info = describe_image(bytes);
  if (!info) return tl::unexpected(base::within(arguments.image, info.error()));
  runtime::ImageHeader header = {};
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::uint32_t context =
      arguments.context_tokens == 0 ? header.context_tokens : arguments.context_tokens;
  if (context > header.context_tokens) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("--context {}: this image was written for at most {} tokens", context,
                                  header.context_tokens),
                      arguments.image);
  }
  const runtime::ArenaNeed need = need_at(header, context, arguments.kv);
  json report = {{"context_tokens", context},
                 {"most_context_tokens", header.context_tokens},
                 {"arena_bytes",
                  {{"kv", need.kv_bytes},
                   {"activations", need.activations_bytes},
                   {"scratch", need.scratch_bytes},
                   {"total", need.total_bytes}}}};
  if (arguments.capacity_bytes) {
    report["largest_context_tokens"] = largest_context(header, arguments.kv, *arguments.capacity_bytes);
  }
  if (arguments.as_json) {
    print_json(report);
    return 0;
  }
  fmt::print("context {} of at most {} tokens: arena {} bytes (kv {}, activations {}, scratch {})\n", context,
             header.context_tokens, need.total_bytes, need.kv_bytes, need.activations_bytes,
             need.scratch_bytes);
  if (arguments.capacity_bytes) {
    fmt::print("{} bytes have room for {} tokens\n", *arguments.capacity_bytes,
               report["largest_context_tokens"].get<std::uint32_t>());
  }
  return 0;
}

}  // namespace

void add_arena_command(CLI::App& app, Command* chosen) {
  auto arguments = std::make_shared<ArenaArguments>();
  CLI::App* command =
      app.add_subcommand("arena", "What an image needs of a board's memory beside its weights");
  command->add_option("image", arguments->image, "The image")->required();
  command->add_option("--context", arguments->context_tokens,
                      "Context in tokens (default: the image's most)");
  command->add_option("--kv", arguments->kv, "How keys and values are kept: f32, f16 or int8")
      ->transform(CLI::CheckedTransformer(kv_formats()));
  command->add_option("--capacity", arguments->capacity_bytes,
                      "Bytes that a board has: also say the largest context that fits");
  command->add_flag("--json", arguments->as_json, "Report as JSON");
  command->callback([=] { *chosen = [arguments] { return run_arena(*arguments); }; });
}

}  // namespace slmrig::forge
