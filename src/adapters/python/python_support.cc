#include "adapters/python/python_support.h"

#include "adapters/python/facts.h"
#include "adapters/python/locate.h"
#include "adapters/python/recipe_list.h"
#include "core/base/text.h"

namespace ratchet::python {

const LanguageConventions& PythonSupport::conventions() const {
  static const LanguageConventions kConventions{
      .name = "python",
      .interpreter = "/usr/bin/python3",
      .sources = {"**/*.py"},
      .protected_files = {"**/conftest.py", "**/setup.py", "**/setup.cfg", "**/pyproject.toml",
                          "**/requirements*.txt", "**/Pipfile*", "**/poetry.lock", "**/tox.ini",
                          "**/noxfile.py", "**/sitecustomize.py", "**/usercustomize.py",
                          "**/*.pth"},
      .example_file = "app/example.py"};
  return kConventions;
}

std::span<const Recipe* const> PythonSupport::recipes() const { return kAllRecipes; }

FileFacts PythonSupport::Analyse(const std::string& path, const std::string& text) const {
  const SyntaxTree tree(text);
  return {.syntax_errors = SyntaxErrors(path, tree),
          .functions = Functions(tree),
          .imports = Imports(tree),
          .security = SecurityFindings(path, tree)};
}

std::optional<CodeSite> PythonSupport::Locate(const ComponentTree& tree,
                                              const CodeLocation& location,
                                              std::string_view stack_trace) const {
  if (!location.function.empty() || location.line > 0) {
    if (auto site = python::Locate(tree, location)) return site;
  }
  if (const auto frame = InnermostFrame(tree, stack_trace)) return python::Locate(tree, *frame);
  return std::nullopt;
}

// "pkg/sub/a.py" lies in package "pkg.sub".
SandboxJob PythonSupport::ImportCheckJob(const std::string& interpreter,
                                         const std::vector<ImportFacts>& imports,
                                         const std::string& path) const {
  const size_t slash = path.rfind('/');
  const std::string package =
      slash == std::string::npos ? "" : ReplaceAll(path.substr(0, slash), "/", ".");
  return python::ImportCheckJob(interpreter, imports, package);
}
Result<ImportCheck> PythonSupport::ReadImportCheck(const SandboxRun& run) const {
  return python::ReadImportCheck(run);
}
SandboxJob PythonSupport::TestJob(const std::string& interpreter,
                                  const std::vector<std::string>& command) const {
  return python::TestJob(interpreter, command);
}
Result<TestRun> PythonSupport::ReadTestRun(const SandboxRun& run) const {
  return python::ReadTestRun(run);
}

}  // namespace ratchet::python
