#pragma once
// Authors in the configured order: recipes, and language models. The first change wins.

#include <memory>

#include "engine/config.h"
#include "ports/change_author.h"
#include "ports/code_generator.h"
#include "ports/language_support.h"

namespace ratchet {

class AuthorChain : public ChangeAuthor {
 public:
  struct Link {
    CodeGenerator* model = nullptr;  // nullptr: the recipes
  };
  AuthorChain(const LanguageSupport& language, std::vector<Link> links, int max_tokens)
      : language_(language), links_(std::move(links)), max_tokens_(max_tokens) {}

  AuthorAnswer Write(const AuthorRequest& request) override;
  [[nodiscard]] double CostBound() const override;

  static constexpr std::uint64_t kPromptTokensMax = 60'000;

 private:
  Result<Change> FromRecipes(const AuthorRequest& request,
                             const std::optional<CodeSite>& site) const;
  void FromModel(CodeGenerator& model, const AuthorRequest& request, const CodeSite& site,
                 AuthorAnswer& answer) const;

  const LanguageSupport& language_;
  std::vector<Link> links_;
  int max_tokens_;
};

}  // namespace ratchet
