#pragma once
// The gates of phase 4, run on one change.

#include "core/model/component.h"
#include "ports/source_tree.h"

namespace ratchet {

class ChangeValidator {
 public:
  virtual ~ChangeValidator() = default;
  // Blocks while the component's tests run. Thread-safe. An error means that the gates could not
  // be asked at all; what they say is in the report.
  virtual Result<ValidationReport> Validate(const ComponentId& component, const ComponentTree& tree,
                                            const Change& change, InsightKind promise) = 0;
};

}  // namespace ratchet
