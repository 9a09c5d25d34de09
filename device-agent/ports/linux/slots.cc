// Model slots of the native agent: files slot<N>.img in one folder, mapped read-only.
//
// An upload grows slot<N>.part and is renamed when it is complete, so that a mapped image never changes under
// the engine. slots.note0 and slots.note1 keep the core's record; a slot's stamp tells it that somebody
// replaced the file that the record speaks of.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/process.h"

namespace slmrig::agent::port {
namespace {

constexpr uint32_t kSlots = 2;

struct Mapping {
  const uint8_t* data = nullptr;
  size_t size_bytes = 0;
  struct stat seen = {};
};

Mapping g_mapping[kSlots];

// A path in the slots folder; 4096 bytes are the longest path Linux takes.
struct Path {
  char text[4096];
};

Path slot_path(uint32_t slot, const char* ending) {
  Path path;
  std::snprintf(path.text, sizeof path.text, "%s/slot%u%s", options().slots_directory, slot, ending);
  return path;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

void unmap(Mapping& mapping) {
  if (mapping.data != nullptr) munmap(const_cast<uint8_t*>(mapping.data), mapping.size_bytes);
  mapping = Mapping{};
}

Path note_path(uint32_t cell, const char* ending) {
  Path path;
  std::snprintf(path.text, sizeof path.text, "%s/slots.note%u%s", options().slots_directory, cell, ending);
  return path;
}

bool write_all(int file, const uint8_t* data, size_t size_bytes, uint64_t offset_bytes) {
  while (size_bytes != 0) {
    const ssize_t count = pwrite(file, data, size_bytes, static_cast<off_t>(offset_bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data += count;
    size_bytes -= static_cast<size_t>(count);
    offset_bytes += static_cast<uint64_t>(count);
  }
  return true;
}

}  // namespace

bool start_slots() {
  if (mkdir(options().slots_directory, 0755) == 0 || errno == EEXIST) return true;
  std::fprintf(stderr, "slmrig-agent-native: cannot make the slots folder %s: %s\n",
               options().slots_directory, std::strerror(errno));
  return false;
}

int open_slot_file(uint32_t slot) { return open(slot_path(slot, ".img").text, O_RDONLY | O_CLOEXEC); }

void unmap_slots() {
  for (Mapping& mapping : g_mapping) unmap(mapping);
}

uint32_t slot_count() { return kSlots; }
SlotGeometry slot_geometry(uint32_t) { return {options().slot_bytes, true, true}; }

const uint8_t* slot_data(uint32_t slot, uint64_t* size_bytes) {
  *size_bytes = 0;
  if (slot >= kSlots) return nullptr;
  Mapping& mapping = g_mapping[slot];
  const int file = open(slot_path(slot, ".img").text, O_RDONLY | O_CLOEXEC);
  struct stat now = {};
  const bool there = file >= 0 && fstat(file, &now) == 0 && now.st_size > 0;
  if (!there) {
    unmap(mapping);
  } else if (mapping.data == nullptr || !same_file(mapping.seen, now)) {
    const auto wanted = static_cast<size_t>(now.st_size);
    void* data = mmap(nullptr, wanted, PROT_READ, MAP_PRIVATE, file, 0);  // before unmapping: another address
    unmap(mapping);
    if (data != MAP_FAILED) mapping = {static_cast<const uint8_t*>(data), wanted, now};
  }
  if (file >= 0) close(file);
  *size_bytes = mapping.size_bytes;
  return mapping.data;
}

Status slot_erase(uint32_t slot, uint64_t image_bytes) {
  const int file = open(slot_path(slot, ".part").text, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Status::kStorageFault;
  // A disk that is too small says so now and not at the last chunk.
  const bool ok = posix_fallocate(file, 0, static_cast<off_t>(image_bytes)) == 0;
  close(file);
  if (!ok) unlink(slot_path(slot, ".part").text);
  return ok ? Status::kOk : Status::kStorageFault;
}

Status slot_write(uint32_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes) {
  const int file = open(slot_path(slot, ".part").text, O_WRONLY | O_CLOEXEC);
  if (file < 0) return Status::kStorageFault;
  const bool written = write_all(file, data, size_bytes, offset_bytes);
  const bool closed = close(file) == 0;
  return written && closed ? Status::kOk : Status::kStorageFault;
}

Status slot_finish(uint32_t slot, uint64_t image_bytes) {
  const Path part = slot_path(slot, ".part");
  const int file = open(part.text, O_RDWR | O_CLOEXEC);
  if (file < 0) return Status::kStorageFault;
  const bool durable = ftruncate(file, static_cast<off_t>(image_bytes)) == 0 && fsync(file) == 0;
  close(file);
  const bool renamed = durable && rename(part.text, slot_path(slot, ".img").text) == 0;
  return renamed ? Status::kOk : Status::kStorageFault;
}

// Of a finished file: which one, and when it was written. Of one that is being written: only which one.
uint64_t slot_stamp(uint32_t slot) {
  struct stat info = {};
  if (stat(slot_path(slot, ".part").text, &info) == 0) return (static_cast<uint64_t>(info.st_ino) << 1) | 1U;
  if (stat(slot_path(slot, ".img").text, &info) != 0) return 0;
  uint64_t stamp = 0;
  for (const uint64_t part :
       {static_cast<uint64_t>(info.st_ino), static_cast<uint64_t>(info.st_mtim.tv_sec),
        static_cast<uint64_t>(info.st_mtim.tv_nsec), static_cast<uint64_t>(info.st_size)}) {
    stamp = (stamp ^ part) * 0x9E3779B97F4A7C15U;
  }
  return stamp << 1;
}

size_t read_note(uint32_t cell, uint8_t* note, size_t capacity) {
  const int file = open(note_path(cell, "").text, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t count = read(file, note, capacity);
  close(file);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

Status write_note(uint32_t cell, const uint8_t* note, size_t size_bytes) {
  const Path fresh = note_path(cell, ".new");
  const int file = open(fresh.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Status::kStorageFault;
  const bool written = write_all(file, note, size_bytes, 0) && fdatasync(file) == 0;
  const bool closed = close(file) == 0;
  const bool renamed = written && closed && rename(fresh.text, note_path(cell, "").text) == 0;
  return renamed ? Status::kOk : Status::kStorageFault;
}

}  // namespace slmrig::agent::port
