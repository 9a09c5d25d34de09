#include "harness/rig/meters/sysfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/unique_fd.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

ErrorCode code_of(int problem) {
  switch (problem) {
    case ENOENT:
    case ENODEV:
    case ENXIO: return ErrorCode::kLinkLost;
    case EACCES:
    case EPERM: return ErrorCode::kBadInput;
    case ENODATA:
    case EAGAIN:
    case EBUSY:
    case ETIMEDOUT: return ErrorCode::kTimeout;
    default: return ErrorCode::kIo;
  }
}

// Opened each time: a descriptor that was kept would outlive a sensor which was bound anew.
template <typename Number>
Result<Number> read_as(const fs::path& file) {
  constexpr std::size_t kLongest = 64;
  const base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, kLongest> text = {};
  const ssize_t got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (got < 0)
    return fail(code_of(errno), fmt::format("reading {}: {}", file.string(), std::strerror(errno)));
  std::string_view line(text.data(), static_cast<std::size_t>(got));
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  Number value = 0;
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == line.data() + line.size()) return value;
  return fail(ErrorCode::kCorrupt, fmt::format("{} holds no number but '{}'", file.string(), line));
}

// "iio:device10" -> ("iio:device", 10).
std::pair<std::string, long> split_number(const std::string& name) {
  const std::size_t last = name.find_last_not_of("0123456789");
  const std::size_t digits = last == std::string::npos ? 0 : last + 1;
  long number = -1;
  std::from_chars(name.data() + digits, name.data() + name.size(), number);
  return {name.substr(0, digits), number};
}

}  // namespace

Result<int64_t> read_integer(const fs::path& file) { return read_as<int64_t>(file); }
Result<double> read_number(const fs::path& file) { return read_as<double>(file); }

std::string read_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder, problem)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end(), [](const fs::path& a, const fs::path& b) {
    return split_number(a.filename().string()) < split_number(b.filename().string());
  });
  return entries;
}

}  // namespace slmrig::rig
