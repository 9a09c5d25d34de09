#include "tests/sshd/loopback_sshd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/paths.h"
#include "harness/base/unique_fd.h"

namespace slmrig::testing {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFirstUserId = 59100;  // of the range that Debian leaves to ordinary users

tl::unexpected<base::Error> refuse(const std::string& why) {
  return base::fail(base::ErrorCode::kIo, "loopback sshd: " + why);
}

base::Done run(const std::vector<std::string>& command) {
  base::ChildOptions options;
  options.arguments = command;
  SLMRIG_ASSIGN(const base::CapturedRun done, base::run_captured(options));
  if (!done.exit.ok()) return refuse(command.front() + ": " + done.errors);
  return {};
}

void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

std::string first_words(const fs::path& key) {
  std::ifstream stream(key);
  std::string kind;
  std::string text;
  stream >> kind >> text;
  return kind + " " + text;
}

struct Program {
  fs::path file;
  fs::path library_folder;  // of its own libraries; empty: the system's
};

// The system's own, else the copy that ./dev setup keeps for the tests: from where another user can run it.
base::Result<Program> find_sshd(const fs::path& folder) {
  if (fs::exists("/usr/sbin/sshd")) return Program{"/usr/sbin/sshd", {}};
  const fs::path copy = base::find_project_root().value() / "build" / "tools" / "sshd";
  if (!fs::exists(copy / "usr/sbin/sshd")) return refuse("there is no sshd; run ./dev setup");
  const Program program{folder / "sshd", folder / "lib"};
  fs::copy_file(copy / "usr/sbin/sshd", program.file, fs::copy_options::overwrite_existing);
  fs::create_directory(program.library_folder);
  for (const auto& entry : fs::directory_iterator(copy / "usr/lib")) {
    if (!entry.path().filename().string().ends_with("-linux-gnu")) continue;
    fs::copy(entry.path(), program.library_folder,
             fs::copy_options::copy_symlinks | fs::copy_options::overwrite_existing);
  }
  return program;
}

sockaddr_in loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// One that was free a moment ago: sshd takes no port 0.
base::Result<int> free_port() {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!bound) return refuse("no free port");
  return ntohs(address.sin_port);
}

bool answers(int port) {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

base::Result<std::unique_ptr<LoopbackSshd>> LoopbackSshd::create() {
  SLMRIG_ASSIGN(base::TemporaryDirectory folder, base::TemporaryDirectory::create("sshd"));
  std::unique_ptr<LoopbackSshd> server(new LoopbackSshd(std::move(folder)));
  SLMRIG_TRY(server->make_keys());
  SLMRIG_TRY(server->make_user());
  constexpr int kTries = 3;  // somebody else may take the port before we do
  base::Done started = server->start();
  for (int tries = 1; !started && tries < kTries; ++tries) started = server->start();
  if (!started) return tl::unexpected(started.error());
  return server;
}

base::Done LoopbackSshd::make_keys() {
  for (const char* name : {"host_key", "other_host_key", "key", "other_key"}) {
    SLMRIG_TRY(run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder_.path() / name}));
  }
  write(empty_known_hosts(), "");
  return {};
}

base::Done LoopbackSshd::make_user() {
  fs::create_directory(folder());
  fs::copy_file(folder_.path() / "key.pub", folder() / "authorized_keys");
  fs::copy_file(folder_.path() / "host_key", folder() / "host_key");
  as_another_user_ = ::geteuid() == 0;
  user_id_ = ::geteuid();
  if (!as_another_user_) {
    const passwd* self = ::getpwuid(user_id_);
    if (self == nullptr) return refuse("this user has no name");
    user_ = self->pw_name;
    return {};
  }
  user_id_ = kFirstUserId;
  while (::getpwuid(user_id_) != nullptr) ++user_id_;
  user_ = "slmrig-test";
  write(folder_.path() / "passwd",
        fmt::format("{}:x:{}:{}::{}:/bin/sh\n", user_, user_id_, user_id_, folder().string()));
  write(folder_.path() / "group", fmt::format("{}:x:{}:\n", user_, user_id_));
  fs::permissions(folder_.path(), fs::perms::owner_all | fs::perms::others_exec | fs::perms::group_exec);
  for (const char* file : {"passwd", "group"}) fs::permissions(folder_.path() / file, fs::perms(0644));
  return run({"chown", "-R", fmt::format("{0}:{0}", user_id_), folder()});
}

