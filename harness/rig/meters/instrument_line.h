// A dialogue with an instrument: a command, a question and its answer, in order and with limits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/rig/link.h"
#include "harness/rig/meters/scpi_profile.h"

namespace slmrig::rig {

// One thread.
class InstrumentLine {
 public:
  static constexpr std::size_t kMostAnswerBytes = 4096;

  InstrumentLine(std::unique_ptr<Link> link, InstrumentFraming framing)
      : link_(std::move(link)), framing_(std::move(framing)) {}

  base::Done tell(const std::string& command);
  // Without the line's end. kTimeout: it did not answer; its answer, should it still come, is not taken for
  // that of the next question. kCorrupt: it sends without end.
  base::Result<std::string> ask(const std::string& question, int64_t timeout_ms);

  const std::string& description() const { return link_->description(); }
  void set_framing(InstrumentFraming framing) { framing_ = std::move(framing); }
  void close() { link_->close(); }

 private:
  base::Result<std::string> receive(int64_t timeout_ms);
  base::Done discard_waiting();

  std::unique_ptr<Link> link_;
  InstrumentFraming framing_;
  std::string received_;
  bool answer_is_due_ = false;
  int64_t last_command_ns_ = 0;
};

}  // namespace slmrig::rig
