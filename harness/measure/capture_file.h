// Raw samples of a power meter in a file, as they arrived: compressed, and readable up to where it was cut.
//
// Format (all numbers little-endian), version 1:
//
//   "SLMRIGPC"  u32 version  u32 bytes of the header   header: JSON, see CaptureHeader
//   blocks, each:
//     "PBLK"  u32 packed bytes  u32 raw bytes  u32 samples  u32 gaps  u32 columns  i64 first index
//     i64 received_ns   packed bytes: one zstd frame with its checksum, of the raw bytes
//   "PEND"  u32 bytes of the footer   footer: JSON {"samples", "lost", "blocks": [[offset, first index],
//   ...]} u64 offset of "PEND"  "SLMRIGPE"
//
// The raw bytes of a block are its gaps ([gaps] of i64 index, i64 count), then the columns whose bit is set,
// in the order current_ua 1, voltage_mv 2, power_uw 4 (float32), time_ns 8 (i64), range 16, markers 32, flags
// 64 (u8), each [samples]. Columns of 4 and 8 bytes are split into planes: the first byte of every sample,
// then the second, and so on, which halves the packed size. What the numbers mean: base::PowerSamples.
//
// A writer that was killed or whose disk filled up leaves whole blocks and no end; a reader takes what is
// there and says that the file is not complete. One thread a time for each object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/energy.h"
#include "harness/base/records/power.h"
#include "harness/base/sha256.h"
#include "harness/base/unique_fd.h"

namespace slmrig::measure {

struct CaptureHeader {
  base::MeterFacts meter;
  double supply_mv = 0;                      // as it was set; 0: the samples bring their own
  int64_t started_at_ns = 0;                 // UTC, of the first sample
  bool modelled_clock = false;               // sampled in the modelled time of an emulated board
  std::map<std::string, std::string> notes;  // bench, cell, lines of the markers, ...
};

class CaptureWriter {
 public:
  // An existing file is replaced. kIo names the file. `most_bytes`: what it may grow to; 0: as the disk has
  // room.
  static base::Result<std::unique_ptr<CaptureWriter>> create(const std::filesystem::path& file,
                                                             const CaptureHeader& header,
                                                             uint64_t most_bytes = 0);

  // Small blocks are gathered: at most kGatheredSamples of them are lost with the process. After an error
  // (disk full) what is in the file stays readable, and every further call gives the same error, which names
  // the file and the room that its disk has.
  base::Done add(const base::PowerSamples& block);

  // Writes what was gathered, so that a reader meets all samples so far.
  base::Done flush() { return write_gathered(); }

  // Writes what was gathered and the end, and syncs. sha256, bytes and samples; `file` is left empty.
  base::Result<base::CaptureFacts> finish();

  static constexpr std::size_t kGatheredSamples = 16'384;

 private:
  struct Entry {
    uint64_t offset = 0;
    int64_t first_index = 0;
  };
  CaptureWriter(std::filesystem::path file, base::UniqueFd fd, uint64_t most_bytes)
      : file_(std::move(file)), fd_(std::move(fd)), most_bytes_(most_bytes) {}
  base::Done write(std::string_view bytes);
  base::Done give_up(base::Error error);
  base::Done write_gathered();

  std::filesystem::path file_;
  base::UniqueFd fd_;
  uint64_t most_bytes_ = 0;
  base::Sha256 hash_;
  uint64_t bytes_ = 0;
  uint64_t samples_ = 0;
  uint64_t lost_ = 0;
  int64_t expected_index_ = 0;
  bool any_ = false;
  base::PowerSamples gathered_;
  std::vector<Entry> entries_;
  base::Done state_;
};

class CaptureReader {
 public:
  // kBadInput: no capture; kCorrupt: its header is damaged; kUnsupported: a newer version.
  static base::Result<std::unique_ptr<CaptureReader>> open(const std::filesystem::path& file);

  const CaptureHeader& header() const { return header_; }
  // False once next() has met the end of a file that was cut. Known after the last block.
  bool is_complete() const { return complete_; }

  // The next block; false: there is none. kCorrupt: a block that does not unpack.
  base::Result<bool> next(base::PowerSamples& block);
  base::Done rewind();

 private:
  CaptureReader(std::filesystem::path file, base::UniqueFd fd) : file_(std::move(file)), fd_(std::move(fd)) {}
  // Up to `count` bytes; fewer at the end of the file.
  base::Result<std::string> read(std::size_t count);
  base::Done read_header();
  base::Result<bool> read_end();

  std::filesystem::path file_;
  base::UniqueFd fd_;
  CaptureHeader header_;
  int64_t blocks_at_ = 0;
  bool ended_ = false;
  bool complete_ = false;
};

}  // namespace slmrig::measure
