#include "core/reporting/text_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/text.h"

namespace ratchet::reporting {
namespace {

using Json = nlohmann::json;

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Terminals obey control characters: telemetry may not speak to them.
std::string Printable(std::string text) {
  for (char& c : text) {
    if ((static_cast<unsigned char>(c) < 32 && c != '\n') || c == 127) c = ' ';
  }
  return text;
}

std::string Ms(const Json& value) {
  return value.is_number() ? fmt::format("{:.2f} ms", value.get<double>()) : "-";
}

std::string MetricsLines(const Json& metrics) {
  const Json& before = metrics.at("baseline");
  const Json& after = metrics.at("final");
  std::vector<std::vector<std::string>> rows = {{"", "before", "after, mean of looks"}};
  for (const char* name : {"latency_p50", "latency_p95", "latency_p99"})
    rows.push_back({name, Ms(before.at(name)), Ms(after.at(name))});
  rows.push_back({"error rate",
                  fmt::format("{:.3f} %", before.at("error_rate").get<double>() * 100),
                  fmt::format("{:.3f} %", after.at("error_rate").get<double>() * 100)});
  rows.push_back({"throughput", fmt::format("{:.1f}/s", before.at("throughput").get<double>()),
                  fmt::format("{:.1f}/s", after.at("throughput").get<double>())});
  return Table(rows);
}

}  // namespace

std::string Table(const std::vector<std::vector<std::string>>& rows, size_t width_max) {
  std::vector<size_t> widths;
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    cells.emplace_back();
    for (const auto& cell : row)
      cells.back().push_back(Shorten(ReplaceAll(Printable(cell), "\n", " "), width_max));
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], Characters(cells.back()[i]));
  }
  std::string text;
  for (const auto& row : cells) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += (i == 0 ? "" : "  ") + row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - Characters(row[i]), ' ');
    }
    text += line + "\n";
  }
  return text;
}

std::string ImprovementPage(const Json& i) {
  std::string page = fmt::format("Improvement {}  {}\n", i.at("improvement_id").get<std::string>(),
                                 i.at("status").get<std::string>());
  page += Table({{"component", i.at("component")},
                 {"operation", i.at("operation")},
                 {"kind", i.at("kind")},
                 {"author", i.at("author")},
                 {"summary", i.at("summary")},
                 {"reason", i.at("reason")}},
                300);
  if (!i.at("metrics").at("improvement").is_null()) page += "\n" + MetricsLines(i.at("metrics"));
  return Printable(page);
}

namespace {

std::string GateLines(const Json& validation) {
  std::string text;
  for (const Json& gate : validation.at("gates")) {
    text += fmt::format("{:<11} {}\n", gate.at("gate").get<std::string>(),
                        gate.at("outcome").get<std::string>());
    for (const Json& finding : gate.at("findings")) {
      const auto file = finding.at("file").get<std::string>();
      const std::string place =
          file.empty() ? "" : fmt::format("{}:{}: ", file, finding.at("line").dump());
      text += fmt::format("  {}{}: {}\n", place, finding.at("rule").get<std::string>(),
                          finding.at("message").get<std::string>());
    }
  }
  if (text.empty()) return text;
  return text + fmt::format("quality {:.3f}, risk {:.3f}, {:.0f} % of the changed lines covered\n",
                            validation.at("quality").get<double>(),
                            validation.at("risk").get<double>(),
                            validation.at("changed_line_coverage").get<double>() * 100);
}

std::string LookLines(const Json& watch) {
  if (watch.is_null()) return "";
  std::vector<std::vector<std::string>> rows = {
      {"LOOK", "REQUESTS", "P95", "ERRORS", "DEGRADATION", "HEALTH"}};
  for (const Json& look : watch.at("looks")) {
    const Json& operation = look.at("operation");
    rows.push_back({std::to_string(rows.size()), operation.at("requests").dump(),
                    Ms(operation.at("latency_p95")),
                    fmt::format("{:.2f} %", operation.at("error_rate").get<double>() * 100),
                    fmt::format("{:+.1f} %", look.at("degradation").get<double>() * 100),
                    look.at("health")});
  }
  return rows.size() == 1 ? "" : Table(rows);
}

std::string ApprovalLine(const Json& improvement) {
  const Json& approval = improvement.at("state").at("approval");
  if (!approval.is_null())
    return fmt::format("approved by {}\n", approval.at("by").get<std::string>());
  if (improvement.at("status") != "awaiting_approval") return {};
  return fmt::format("waits for approval: ratchet approve {}\n",
                     improvement.at("improvement_id").get<std::string>());
}

}  // namespace

std::string ImprovementDetails(const Json& improvement) {
  std::string page = ImprovementPage(improvement);
  const auto add = [&](std::string part) {
    if (!part.empty()) page += "\n" + std::move(part);
  };
  add(GateLines(improvement.at("state").at("validation")));
  add(improvement.value("diff", ""));
  add(LookLines(improvement.at("watch")));
  add(improvement.at("verdict").at("explanation").get<std::string>());
  add(ApprovalLine(improvement));
  return Printable(page);
}

std::string CycleReportPage(const Json& r) {
  std::string page = fmt::format("Cycle {}  {}\n\n", r.at("cycle_id").get<std::string>(),
                                 r.at("status").get<std::string>());
  const Json& telemetry = r.at("telemetry_analyzed");
  page += Table(
      {{"started", r.at("start_time")},
       {"duration", fmt::format("{:.1f} s", r.at("duration_seconds").get<double>())},
       {"telemetry", fmt::format("{} metrics, {} logs, {} events", telemetry.at("metrics").dump(),
                                 telemetry.at("logs").dump(), telemetry.at("events").dump())},
       {"opportunities", r.at("opportunities_identified").dump()},
       {"attempted", r.at("improvements_attempted").dump()},
       {"deployed", r.at("improvements_deployed").dump()},
       {"rolled back", r.at("improvements_rolled_back").dump()},
       {"total impact", fmt::format("{:.0f}", r.at("total_impact").get<double>())}});
  for (const Json& improvement : r.at("improvements")) page += "\n" + ImprovementPage(improvement);
  return page;
}

}  // namespace ratchet::reporting
