#pragma once
// Who writes a change: recipes and language models, in a fallback chain.

#include <string>

#include "core/model/component.h"
#include "ports/hold_check.h"
#include "ports/source_tree.h"

namespace ratchet {

enum class MaySpend { kNo, kYes };

struct AuthorRequest {
  Opportunity opportunity;
  ComponentTree tree;
  int round = 1;
  std::string repair_error;  // round 2: what was wrong with the first change, word for word
  MaySpend may_spend = MaySpend::kNo;
  HoldCheck hold;
};

struct AuthorAnswer {
  Result<Change> change = Fail(ErrorCode::kInternal, "no author was asked");
  bool repairable = false;  // the error can be sent back to the author
  std::uint64_t tokens = 0;
  double cost_usd = 0;
};

class ChangeAuthor {
 public:
  virtual ~ChangeAuthor() = default;
  // Blocks for up to a few minutes. Thread-safe.
  virtual AuthorAnswer Write(const AuthorRequest& request) = 0;
  // The most that one Write may cost, in US dollars, retries included.
  [[nodiscard]] virtual double CostBound() const = 0;
};

}  // namespace ratchet
