#pragma once
// From what was given to the options: every source is read first, then each value is checked by
// its declaration, whatever it came from, and the highest source counts.
//
// What does not count is checked too, and a key that no declaration has is a mistake: nothing that
// somebody wrote is ignored.

#include <map>
#include <string>
#include <vector>

#include "core/settings/mistakes.h"
#include "core/settings/schema.h"

namespace ratchet::settings {

using Environment = std::map<std::string, std::string>;

struct Sources {
  Value::Table profile;  // by path
  Value file;            // a table
  Environment environment;
};

// What a setting holds in the end.
struct Row {
  std::string path;
  std::string value;  // "(secret)" for one that must not be seen
  Place origin;
};

// Fills the options that `schema` is bound to. The second table of a list is "component[2]".
std::vector<Row> Read(const Sources& sources, const Schema& schema, Mistakes& mistakes);

}  // namespace ratchet::settings
