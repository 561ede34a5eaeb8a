#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "adapters/python/python_support.h"
#include "adapters/python/remember_recipe.h"
#include "tests/eval/commands.h"

namespace ratchet::eval {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The reason without line numbers and names, for counting.
std::string ReasonKind(const std::string& message) {
  const size_t at = message.find(": ");
  std::string reason = at == std::string::npos ? message : message.substr(at + 2);
  if (reason.starts_with("line ")) reason = reason.substr(reason.find(": ") + 2);
  return reason.substr(0, reason.find_first_of(",(")).substr(0, 60);
}

}  // namespace

int Recipes(const Options& options) {
  const python::PythonSupport language;
  ComponentTree tree;
  for (const auto& entry : fs::recursive_directory_iterator(options.root)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".py") continue;
    tree.files.push_back(
        {fs::relative(entry.path(), options.root).string(), ReadFile(entry.path())});
  }
  std::ranges::sort(tree.files, {}, &SourceFile::path);
  int functions = 0, applied = 0, unparsed = 0;
  std::map<std::string, int> reasons;
  nlohmann::json changed = nlohmann::json::array();
  for (SourceFile& file : tree.files) {
    const FileFacts facts = language.Analyse(file.path, file.text);
    if (!facts.syntax_errors.empty()) {
      ++unparsed;
      continue;
    }
    const std::string original = file.text;
    for (const FunctionFacts& function : facts.functions) {
      if (function.name.find('.') != std::string::npos)
        continue;  // methods and nested ones are always refused
      ++functions;
      FunctionFacts by_name{.name = function.name};
      const auto change = python::RememberResults(tree, {file.path, by_name});
      if (!change) {
        ++reasons[ReasonKind(change.error().message)];
        continue;
      }
      ++applied;
      file.text = change->files.front().after;
      changed.push_back(file.path + ":" + function.name);
    }
    if (!options.out.empty() && file.text != original) {
      const fs::path target = fs::path(options.out) / file.path;
      fs::create_directories(target.parent_path());
      std::ofstream(target, std::ios::binary) << file.text;
    }
  }
  fmt::print("{}\n", nlohmann::json{{"files", tree.files.size()},
                                    {"unparsed", unparsed},
                                    {"functions", functions},
                                    {"applied", applied},
                                    {"refused", functions - applied},
                                    {"reasons", reasons},
                                    {"changed", changed}}
                         .dump());
  return 0;
}

}  // namespace ratchet::eval