// What turns root into the server's user; the server ends with us also then.
std::vector<std::string> LoopbackSshd::user_command() const {
  if (!as_another_user_) return {};
  return {"setpriv", fmt::format("--reuid={}", user_id_), fmt::format("--regid={}", user_id_),
          "--clear-groups", "--pdeathsig=KILL"};
}

base::Done LoopbackSshd::start() {
  SLMRIG_ASSIGN(const Program program, find_sshd(folder()));
  SLMRIG_ASSIGN(port_, free_port());
  const std::string place = fmt::format("[127.0.0.1]:{} ", port_);
  write(folder_.path() / "known_hosts", place + first_words(folder_.path() / "host_key.pub") + "\n");
  write(wrong_known_hosts(), place + first_words(folder_.path() / "other_host_key.pub") + "\n");
  // In a folder that the user may read.
  const fs::path configuration = folder() / "sshd_config";
  write(configuration,
        fmt::format("ListenAddress 127.0.0.1\nPort {}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n"
                    "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n",
                    port_, (folder() / "host_key").string(), (folder() / "authorized_keys").string()));
  base::ChildOptions options;
  options.streams = base::StandardStreams::kNull;
  if (!program.library_folder.empty()) options.environment["LD_LIBRARY_PATH"] = program.library_folder;
  if (as_another_user_) {
    options.environment["LD_PRELOAD"] = "libnss_wrapper.so";
    options.environment["NSS_WRAPPER_PASSWD"] = folder_.path() / "passwd";
    options.environment["NSS_WRAPPER_GROUP"] = folder_.path() / "group";
  }
  options.arguments = user_command();
  options.arguments.insert(options.arguments.end(),
                           {program.file, "-D", "-f", configuration, "-E", folder() / "log"});
  SLMRIG_ASSIGN(base::ChildProcess server, base::ChildProcess::spawn(options));
  server_ = std::make_unique<base::ChildProcess>(std::move(server));
  constexpr int64_t kPatienceNs = 15'000'000'000;
  const int64_t deadline_ns = base::monotonic_now_ns() + kPatienceNs;
  while (!answers(port_)) {
    const bool lost = server_->poll().has_value() || base::monotonic_now_ns() > deadline_ns;
    if (lost) return refuse("it does not start: " + log());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {};
}

base::SshSpec LoopbackSshd::spec() const {
  base::SshSpec spec;
  spec.host = "127.0.0.1";
  spec.port = port_;
  spec.user = user_;
  spec.identity_file = folder_.path() / "key";
  spec.known_hosts_file = folder_.path() / "known_hosts";
  spec.directory = folder() / "slmrig";
  return spec;
}

// The server has two processes for a connection, one below the other; below them are the user's, which stay.
void LoopbackSshd::cut_connections() {
  const auto kill_below = [](const auto& self, int pid) -> void {
    std::ifstream children(fmt::format("/proc/{}/task/{}/children", pid, pid));
    for (int child = 0; children >> child;) {
      std::string name;
      std::ifstream(fmt::format("/proc/{}/comm", child)) >> name;
      if (name != "sshd") continue;
      self(self, child);
      ::kill(child, SIGKILL);
    }
  };
  kill_below(kill_below, server_->pid());
}

void LoopbackSshd::stop() {
  cut_connections();
  server_->stop();
}

std::string LoopbackSshd::log() const {
  return base::read_text(folder() / "log").value_or("(it said nothing)");
}

}  // namespace slmrig::testing
