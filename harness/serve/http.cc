#include "harness/serve/http.h"

namespace slmrig::serve {

HttpResponse refusal(int status, std::string_view sentence) {
  HttpResponse response;
  response.status = status;
  response.body = std::string(sentence) + "\n";
  return response;
}

}  // namespace slmrig::serve
