#pragma once
// Which language a component is written in. Everything above the ports asks here and knows no
// language by name.

#include "ports/language_support.h"

namespace ratchet {

class Languages {
 public:
  virtual ~Languages() = default;
  // Lives as long as this object. kNotFound: no such component, or its language is not built in.
  // Thread-safe.
  [[nodiscard]] virtual Result<const LanguageSupport*> LanguageOf(
      const ComponentId& component) const = 0;
};

}  // namespace ratchet
