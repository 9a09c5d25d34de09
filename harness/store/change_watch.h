// Whether a database has changed since one last looked: costs microseconds, whatever its size.
//
// Holds a read-only connection of its own, and no transaction. One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "harness/base/error.h"

namespace slmrig::store {

class Database;

class ChangeWatch {
 public:
  explicit ChangeWatch(std::string path);
  ~ChangeWatch();

  // Another text after every commit of another connection, and after the file was replaced by another one;
  // otherwise the same. Errors as of open_reader.
  base::Result<std::string> version();

 private:
  std::string path_;
  std::string file_;  // which file the connection has open
  std::unique_ptr<Database> database_;
};

}  // namespace slmrig::store
