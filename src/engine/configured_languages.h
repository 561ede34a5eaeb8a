#pragma once
// The languages that are built in, as the configured components name them.

#include <map>
#include <vector>

#include "core/model/component.h"
#include "ports/languages.h"

namespace ratchet {

class ConfiguredLanguages : public Languages {
 public:
  // Both outlive this object.
  ConfiguredLanguages(const std::map<ComponentId, ComponentConfig>& components,
                      std::vector<const LanguageSupport*> built_in)
      : components_(components), built_in_(std::move(built_in)) {}

  [[nodiscard]] Result<const LanguageSupport*> LanguageOf(
      const ComponentId& component) const override;

 private:
  const std::map<ComponentId, ComponentConfig>& components_;
  std::vector<const LanguageSupport*> built_in_;
};

}  // namespace ratchet
