#include "device-agent/ports/linux/system_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "device-agent/ports/linux/process.h"

namespace slmrig::agent::port {
namespace {

// What getdents64 fills in; the C library's readdir would allocate.
struct Entry {
  uint64_t inode;
  int64_t offset;
  unsigned short bytes;
  unsigned char kind;
  char name[1];
};

// Up to capacity - 1 bytes, NUL-terminated; false when the file cannot be read or is empty.
bool read_system_text(const char* file, char* text, size_t capacity) {
  text[0] = '\0';
  const int descriptor = open(system_path(file).text, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const ssize_t count = read(descriptor, text, capacity - 1);
  close(descriptor);
  text[count > 0 ? count : 0] = '\0';
  return count > 0;
}

}  // namespace

SystemPath system_path(const char* file) {
  SystemPath path;
  std::snprintf(path.text, sizeof path.text, "%s%s", options().system_root, file);
  return path;
}

bool read_system_line(const char* file, char* line, size_t capacity) {
  if (!read_system_text(file, line, capacity)) return false;
  line[std::strcspn(line, "\n")] = '\0';
  for (char* c = line; *c != '\0'; ++c) {
    if (static_cast<unsigned char>(*c) < 0x20) *c = ' ';
  }
  return line[0] != '\0';
}

bool read_system_number(const char* file, uint64_t* number) {
  char line[64];
  if (!read_system_line(file, line, sizeof line)) return false;
  char* end = nullptr;
  *number = std::strtoull(line, &end, 10);
  return end != line && line[0] != '-';
}

bool read_system_value(const char* file, const char* key, uint64_t* number) {
  char text[4096];
  if (!read_system_text(file, text, sizeof text)) return false;
  const size_t key_bytes = std::strlen(key);
  for (const char* line = text; line != nullptr; line = std::strchr(line, '\n')) {
    if (*line == '\n') ++line;
    if (std::strncmp(line, key, key_bytes) != 0) continue;
    *number = std::strtoull(line + key_bytes, nullptr, 10);
    return true;
  }
  return false;
}

// "0::/user.slice/...": systems of both kinds list groups of the older one before it.
bool cgroup_path(char* path, size_t capacity) {
  char text[2048];
  if (!read_system_text("/proc/self/cgroup", text, sizeof text)) return false;
  const char* line = std::strncmp(text, "0::", 3) == 0 ? text : std::strstr(text, "\n0::");
  if (line != nullptr) line = std::strchr(line, '/');
  if (line == nullptr) return false;
  const size_t length = std::strcspn(line, "\n");
  if (length >= capacity) return false;
  std::memcpy(path, line, length);
  path[length] = '\0';
  return true;
}

SystemFolder::SystemFolder(const char* folder)
    : descriptor_(open(system_path(folder).text, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

SystemFolder::~SystemFolder() {
  if (descriptor_ >= 0) close(descriptor_);
}

const char* SystemFolder::next_entry() {
  if (descriptor_ < 0) return nullptr;
  if (begin_ == end_) {
    begin_ = 0;
    end_ = syscall(SYS_getdents64, descriptor_, entries_, sizeof entries_);
    if (end_ <= 0) {
      end_ = 0;
      return nullptr;
    }
  }
  const char* entry = entries_ + begin_;
  unsigned short bytes = 0;
  std::memcpy(&bytes, entry + offsetof(Entry, bytes), sizeof bytes);
  begin_ += bytes;
  return entry + offsetof(Entry, name);
}

const char* SystemFolder::next(const char* prefix, unsigned* number) {
  const size_t prefix_bytes = std::strlen(prefix);
  while (const char* name = next_entry()) {
    if (prefix_bytes == 0) {
      if (name[0] != '.') return name;
      continue;
    }
    if (std::strncmp(name, prefix, prefix_bytes) != 0) continue;
    char* end = nullptr;
    const unsigned long value = std::strtoul(name + prefix_bytes, &end, 10);
    if (end == name + prefix_bytes || *end != '\0') continue;
    *number = static_cast<unsigned>(value);
    return name;
  }
  return nullptr;
}

}  // namespace slmrig::agent::port
