// One connection to a board, shared by all that is done there: the first ssh logs in and stays, every further
// one is a channel of it and takes a millisecond.
//
// One thread at a time. Errors: ssh_failure() of ssh_command.h; kTimeout where the board takes longer than it
// may.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/child_process.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/records/rig.h"

namespace slmrig::deploy {

class SshConnection {
 public:
  // Logs in and runs `script` there, whose lines of stdout come back as far as the one that is `last_line`;
  // the script then has to stay until its stdin ends (exec cat).
  static base::Result<std::unique_ptr<SshConnection>> open(const base::SshSpec& spec, std::string_view script,
                                                           const std::vector<std::string>& arguments,
                                                           std::string_view last_line, int64_t timeout_ms);
  ~SshConnection();

  const std::vector<std::string>& first_lines() const { return lines_; }

  // Runs a script to its end. An exit status that is not 0 is no error here, but a broken connection is.
  // `fed` (may be empty) hears how much of the input ssh has taken: what its channel and the pipe hold is
  // ahead of what arrived.
  base::Result<base::CapturedRun> run(std::string_view script, const std::vector<std::string>& arguments,
                                      std::string_view input, int64_t timeout_ms,
                                      const std::function<void(std::size_t)>& fed = {});

  // The command line that runs a script there on its own stdin and stdout.
  std::vector<std::string> command(std::string_view script, const std::vector<std::string>& arguments) const;

 private:
  SshConnection(const base::SshSpec& spec, base::TemporaryDirectory folder)
      : spec_(spec), folder_(std::move(folder)) {}
  base::Done read_lines(std::string_view last_line, int64_t timeout_ms);
  base::Error ended(base::ExitState exit, const std::string& words) const;
  std::string socket() const { return (folder_.path() / "s").string(); }

  const base::SshSpec spec_;
  base::TemporaryDirectory folder_;  // of the socket
  std::unique_ptr<base::ChildProcess> master_;
  std::vector<std::string> lines_;
};

}  // namespace slmrig::deploy
