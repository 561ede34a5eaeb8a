#pragma once
// Several ways to tell people, as one.

#include <memory>
#include <vector>

#include "ports/notifier.h"

namespace ratchet {

class AllNotifiers : public Notifier {
 public:
  explicit AllNotifiers(std::vector<std::unique_ptr<Notifier>> all) : all_(std::move(all)) {}

  // Tells each of them, also after one has failed; the first failure is the answer.
  Status Send(const Alert& alert) override {
    Status told;
    for (const auto& notifier : all_) {
      const Status one = notifier->Send(alert);
      if (told && !one) told = one;
    }
    return told;
  }

 private:
  std::vector<std::unique_ptr<Notifier>> all_;
};

}  // namespace ratchet
