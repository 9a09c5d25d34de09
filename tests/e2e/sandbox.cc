#include "tests/e2e/sandbox.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

namespace slmrig::e2e {
namespace {

namespace fs = std::filesystem;

// Generous: several emulators may share two cores with other tests.
const base::CaptureLimits kLimits = {.timeout_ms = 240'000};

base::TemporaryDirectory make_directory() {
  auto directory = base::TemporaryDirectory::create("e2e");
  if (!directory) FAIL(directory.error().text());
  return std::move(*directory);
}

}  // namespace

std::string Ended::text() const {
  return "exit code " + std::to_string(exit_code) + "\n--- stdout\n" + output + "--- stderr\n" + errors;
}

Sandbox::Sandbox() : directory_(make_directory()) {
  environment["SLMRIG_LOCK_DIR"] = path("locks");
  environment["SLMRIG_ROOT"] = source_root();
}

std::string Sandbox::path(const std::string& name) const { return (directory_.path() / name).string(); }

std::string Sandbox::write(const std::string& name, const std::string& text) const {
  const fs::path file = path(name);
  fs::create_directories(file.parent_path());
  const auto done = base::write_file_atomically(file, text);
  if (!done) FAIL(done.error().text());
  return file.string();
}

Ended Sandbox::run(const std::string& program, std::vector<std::string> arguments) const {
  base::ChildOptions options;
  options.arguments = std::move(arguments);
  options.arguments.insert(options.arguments.begin(), program_path(program));
  options.environment = environment;
  options.working_directory = directory_.path().string();
  const auto run = base::run_captured(options, kLimits);
  if (!run) return {-1, "", run.error().text()};
  return {run->exit.signal == 0 ? run->exit.code : -1, run->output, run->errors};
}

std::vector<std::string> Sandbox::plan_arguments(const std::string& plan,
                                                 std::vector<std::string> more) const {
  std::vector<std::string> arguments = {"run", plan, "--db", database()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Ended Sandbox::run_plan(const std::string& plan, std::vector<std::string> more) const {
  return slmrig(plan_arguments(plan, std::move(more)));
}

base::ChildProcess Sandbox::start_plan(const std::string& plan, std::vector<std::string> more) const {
  base::ChildOptions options;
  options.arguments = plan_arguments(plan, std::move(more));
  options.arguments.insert(options.arguments.begin(), program_path("slmrig"));
  options.environment = environment;
  options.working_directory = directory_.path().string();
  auto child = base::ChildProcess::spawn(options);
  if (!child) FAIL(child.error().text());
  return std::move(*child);
}

nlohmann::json Sandbox::query(const std::string& sql) const {
  const Ended ended = slmrig({"db", "query", "--db", database(), "--json", sql});
  INFO(sql << "\n" << ended.text());
  REQUIRE(ended.exit_code == 0);
  return nlohmann::json::parse(ended.output);
}

int64_t Sandbox::count(const std::string& sql) const {
  const nlohmann::json rows = query(sql);
  REQUIRE(rows.size() == 1);
  return rows[0].begin()->get<int64_t>();
}

bool Sandbox::wait_for_count(const std::string& sql, int64_t wanted, int64_t timeout_ms) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (std::chrono::steady_clock::now() < end) {
    const Ended ended = slmrig({"db", "query", "--db", database(), "--json", sql});
    // The database does not exist before the run begins.
    if (ended.exit_code == 0 && nlohmann::json::parse(ended.output)[0].begin()->get<int64_t>() >= wanted)
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

std::string Sandbox::make_root() {
  const fs::path root = path("root");
  const fs::path source = source_root();
  fs::create_directories(root / "workloads");
  fs::copy(source / "boards", root / "boards", fs::copy_options::recursive);
  fs::copy(source / "workloads" / "plans", root / "workloads" / "plans", fs::copy_options::recursive);
  fs::copy(source / "workloads" / "duty", root / "workloads" / "duty", fs::copy_options::recursive);
  fs::copy(source / "workloads" / "suites", root / "workloads" / "suites", fs::copy_options::recursive);
  fs::create_directory_symlink(source / "workloads" / "models", root / "workloads" / "models");
  fs::create_directory_symlink(SLMRIG_BUILD_DIR, root / "build");
  environment["SLMRIG_ROOT"] = root.string();
  return root.string();
}

std::string program_path(const std::string& program) {
  return (fs::path(SLMRIG_BUILD_DIR) / "bin" / program).string();
}

std::string source_root() { return SLMRIG_SOURCE_DIR; }

std::string read_file(const std::string& path) {
  const auto text = base::read_text(path);
  if (!text) FAIL(text.error().text());
  return *text;
}

}  // namespace slmrig::e2e
