#pragma once

#include <string>
#include <vector>

namespace ratchet::settings {

// The known name with the fewest letters to change, insert or leave out; "" when there is none.
// Of a dotted name a right last part in another table counts as near.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

}  // namespace ratchet::settings
