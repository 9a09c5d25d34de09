#include "reports/gate_json.h"

#include <algorithm>
#include <vector>

#include "harness/gate/words.h"

namespace slmrig::reports {

using Json = nlohmann::ordered_json;

Json gate_json(const gate::GateReport& report) {
  std::vector<const gate::Row*> rows;
  for (const gate::Row& row : report.rows) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [](const gate::Row* left, const gate::Row* right) {
    if (left->holds_back() != right->holds_back()) return left->holds_back();
    return left->verdict > right->verdict;
  });
  Json list = Json::array();
  for (const gate::Row* row : rows) {
    list.push_back({{"id", row->id},
                    {"name", gate::row_name(*row)},
                    {"verdict", gate::to_string(row->verdict)},
                    {"text", gate::verdict_text(report, *row)},
                    {"tier", base::to_string(row->tier)},
                    {"figure", gate::figure_text(*row)},
                    {"limit", gate::limit_text(report, *row)},
                    {"distance", gate::distance_text(*row, report.budgets.budgets[row->budget].limit)},
                    {"reason", row->reason},
                    {"holds_back", row->holds_back()}});
  }
  return {{"outcome", gate::to_string(report.outcome)},
          {"headline", gate::headline(report)},
          {"file", report.budgets.file},
          {"remarks", gate::remarks(report)},
          {"rows", std::move(list)}};
}

}  // namespace slmrig::reports
