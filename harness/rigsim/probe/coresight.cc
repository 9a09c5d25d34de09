#include "harness/rigsim/probe/coresight.h"

#include <array>

namespace slmrig::rigsim {
namespace {

struct Component {
  uint32_t address;
  uint32_t part;  // as the designer numbers it
  uint32_t revision;
  uint32_t kind;  // component class: 1 ROM table, 0xE generic
};

// Part numbers of a Cortex-M4 (Arm DDI 0439B, table 4-1 and the components' own chapters).
constexpr std::array kComponents = {
    Component{kRomTableAddress, 0x4C4, 0, 0x1},
    Component{kControlSpaceAddress, 0x00C, 0, 0xE},
    Component{kDwtAddress, 0x002, 3, 0xE},
    Component{kFpbAddress, 0x003, 2, 0xE},
};

// Entries: offset of the component from the table, format and presence in the low bits. The last is the end.
constexpr uint32_t entry_for(uint32_t address) { return (address - kRomTableAddress) | 3U; }
constexpr std::array kRomTable = {entry_for(kControlSpaceAddress), entry_for(kDwtAddress),
                                  entry_for(kFpbAddress), 0U};

constexpr uint32_t kFirstIdOffset = 0xFD0;
constexpr uint32_t kPeripheralIds0 = 0xFE0;
constexpr uint32_t kComponentIds = 0xFF0;
constexpr uint32_t kDesigner = 0x3B;   // Arm's code in JEP106
constexpr uint32_t kDesignerBank = 4;  // and its bank
constexpr uint32_t kJedecAssigned = 1U << 19U;

uint32_t id_word(const Component& component, uint32_t offset) {
  const uint32_t index = (offset & 0xFU) / 4;
  const uint32_t peripheral = component.part | kDesigner << 12U | kJedecAssigned | component.revision << 20U;
  const std::array<uint32_t, 4> preamble = {0x0D, component.kind << 4U, 0x05, 0xB1};
  if (offset >= kComponentIds) return preamble[index];
  if (offset >= kPeripheralIds0) return peripheral >> 8U * index & 0xFFU;
  return offset == kFirstIdOffset ? kDesignerBank : 0;
}

}  // namespace

std::optional<uint32_t> coresight_word(uint32_t address) {
  const uint32_t offset = address & 0xFFCU;
  for (const Component& component : kComponents) {
    if ((address & ~0xFFFU) != component.address) continue;
    if (offset >= kFirstIdOffset) return id_word(component, offset);
    if (component.address != kRomTableAddress) return std::nullopt;
    return offset / 4 < kRomTable.size() ? kRomTable[offset / 4] : 0;
  }
  return std::nullopt;
}

}  // namespace slmrig::rigsim
