#include "harness/rigsim/probe/debug_units.h"

#include "harness/rigsim/probe/coresight.h"

namespace slmrig::rigsim {
namespace {

constexpr uint32_t kComparatorOffset = 8;
constexpr std::size_t kCodeComparators = 6;  // the last two of eight compare literals
constexpr uint32_t kFpbCounts = 0x260;       // 6 for code, 2 for literals
constexpr uint32_t kFpbKey = 2;
constexpr uint32_t kDwtControl = 0x40000000;  // 4 comparators

uint32_t page_of(uint32_t address) { return address & ~0xFFFU; }
uint32_t offset_of(uint32_t address) { return address & 0xFFFU; }

}  // namespace

std::optional<uint32_t> DebugUnits::read(uint32_t address) const {
  const uint32_t offset = offset_of(address);
  if (page_of(address) == kDwtAddress) {
    if (offset == 0) return kDwtControl;
    const auto kept = watchpoint_words_.find(offset);
    return kept == watchpoint_words_.end() ? 0 : kept->second;
  }
  if (page_of(address) != kFpbAddress) return std::nullopt;
  if (offset == 0) return kFpbCounts | fpb_control_;
  const uint32_t index = (offset - kComparatorOffset) / 4;
  return offset >= kComparatorOffset && index < comparators_.size() ? comparators_[index] : 0;
}

bool DebugUnits::write(uint32_t address, uint32_t value) {
  const uint32_t offset = offset_of(address);
  if (page_of(address) == kDwtAddress) {
    watchpoint_words_[offset] = value;
    return true;
  }
  if (page_of(address) != kFpbAddress) return false;
  const uint32_t index = (offset - kComparatorOffset) / 4;
  if (offset == 0) {
    if ((value & kFpbKey) != 0) fpb_control_ = value & 1U;
  } else if (offset >= kComparatorOffset && index < comparators_.size()) {
    comparators_[index] = value;
  }
  return true;
}

std::vector<uint32_t> DebugUnits::breakpoints() const {
  std::vector<uint32_t> addresses;
  if (fpb_control_ == 0) return addresses;
  for (std::size_t i = 0; i < kCodeComparators; ++i) {
    const uint32_t comparator = comparators_[i];
    constexpr uint32_t kUpperHalfword = 2;  // of REPLACE, the two highest bits
    if ((comparator & 1U) == 0) continue;
    addresses.push_back((comparator & 0x1FFFFFFCU) | (comparator >> 30U == kUpperHalfword ? 2U : 0U));
  }
  return addresses;
}

}  // namespace slmrig::rigsim
