// The names of KvFormat, for command lines and reports.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "workloads/runtime/runtime.h"

namespace slmrig::forge {

inline const std::map<std::string, runtime::KvFormat>& kv_formats() {
  static const std::map<std::string, runtime::KvFormat> formats = {
      {"f32", runtime::KvFormat::kF32}, {"f16", runtime::KvFormat::kF16}, {"int8", runtime::KvFormat::kInt8}};
  return formats;
}

inline std::string_view to_string(runtime::KvFormat format) {
  for (const auto& [name, value] : kv_formats()) {
    if (value == format) return name;
  }
  return "unknown";
}

}  // namespace slmrig::forge
