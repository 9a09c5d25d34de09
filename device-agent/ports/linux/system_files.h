// Inside the Linux port: reading /sys, /proc and /etc without a heap, below a root that tests may move.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::agent::port {

struct SystemPath {
  char text[512];
};

// Where `file` ("/sys/...") lies, below options().system_root.
SystemPath system_path(const char* file);

// The first line of a file into line [capacity, NUL included]; false when there is none. Control characters
// become blanks.
bool read_system_line(const char* file, char* line, size_t capacity);
bool read_system_number(const char* file, uint64_t* number);

// The number behind `key` in a file of lines such as "MemTotal:  1234 kB".
bool read_system_value(const char* file, const char* key, uint64_t* number);

// The control group (v2) of this process, "/" at least; false when there is none.
bool cgroup_path(char* path, size_t capacity);

// The names in a folder, in the order of the file system.
class SystemFolder {
 public:
  explicit SystemFolder(const char* folder);
  ~SystemFolder();
  SystemFolder(const SystemFolder&) = delete;
  SystemFolder& operator=(const SystemFolder&) = delete;

  // The next name that is `prefix` and a number (which goes to *number), or any name for an empty prefix.
  // Null at the end; valid until the next call.
  const char* next(const char* prefix, unsigned* number);

 private:
  const char* next_entry();

  int descriptor_;
  alignas(8) char entries_[2048];
  long begin_ = 0;
  long end_ = 0;
};

}  // namespace slmrig::agent::port
