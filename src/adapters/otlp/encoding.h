#pragma once
// An encoding of OTLP's bodies, as one object: its media type, how a request is
// decoded, and how an answer and an error are written. Whatever else OTLP asks
// for is the same for all of them.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/intake/records.h"

namespace ratchet::otlp {

enum class Signal { kMetrics, kTraces, kLogs };

// What one request may hold; real exporters send some hundreds of records at a
// time.
inline constexpr size_t kGroupsMax = 100'000;   // resources, scopes and metrics
inline constexpr size_t kRecordsMax = 500'000;  // spans, log records and data points
inline constexpr size_t kExceptionsMax = 32;    // a span

// Of an answer with success: what was rejected, and why.
struct PartialSuccess {
  std::uint64_t rejected = 0;
  std::string message;  // may stand alone, as a warning
};

struct Encoding {
  std::string_view media_type;
  // A record of the wrong shape is rejected alone. kInvalidArgument for a body
  // that cannot be read, kResourceExhausted for too many objects. What is
  // unknown is ignored, as OTLP asks.
  Result<intake::Decoded> (*decode)(Signal signal, std::string_view body);
  // The body of a 200: an Export...ServiceResponse. Null: everything was taken.
  std::string (*success)(Signal signal, const PartialSuccess* partial);
  // The body of anything else: a google.rpc.Status.
  std::string (*error)(int rpc_code, std::string_view message);
};

// By the header, any case, with charset utf-8 or none; null when it is no
// encoding of ours.
const Encoding* EncodingOf(std::string_view content_type);
// Those there are, for messages; the first answers who sent none of them.
std::string EncodingNames();
const Encoding& FirstEncoding();

}  // namespace ratchet::otlp
