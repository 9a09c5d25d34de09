// What a cold start finds in memory: the kernel keeps the pages of an image for the next life of the agent,
// so that a restart would read nothing from the disk. Before each one they are therefore dropped, and what
// became of them is told to the next life.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/process.h"

namespace slmrig::agent::port {
namespace {

constexpr char kNoteVariable[] = "SLMRIG_FILE_CACHE";
constexpr size_t kPagesAtOnce = 4096;

char g_note[96] = "";

struct Pages {
  size_t resident = 0;
  size_t all = 0;
};

// How many pages of a file are in memory.
void count_pages(int file, size_t size_bytes, Pages* pages) {
  const auto page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* mapping = mmap(nullptr, size_bytes, PROT_READ, MAP_SHARED, file, 0);
  if (mapping == MAP_FAILED) return;
  unsigned char here[kPagesAtOnce];
  const size_t count = (size_bytes + page_bytes - 1) / page_bytes;
  for (size_t first = 0; first < count; first += sizeof here) {
    const size_t piece = count - first < sizeof here ? count - first : sizeof here;
    if (mincore(static_cast<uint8_t*>(mapping) + first * page_bytes, piece * page_bytes, here) != 0) break;
    for (size_t i = 0; i < piece; ++i) pages->resident += here[i] & 1U;
    pages->all += piece;
  }
  munmap(mapping, size_bytes);
}

// Clean pages that nobody has mapped go; so they are written first.
void drop_images(Pages* left) {
  for (uint32_t slot = 0; slot < slot_count(); ++slot) {
    const int file = open_slot_file(slot);
    if (file < 0) continue;
    struct stat info = {};
    if (fstat(file, &info) == 0 && info.st_size > 0) {
      fdatasync(file);
      posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
      count_pages(file, static_cast<size_t>(info.st_size), left);
    }
    close(file);
  }
}

// Of the whole system: for root alone.
bool drop_everything() {
  const int file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  sync();
  const bool dropped = write(file, "1", 1) == 1;
  close(file);
  return dropped;
}

}  // namespace

void drop_file_cache() {
  char note[sizeof g_note];
  if (options().file_cache == FileCache::kKeep) {
    std::snprintf(note, sizeof note, "kept");
  } else {
    unmap_slots();
    const bool everything = options().file_cache == FileCache::kDropAll && drop_everything();
    Pages left;
    drop_images(&left);
    const char* how = everything                                    ? "everything was dropped"
                      : options().file_cache == FileCache::kDropAll ? "image dropped, the rest refused"
                                                                    : "image dropped";
    std::snprintf(note, sizeof note, "%s; %zu of %zu pages stayed", how, left.resident, left.all);
  }
  setenv(kNoteVariable, note, 1);
}

void take_file_cache_note() {
  const char* note = std::getenv(kNoteVariable);
  std::snprintf(g_note, sizeof g_note, "%s", note != nullptr ? note : "as the start met it");
  unsetenv(kNoteVariable);
}

const char* file_cache_note() { return g_note; }

}  // namespace slmrig::agent::port
