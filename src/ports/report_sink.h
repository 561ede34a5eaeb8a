#pragma once
// Where reports are published. Thread-safe.

#include <string>

#include "core/base/result.h"

namespace ratchet {

class ReportSink {
 public:
  virtual ~ReportSink() = default;
  // `name` is a file name without an ending, `json` the whole report. The same name may come again
  // and replaces what was there. Durable when it succeeds.
  virtual Status Publish(const std::string& name, const std::string& json) = 0;
};

}  // namespace ratchet
