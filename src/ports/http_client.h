#pragma once
// Outgoing HTTP. Thread-safe; every call has a deadline.

#include <map>
#include <string>

#include "core/base/result.h"
#include "core/base/time.h"

namespace ratchet {

// A proxy belongs to calls that leave the site. Reloads, proofs and health checks of components and
// calls to the daemon itself go straight; so does whatever names this machine.
enum class Proxy { kNever, kOfEnvironment };

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::map<std::string, std::string> headers;
  std::string body;
  Duration timeout{10'000};
  size_t answer_bytes_max = 8U << 20;
  Proxy proxy = Proxy::kNever;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Any HTTP status is an answer. Errors: kUnavailable (no connection, broken off), kTimeout,
  // kResourceExhausted (answer too long), kInvalidArgument (the URL).
  virtual Result<HttpAnswer> Send(const HttpRequest& request) = 0;
};

}  // namespace ratchet
