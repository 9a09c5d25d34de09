// A pseudo-terminal that stands in for an instrument's serial port: raw, without echo, named by a link.
//
// We keep both ends open, so that a client may come and go; who else has it open is seen through inotify.
#pragma once

#include <poll.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::rigsim {

// One thread.
class VirtualTerminal {
 public:
  VirtualTerminal() = default;
  VirtualTerminal(VirtualTerminal&&) = default;
  VirtualTerminal& operator=(VirtualTerminal&&) = default;
  ~VirtualTerminal();

  // `link` leads to the terminal's name until this object ends; what was there is replaced if it is a link.
  static base::Result<VirtualTerminal> open(const std::string& link);

  // As when the instrument is unplugged: clients see their port gone.
  void hang_up();
  bool is_there() const { return static_cast<bool>(master_); }

  // What clients sent; empty: nothing.
  std::vector<uint8_t> receive();
  // Returns how many bytes the terminal took, without waiting.
  std::size_t send(std::span<const uint8_t> bytes);

  // How many clients have it open, as of now.
  int users();

  void add_descriptors(std::vector<pollfd>* wait, bool wants_to_send) const;

 private:
  base::UniqueFd master_;
  base::UniqueFd slave_;
  base::UniqueFd watch_;
  std::string link_;
  int users_ = 0;
};

}  // namespace slmrig::rigsim
