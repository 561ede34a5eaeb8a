#include "adapters/otlp/otlp_receiver.h"

#include <fmt/format.h>

#include "adapters/otlp/gzip.h"
#include "core/base/text.h"
#include "core/intake/point_checks.h"

namespace ratchet::otlp {
namespace {

int StatusOf(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return 415;
  return error.code == ErrorCode::kResourceExhausted ? 413 : 400;
}

}  // namespace

OtlpAnswer OtlpReceiver::Receive(const std::string& path, const std::string& content_type,
                                 const std::string& content_encoding, std::string_view body) {
  const Encoding* encoding = EncodingOf(content_type);
  const Encoding& answers = encoding == nullptr ? FirstEncoding() : *encoding;
  const auto refuse = [&](int status, std::string_view message) {
    return Refuse(answers, status, message);
  };
  Signal signal = Signal::kMetrics;
  if (path == "/v1/traces")
    signal = Signal::kTraces;
  else if (path == "/v1/logs")
    signal = Signal::kLogs;
  else if (path != "/v1/metrics")
    return refuse(404, "allowed: /v1/metrics, /v1/traces, /v1/logs");
  if (encoding == nullptr) {
    return refuse(415, fmt::format("content type {} is not supported; allowed: {}, in UTF-8",
                                   content_type, EncodingNames()));
  }
  std::string inflated;
  if (const Status unpacked = Unpack(content_encoding, body, inflated); !unpacked)
    return refuse(StatusOf(unpacked.error()), unpacked.error().message);
  auto decoded = encoding->decode(signal, body);
  if (!decoded) return refuse(StatusOf(decoded.error()), decoded.error().message);
  intake::RejectFaulty(config_.latency_metrics, *decoded);
  return Store(*encoding, signal, std::move(*decoded));
}

Status OtlpReceiver::Unpack(const std::string& content_encoding, std::string_view& body,
                            std::string& inflated) const {
  if (body.size() > config_.body_bytes_max) {
    return Fail(ErrorCode::kResourceExhausted,
                fmt::format("the body is larger than {} bytes", config_.body_bytes_max));
  }
  const std::string encoding = Lowercase(Trim(content_encoding));
  if (encoding.empty() || encoding == "identity") return {};
  if (encoding != "gzip") {
    return Fail(ErrorCode::kNotFound,
                "content encoding " + content_encoding + " is not supported; allowed: gzip");
  }
  TRY(inflated, Inflate(body, config_.inflated_bytes_max));
  body = inflated;
  return {};
}

OtlpAnswer OtlpReceiver::Store(const Encoding& encoding, Signal signal, intake::Decoded decoded) {
  const auto report = [&]() -> Result<WriteReport> {
    // Of two cumulative points the earlier one must be stored, or refused, first.
    std::unique_lock lock(mutex_);
    const TelemetryBatch batch = translation_.Translate(decoded.resources, clock_.Now());
    if (signal != Signal::kMetrics) lock.unlock();
    auto written = sink_.Write(batch);
    if (lock.owns_lock()) written ? translation_.Keep() : translation_.Undo();
    return written;
  }();
  if (!report) return Refuse(encoding, 503, report.error().message);
  CountDropped(decoded.rejected, *report);
  if (report->dropped > 0) decoded.rejected.Add(report->drop_reason, report->dropped);
  return Accepted(encoding, signal, decoded.rejected);
}

void OtlpReceiver::CountDropped(const intake::Rejections& rejected, const WriteReport& report) {
  const std::scoped_lock lock(dropped_mutex_);
  dropped_["invalid"] += rejected.records;
  dropped_["exceptions"] += rejected.events;
  for (const auto& [limit, count] : report.dropped_by) dropped_[limit] += count;
}

std::map<std::string, std::uint64_t> OtlpReceiver::Dropped() const {
  const std::scoped_lock lock(dropped_mutex_);
  return dropped_;
}

}  // namespace ratchet::otlp
