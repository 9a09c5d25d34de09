#include "harness/serve/memo.h"

#include <algorithm>

#include "harness/base/sha256.h"

namespace slmrig::serve {

std::shared_ptr<Memo::Entry> Memo::entry_of(const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto& [asked_at, entry] = entries_[key];
  asked_at = ++asked_;
  if (entry == nullptr) entry = std::make_shared<Entry>();
  std::shared_ptr<Entry> found = entry;
  if (entries_.size() > most_) {
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
      return a.second.first < b.second.first;
    }));
  }
  return found;
}

base::Result<std::shared_ptr<const Made>> Memo::get(const std::string& key, const std::string& version,
                                                    int64_t fresh_ms, const Make& make) {
  constexpr int64_t kNsPerMs = 1'000'000;
  const std::shared_ptr<Entry> entry = entry_of(key);
  const std::lock_guard lock(entry->mutex);
  const int64_t now_ns = clock_.monotonic_ns();
  const bool fresh = now_ns - entry->made_at_ns < fresh_ms * kNsPerMs;
  if (entry->made != nullptr && (entry->version == version || fresh)) return entry->made;
  SLMRIG_ASSIGN(std::string body, make());
  auto made = std::make_shared<Made>();
  made->etag = '"' + base::sha256_hex(body).substr(0, 32) + '"';
  made->body = std::move(body);
  entry->version = version;
  entry->made_at_ns = clock_.monotonic_ns();
  entry->made = std::move(made);
  return entry->made;
}

}  // namespace slmrig::serve
