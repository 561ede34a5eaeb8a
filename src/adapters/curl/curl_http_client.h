#pragma once
// HttpClient over libcurl: one easy handle a call, no shared state. Redirects are not followed.

#include "ports/http_client.h"

namespace ratchet {

class CurlHttpClient : public HttpClient {
 public:
  CurlHttpClient();
  Result<HttpAnswer> Send(const HttpRequest& request) override;
};

}  // namespace ratchet
