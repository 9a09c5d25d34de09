// The TCP server of Qoitech's Otii software with one Arc: what the published client asks of it, in its words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/rigsim/line_server.h"
#include "harness/rigsim/tcp_server.h"

namespace slmrig::rigsim {

struct VirtualOtiiOptions {
  int port = 0;            // 0: any
  std::string ready_file;  // is given "127.0.0.1:PORT" once it serves; empty: none
  std::string control;     // socket on which it is told things; empty: none
  double amperes = 0.012;  // what the board draws while it is on
};

// One thread. While it records, GPI1 toggles every 10 ms, beginning high after 10 ms; the current doubles
// while it is high.
class VirtualOtii {
 public:
  static base::Result<std::unique_ptr<VirtualOtii>> start(const VirtualOtiiOptions& options);

  template <typename Ended>
  void run(const Ended& ended) {
    while (!ended()) serve();
  }

  // "fault progress|silent|junk|no-login|no-licence|no-device|none", "refuse COMMAND", "state", "unplug".
  std::string tell(std::string_view line);

 private:
  explicit VirtualOtii(const VirtualOtiiOptions& options);
  void serve();
  std::string hear(std::string* received);
  std::string answer(const nlohmann::json& request);
  // Null: the command is not known.
  nlohmann::json respond(const std::string& command, const nlohmann::json& data);
  nlohmann::json respond_server(const std::string& command) const;
  nlohmann::json respond_device(const std::string& command, const nlohmann::json& data);
  nlohmann::json respond_recording(const std::string& command, const nlohmann::json& data);
  int64_t samples() const;
  nlohmann::json samples_from(int64_t index, int64_t count) const;

  VirtualOtiiOptions options_;
  TcpServer tcp_;
  std::optional<LineServer> control_;
  std::string fault_;
  std::string refused_;
  bool reserved_ = false;
  bool powered_ = false;
  double volts_ = 0;
  double limit_a_ = 0;
  int64_t began_ns_ = 0;  // of the recording; 0: none yet
  int64_t ended_ns_ = 0;  // 0: it runs
};

}  // namespace slmrig::rigsim
