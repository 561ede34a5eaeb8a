#include "app/languages.h"

#include "adapters/python/python_support.h"

namespace ratchet {

const std::vector<const LanguageSupport*>& BuiltInLanguages() {
  static const python::PythonSupport kPython;
  static const std::vector<const LanguageSupport*> kAll = {&kPython};
  return kAll;
}

}  // namespace ratchet
