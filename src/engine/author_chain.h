#pragma once
// Authors in the configured order: recipes, and language models. The first change wins.

#include <memory>

#include "engine/config.h"
#include "ports/change_author.h"
#include "ports/code_generator.h"
#include "ports/languages.h"

namespace ratchet {

class AuthorChain : public ChangeAuthor {
 public:
  struct Link {
    CodeGenerator* model = nullptr;  // nullptr: the recipes
  };
  AuthorChain(const Languages& languages, std::vector<Link> links, int max_tokens)
      : languages_(languages), links_(std::move(links)), max_tokens_(max_tokens) {}

  AuthorAnswer Write(const AuthorRequest& request) override;
  [[nodiscard]] double CostBound() const override;

  static constexpr std::uint64_t kPromptTokensMax = 60'000;

 private:
  static Result<Change> FromRecipes(const LanguageSupport& language, const AuthorRequest& request,
                                    const std::optional<CodeSite>& site);
  void FromModel(CodeGenerator& model, const LanguageConventions& conventions,
                 const AuthorRequest& request, const CodeSite& site, AuthorAnswer& answer) const;

  const Languages& languages_;
  std::vector<Link> links_;
  int max_tokens_;
};

}  // namespace ratchet
