// Processes that stand in for hardware which a bench has not got: a virtual debug probe with the board behind
// it, a virtual meter.
//
// They are the bench's hardware as far as everybody else can tell, so they live as long as somebody uses the
// bench, not as long as one deployment: what was flashed stays there, as on a board that keeps its power.
// They share a temporary folder. In commands, ready files and environments of the rig file are filled in:
//   {folder}    that folder
//   {programs}  where the programs of this project are
//   {root}      the project's root
//   {unit}      the bench's unit_id
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/records/rig.h"
#include "harness/deploy/process_log.h"

namespace slmrig::deploy {

// The stand-ins of one bench. One thread at a time.
class StandIns {
 public:
  // Starts them in the order of the rig file; each one's ready_file is waited for before the next. A bench
  // without any gets an empty set. An error names the program, how it ended and what it said last.
  static base::Result<std::unique_ptr<StandIns>> start(const base::Bench& bench,
                                                       const std::filesystem::path& root);
  // Ends them, the last first.
  ~StandIns();

  // With its placeholders filled in.
  std::string filled(std::string text) const;
  // For the programs that are to meet them.
  std::map<std::string, std::string> environment() const;
  // "slmrig-virtual-probe ended (exit status 1): its last words"; empty while all of them run.
  std::string ended();
  // Keeps their pipes from filling up: to be called now and then.
  void drain();
  // What they wrote.
  std::string log();

 private:
  struct Running {
    std::string program;
    std::unique_ptr<base::ChildProcess> child;
    std::unique_ptr<ProcessLog> log;
  };
  explicit StandIns(base::TemporaryDirectory folder) : folder_(std::move(folder)) {}
  base::Done start_one(const base::StandInSpec& spec, const std::filesystem::path& root);
  base::Done await_ready(Running& running, const std::filesystem::path& ready_file);

  base::TemporaryDirectory folder_;
  std::map<std::string, std::string> values_;  // by placeholder
  std::map<std::string, std::string> environment_;
  std::vector<Running> running_;
};

// Keeps the stand-ins of benches from one deployment to the next. Safe from many threads, as long as one
// bench is used by one of them at a time.
class StandInPool {
 public:
  // Those that run already, or new ones where there are none or one of them ended.
  base::Result<std::shared_ptr<StandIns>> of(const base::Bench& bench, const std::filesystem::path& root);
  // Nobody wants the bench any more. They end when the last board that uses them does.
  void release(const std::string& bench);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<StandIns>> running_;  // by bench
};

}  // namespace slmrig::deploy
