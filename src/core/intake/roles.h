#pragma once
// What a metric is about, read from its name: by the conventions of OpenTelemetry, Prometheus and
// CloudWatch.

#include <string_view>

#include "core/model/telemetry.h"

namespace ratchet::intake {

// kOther when no convention says more.
SeriesRole RoleOf(std::string_view metric);

}  // namespace ratchet::intake
