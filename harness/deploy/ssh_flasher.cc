// Deployment to a Linux board over ssh. On the board, in one folder:
//
//   agent-<hash>      the agent; those of other builds are removed
//   agent.running     process id and owner of the agent that was started last
//   images/<sha256>   model images, the ones used last: a plan that changes variants sends each of them once
//   slots/slot0.img   a hard link to one of them
//
// Nothing is believed: sha256sum on the board decides what has to be sent and whether it arrived, and the
// agent hashes its slot once more.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/paths.h"
#include "harness/deploy/agent_file.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/ssh_command.h"
#include "harness/deploy/ssh_connection.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int64_t kQuickMs = 30'000;
// Slower than any card or network that is worth waiting for.
constexpr uint64_t kLeastBytesPerMs = 200;

constexpr std::string_view kMark = "slmrig:";
constexpr std::string_view kReady = "slmrig:ready";

// $1 folder, $2 agent, $3 image, $4 owner. Tells what is there; ends an agent of ours that is left over;
// removes other agents, and images but the last few; then stays, to hold the connection.
constexpr std::string_view kPrepareScript =
    "LC_ALL=C; export LC_ALL; umask 077; "
    "mkdir -p -- \"$1/images\" \"$1/slots\" && cd -- \"$1\" || exit 21; "
    "echo \"slmrig:folder=$(pwd -P)\"; echo \"slmrig:machine=$(uname -m)\"; "
    "command -v sha256sum >/dev/null || { echo \"sha256sum is missing: install coreutils or busybox\" >&2; "
    "exit 22; }; "
    "if [ -f agent.running ] && read -r pid owner <agent.running && [ -r \"/proc/$pid/cmdline\" ] && "
    "tr \"\\000\" \"\\n\" <\"/proc/$pid/cmdline\" | grep -qxF -- \"$(pwd -P)/slots\"; then "
    "[ \"$owner\" = \"$4\" ] || { echo \"slmrig:busy=$pid $owner\"; echo slmrig:ready; exec cat >/dev/null; "
    "}; "
    "kill \"$pid\"; n=0; while kill -0 \"$pid\" 2>/dev/null && [ $n -lt 30 ]; do sleep 0.1; n=$((n+1)); "
    "done; "
    "kill -9 \"$pid\" 2>/dev/null; echo \"slmrig:ended=$pid\"; fi; "
    "for f in agent-*; do case \"$f\" in \"$2\"|\"$2.part\"|\"agent-*\") ;; *) rm -f -- \"$f\"; "
    "echo \"slmrig:removed=$f\";; esac; done; "
    "touch -c -- \"images/$3\" \"images/$3.part\"; n=0; "
    "ls -t images | while read -r f; do n=$((n+1)); [ $n -le 4 ] || rm -f -- \"images/$f\"; done; "
    "for f in \"$2\" \"images/$3\"; do "
    "if [ -f \"$f\" ]; then echo \"slmrig:held=$f $(sha256sum <\"$f\")\"; "
    "elif [ -f \"$f.part\" ]; then echo \"slmrig:part=$f $(wc -c <\"$f.part\")\"; fi; done; "
    "df -Pk . | { read -r a; read -r a b c d e; echo \"slmrig:free_kb=$d\"; }; "
    "echo slmrig:ready; exec cat >/dev/null";

// $1 folder, $2 file, $3 its SHA-256, $4 mode, $5 bytes that are there already, $6 bytes in all. What arrived
// before the line was cut stays.
constexpr std::string_view kPushScript =
    "LC_ALL=C; export LC_ALL; umask 077; cd -- \"$1\" || exit 21; "
    "if [ \"$5\" = 0 ]; then cat >\"$2.part\"; else cat >>\"$2.part\"; fi || { rm -f -- \"$2.part\"; exit "
    "24; }; "
    "[ \"$(wc -c <\"$2.part\")\" -ge \"$6\" ] || exit 26; "
    "held=$(sha256sum <\"$2.part\"); "
    "[ \"${held%% *}\" = \"$3\" ] || { rm -f -- \"$2.part\"; echo \"${held%% *}\"; exit 25; }; "
    "chmod -- \"$4\" \"$2.part\" && mv -f -- \"$2.part\" \"$2\"";
