#pragma once
// What an OTLP/HTTP request is answered: Status messages in JSON, partial success, and which media
// types and encodings are understood.

#include <string>
#include <string_view>

#include "adapters/otlp/decoded.h"
#include "adapters/otlp/otlp_json.h"

namespace ratchet::otlp {

struct OtlpAnswer {
  int status = 200;
  std::string body;       // JSON
  int retry_after_s = 0;  // with 429 and 503: the Retry-After header
};

// A google.rpc.Status with the code that belongs to the HTTP status.
OtlpAnswer Refuse(int status, std::string_view message);

// 200. What was rejected, or only lost in part (a warning: OTLP's partial success with 0 records).
OtlpAnswer Accepted(Signal signal, const Rejections& rejected);

// "application/json", by any case, with charset utf-8 or none.
bool IsJson(std::string_view content_type);

}  // namespace ratchet::otlp
