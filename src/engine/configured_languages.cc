#include "engine/configured_languages.h"

#include <algorithm>

namespace ratchet {

Result<const LanguageSupport*> ConfiguredLanguages::LanguageOf(const ComponentId& id) const {
  const auto component = components_.find(id);
  if (component == components_.end()) return Fail(ErrorCode::kNotFound, "no component " + id.value);
  const auto language =
      std::ranges::find(built_in_, component->second.language,
                        [](const LanguageSupport* one) { return one->conventions().name; });
  if (language == built_in_.end()) {
    return Fail(ErrorCode::kNotFound,
                id.value + ": the language \"" + component->second.language + "\" is not built in");
  }
  return *language;
}

}  // namespace ratchet