constexpr int kExitWrongHash = 25;

// $1 folder, $2 image. A file system without links gets a copy. A note or a half upload would speak of
// another file.
constexpr std::string_view kLayScript =
    "LC_ALL=C; export LC_ALL; umask 077; cd -- \"$1/slots\" || exit 21; rm -f -- slot0.part slot0.note*; "
    "if [ slot0.img -ef \"../images/$2\" ]; then exit 0; fi; rm -f -- slot0.new; "
    "{ ln -- \"../images/$2\" slot0.new 2>/dev/null || cp -- \"../images/$2\" slot0.new; } && "
    "mv -f -- slot0.new slot0.img";

// $1 folder, $2 owner, then the command.
constexpr std::string_view kStartScript =
    "cd -- \"$1\" || exit 21; echo \"$$ $2\" >agent.running; shift 2; exec \"$@\"";

std::string host_name() {
  std::array<char, 256> name = {};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unnamed";
}

// What the board said, by key; keys that come for several files hold the file, too.
std::map<std::string, std::string> told(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> facts;
  for (const std::string& line : lines) {
    const std::size_t equals = line.find('=');
    if (!line.starts_with(kMark) || equals == std::string::npos) continue;
    std::string key = line.substr(kMark.size(), equals - kMark.size());
    std::string value = line.substr(equals + 1);
    if (key == "held" || key == "part") {
      const std::size_t blank = value.find(' ');
      key += " " + value.substr(0, blank);
      value = blank == std::string::npos ? "" : value.substr(blank + 1);
      value = value.substr(0, value.find(' '));
    }
    facts[key] = value;
  }
  return facts;
}

// One file that has to be on the board.
struct Cargo {
  std::string task;  // for messages
  std::string file;  // on the board, in the folder
  std::string sha256;
  std::string mode;
  std::string_view bytes;
  rig::Transfer& transfer;
};

class Deployment {
 public:
  Deployment(const base::Bench& bench, const base::VariantFacts& variant, const Workshop& workshop,
             const rig::UploadProgress& progress)
      : bench_(bench),
        spec_(bench.flasher.ssh),
        variant_(variant),
        workshop_(workshop),
        progress_(progress) {}

  Result<std::unique_ptr<StartedBoard>> run() {
    SLMRIG_TRY(read_files());
    SLMRIG_TRY(connect());
    SLMRIG_TRY(check_machine());
    SLMRIG_TRY(check_room());
    SLMRIG_TRY(bring({"sending the agent", agent_name_, start_.agent.sha256, "700", as_text(agent_),
                      start_.deployment.agent}));
    SLMRIG_TRY(bring({"sending the image", "images/" + variant_.image_sha256, variant_.image_sha256, "600",
                      as_text(image_), start_.deployment.image}));
    SLMRIG_TRY(command("laying the image into the slot", kLayScript, {folder_, variant_.image_sha256}));
    return start();
  }

