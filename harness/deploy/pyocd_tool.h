// The real pyOCD as a child process, from 0.34 on: whatever `pyocd` is on the PATH.
//
// Every call names its probe and its limit, asks nothing of anybody, and believes only what pyocd_output
// reads. Errors as there, and kTimeout when pyOCD had to be ended (a wedged probe or a dropped connection
// holds it for ever). A call blocks; one at a time for one probe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/rig.h"
#include "harness/deploy/agent_file.h"
#include "harness/deploy/pyocd_output.h"

namespace slmrig::deploy {

class PyocdTool {
 public:
  struct Settings {
    base::PyocdSpec spec;
    std::map<std::string, std::string> environment = {};  // added to our own: where stand-ins are found
    std::function<bool()> stop = {};                      // true: given up within a fifth of a second
  };

  // kUnsupported where there is no pyocd, or one that is too old, with how to get one.
  static base::Result<PyocdTool> find(Settings settings);

  // "0.36.0-2.1" by the Debian package that it belongs to, else what it says of itself.
  const std::string& version() const { return version_; }

  // All probes that can be seen now. Opens every one of them.
  base::Result<std::vector<PyocdProbe>> probes() const;
  // Writes what differs. The board stands still afterwards, unless `reset`.
  base::Result<PyocdLoad> load_elf(const std::filesystem::path& file, uint64_t expected_bytes,
                                   bool reset) const;
  base::Result<PyocdLoad> load_binary(const std::filesystem::path& file, uint64_t address, uint64_t bytes,
                                      bool reset) const;
  base::Done reset() const;
  // Reads the pieces back and compares, then resets the board. kLinkLost names the first byte that differs.
  base::Done verify_and_reset(const std::vector<MemoryPiece>& pieces) const;

 private:
  explicit PyocdTool(Settings settings) : settings_(std::move(settings)) {}
  std::vector<std::string> command(const std::string& subcommand) const;
  base::Result<base::CapturedRun> run(std::vector<std::string> arguments, uint64_t bytes) const;
  base::Result<PyocdLoad> load(std::vector<std::string> arguments, uint64_t bytes, bool reset) const;
  base::Error with_probes(base::Error error) const;

  Settings settings_;
  std::string version_;
};

}  // namespace slmrig::deploy
