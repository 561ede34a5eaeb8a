#include "engine/author_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/glob.h"
#include "core/base/text.h"
#include "core/generation/prompt.h"
#include "core/generation/reply_parser.h"
#include "core/validation/static_gates.h"

namespace ratchet {
namespace {

std::string Overview(const ComponentTree& tree) {
  std::string overview;
  for (const SourceFile& file : tree.files)
    overview += fmt::format("- {} ({} bytes)\n", file.path, file.text.size());
  return Shorten(overview, 4000);
}

}  // namespace

double AuthorChain::CostBound() const {
  double bound = 0;
  for (const Link& link : links_) {
    if (link.model != nullptr) bound += link.model->CostBound(kPromptTokensMax, max_tokens_);
  }
  return bound;
}

AuthorAnswer AuthorChain::Write(const AuthorRequest& request) {
  AuthorAnswer answer;
  const Opportunity& o = request.opportunity;
  const auto known = languages_.LanguageOf(o.component);
  if (!known) {
    answer.change = std::unexpected(known.error());
    return answer;
  }
  const LanguageSupport& language = **known;
  const auto site = language.Locate(request.tree, o.code, o.example);
  std::string reasons;
  const auto note = [&](const std::string& who, const std::string& why) {
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", who, why);
  };
  for (const Link& link : links_) {
    // Nobody is asked in another's place because of the switch: the effect waits as a whole.
    if (request.hold && request.hold()) {
      note("generation", "stopped");
      break;
    }
    if (link.model == nullptr) {
      if (request.round > 1) continue;  // a recipe gives the same answer again
      auto change = FromRecipes(language, request, site);
      if (change) {
        answer.change = std::move(change);
        return answer;
      }
      note("recipes", change.error().message);
      continue;
    }
    if (!site) {
      note(link.model->name(), "the code could not be located from the telemetry");
      continue;
    }
    if (request.may_spend == MaySpend::kNo) {
      note(link.model->name(), "the day's budget is spent");
      continue;
    }
    FromModel(*link.model, language.conventions(), request, *site, answer);
    // A reply that can be mended is mended by the same author.
    if (answer.change || answer.repairable) return answer;
    note(link.model->name(), answer.change.error().message);
  }
  answer.change =
      Fail(ErrorCode::kUnavailable, reasons.empty() ? "no author is configured" : reasons);
  return answer;
}

// The first that can be proved safe; else why not, of each that mends such a thing.
Result<Change> AuthorChain::FromRecipes(const LanguageSupport& language,
                                        const AuthorRequest& request,
                                        const std::optional<CodeSite>& site) {
  std::string reasons;
  for (const Recipe* recipe : language.recipes()) {
    if (std::ranges::find(recipe->mends, request.opportunity.kind) == recipe->mends.end()) continue;
    if (!site)
      return Fail(ErrorCode::kNotFound, "the code could not be located from the telemetry");
    auto change = recipe->write(request.tree, *site);
    if (change) return change;
    reasons += (reasons.empty() ? "" : "; ") + change.error().message;
  }
  return Fail(ErrorCode::kInvalidArgument, reasons.empty() ? "no recipe mends this" : reasons);
}

void AuthorChain::FromModel(CodeGenerator& model, const LanguageConventions& conventions,
                            const AuthorRequest& request, const CodeSite& site,
                            AuthorAnswer& answer) const {
  generation::PromptInput input{.opportunity = request.opportunity,
                                .component_overview = Overview(request.tree),
                                .fence_tag = conventions.name + ":" + conventions.example_file,
                                .repair_error = request.repair_error};
  generation::ReplyContext context;
  for (const SourceFile& file : request.tree.files) {
    context.existing[file.path] = file.text;
    if (file.path == site.path) input.files.push_back({file.path, file.text});
  }
  context.targets = {site.path};
  context.protected_existing = validation::AlwaysProtected();
  std::ranges::copy(conventions.protected_files, std::back_inserter(context.protected_existing));
  const generation::Prompt prompt = generation::WritePrompt(input);
  if (generation::EstimateTokens(prompt.system + prompt.user) > kPromptTokensMax) {
    answer.change = Fail(ErrorCode::kResourceExhausted, site.path + " is too large for a prompt");
    return;
  }
  const ModelAnswer said = model.Complete(
      {.prompt = {.system = prompt.system, .user = prompt.user, .max_tokens = max_tokens_},
       .hold = request.hold});
  answer.tokens += said.tokens;
  answer.cost_usd += said.cost_usd;
  if (!said.reply) {
    answer.change = std::unexpected(said.reply.error());
    return;
  }
  context.stop = said.reply->stop;
  const auto parsed = generation::ParseReply(said.reply->text, context);
  if (parsed.verdict != generation::ReplyVerdict::kAccept) {
    answer.repairable = parsed.verdict == generation::ReplyVerdict::kRetry;
    answer.change =
        Fail(ErrorCode::kInvalidArgument, fmt::format("the reply was not accepted ({}): {}",
                                                      Join(parsed.errors, ", "), parsed.detail));
    return;
  }
  Change change{.author = Author::kModel,
                .author_name = model.name(),
                .summary = request.opportunity.requirement};
  for (const auto& [path, text] : parsed.files) {
    const auto existing = context.existing.find(path);
    const std::optional<std::string> before =
        existing == context.existing.end() ? std::nullopt : std::optional(existing->second);
    if (before != text) change.files.push_back({path, before, text});
  }
  if (change.files.empty()) {
    answer.repairable = true;
    answer.change = Fail(ErrorCode::kInvalidArgument, "the reply changes nothing");
    return;
  }
  answer.change = std::move(change);
}

}  // namespace ratchet
