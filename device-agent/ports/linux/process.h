// Inside the Linux port: what its files share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::agent::port {

// What becomes of the cached pages of the images before a restart.
enum class FileCache : uint8_t {
  kKeep,
  kDrop,     // those of the slots, which takes no privilege
  kDropAll,  // everything the system has cached, where it lets us
};

// The command line of the native agent.
struct Options {
  const char* board = "native";
  const char* slots_directory = nullptr;
  const char* link = nullptr;  // a terminal device to speak on, instead of stdin and stdout
  char unique_id[64] = {};
  size_t arena_bytes = size_t{64} << 20;
  uint64_t slot_bytes = uint64_t{1} << 30;
  FileCache file_cache = FileCache::kDrop;
  const char* marker_lines = nullptr;  // "CHIP:D0,D1,D2,D3": the pins that lead to a meter; none without it
  const char* system_root = "";        // before /sys, /proc and /etc wherever they are read: for tests
};

const Options& options();

// Each returns false, having said why on stderr, when the system refuses.
bool start_link();
bool start_slots();
bool start_arena();
bool start_markers();

// slots.cc: the image of a slot for reading, -1 when there is none; and the end of all mappings (what
// slot_data() gave is no more).
int open_slot_file(uint32_t slot);
void unmap_slots();

// file_cache.cc: before a restart; in the life after it; and what it says: "image dropped; 0 of 240 pages
// stayed".
void drop_file_cache();
void take_file_cache_note();
const char* file_cache_note();

// markers.cc: of the marker lines; null where there are none.
struct MarkerNote {
  char chip[32];  // its label
  char lines[32];
  uint64_t set_ns;           // what a change took at the start, at best
  uint32_t refused_changes;  // since then
};
const MarkerNote* marker_note();

// Gives stdin and stdout back, for the program that replaces this one.
void restore_stdio();

}  // namespace slmrig::agent::port
