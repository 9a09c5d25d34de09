#include "harness/rigsim/ppk2/ppk2_faults.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "harness/base/suggest.h"

namespace slmrig::rigsim {
namespace {

struct Kind {
  const char* name;
  const char* value;  // what it takes; empty: nothing
  bool at_a_sample;
  const char* effect;
};

constexpr std::array<Kind, 18> kKinds = {{
    {"metadata-split", "", false, "the metadata comes in three pieces, 60 ms apart"},
    {"metadata-none", "", false, "requests for metadata are not answered"},
    {"junk", "BYTES", false, "stale samples before the metadata"},
    {"missing", "KEY", false, "the metadata lacks this constant"},
    {"nan", "KEY", false, "this constant reads -nan"},
    {"tail", "MS", false, "the stream goes on for so long after it was stopped"},
    {"deaf", "", false, "the stream is never stopped"},
    {"silent", "", false, "no sample comes"},
    {"rubbish", "", false, "random bytes are streamed"},
    {"clock-ppm", "PPM", false, "the sample clock is so much fast"},
    {"shell", "", false, "the port is the instrument's shell"},
    {"counter-skip", "COUNT", true, "so many samples are lost"},
    {"drop-bytes", "COUNT", true, "so many bytes are lost"},
    {"range", "5..7", true, "one sample has a range that there is none of"},
    {"odd-counter", "", true, "one sample's counter is wrong"},
    {"saturate", "", true, "one sample is at full scale"},
    {"unplug", "", true, "the port goes away"},
    {"replug", "MS", true, "the port goes away, and comes back so much later"},
}};

const Kind* find_kind(const std::string& name) {
  const auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return name == kind.name; });
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> ppk2_fault_names() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

std::string ppk2_fault_help() {
  std::string text;
  for (const Kind& kind : kKinds) {
    const std::string form = fmt::format("{}{}{}{}", kind.name, *kind.value != 0 ? "=" : "", kind.value,
                                         kind.at_a_sample ? "@SAMPLE" : "");
    text += fmt::format("  {:<28}{}\n", form, kind.effect);
  }
  return text;
}

base::Result<Ppk2Fault> parse_ppk2_fault(const std::string& text) {
  const std::size_t at = text.find('@');
  const std::string before = text.substr(0, at);
  const std::size_t equals = before.find('=');
  Ppk2Fault fault;
  fault.kind = before.substr(0, equals);
  if (equals != std::string::npos) fault.value = before.substr(equals + 1);
  const Kind* kind = find_kind(fault.kind);
  if (kind == nullptr) {
    return base::fail(base::ErrorCode::kBadInput,
                      base::unknown_name("fault", fault.kind, ppk2_fault_names()));
  }
  bool good = fault.value.empty() == (*kind->value == 0) && (at == std::string::npos || kind->at_a_sample);
  if (at != std::string::npos) {
    const char* end = text.data() + text.size();
    good &= std::from_chars(text.data() + at + 1, end, fault.at_sample).ptr == end;
  }
  if (good) return fault;
  return base::fail(base::ErrorCode::kBadInput,
                    fmt::format("'{}' is no fault; there are:\n{}", text, ppk2_fault_help()));
}

const Ppk2Fault* Ppk2Faults::find(const std::string& kind) const {
  const auto found = std::find_if(faults_.begin(), faults_.end(),
                                  [&](const Ppk2Fault& fault) { return fault.kind == kind; });
  return found == faults_.end() ? nullptr : &*found;
}

double Ppk2Faults::number(const std::string& kind) const {
  const Ppk2Fault* fault = find(kind);
  double value = 0;
  if (fault != nullptr)
    std::from_chars(fault->value.data(), fault->value.data() + fault->value.size(), value);
  return value;
}

std::vector<std::string> Ppk2Faults::values(const std::string& kind) const {
  std::vector<std::string> values;
  for (const Ppk2Fault& fault : faults_) {
    if (fault.kind == kind) values.push_back(fault.value);
  }
  return values;
}

bool Ppk2Faults::any_due(int64_t sample) const {
  return std::any_of(faults_.begin(), faults_.end(), [&](const Ppk2Fault& fault) {
    return find_kind(fault.kind)->at_a_sample && fault.at_sample <= sample;
  });
}

bool Ppk2Faults::take_due(int64_t sample, Ppk2Fault* due) {
  const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const Ppk2Fault& fault) {
    return find_kind(fault.kind)->at_a_sample && fault.at_sample <= sample;
  });
  if (found == faults_.end()) return false;
  *due = *found;
  faults_.erase(found);
  return true;
}

}  // namespace slmrig::rigsim
