#pragma once
// The identity of a component's code: one hash over the paths and contents of its files.
//
// Every compare-and-swap compares this hash, so what counts as "the same version" is decided
// here and nowhere else.

#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/change.h"

namespace ratchet::deployment {

// The hash of a tree; the order of `files` does not matter.
std::string TreeHash(std::vector<FileDigest> files);

// The tree's files after the change. kConflict when a file is not as the change expects it.
Result<std::vector<FileDigest>> Apply(std::vector<FileDigest> files, const Change& change);

// The change that undoes `change`; only for changes whose files all existed before.
Change Reverse(const Change& change);

}  // namespace ratchet::deployment
