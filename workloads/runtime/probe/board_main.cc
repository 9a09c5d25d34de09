// The probe on an emulated Cortex-M: prints a line a case, "name hash ticks macs"; or, where an image is
// loaded, whole tokens.
#include "workloads/runtime/kernels/kernels.h"
#include "workloads/runtime/probe/board.h"
#include "workloads/runtime/probe/probe.h"

namespace slmrig::runtime::probe {

void run() {
  if (has_image()) return run_tokens();
  const KernelSet& kernels = best_kernels();
  uint32_t count = 0;
  const Case* all = cases(&count);
  for (uint32_t i = 0; i < count; ++i) {
    all[i].prepare();
    start_ticks();
    all[i].run(kernels);
    const uint32_t taken = ticks();
    Line line;
    line.put(all[i].name);
    line.put(' ');
    line.put_hex(all[i].result());
    line.put(' ');
    line.put_decimal(taken);
    line.put(' ');
    line.put_decimal(all[i].macs);
    print(line);
  }
}

}  // namespace slmrig::runtime::probe
