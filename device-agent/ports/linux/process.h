// Inside the Linux port: what its files share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::agent::port {

// The command line of the native agent.
struct Options {
  const char* board = "native";
  const char* slots_directory = nullptr;
  const char* link = nullptr;  // a terminal device to speak on, instead of stdin and stdout
  char unique_id[64] = {};
  size_t arena_bytes = size_t{64} << 20;
  uint64_t slot_bytes = uint64_t{1} << 30;
  const char* system_root = "";  // before /sys and /proc where the board's condition is read: for tests
};

const Options& options();

// Each returns false, having said why on stderr, when the system refuses.
bool start_link();
bool start_slots();
bool start_arena();

// The first line of a file below system_root [capacity, NUL included]; false when there is none.
bool read_system_line(const char* file, char* line, size_t capacity);

// The control group (v2) of this process, "/" at least; false when there is none.
bool cgroup_path(char* path, size_t capacity);

// Gives stdin and stdout back, for the program that replaces this one.
void restore_stdio();

}  // namespace slmrig::agent::port
