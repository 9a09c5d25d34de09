// The pages: which address shows what. Knows nothing of sockets; everything is read from the database at the
// moment it is asked for, and nothing is ever written.
//
//   /                     the overview: the run in progress, newest results, runs
//   /live.js /live.css    what the overview is made of
//   /report               the report page; ?run=RUN, repeatable, as `slmrig report --run`
//   /api                  the public views and their columns, as JSON
//   /api/live.json        what the overview shows
//   /api/VIEW.json, .csv  rows of a public view (view_request.h); run=RUN takes a selector, too
//   /metrics              for Prometheus
//   /health               whether the database can be read; needs no token
//
// Safe from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/serve/access.h"
#include "harness/serve/http.h"
#include "harness/serve/memo.h"
#include "harness/serve/view_request.h"
#include "harness/store/change_watch.h"
#include "harness/store/queries.h"

namespace slmrig::serve {

// Makes the report page of these runs (selectors; none: the default of `slmrig report`).
using ReportPage = std::function<base::Result<std::string>(const std::vector<std::string>& runs)>;

struct SiteOptions {
  std::string database;
  std::string version;               // of slmrig
  std::optional<std::string> token;  // demanded for everything but /health; absent: loopback names alone
  ReportPage report_page;
  std::function<bool()> stop = {};  // ends queries that take long
};

class Site {
 public:
  Site(SiteOptions options, base::Clock& clock);

  HttpResponse answer(const HttpRequest& request);

 private:
  HttpResponse route(const HttpRequest& request, std::string& page);
  HttpResponse report(const HttpRequest& request);
  HttpResponse live(const HttpRequest& request);
  HttpResponse metrics(const HttpRequest& request);
  HttpResponse views();
  HttpResponse table(const HttpRequest& request, std::string_view name, TableForm form);
  HttpResponse health();

  base::Result<std::string> version();
  base::Result<std::string> live_text();
  base::Result<std::string> metrics_text();
  base::Result<HttpResponse> table_answer(const HttpRequest& request, const PublicView& view, TableForm form);
  // `made`, or 304 where the reader has it.
  HttpResponse made_answer(const HttpRequest& request, std::string content_type,
                           const base::Result<std::shared_ptr<const Made>>& made);

  SiteOptions options_;
  base::Clock& clock_;
  AccessRule access_;
  Memo memo_;
  std::mutex watch_mutex_;
  store::ChangeWatch watch_;
  std::mutex report_mutex_;  // one report at a time: each may take much memory
  std::counting_semaphore<> tables_at_once_;
  std::mutex requests_mutex_;
  std::map<std::string, uint64_t> requests_;  // by page
};

}  // namespace slmrig::serve
