#include "harness/store/change_watch.h"

#include <sys/stat.h>

#include <utility>

#include <fmt/format.h>

#include "harness/store/internal/database.h"
#include "harness/store/internal/open_for_reading.h"

namespace slmrig::store {
namespace {

// Empty: there is none.
std::string file_at(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return fmt::format("{}.{}", status.st_dev, status.st_ino);
}

}  // namespace

ChangeWatch::ChangeWatch(std::string path) : path_(std::move(path)) {}
ChangeWatch::~ChangeWatch() = default;

base::Result<std::string> ChangeWatch::version() {
  const std::string file = file_at(path_);
  if (database_ == nullptr || file != file_) {
    database_.reset();
    SLMRIG_ASSIGN(database_, open_for_reading(path_));
    file_ = file;
  }
  base::Result<int64_t> version = database_->pragma_int64("data_version");
  if (!version) {
    database_.reset();
    return tl::unexpected(version.error());
  }
  return fmt::format("{}.{}", file_, *version);
}

}  // namespace slmrig::store
