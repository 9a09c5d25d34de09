// Where an emulator delivers the marker edges of its board: a unix socket, one connection a life of the
// board.
#pragma once

#include <poll.h>

#include <deque>
#include <string>
#include <vector>

#include "device-agent/wire/marker_edges.h"
#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::rigsim {

// One thread.
class EdgeListener {
 public:
  EdgeListener() = default;
  ~EdgeListener();
  EdgeListener(const EdgeListener&) = delete;
  EdgeListener& operator=(const EdgeListener&) = delete;

  base::Done listen(const std::string& path);
  void add_descriptors(std::vector<pollfd>* wait) const;
  // All that has arrived: a life's edges before those of the next one.
  std::vector<wire::MarkerEdge> receive();

  // Kills the processes at the other ends, as a failing supply would: emulators of boards that have no power.
  void kill_boards();

  uint64_t lost_records() const { return decoder_.lost_records(); }
  uint64_t dropped_bytes() const { return decoder_.dropped_bytes(); }

 private:
  void accept_lives();
  bool receive_from_first(std::vector<wire::MarkerEdge>* edges);

  std::string path_;
  base::UniqueFd listener_;
  std::deque<base::UniqueFd> lives_;
  wire::MarkerEdgeDecoder decoder_;
};

}  // namespace slmrig::rigsim
