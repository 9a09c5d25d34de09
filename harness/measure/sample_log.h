// The samples of one energy pass: written to a capture file while they are recorded, and read from it again
// whenever energies are computed. No more of them is ever in memory than a block and what the writer gathers,
// however long the pass.
//
// Used by one thread at a time; the recording thread adds, the one that recorded reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/energy.h"
#include "harness/base/records/power.h"
#include "harness/measure/capture_file.h"

namespace slmrig::measure {

// When the host had so many samples.
struct SampleArrival {
  int64_t end_index = 0;  // behind the last of them
  int64_t received_ns = 0;
};

class SampleLog {
 public:
  // An existing file is replaced. `most_bytes`: what it may grow to, kIo beyond; 0: as the disk has room.
  static base::Result<std::unique_ptr<SampleLog>> create(const std::filesystem::path& file,
                                                         const CaptureHeader& header, uint64_t most_bytes);
  // Removes the file, if it is not finished.
  ~SampleLog();
  SampleLog(const SampleLog&) = delete;
  SampleLog& operator=(const SampleLog&) = delete;

  // kIo names the file and what room its disk has; it is final.
  base::Done add(const base::PowerSamples& block);

  // All samples so far, in their order; blocks need not be those that were added. Any number of times.
  base::Done for_each(const std::function<void(const base::PowerSamples& block)>& use);

  // At most one each kArrivalEveryNs.
  const std::vector<SampleArrival>& arrivals() const { return arrivals_; }

  // Ends the file, which is the caller's from then on. `file` of the facts is left empty.
  base::Result<base::CaptureFacts> finish();

  const std::filesystem::path& file() const { return file_; }

  static constexpr int64_t kArrivalEveryNs = 10'000'000;

 private:
  explicit SampleLog(std::filesystem::path file) : file_(std::move(file)) {}

  std::filesystem::path file_;
  std::unique_ptr<CaptureWriter> writer_;  // null once it is finished
  std::vector<SampleArrival> arrivals_;
};

}  // namespace slmrig::measure
