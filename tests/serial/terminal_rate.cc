// Apart from line_to_board.cc: the kernel's own termios2, which also tells rates that termios has no name for
// (libserialport sets all of them so), cannot stand beside the C library's.
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace slmrig::testing {

int terminal_baud(int terminal) {
  termios2 settings = {};
  if (::syscall(SYS_ioctl, terminal, TCGETS2, &settings) != 0) return 0;
  return static_cast<int>(settings.c_ospeed);
}

}  // namespace slmrig::testing
