#pragma once
// What an OTLP/HTTP request is answered, in the encoding it came in.

#include <string>
#include <string_view>

#include "adapters/otlp/encoding.h"

namespace ratchet::otlp {

struct OtlpAnswer {
  int status = 200;
  std::string body;
  std::string content_type;
  int retry_after_s = 0;  // with 429 and 503: the Retry-After header
};

// A google.rpc.Status with the code that belongs to the HTTP status.
OtlpAnswer Refuse(const Encoding& encoding, int status, std::string_view message);

// 200. What was rejected, or only lost in part (a warning: OTLP's partial
// success with 0 records).
OtlpAnswer Accepted(const Encoding& encoding, Signal signal, const intake::Rejections& rejected);

}  // namespace ratchet::otlp
