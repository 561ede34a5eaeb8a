#pragma once
// Reports as files of a folder, one JSON document each, readable by the owner only.

#include <atomic>
#include <cstdint>

#include "ports/report_sink.h"

namespace ratchet::files {

class ReportFolder : public ReportSink {
 public:
  explicit ReportFolder(std::string folder) : folder_(std::move(folder)) {}
  Status Publish(const std::string& name, const std::string& json) override;

 private:
  std::string folder_;
  std::atomic<std::uint64_t> staged_ = 0;  // a name of its own for each call
};

}  // namespace ratchet::files
