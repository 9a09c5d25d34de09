// How a run looks while it goes on.
//
// TerminalProgress redraws a block on a terminal: a bar with the time left, and a line for each bench.
// PlainProgress writes lines that stay: what starts, what to note, and where the run stands now and then.
// Both write to the stream they are given (the program gives stderr, so that stdout holds results alone).
// All functions may be called from any thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/observer.h"

namespace slmrig::cli {

struct ProgressOptions {
  std::string title;                 // the plan's name
  std::vector<std::string> benches;  // in the order of their lines
};

// What both kinds show: the share that is done, and the time that is left at the pace so far.
class ProgressState {
 public:
  // The pace is judged from the moment at which the total is known: what came before was other work.
  void set_total(uint64_t units, int64_t now_ns) {
    total_ = units;
    started_at_ns_ = now_ns;
  }
  void advance(uint64_t units) { done_ += units; }
  double share() const;  // 0..1; 0 as long as the total is unknown
  // Text like "0:41 left"; empty before there is a pace to judge by.
  std::string time_left(int64_t now_ns) const;

 private:
  int64_t started_at_ns_ = 0;
  uint64_t total_ = 0;
  uint64_t done_ = 0;
};

// The lines of the block for a terminal of `columns`: pure, so that a test can look at them.
std::vector<std::string> progress_block(const ProgressOptions& options, const ProgressState& state,
                                        const std::map<std::string, std::string>& activities,
                                        std::size_t columns, int64_t now_ns);

class TerminalProgress final : public base::Observer {
 public:
  TerminalProgress(std::FILE* terminal, ProgressOptions options);
  ~TerminalProgress() override;  // takes the block away

  void total_work(uint64_t units) override;
  void advance(const std::string& bench, uint64_t units) override;
  void activity(const std::string& bench, const std::string& text) override;
  void notice(const std::string& bench, const std::string& text) override;

 private:
  void draw_repeatedly(const std::stop_token& stop);
  void draw();
  void erase();

  std::FILE* terminal_;
  ProgressOptions options_;
  std::mutex mutex_;
  ProgressState state_;
  std::map<std::string, std::string> activities_;
  std::size_t drawn_lines_ = 0;
  std::jthread drawer_;  // last: it uses all of the above
};

class PlainProgress final : public base::Observer {
 public:
  PlainProgress(std::FILE* stream, ProgressOptions options);

  void total_work(uint64_t units) override;
  void advance(const std::string& bench, uint64_t units) override;
  void activity(const std::string& bench, const std::string& text) override;
  void stage(const std::string& bench, const std::string& text) override;
  void notice(const std::string& bench, const std::string& text) override;

 private:
  std::FILE* stream_;
  ProgressOptions options_;
  std::mutex mutex_;
  ProgressState state_;
  int64_t last_share_at_ns_;
};

// The one that suits the stream: none when `quiet`, a block on a terminal, lines elsewhere.
std::unique_ptr<base::Observer> make_progress(std::FILE* stream, bool quiet, ProgressOptions options);

}  // namespace slmrig::cli
