#pragma once
// The authors that the configuration names: recipes, and models with all that guards them.

#include <memory>
#include <string>
#include <vector>

#include "adapters/models/http_provider.h"
#include "app/config.h"
#include "engine/author_chain.h"
#include "engine/authors/guarded_generator.h"

namespace ratchet {

class Authors {
 public:
  Authors(const AppConfig& config, HttpClient& http, const Clock& clock);

  // In the configured order; they refer to this object.
  [[nodiscard]] std::vector<AuthorChain::Link> Links() const;

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::unique_ptr<models::HttpProvider>> providers_;  // by name
  std::map<std::string, std::unique_ptr<GuardedGenerator>> generators_;
};

}  // namespace ratchet
