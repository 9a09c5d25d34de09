#include "harness/deploy/pyocd_output.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/deploy/last_words.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

struct Complaint {
  std::string_view words;  // as pyOCD says it, any version
  ErrorCode code;
  std::string_view meaning;  // and what to do
};

// The first that fits.
constexpr std::array kComplaints = {
    Complaint{"No connected debug probe", ErrorCode::kLinkLost,
              "no such debug probe is connected; plug it in, or mend \"probe\" in the rig file"},
    Complaint{"No target device available", ErrorCode::kLinkLost,
              "no such debug probe is connected; plug it in, or mend \"probe\" in the rig file"},
    Complaint{"Connection refused", ErrorCode::kLinkLost, "the remote probe's server does not run; start it"},
    Complaint{"not recognized. Use 'pyocd list --targets'", ErrorCode::kBadInput,
              "pyOCD does not know the chip; mend \"target\" in the rig file, or give its \"pack\""},
    Complaint{"no memory region defined for address", ErrorCode::kBadInput,
              "the file has no place in the chip's memory as pyOCD knows it; mend \"target\", \"pack\" or "
              "\"script\" in "
              "the rig file"},
    Complaint{"Failed to add data chunk", ErrorCode::kBadInput,
              "the file has no place in the chip's memory as pyOCD knows it; mend \"target\", \"pack\" or "
              "\"script\" in "
              "the rig file"},
    Complaint{"Access denied", ErrorCode::kIo,
              "this user may not use the probe; a udev rule gives the right (slmrig rig doctor prints it)"},
    Complaint{"Permission denied", ErrorCode::kIo,
              "this user may not use the probe; a udev rule gives the right (slmrig rig doctor prints it)"},
    Complaint{
        "Unable to claim interface", ErrorCode::kLinkLost,
        "another program holds the probe; end it (another pyocd, a debugger), or plug the probe in anew"},
    Complaint{
        "Resource busy", ErrorCode::kLinkLost,
        "another program holds the probe, or it wants to be plugged in anew; end the program, or replug"},
    Complaint{"No such device", ErrorCode::kLinkLost, "the probe was unplugged meanwhile; look at its cable"},
    Complaint{"No cores were discovered", ErrorCode::kLinkLost,
              "the chip's debug port answers, its core does not: it is locked against reading (erase it by "
              "its maker's "
              "tool), or held in reset"},
    Complaint{"No ACK", ErrorCode::kLinkLost,
              "the chip does not answer the probe; look at its power and at the SWD wires, or lower "
              "\"frequency_hz\""},
    Complaint{"WAIT ACK", ErrorCode::kLinkLost,
              "the chip keeps the probe waiting; it may sleep or be locked up: reset it, or lower "
              "\"frequency_hz\""},
    Complaint{"sector timed out", ErrorCode::kLinkLost,
              "the flash algorithm does not end; another chip than \"target\" may be on the bench"},
    Complaint{"page timed out", ErrorCode::kLinkLost,
              "the flash algorithm does not end; another chip than \"target\" may be on the bench"},
    Complaint{"sector failure", ErrorCode::kLinkLost,
              "the flash algorithm failed; the flash may be protected, or another chip be on the bench"},
    Complaint{"page failure", ErrorCode::kLinkLost,
              "the flash algorithm failed; the flash may be protected, or another chip be on the bench"},
    Complaint{
        "Memory transfer fault", ErrorCode::kLinkLost,
        "the chip refuses an access; another chip than \"target\" may be on the bench, or it is locked"},
    Complaint{"cannot read register", ErrorCode::kLinkLost,
              "the core cannot be halted; another chip than \"target\" may be on the bench"},
};

// "0001625 C No ACK received [__main__]" -> "No ACK received"; nothing for warnings and what is no complaint.
std::optional<std::string> complaint_in(std::string_view line) {
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const std::string_view rest = line.substr(digits);
  const bool logged = digits >= 5 && rest.size() > 3 && rest[0] == ' ' && rest[2] == ' ';
  if (logged && (rest[1] == 'C' || rest[1] == 'E')) {
    std::string_view text = rest.substr(3);
    if (const std::size_t module = text.rfind(" ["); module != std::string_view::npos)
      text = text.substr(0, module);
    return std::string(text);
  }
  for (const std::string_view start : {"Error: ", "No connected", "Transfer fault"}) {
    if (line.starts_with(start)) return std::string(line);
  }
  return line.find("Failed to add data chunk") == std::string_view::npos ? std::nullopt
                                                                         : std::optional(std::string(line));
}

