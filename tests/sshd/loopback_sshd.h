// A real OpenSSH server on a port of the loopback interface, for one test: as an ordinary user, with a host
// key and a login key of its own, ended with the object. Nothing of this machine's own ssh is touched.
//
// Where root runs the tests, the server still runs as an ordinary user, which exists for it alone
// (nss_wrapper).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/base/records/rig.h"

namespace slmrig::testing {

class LoopbackSshd {
 public:
  // The error says what to do where it cannot be started.
  static base::Result<std::unique_ptr<LoopbackSshd>> create();
  LoopbackSshd(const LoopbackSshd&) = delete;
  LoopbackSshd& operator=(const LoopbackSshd&) = delete;

  // How to log in: host, port, user, keys, and a folder of the user's that is gone with this object.
  base::SshSpec spec() const;

  // Writable by the user, and by us.
  std::filesystem::path folder() const { return folder_.path() / "home"; }
  // A key that the server does not know.
  std::filesystem::path other_key() const { return folder_.path() / "other_key"; }
  // A known_hosts file that has another key for this server; an empty one.
  std::filesystem::path wrong_known_hosts() const { return folder_.path() / "wrong_known_hosts"; }
  std::filesystem::path empty_known_hosts() const { return folder_.path() / "empty_known_hosts"; }

  // Cuts every connection, as a network that breaks down: the server's processes for them are killed.
  void cut_connections();
  // No server any more.
  void stop();

  std::string log() const;

 private:
  explicit LoopbackSshd(base::TemporaryDirectory folder) : folder_(std::move(folder)) {}
  base::Done make_keys();
  base::Done make_user();
  base::Done start();
  std::vector<std::string> user_command() const;

  base::TemporaryDirectory folder_;
  std::string user_;
  unsigned user_id_ = 0;
  bool as_another_user_ = false;
  int port_ = 0;
  std::unique_ptr<base::ChildProcess> server_;
};

}  // namespace slmrig::testing