 private:
  static std::string_view as_text(const std::vector<uint8_t>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  Done read_files() {
    const fs::path file = agent_of(bench_, workshop_);
    SLMRIG_ASSIGN(start_.agent, read_agent_file(file));
    SLMRIG_ASSIGN(agent_, base::read_bytes(file));
    SLMRIG_ASSIGN(image_, base::read_bytes(variant_.image_file));
    agent_name_ = "agent-" + start_.agent.sha256.substr(0, 16);
    return {};
  }

  // A board whose disk reads slowly has to hash agent and image first.
  int64_t patience_ms(uint64_t bytes) const {
    return kQuickMs + static_cast<int64_t>(bytes / kLeastBytesPerMs);
  }

  Done connect() {
    auto connection = SshConnection::open(spec_, kPrepareScript,
                                          {spec_.directory, agent_name_, variant_.image_sha256, owner()},
                                          kReady, patience_ms(agent_.size() + image_.size()));
    if (!connection) return tl::unexpected(connection.error());
    connection_ = std::move(*connection);
    facts_ = told(connection_->first_lines());
    if (facts_.contains("busy")) {
      return fail(
          ErrorCode::kLocked,
          fmt::format("{} is in use: an agent runs there as process {}. Where it is left over, end that "
                      "process on the board",
                      ssh_destination(spec_), facts_["busy"]));
    }
    const bool complete = facts_.contains("folder") && facts_.contains("machine");
    if (!complete) return fail(ErrorCode::kCorrupt, "the board's shell did not say where it is");
    folder_ = facts_["folder"];
    return {};
  }

  // Two hosts, or two benches of one, may name the same board: what another one runs there is not ours to
  // end.
  std::string owner() const { return host_name() + "/" + bench_.name; }

  Done check_machine() {
    if (!bench_.board.runner.empty() || facts_["machine"] == start_.agent.machine) return {};
    return fail(
        ErrorCode::kBadInput,
        fmt::format("the board is a '{}', the agent {} is for '{}'; mend \"board\" or \"agent\" in the "
                    "rig file",
                    facts_["machine"], start_.agent.file, start_.agent.machine));
  }

  bool holds(const std::string& file, const std::string& sha256) {
    const auto held = facts_.find("held " + file);
    return held != facts_.end() && held->second == sha256;
  }

  Done check_room() {
    uint64_t needed_bytes = holds(agent_name_, start_.agent.sha256) ? 0 : agent_.size();
    if (!holds("images/" + variant_.image_sha256, variant_.image_sha256)) needed_bytes += image_.size();
    const uint64_t free_bytes = std::strtoull(facts_["free_kb"].c_str(), nullptr, 10) * 1024;
    if (facts_["free_kb"].empty() || needed_bytes <= free_bytes) return {};
    return fail(
        ErrorCode::kIo,
        fmt::format("the disk of {} has {} bytes left in {}, and agent and image need {}; make room there",
                    ssh_destination(spec_), free_bytes, folder_, needed_bytes));
  }

  Result<base::CapturedRun> command(const std::string& task, std::string_view script,
                                    const std::vector<std::string>& arguments, std::string_view input = {},
                                    const std::function<void(std::size_t)>& fed = {}) {
    auto run = connection_->run(script, arguments, input, patience_ms(2 * input.size()), fed);
    if (!run) return tl::unexpected(base::within(task, run.error()));
    if (!run->exit.ok() && run->exit.code != kExitWrongHash)
      return tl::unexpected(remote_failure(task, run->exit.text(), run->errors));
    return run;
  }

  Done bring(Cargo cargo) {
    cargo.transfer.way = "ssh";
    cargo.transfer.skipped_bytes = cargo.bytes.size();
    if (!holds(cargo.file, cargo.sha256)) SLMRIG_TRY(send(cargo));
    brought_bytes_ += cargo.bytes.size();
    return {};
  }

  Done send(Cargo& cargo) {
    const auto part = facts_.find("part " + cargo.file);
    uint64_t skipped = part == facts_.end() ? 0 : std::strtoull(part->second.c_str(), nullptr, 10);
    if (skipped >= cargo.bytes.size()) skipped = 0;
    const int64_t began_ns = base::monotonic_now_ns();
    SLMRIG_ASSIGN(base::CapturedRun run, push(cargo, skipped));
    // The beginning that was there may have been that of something else.
    if (run.exit.code == kExitWrongHash && skipped != 0) {
      skipped = 0;
      SLMRIG_ASSIGN(run, push(cargo, skipped));
    }
    if (run.exit.code == kExitWrongHash) {
      return fail(ErrorCode::kCorrupt, fmt::format("{}: what arrived has SHA-256 {}, expected {}", cargo.task,
                                                   run.output.substr(0, 64), cargo.sha256));
    }
    cargo.transfer.skipped_bytes = skipped;
    cargo.transfer.written_bytes = cargo.bytes.size() - skipped;
    cargo.transfer.took_ns = base::monotonic_now_ns() - began_ns;
    return {};
  }

  // Agent and image are one load to whoever waits for them.
  Result<base::CapturedRun> push(const Cargo& cargo, uint64_t skipped) {
    const auto fed = [&](std::size_t fed_bytes) {
      if (progress_) progress_(brought_bytes_ + skipped + fed_bytes, agent_.size() + image_.size());
    };
    return command(cargo.task, kPushScript,
                   {folder_, cargo.file, cargo.sha256, cargo.mode, std::to_string(skipped),
                    std::to_string(cargo.bytes.size())},
                   cargo.bytes.substr(skipped), fed);
  }

  Result<std::unique_ptr<StartedBoard>> start() {
    std::vector<std::string> words = {folder_, owner()};
    const auto add = [&](const std::vector<std::string>& more) {
      words.insert(words.end(), more.begin(), more.end());
    };
    add(spec_.agent_prefix);
    add(bench_.board.runner);
    add({folder_ + "/" + agent_name_, "--slots", folder_ + "/slots", "--board", bench_.board.name,
         "--arena-bytes", std::to_string(bench_.board.arena_bytes), "--file-cache", spec_.file_cache});
    if (bench_.board.slot_bytes != 0) add({"--slot-bytes", std::to_string(bench_.board.slot_bytes)});
    if (!bench_.meter.board_pins.empty()) add({"--marker-lines", bench_.meter.board_pins});
    for (const std::string& word : bench_.board.runner) add({"--runner", word});
    start_.bench = bench_;
    start_.via = StartedBoard::Via::kStdio;
    start_.command = connection_->command(kStartScript, words);
    start_.deployment.flasher = "ssh";
    start_.deployment.facts["host"] = ssh_destination(spec_);
    if (!spec_.agent_prefix.empty())
      start_.deployment.facts["agent_prefix"] = base::command_text(spec_.agent_prefix);
    if (!bench_.board.runner.empty())
      start_.deployment.facts["runner"] = base::command_text(bench_.board.runner);
    if (facts_.contains("ended")) start_.deployment.facts["ended_agent"] = "process " + facts_["ended"];
    start_.connection = std::move(connection_);
    return StartedBoard::start(std::move(start_));
  }

  const base::Bench& bench_;
  const base::SshSpec& spec_;
  const base::VariantFacts& variant_;
  const Workshop& workshop_;
  const rig::UploadProgress& progress_;
  StartedBoard::Start start_;
  std::vector<uint8_t> agent_;
  std::vector<uint8_t> image_;
  std::string agent_name_;
  uint64_t brought_bytes_ = 0;  // of agent and image: are on the board now
  std::unique_ptr<SshConnection> connection_;
  std::map<std::string, std::string> facts_;
  std::string folder_;
};

class SshFlasher final : public Flasher {
 public:
  Result<std::unique_ptr<StartedBoard>> flash(const base::Bench& bench, const base::VariantFacts& variant,
                                              const Workshop& workshop,
                                              const rig::UploadProgress& progress) override {
    auto board = Deployment(bench, variant, workshop, progress).run();
    // What StartedBoard says names the bench already.
    const std::string place = "bench " + bench.name;
    if (!board && !board.error().context.starts_with(place))
      return tl::unexpected(base::within(place, board.error()));
    return board;
  }
};

}  // namespace

std::unique_ptr<Flasher> make_ssh_flasher() { return std::make_unique<SshFlasher>(); }

}  // namespace slmrig::deploy
