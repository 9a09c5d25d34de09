#include "harness/deploy/ssh_command.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "harness/base/child_process.h"

namespace slmrig::deploy {
namespace {

using base::ErrorCode;

base::SshSpec board() {
  base::SshSpec spec;
  spec.host = "pi.lab";
  spec.user = "bench";
  return spec;
}

// What a login shell makes of a remote command: the words that reach the script, one a line.
std::string words_of(const std::vector<std::string>& arguments) {
  base::ChildOptions options;
  options.arguments = {"sh", "-c", remote_script("printf \"%s\\n\" \"$@\"", arguments)};
  return base::run_captured(options).value().output;
}

bool follows(const std::vector<std::string>& command, const std::string& first, const std::string& second) {
  const std::vector<std::string> pair = {first, second};
  return std::search(command.begin(), command.end(), pair.begin(), pair.end()) != command.end();
}

}  // namespace

TEST_CASE("no argument becomes a command on the board, whatever it holds") {
  CHECK(words_of({"plain", "", "two words"}) == "plain\n\ntwo words\n");
  CHECK(words_of({"'; touch /tmp/x; '", "$(id)", "`id`", "a\\b", "\"q\"", "*", "~"}) ==
        "'; touch /tmp/x; '\n$(id)\n`id`\na\\b\n\"q\"\n*\n~\n");
  CHECK(words_of({"-n", "it's"}) == "-n\nit's\n");
}

TEST_CASE("ssh never asks, and takes the rig file's host, user, port and keys for nothing else") {
  base::SshSpec spec = board();
  const auto plain = ssh_command(spec, "/tmp/s", false, "true");
  CHECK(plain.front() == "ssh");
  CHECK(follows(plain, "-o", "BatchMode=yes"));
  CHECK(follows(plain, "-o", "ControlMaster=no"));
  CHECK(follows(plain, "-o", "ControlPath=\"/tmp/s\""));
  CHECK(follows(plain, "-l", "bench"));
  CHECK(std::vector<std::string>(plain.end() - 3, plain.end()) ==
        std::vector<std::string>{"--", "pi.lab", "true"});
  CHECK(std::find(plain.begin(), plain.end(), "-p") == plain.end());  // ssh's configuration decides
  for (const std::string& word : plain) CHECK_THAT(word, !Catch::Contains("StrictHostKeyChecking"));
  spec.port = 2222;
  spec.identity_file = "/keys/50% \"of\" lab";
  spec.known_hosts_file = "/keys/hosts";
  const auto full = ssh_command(spec, "/tmp/s", true, "true");
  CHECK(follows(full, "-p", "2222"));
  CHECK(follows(full, "-o", "IdentityFile=\"/keys/50%% \\\"of\\\" lab\""));
  CHECK(follows(full, "-o", "IdentitiesOnly=yes"));
  CHECK(follows(full, "-o", "UserKnownHostsFile=\"/keys/hosts\""));
  CHECK(follows(full, "-o", "ControlMaster=yes"));
}

// Words as OpenSSH 9.2 wrote them.
TEST_CASE("each failure of ssh is told apart, with what to do about it") {
  const auto failure = [](std::string_view words) { return ssh_failure(board(), words); };
  const auto refused = failure("ssh: connect to host pi.lab port 22: Connection refused\r\n");
  CHECK(refused.code == ErrorCode::kLinkLost);
  CHECK(
      refused.message ==
      "bench@pi.lab refuses connections: no ssh server listens there; is it still starting? (ssh said: ssh: "
      "connect to host pi.lab port 22: Connection refused)");
  const auto changed = failure(
      "@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@\nHost key verification "
      "failed.\n");
  CHECK(changed.code == ErrorCode::kBadInput);
  CHECK_THAT(changed.message,
             Catch::Contains("another machine answers there") && Catch::Contains("ssh-keygen -R"));
  const auto unknown = failure(
      "No ED25519 host key is known for pi.lab and you have requested strict checking.\r\n"
      "Host key verification failed.\r\n");
  CHECK(unknown.code == ErrorCode::kBadInput);
  CHECK_THAT(unknown.message,
             Catch::Contains("is not known. Compare it") && Catch::Contains("known_hosts_file"));
  const auto key = failure("bench@pi.lab: Permission denied (publickey,password).\r\n");
  CHECK(key.code == ErrorCode::kBadInput);
  CHECK_THAT(key.message,
             Catch::Contains("bench@pi.lab refuses the key") && Catch::Contains("authorized_keys"));
  CHECK(failure("ssh: Could not resolve hostname pi.lab: Name or service not known").code ==
        ErrorCode::kBadInput);
  CHECK(failure("ssh: connect to host pi.lab port 22: No route to host").code == ErrorCode::kLinkLost);
  CHECK(failure("ssh: connect to host pi.lab port 22: Connection timed out").code == ErrorCode::kLinkLost);
  CHECK(failure("Timeout, server pi.lab not responding.").code == ErrorCode::kLinkLost);
  CHECK(failure("Connection to pi.lab closed by remote host.").code == ErrorCode::kLinkLost);
  CHECK(failure("mux_client_request_session: read from master failed: Broken pipe").code ==
        ErrorCode::kLinkLost);
  CHECK(failure("").message == "the connection to bench@pi.lab ended: ssh said nothing");
}

TEST_CASE("a command that fails on the board says what to do there") {
  const auto failure = [](std::string_view words) {
    return remote_failure("sending the image", "exit status 24", words).message;
  };
  CHECK(failure("cat: write error: No space left on device\n") ==
        "sending the image: the board's disk is full; make room there (it said: cat: write error: No space "
        "left on "
        "device)");
  CHECK_THAT(failure("sh: 1: cannot create x: Read-only file system"), Catch::Contains("is read-only"));
  CHECK_THAT(failure("mkdir: cannot create directory '/x': Permission denied"),
             Catch::Contains("may not write"));
  CHECK(failure("") == "sending the image failed on the board (exit status 24)");
}

}  // namespace slmrig::deploy
