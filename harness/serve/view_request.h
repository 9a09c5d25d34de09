// A public view of the database as a URL asks for it: /api/v_cell.csv?variant=int8&limit=100
//
// Names of views and columns are looked up in the database and never become SQL as they came; values are
// bound.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/serve/http.h"
#include "harness/store/sql_query.h"

namespace slmrig::serve {

struct PublicView {
  std::string name;
  std::vector<std::string> columns;
};

// Every view whose name begins with "v_" (harness/store/README.md), in alphabetical order.
base::Result<std::vector<std::string>> public_view_names(const std::string& database);

// kBadInput: there is no such public view; the nearest is named.
base::Result<PublicView> public_view(const std::string& database, const std::string& name);

struct ViewRequest {
  std::string view;
  HttpFields equals;     // column, value: rows where each column has one of its values; "" is NULL
  std::string order_by;  // a column; empty: no order
  bool descending = false;
  std::size_t limit = 1'000;
  std::size_t offset = 0;
};

// From the query of a URL: limit, offset, order (a column, or -column) and columns. kBadInput names the key
// and what there is.
base::Result<ViewRequest> view_request(const PublicView& view, const HttpFields& query);

// The URL's query that asks for what follows the first `rows` rows, with its "?".
std::string next_query(const ViewRequest& request, std::size_t rows);

enum class TableForm { kJson, kCsv };

struct TableText {
  std::string text;
  std::size_t rows = 0;
  bool more = false;  // there are rows after these
};

// At most request.limit rows, and no row that begins after `most_bytes`. kTimeout: `stop` said so.
base::Result<TableText> table_text(const std::string& database, const ViewRequest& request, TableForm form,
                                   std::size_t most_bytes, const std::function<bool()>& stop);

// Percent-encoded, for a part of a URL.
std::string url_encoded(std::string_view text);

}  // namespace slmrig::serve
