#include "harness/measure/capture_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/measure/internal/capture_codec.h"

namespace slmrig::measure {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

constexpr uint32_t kMostHeaderBytes = 1U << 20;
constexpr double kBytesOfMegabyte = 1e6;

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

Result<std::unique_ptr<CaptureWriter>> CaptureWriter::create(const std::filesystem::path& file,
                                                             const CaptureHeader& header,
                                                             uint64_t most_bytes) {
  base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return tl::unexpected(base::file_error("writing", file, errno));
  std::unique_ptr<CaptureWriter> writer(new CaptureWriter(file, std::move(fd), most_bytes));
  const std::string json = encode_header(header);
  std::string bytes(kCaptureMagic);
  put_u32(bytes, kCaptureVersion);
  put_u32(bytes, static_cast<uint32_t>(json.size()));
  SLMRIG_TRY(writer->write(bytes + json));
  return writer;
}

// Why nothing more can be written, with what the disk says about it.
Done CaptureWriter::give_up(base::Error error) {
  std::error_code unknown;
  const std::filesystem::space_info space = std::filesystem::space(file_, unknown);
  if (!unknown) {
    error.message += fmt::format("; its disk has {:.3f} of {:.3f} MB free",
                                 static_cast<double>(space.available) / kBytesOfMegabyte,
                                 static_cast<double>(space.capacity) / kBytesOfMegabyte);
  }
  error.message += fmt::format("; {} samples were written before", samples_);
  state_ = tl::unexpected(std::move(error));
  return state_;
}

Done CaptureWriter::write(std::string_view bytes) {
  if (!state_) return state_;
  if (most_bytes_ > 0 && bytes_ + bytes.size() > most_bytes_) {
    return give_up(
        {ErrorCode::kIo,
         fmt::format("writing {}: it may not grow beyond {:.3f} MB, make room with `slmrig db prune`",
                     file_.string(), static_cast<double>(most_bytes_) / kBytesOfMegabyte),
         {}});
  }
  hash_.update(bytes);
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return give_up(base::file_error("writing", file_, errno));
    bytes_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Done CaptureWriter::add(const base::PowerSamples& block) {
  if (!state_) return state_;
  const std::size_t count = sample_count(block);
  if (count == 0) return {};
  const std::size_t gathered = sample_count(gathered_);
  if (gathered > 0 && columns_of(gathered_) != columns_of(block)) SLMRIG_TRY(write_gathered());

  // What was lost before the block is a gap within what is gathered.
  const bool evenly = block.time_ns.empty();
  const int64_t missing = any_ && evenly ? block.first_index - expected_index_ : 0;
  if (sample_count(gathered_) == 0) gathered_.first_index = block.first_index;
  if (missing > 0) gathered_.gaps.push_back({block.first_index, missing});
  int64_t lost_within = 0;
  for (const base::SampleGap& gap : block.gaps) {
    if (evenly && gap.index <= block.first_index) continue;  // told by first_index already
    gathered_.gaps.push_back(gap);
    lost_within += gap.count;
  }
  lost_ += static_cast<uint64_t>(std::max<int64_t>(0, missing) + lost_within);
  append(gathered_.current_ua, block.current_ua);
  append(gathered_.voltage_mv, block.voltage_mv);
  append(gathered_.power_uw, block.power_uw);
  append(gathered_.time_ns, block.time_ns);
  append(gathered_.range, block.range);
  append(gathered_.markers, block.markers);
  append(gathered_.flags, block.flags);
  gathered_.received_ns = block.received_ns;
  expected_index_ = block.first_index + static_cast<int64_t>(count) + (evenly ? lost_within : 0);
  any_ = true;
  if (sample_count(gathered_) >= kGatheredSamples) return write_gathered();
  return {};
}

Done CaptureWriter::write_gathered() {
  const std::size_t count = sample_count(gathered_);
  if (count == 0) return {};
  entries_.push_back({bytes_, gathered_.first_index});
  SLMRIG_TRY(write(encode_block(gathered_)));
  samples_ += count;
  gathered_ = {};
  return {};
}

Result<base::CaptureFacts> CaptureWriter::finish() {
  SLMRIG_TRY(write_gathered());
  nlohmann::json blocks = nlohmann::json::array();
  for (const Entry& entry : entries_) blocks.push_back({entry.offset, entry.first_index});
  const nlohmann::json footer = {{"samples", samples_}, {"lost", lost_}, {"blocks", std::move(blocks)}};
  const uint64_t offset = bytes_;
  const std::string json = footer.dump();
  std::string bytes(kEndMagic);
  put_u32(bytes, static_cast<uint32_t>(json.size()));
  bytes += json;
  put_u64(bytes, offset);
  bytes += kCaptureEndMagic;
  SLMRIG_TRY(write(bytes));
  if (::fsync(fd_.get()) != 0 && errno != EINVAL)
    return tl::unexpected(base::file_error("writing", file_, errno));
  base::CaptureFacts facts;
  facts.sha256 = base::to_hex(hash_.finish());
  facts.bytes = bytes_;
  facts.samples = samples_;
  state_ = base::fail(ErrorCode::kBadInput, fmt::format("{} is finished", file_.string()));
  return facts;
}

Result<std::unique_ptr<CaptureReader>> CaptureReader::open(const std::filesystem::path& file) {
  base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return tl::unexpected(base::file_error("reading", file, errno));
  std::unique_ptr<CaptureReader> reader(new CaptureReader(file, std::move(fd)));
  if (Done done = reader->read_header(); !done)
    return tl::unexpected(base::within(file.string(), done.error()));
  return reader;
}

Result<std::string> CaptureReader::read(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const ssize_t got = ::read(fd_.get(), bytes.data() + have, count - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(base::file_error("reading", file_, errno));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

Done CaptureReader::read_header() {
  SLMRIG_ASSIGN(const std::string start, read(kCaptureMagic.size() + 8));
  if (start.size() < kCaptureMagic.size() + 8 || !start.starts_with(kCaptureMagic)) {
    return base::fail(
        ErrorCode::kBadInput,
        "this is no capture of a power meter; expected a file that `slmrig power record -o` wrote");
  }
  const uint32_t version = get_u32(start, kCaptureMagic.size());
  if (version != kCaptureVersion) {
    return base::fail(
        ErrorCode::kUnsupported,
        fmt::format("a capture of version {}; this slmrig reads version {}", version, kCaptureVersion));
  }
  const uint32_t bytes = get_u32(start, kCaptureMagic.size() + 4);
  if (bytes > kMostHeaderBytes)
    return base::fail(ErrorCode::kCorrupt, "the header is damaged: it is too long");
  SLMRIG_ASSIGN(const std::string json, read(bytes));
  if (json.size() < bytes) return base::fail(ErrorCode::kCorrupt, "the header is damaged: it was cut");
  SLMRIG_ASSIGN(header_, decode_header(json));
  blocks_at_ = static_cast<int64_t>(start.size() + json.size());
  return {};
}

// The footer is for those who look for a place; whoever read all blocks needs only know that it is whole.
Result<bool> CaptureReader::read_end() {
  SLMRIG_ASSIGN(const std::string size, read(4));
  if (size.size() < 4 || get_u32(size, 0) > kMostBlockBytes) return false;
  SLMRIG_ASSIGN(const std::string footer, read(get_u32(size, 0)));
  SLMRIG_ASSIGN(const std::string last, read(8 + kCaptureEndMagic.size()));
  return last.ends_with(kCaptureEndMagic) && last.size() == 8 + kCaptureEndMagic.size();
}

Result<bool> CaptureReader::next(base::PowerSamples& block) {
  if (ended_) return false;
  SLMRIG_ASSIGN(std::string start, read(kBlockMagic.size()));
  if (start == kEndMagic) {
    ended_ = true;
    SLMRIG_ASSIGN(complete_, read_end());
    return false;
  }
  if (start != kBlockMagic) {
    if (start.size() == kBlockMagic.size()) {
      return base::fail(ErrorCode::kCorrupt, "a block of samples does not begin where it must",
                        file_.string());
    }
    ended_ = true;
    return false;
  }
  SLMRIG_ASSIGN(const std::string rest, read(kBlockHeaderBytes - kBlockMagic.size()));
  if (rest.size() < kBlockHeaderBytes - kBlockMagic.size()) {
    ended_ = true;
    return false;
  }
  const Result<BlockHeader> header = decode_block_header(start + rest);
  if (!header) return tl::unexpected(base::within(file_.string(), header.error()));
  SLMRIG_ASSIGN(const std::string packed, read(header->packed_bytes));
  if (packed.size() < header->packed_bytes) {
    ended_ = true;
    return false;
  }
  Result<base::PowerSamples> decoded = decode_block(*header, packed);
  if (!decoded) return tl::unexpected(base::within(file_.string(), decoded.error()));
  block = std::move(*decoded);
  return true;
}

Done CaptureReader::rewind() {
  if (::lseek(fd_.get(), blocks_at_, SEEK_SET) < 0)
    return tl::unexpected(base::file_error("reading", file_, errno));
  ended_ = complete_ = false;
  return {};
}

}  // namespace slmrig::measure
