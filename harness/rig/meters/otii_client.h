// The TCP server of Qoitech's Otii software: JSON objects, one a line, a request and its response in turn.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/rig/link.h"

namespace slmrig::rig {

inline constexpr int64_t kOtiiAnswerMs = 5000;

// One thread.
class OtiiClient {
 public:
  // host:port; waits for the server's greeting. kCorrupt where what answers is no such server.
  static base::Result<OtiiClient> connect(const std::string& address);

  // How long an answer may take. Whoever let one pass is given a little of that until it answers again: there
  // may be many questions still, and a run that waits.
  void set_patience(int64_t answer_ms) { answer_ms_ = answer_ms; }

  // The response's data; progress that comes before it is passed over. `extra_ms` is what the command itself
  // takes. kDeviceFault: the server refused, kUnsupported: for want of a licence, kTimeout, kCorrupt,
  // kLinkLost.
  base::Result<nlohmann::json> request(const std::string& command, const nlohmann::json& data = {},
                                       int64_t extra_ms = 0);

  const std::string& server() const { return server_; }

 private:
  OtiiClient(std::unique_ptr<Link> link, std::string address)
      : link_(std::move(link)), address_(std::move(address)) {}
  base::Result<nlohmann::json> receive(int64_t deadline_ns);

  std::unique_ptr<Link> link_;
  std::string address_;
  std::string server_;  // "Otii 3.2.1"
  std::string received_;
  int64_t next_id_ = 1;
  int64_t answer_ms_ = kOtiiAnswerMs;
  bool is_late_ = false;  // the last answer did not come in time
};

// Fields of what a server sent, of the kind that they must have.
base::Result<double> otii_number(const nlohmann::json& object, const char* key);
base::Result<std::string> otii_text(const nlohmann::json& object, const char* key);

}  // namespace slmrig::rig
