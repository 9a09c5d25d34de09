// The TCP server of Qoitech's Otii software: JSON objects, one a line, a request and its response in turn.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/rig/link.h"

namespace slmrig::rig {

// One thread.
class OtiiClient {
 public:
  // host:port; waits for the server's greeting. kCorrupt where what answers is no such server.
  static base::Result<OtiiClient> connect(const std::string& address);

  // The response's data; progress that comes before it is passed over. kDeviceFault: the server refused,
  // kUnsupported: for want of a licence, kTimeout, kCorrupt, kLinkLost.
  base::Result<nlohmann::json> request(const std::string& command, const nlohmann::json& data = {});

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
};

// Fields of what a server sent, of the kind that they must have.
base::Result<double> otii_number(const nlohmann::json& object, const char* key);
base::Result<std::string> otii_text(const nlohmann::json& object, const char* key);

}  // namespace slmrig::rig
