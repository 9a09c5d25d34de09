// slmrig rig init and slmrig rig doctor: what this host has plugged in, and whether it can be used.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/campaign/host_facts.h"
#include "harness/cli/commands.h"
#include "harness/cli/rig_draft.h"
#include "harness/deploy/pyocd_tool.h"
#include "harness/rig/doctor.h"
#include "harness/rig/known_devices.h"

namespace slmrig::cli {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using rig::Diagnosis;
using rig::Health;

struct InitOptions {
  std::string file = "rig.json";
  std::string board;
  std::string sysfs;
};

struct DoctorOptions {
  Places places;
  std::string sysfs;
};

rig::HostRoots roots_of(const std::string& folder) {
  if (folder.empty()) return {};
  const std::filesystem::path root = folder;
  return {root / "sys", root / "dev", root / "proc"};
}

// pyOCD knows probes that no list of vendors has.
void add_probes_of_pyocd(FoundHardware& found) {
  const auto tool = deploy::PyocdTool::find({});
  if (!tool) return;
  const auto probes = tool->probes();
  if (!probes) {
    fmt::print(stderr, "pyocd cannot list its probes: {}\n", probes.error().text());
    return;
  }
  for (const deploy::PyocdProbe& probe : *probes) {
    const bool known = std::any_of(found.probes.begin(), found.probes.end(),
                                   [&](const FoundProbe& one) { return one.serial == probe.serial; });
    if (!known) found.probes.push_back({probe.serial, probe.description});
  }
}

FoundHardware look_around(const rig::HostRoots& roots) {
  FoundHardware found;
  found.ports = rig::serial_ports(roots);
  for (const rig::UsbDevice& device : rig::usb_devices(roots)) {
    const rig::KnownDevice known = rig::known_device(device);
    if (known.role == rig::DeviceRole::kProbe) found.probes.push_back({device.serial, known.name});
    if (known.role == rig::DeviceRole::kMeter) found.meters.push_back(device);
  }
  found.sensors = rig::find_meters(roots);
  return found;
}

Result<ExitCode> init_rig(const InitOptions& options) {
  std::error_code ignored;
  if (options.file != "-" && std::filesystem::exists(options.file, ignored)) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format(
            "{} is there already, and is not overwritten; name another with -o, or - for the terminal",
            options.file));
  }
  FoundHardware found = look_around(roots_of(options.sysfs));
  if (options.sysfs.empty()) add_probes_of_pyocd(found);
  std::array<char, 256> host = {};
  ::gethostname(host.data(), host.size() - 1);
  const std::string text = draft_rig(found, host.data(), options.board);
  if (options.file == "-") {
    std::fputs(text.c_str(), stdout);
    return ExitCode::kGood;
  }
  SLMRIG_TRY(base::write_file_atomically(options.file, text));
  fmt::print("{}: {} probes, {} serial ports, {} meters\n", options.file, found.probes.size(),
             found.ports.size(), std::max(found.meters.size(), found.sensors.size()));
  fmt::print("Next: {}slmrig rig check --rig {}\n",
             text.find(kFillIn) == std::string::npos ? "" : "replace each FILL-IN, then ", options.file);
  return ExitCode::kGood;
}

Diagnosis examine_program(const std::string& program, const char* use, const char* remedy) {
  const std::string version = campaign::program_version(program);
  if (!version.empty()) return {Health::kGood, program, version, ""};
  return {Health::kDoubtful, program, fmt::format("is not there: no {}", use), remedy};
}

// Debian's packages of pyOCD all say that they are 0.13.1.
Diagnosis examine_pyocd() {
  const auto tool = deploy::PyocdTool::find({});
  if (tool) return {Health::kGood, "pyocd", tool->version(), ""};
  return {Health::kDoubtful, "pyocd", tool.error().message, ""};
}

Result<ExitCode> examine(const DoctorOptions& options) {
  const rig::HostRoots roots = roots_of(options.sysfs);
  std::vector<Diagnosis> all = rig::examine_devices(roots);
  for (Diagnosis& one : rig::examine_sensors(roots)) all.push_back(std::move(one));
  all.push_back(examine_program("sigrok-cli", "instruments that only libsigrok knows", "./dev setup"));
  for (Diagnosis& one : rig::examine_services(roots)) all.push_back(std::move(one));
  all.push_back(examine_program("qemu-system-arm", "emulated boards", "./dev setup"));
  all.push_back(examine_pyocd());
  all.push_back(rig::examine_disk(options.places.output()));
  all.push_back(rig::examine_clock());
  int bad = 0;
  for (const Diagnosis& one : all) {
    const char* mark = one.health == Health::kGood       ? "good "
                       : one.health == Health::kDoubtful ? "doubt"
                                                         : "BAD  ";
    fmt::print("{} {}: {}\n", mark, one.subject, one.found);
    std::string line;
    for (const char c : one.remedy + (one.remedy.empty() ? "" : "\n")) {
      if (c != '\n') {
        line += c;
        continue;
      }
      fmt::print("        {}\n", line);
      line.clear();
    }
    bad += one.health == Health::kBad ? 1 : 0;
  }
  if (bad == 0) return ExitCode::kGood;
  fmt::print("{} of {} must be mended before every bench can be used\n", bad, all.size());
  return ExitCode::kUndecided;
}

}  // namespace

void add_rig_init_command(CLI::App& rig, Action& action) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command =
      rig.add_subcommand("init", "Writes a rig file from the probes, ports and meters plugged in");
  command->add_option("-o,--output", options->file, "The file to write; - for the terminal")
      ->capture_default_str();
  command->add_option("--board", options->board, "The board that is behind each of them");
  command->add_option("--host-root", options->sysfs,
                      "Folder with sys/, dev/ and proc/ to look into, instead of /");
  command->callback([&action, options] { action = [options] { return init_rig(*options); }; });
}

void add_rig_doctor_command(CLI::App& rig, Action& action) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command =
      rig.add_subcommand("doctor", "Looks for what keeps this host from using its hardware; changes nothing");
  command->add_option("--host-root", options->sysfs,
                      "Folder with sys/, dev/ and proc/ to look into, instead of /");
  add_output_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return examine(*options); }; });
}

}  // namespace slmrig::cli