std::optional<std::string> first_complaint(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const auto complaint = complaint_in(text.substr(0, end))) return complaint;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

std::string last_words_or_nothing(std::string_view all) {
  const std::string words = last_words(all);
  return words.empty() ? "nothing" : words;
}

Error failure_of(const base::CapturedRun& run) {
  auto said = first_complaint(run.errors);
  if (!said) said = first_complaint(run.output);
  const std::string all = run.errors + run.output;
  for (const Complaint& complaint : kComplaints) {
    if (all.find(complaint.words) == std::string::npos) continue;
    return Error{complaint.code,
                 fmt::format("pyocd: {} (it said: {})", complaint.meaning,
                             said.value_or(std::string(complaint.words))),
                 {}};
  }
  return Error{ErrorCode::kLinkLost,
               fmt::format("pyocd failed ({}); it said: {}", run.exit.text(),
                           said.value_or(last_words_or_nothing(all))),
               {}};
}

bool is_fault(const base::CapturedRun& run) {
  return !run.exit.ok() || first_complaint(run.errors) || first_complaint(run.output);
}

// The number that stands behind `words`; nothing where there is none.
std::optional<uint64_t> number_after(const std::string& text, std::string_view words) {
  const std::size_t at = text.rfind(words);
  if (at == std::string::npos) return std::nullopt;
  uint64_t number = 0;
  const char* begin = text.data() + at + words.size();
  const auto parsed = std::from_chars(begin, text.data() + text.size(), number);
  return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<PyocdLoad> read_load(const base::CapturedRun& run, uint64_t expected_bytes) {
  if (is_fault(run)) return tl::unexpected(failure_of(run));
  const auto programmed = number_after(run.errors, ", programmed ");
  auto skipped = number_after(run.errors, ", identical ");
  if (!skipped) skipped = number_after(run.errors, ", skipped ");  // before 0.40 or so
  if (!programmed || !skipped) {
    return fail(ErrorCode::kLinkLost,
                fmt::format("pyocd ended with {} and did not say what it programmed; it said: {}",
                            run.exit.text(), last_words_or_nothing(run.errors + run.output)));
  }
  if (*programmed + *skipped < expected_bytes) {
    return fail(
        ErrorCode::kLinkLost,
        fmt::format(
            "pyocd programmed {} bytes and found {} equal already, but the file has {}: it was cut off, "
            "or a part has no place in the chip's memory",
            *programmed, *skipped, expected_bytes));
  }
  return PyocdLoad{*programmed, *skipped};
}

Done read_command(const base::CapturedRun& run, const std::vector<std::string>& wanted) {
  if (is_fault(run)) return tl::unexpected(failure_of(run));
  for (const std::string& words : wanted) {
    if (run.output.find(words) != std::string::npos) continue;
    return fail(ErrorCode::kLinkLost,
                fmt::format("pyocd ended with {} without \"{}\"; it said: {}", run.exit.text(), words,
                            last_words_or_nothing(run.errors + run.output)));
  }
  return {};
}

Result<std::vector<PyocdProbe>> read_probes(const base::CapturedRun& run) {
  const nlohmann::json json = nlohmann::json::parse(run.output, nullptr, false);
  const bool sound = run.exit.ok() && json.is_object() && json.contains("status") && json["status"] == 0 &&
                     json.contains("boards") && json["boards"].is_array();
  if (!sound) return tl::unexpected(failure_of(run));
  std::vector<PyocdProbe> probes;
  for (const nlohmann::json& board : json["boards"]) {
    if (!board.is_object() || !board.contains("unique_id") || !board["unique_id"].is_string()) continue;
    PyocdProbe probe;
    probe.serial = board["unique_id"].get<std::string>();
    if (board.contains("info") && board["info"].is_string())
      probe.description = board["info"].get<std::string>();
    probes.push_back(std::move(probe));
  }
  return probes;
}

}  // namespace slmrig::deploy
