// Bodies that were made before, so that many readers cost what one does.
//
// Safe from any thread. Who asks for what is being made waits for it; different keys are made at the same
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace slmrig::serve {

struct Made {
  std::string body;
  std::string etag;  // of the body, with quotes
};

class Memo {
 public:
  // Keeps the `most` keys that were asked for last.
  Memo(std::size_t most, base::Clock& clock) : most_(most), clock_(clock) {}

  using Make = std::function<base::Result<std::string>()>;

  // What was made of this version, or less than `fresh_ms` ago; otherwise made now. An error is not kept.
  base::Result<std::shared_ptr<const Made>> get(const std::string& key, const std::string& version,
                                                int64_t fresh_ms, const Make& make);

 private:
  struct Entry {
    std::mutex mutex;  // held while it is made
    std::string version;
    int64_t made_at_ns = 0;
    std::shared_ptr<const Made> made;
  };

  std::shared_ptr<Entry> entry_of(const std::string& key);

  std::size_t most_;
  base::Clock& clock_;
  std::mutex mutex_;
  uint64_t asked_ = 0;
  std::map<std::string, std::pair<uint64_t, std::shared_ptr<Entry>>>
      entries_;  // with when they were asked for
};

}  // namespace slmrig::serve
