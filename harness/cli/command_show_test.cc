// Every cell of the sample run can be shown: with and without fallback answers, profile, energy.
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/cli/commands.h"
#include "harness/store/queries.h"
#include "harness/store/sample_data.h"

namespace slmrig::cli {
namespace {

// What commands print goes nowhere while this lives.
class Silence {
 public:
  Silence() : kept_(dup(STDOUT_FILENO)), nowhere_(open("/dev/null", O_WRONLY | O_CLOEXEC)) {
    std::fflush(stdout);
    dup2(nowhere_, STDOUT_FILENO);
  }
  ~Silence() {
    std::fflush(stdout);
    dup2(kept_, STDOUT_FILENO);
    close(kept_);
    close(nowhere_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  int kept_;
  int nowhere_;
};

ExitCode run_command(const std::vector<std::string>& arguments) {
  CLI::App app;
  Action action;
  add_show_command(app, action);
  // CLI11 takes them last first.
  app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  return action().value();
}

TEST_CASE("Every cell of a run can be shown") {
  const auto folder = base::TemporaryDirectory::create("show-test").value();
  const std::string file = folder.path() / "sample.db";
  auto store = store::open_store(file).value();
  const std::string run_id = store::fill_with_sample_run(*store).value();
  const auto cells = store::open_reader(file).value().cells(run_id).value();
  const Silence silence;
  CHECK(run_command({"show", run_id, "--db", file}) == ExitCode::kGood);
  for (const store::CellRow& cell : cells) {
    CHECK(run_command({"show", cell.cell_id, "--db", file}) == ExitCode::kGood);
  }
}

}  // namespace
}  // namespace slmrig::cli
