#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/interrupt.h"
#include "harness/cli/commands.h"
#include "harness/cli/report_page.h"
#include "harness/cli/version.h"
#include "harness/serve/http_server.h"
#include "harness/serve/site.h"

namespace slmrig::cli {
namespace {

constexpr int kDefaultPort = 8021;

struct ServeOptions {
  Places places;
  std::string host = "127.0.0.1";
  int port = kDefaultPort;
  std::string token_file;
};

base::Result<std::optional<std::string>> token_of(const ServeOptions& options,
                                                  const serve::ListenAddress& address) {
  if (!options.token_file.empty()) {
    SLMRIG_ASSIGN(std::string token, serve::read_token(options.token_file));
    return token;
  }
  if (address.loopback) return std::nullopt;
  return base::fail(
      base::ErrorCode::kBadInput,
      fmt::format("others could reach {}: give a token that they must know with --token-file FILE "
                  "(make one: umask 077; openssl rand -hex 24 > FILE), or listen at 127.0.0.1 and reach "
                  "it through ssh -L",
                  address.host),
      "--host " + options.host);
}

base::Result<ExitCode> serve_pages(const ServeOptions& options) {
  const std::string database = options.places.database();
  // What cannot be read now is told now, not to whoever opens the page.
  SLMRIG_TRY(store::open_reader(database));
  SLMRIG_ASSIGN(const serve::ListenAddress address, serve::listen_address(options.host, options.port));
  serve::SiteOptions site_options;
  SLMRIG_ASSIGN(site_options.token, token_of(options, address));
  base::install_interrupt_handler();
  const auto stop = [] { return base::interrupt_flag().load(); };
  site_options.database = database;
  site_options.version = kVersionText;
  site_options.stop = stop;
  site_options.report_page = [database](const std::vector<std::string>& runs) -> base::Result<std::string> {
    ReportQuestion question;
    question.runs = runs;
    SLMRIG_ASSIGN(const ReportRows rows, report_rows(database, question));
    return reports::render_report(rows.input());
  };
  base::SystemClock clock;
  serve::Site site(std::move(site_options), clock);
  SLMRIG_ASSIGN(const std::unique_ptr<serve::HttpServer> server,
                serve::HttpServer::open(address, [&](const auto& request) { return site.answer(request); }));
  fmt::print("{}\n", address.url(server->port()));
  std::fflush(stdout);
  fmt::print(stderr, "slmrig: serving {}, read-only{}; Ctrl-C ends it\n", database,
             options.token_file.empty() ? "" : ", to those with the token");
  SLMRIG_TRY(server->run(stop));
  return ExitCode::kGood;
}

}  // namespace

void add_serve_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand(
      "serve",
      "Shows the database in a browser while it is being written: runs in progress, reports, tables");
  command
      ->add_option("--host", options->host, "Address to listen at; one that others reach needs --token-file")
      ->capture_default_str();
  command->add_option("--port", options->port, "Port; 0: any that is free, which is printed")
      ->check(CLI::Range(0, 65'535))
      ->capture_default_str();
  command->add_option("--token-file", options->token_file, "File whose first line readers must know");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return serve_pages(*options); }; });
}

}  // namespace slmrig::cli
