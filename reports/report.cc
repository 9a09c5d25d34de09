#include "reports/report.h"

#include <utility>

#include "harness/base/file.h"
#include "reports/json_tables.h"
#include "reports/page_pieces.h"
#include "reports/report_json.h"

namespace slmrig::reports {

std::string render_report(const ReportInput& input) {
  nlohmann::ordered_json data = report_json(input);
  std::string page;
  page += kPageBeforeTitle;
  page += html_escaped(data["title"].get_ref<const std::string&>());
  page += kPageBeforeData;
  page += script_safe_text(in_tables(std::move(data)));
  page += kPageAfterData;
  return page;
}

base::Done write_report(const ReportInput& input, const std::filesystem::path& file) {
  return base::write_file_atomically(file, render_report(input));
}

}  // namespace slmrig::reports
