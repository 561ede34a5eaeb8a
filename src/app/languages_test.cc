// What holds for every language that is built in.

#include "app/languages.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/glob.h"

namespace ratchet {
namespace {

TEST(BuiltInLanguagesTest, EachHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const LanguageSupport* language : BuiltInLanguages())
    EXPECT_TRUE(names.insert(language->conventions().name).second);
  EXPECT_FALSE(names.contains(""));
}

TEST(BuiltInLanguagesTest, EachKnowsItsSourcesAndLeavesThemOpen) {
  for (const LanguageSupport* language : BuiltInLanguages()) {
    const LanguageConventions& own = language->conventions();
    EXPECT_TRUE(language->IsSource(own.example_file)) << own.name;
    EXPECT_TRUE(MatchesAny(own.sources, own.example_file)) << own.name;
    EXPECT_FALSE(MatchesAny(own.protected_files, own.example_file)) << own.name;
    EXPECT_FALSE(own.interpreter.empty()) << own.name;
  }
}

TEST(BuiltInLanguagesTest, AnEmptyFileHasNothingWrongWithIt) {
  for (const LanguageSupport* language : BuiltInLanguages()) {
    const FileFacts facts = language->Analyse(language->conventions().example_file, "");
    EXPECT_TRUE(facts.syntax_errors.empty() && facts.security.empty());
    EXPECT_TRUE(facts.functions.empty() && facts.imports.empty());
  }
}

TEST(BuiltInLanguagesTest, EachRecipeHasANameAndMendsSomething) {
  for (const LanguageSupport* language : BuiltInLanguages()) {
    std::set<std::string_view> names;
    for (const Recipe* recipe : language->recipes()) {
      EXPECT_TRUE(names.insert(recipe->name).second) << recipe->name;
      EXPECT_FALSE(recipe->mends.empty()) << recipe->name;
    }
  }
}

}  // namespace
}  // namespace ratchet
