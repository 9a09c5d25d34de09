// What of HTTP the pages see: a request to read something, and its answer. Plain data.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slmrig::serve {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string path = "/";  // decoded, without the query
  HttpFields query;        // decoded, in the order of the URL
  std::string host;        // header Host; empty: there was none
  std::string authorization;
  std::string if_none_match;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  HttpFields headers;
};

// A sentence for a person or a script; `status` 4xx or 5xx.
HttpResponse refusal(int status, std::string_view sentence);

}  // namespace slmrig::serve
