#include "app/authors.h"

#include <thread>

#include "adapters/models/provider_list.h"

namespace ratchet {

Authors::Authors(const AppConfig& config, HttpClient& http, const Clock& clock)
    : order_(config.authors) {
  for (const models::ProviderKind* kind : models::kAllProviders) {
    const std::string name(kind->name);
    const auto model = config.models.find(name);
    if (model == config.models.end()) continue;
    auto provider = std::make_unique<models::HttpProvider>(*kind, model->second, http);
    generators_[name] = std::make_unique<GuardedGenerator>(
        *provider, model->second.calls, clock, [](Duration d) { std::this_thread::sleep_for(d); });
    providers_[name] = std::move(provider);
  }
}

std::vector<AuthorChain::Link> Authors::Links() const {
  std::vector<AuthorChain::Link> links;
  links.reserve(order_.size());
  for (const std::string& author : order_) {
    const auto generator = generators_.find(author);
    links.push_back({generator == generators_.end() ? nullptr : generator->second.get()});
  }
  return links;
}

}  // namespace ratchet
