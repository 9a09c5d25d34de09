// What end-to-end tests share: a folder of their own, the real programs as child processes, and questions to
// the database as a user would ask them.
//
// Each Sandbox has its own folder for locks and results, so that tests can run at the same time. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/child_process.h"
#include "harness/base/file.h"

namespace slmrig::e2e {

struct Ended {
  int exit_code = -1;  // -1: killed by a signal, or the time limit passed
  std::string output;
  std::string errors;

  std::string text() const;  // everything, for INFO
};

class Sandbox {
 public:
  Sandbox();

  // Absolute path of a name in this test's folder.
  std::string path(const std::string& name) const;
  std::string write(const std::string& name, const std::string& text) const;
  std::string database() const { return path("slmrig.db"); }

  // A program of build/bin with these arguments, run in this test's folder to its end.
  Ended run(const std::string& program, std::vector<std::string> arguments) const;
  Ended slmrig(std::vector<std::string> arguments) const { return run("slmrig", std::move(arguments)); }

  // `slmrig run PLAN` on this test's database.
  Ended run_plan(const std::string& plan, std::vector<std::string> more = {}) const;
  base::ChildProcess start_plan(const std::string& plan, std::vector<std::string> more = {}) const;

  // The rows of a statement, by `slmrig db query --json`.
  nlohmann::json query(const std::string& sql) const;
  int64_t count(const std::string& sql) const;

  // Waits until `sql` counts at least `wanted`; false after the limit.
  bool wait_for_count(const std::string& sql, int64_t wanted, int64_t timeout_ms) const;

  // A project root in this test's folder with the real boards and workloads in it, for tests that change
  // some of them. Programs use it from now on.
  std::string make_root();

  // The environment of programs started from now on.
  std::map<std::string, std::string> environment;

 private:
  std::vector<std::string> plan_arguments(const std::string& plan, std::vector<std::string> more) const;

  base::TemporaryDirectory directory_;
};

// Where the build put a program.
std::string program_path(const std::string& program);

// The tree that the programs were built from.
std::string source_root();

std::string read_file(const std::string& path);

}  // namespace slmrig::e2e
