#include "harness/deploy/ssh_command.h"

#include <array>

#include <fmt/format.h>

#include "harness/deploy/last_words.h"

namespace slmrig::deploy {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kConnectTimeoutS = 10;
constexpr int kAliveIntervalS = 5;
constexpr int kAliveCount = 3;

// In file names, ssh takes a percent sign for the beginning of a token.
std::string option_path(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '%' || c == '"') escaped += c == '%' ? "%" : "\\";
    escaped += c;
  }
  return escaped;
}

struct Meaning {
  std::string_view words;
  ErrorCode code;
  std::string_view text;  // {} is the destination
};

// OpenSSH's own words, which it does not translate. The first that is found counts.
constexpr std::array kMeanings = {
    Meaning{
        "REMOTE HOST IDENTIFICATION HAS CHANGED", ErrorCode::kBadInput,
        "the host key of {} is not the one that is known: another machine answers there, or it was installed "
        "anew. Compare its key with the board's own, then take the old one out with ssh-keygen -R"},
    Meaning{
        "Host key verification failed", ErrorCode::kBadInput,
        "the host key of {} is not known. Compare it with the board's own, and let ssh learn it: log in by "
        "hand once, or name a known_hosts_file in the rig file"},
    Meaning{
        "Permission denied (", ErrorCode::kBadInput,
        "{} refuses the key: append the public key to ~/.ssh/authorized_keys on the board, or name another "
        "identity_file in the rig file (no password is ever asked for)"},
    Meaning{"Too many authentication failures", ErrorCode::kBadInput,
            "{} refused too many keys: name the right identity_file in the rig file"},
    Meaning{"Could not resolve hostname", ErrorCode::kBadInput,
            "the host of {} has no address: mend \"host\" in the rig file, or the name service"},
    Meaning{"no such identity", ErrorCode::kBadInput,
            "the identity_file of {} in the rig file cannot be read"},
    Meaning{"UNPROTECTED PRIVATE KEY FILE", ErrorCode::kBadInput,
            "the identity_file of {} can be read by others, and ssh will not use it: chmod 600"},
    Meaning{"Bad configuration option", ErrorCode::kBadInput, "ssh does not understand its configuration"},
    Meaning{"Unable to negotiate", ErrorCode::kBadInput,
            "{} and this host have no method of encryption in common"},
    Meaning{"Connection refused", ErrorCode::kLinkLost,
            "{} refuses connections: no ssh server listens there; is it still starting?"},
    Meaning{"No route to host", ErrorCode::kLinkLost,
            "{} cannot be reached: is it switched on and in the network?"},
    Meaning{"Network is unreachable", ErrorCode::kLinkLost, "this host has no network that leads to {}"},
    Meaning{"timed out", ErrorCode::kLinkLost, "{} does not answer: is it switched on and in the network?"},
    Meaning{"not responding", ErrorCode::kLinkLost, "{} stopped answering"},
    Meaning{"closed by", ErrorCode::kLinkLost, "{} closed the connection"},
    Meaning{"Connection reset", ErrorCode::kLinkLost, "{} closed the connection"},
    Meaning{"Broken pipe", ErrorCode::kLinkLost, "the connection to {} was lost"},
    Meaning{"read from master failed", ErrorCode::kLinkLost, "the connection to {} was lost"},
};

}  // namespace

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string remote_script(std::string_view script, const std::vector<std::string>& arguments) {
  std::string command = "exec sh -c " + shell_word(script) + " sh";
  for (const std::string& argument : arguments) command += " " + shell_word(argument);
  return command;
}

std::string ssh_destination(const base::SshSpec& spec) {
  const std::string port = spec.port == 0 ? "" : fmt::format(" port {}", spec.port);
  return (spec.user.empty() ? spec.host : spec.user + "@" + spec.host) + port;
}

std::vector<std::string> ssh_command(const base::SshSpec& spec, const std::string& socket, bool is_master,
                                     const std::string& remote_command) {
  std::vector<std::string> command = {"ssh", "-T", "-x", "-a"};
  const auto option = [&](const std::string& text) { command.insert(command.end(), {"-o", text}); };
  option("BatchMode=yes");
  option("ClearAllForwardings=yes");
  option("EscapeChar=none");
  option("ControlPersist=no");
  option(fmt::format("ControlMaster={}", is_master ? "yes" : "no"));
  option("ControlPath=\"" + option_path(socket) + "\"");
  option(fmt::format("ConnectTimeout={}", kConnectTimeoutS));
  option(fmt::format("ServerAliveInterval={}", kAliveIntervalS));
  option(fmt::format("ServerAliveCountMax={}", kAliveCount));
  if (!spec.known_hosts_file.empty())
    option("UserKnownHostsFile=\"" + option_path(spec.known_hosts_file) + "\"");
  if (!spec.identity_file.empty()) {
    option("IdentityFile=\"" + option_path(spec.identity_file) + "\"");
    option("IdentitiesOnly=yes");
  }
  if (spec.port != 0) command.insert(command.end(), {"-p", std::to_string(spec.port)});
  if (!spec.user.empty()) command.insert(command.end(), {"-l", spec.user});
  command.insert(command.end(), {"--", spec.host, remote_command});
  return command;
}

Error ssh_failure(const base::SshSpec& spec, std::string_view words) {
  for (const Meaning& meaning : kMeanings) {
    if (words.find(meaning.words) == std::string_view::npos) continue;
    return {meaning.code,
            fmt::format("{} (ssh said: {})", fmt::format(fmt::runtime(meaning.text), ssh_destination(spec)),
                        last_words(words)),
            {}};
  }
  const std::string said = last_words(words);
  return {ErrorCode::kLinkLost,
          fmt::format("the connection to {} ended: ssh said {}", ssh_destination(spec),
                      said.empty() ? "nothing" : said),
          {}};
}

Error remote_failure(const std::string& task, const std::string& exit_text, std::string_view words) {
  const auto says = [&](std::string_view text) { return words.find(text) != std::string_view::npos; };
  std::string message = fmt::format("{} failed on the board ({})", task, exit_text);
  if (says("No space left") || says("quota exceeded")) {
    message = fmt::format("{}: the board's disk is full; make room there", task);
  } else if (says("Read-only file system")) {
    message = fmt::format(
        "{}: the board's file system is read-only; mount it for writing, or name another "
        "\"directory\" in the rig file",
        task);
  } else if (says("Permission denied") || says("cannot create")) {
    message =
        fmt::format("{}: the user may not write there; name another \"directory\" in the rig file", task);
  }
  const std::string said = last_words(words);
  if (!said.empty()) message += fmt::format(" (it said: {})", said);
  return {ErrorCode::kIo, std::move(message), {}};
}

}  // namespace slmrig::deploy
