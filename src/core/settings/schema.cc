#include "core/settings/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/text.h"

namespace ratchet::settings {
namespace {

std::string Quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

std::string Shown(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  quoted.reserve(texts.size());
  for (const std::string& text : texts) quoted.push_back(Quoted(text));
  return "[" + Join(quoted, ", ") + "]";
}

}  // namespace

Setting& Setting::From(std::string environment_name, Unit counts) {
  variable = std::move(environment_name);
  unit = counts;
  return *this;
}

Setting& Setting::Required() {
  required = true;
  default_is = "";
  return *this;
}

Setting& Setting::Secret() {
  secret = true;
  return *this;
}

Setting& Setting::Default(std::string shown) {
  default_is = std::move(shown);
  return *this;
}

Setting& Schema::Add(Setting setting) {
  const bool known = std::ranges::any_of(settings_, [&](const Setting& other) {
    return !setting.path.empty() && other.path == setting.path;
  });
  CHECK(!known, "a setting is declared twice");
  setting.default_is = setting.show();
  return settings_.emplace_back(std::move(setting));
}

Setting& Schema::Text(std::string path, std::string& value, std::string help,
                      const TextRule& rule) {
  return Add({.path = std::move(path),
              .allowed = std::string(rule.allowed),
              .help = std::move(help),
              .take =
                  [&value, &rule](const Value& given) {
                    const auto* text = std::get_if<std::string>(&given.data);
                    if (text == nullptr || !rule.holds(*text)) return false;
                    value = *text;
                    return true;
                  },
              .show = [&value] { return value.empty() ? "" : Quoted(value); }});
}

Setting& Schema::Texts(std::string path, std::vector<std::string>& values, std::string help,
                       const ListRule& rule) {
  return AddTexts(
      std::move(path), std::move(help), rule,
      [&values](std::vector<std::string> texts) { values = std::move(texts); },
      [&values] { return values; });
}

Setting& Schema::AddTexts(std::string path, std::string help, const ListRule& rule,
                          std::function<void(std::vector<std::string>)> set,
                          std::function<std::vector<std::string>()> get) {
  const auto take = [set = std::move(set), &rule](const Value& value) {
    const auto* list = std::get_if<Value::List>(&value.data);
    if (list == nullptr) return false;
    std::vector<std::string> texts;
    for (const Value& item : *list) {
      const auto* text = std::get_if<std::string>(&item.data);
      if (text == nullptr) return false;
      texts.push_back(*text);
    }
    if (!rule.holds(texts)) return false;
    set(std::move(texts));
    return true;
  };
  return Add({.path = std::move(path),
              .allowed = std::string(rule.allowed),
              .help = std::move(help),
              .type = Type::kTexts,
              .take = take,
              .show = [get = std::move(get)] { return Shown(get()); }});
}

Setting& Schema::Flag(std::string path, bool& value, std::string help) {
  return Add({.path = std::move(path),
              .allowed = "true or false",
              .help = std::move(help),
              .type = Type::kFlag,
              .take =
                  [&value](const Value& given) {
                    const auto* flag = std::get_if<bool>(&given.data);
                    if (flag != nullptr) value = *flag;
                    return flag != nullptr;
                  },
              .show = [&value] { return value ? "true" : "false"; }});
}

Setting& Schema::AddWord(std::string path, std::vector<std::string_view> words, std::string help,
                         std::function<void(size_t)> set,
                         std::function<std::optional<size_t>()> get) {
  std::string allowed = fmt::format("{}", fmt::join(words, ", "));
  const auto take = [words, set = std::move(set)](const Value& value) {
    const auto* text = std::get_if<std::string>(&value.data);
    const auto at = text == nullptr ? words.end() : std::ranges::find(words, *text);
    if (at == words.end()) return false;
    set(static_cast<size_t>(at - words.begin()));
    return true;
  };
  const auto show = [words, get = std::move(get)] {
    const auto index = get();
    return index ? Quoted(words[*index]) : "";
  };
  return Add({.path = std::move(path),
              .allowed = std::move(allowed),
              .help = std::move(help),
              .take = take,
              .show = show});
}

Setting& Schema::SecretIn(std::string path, std::string& variable, std::string& secret,
                          std::string help) {
  Setting& setting = Text(std::move(path), variable, std::move(help), kSomeText);
  setting.variable_held = &variable;
  setting.secret_held = &secret;
  return setting;
}

Setting& Schema::Fixed(std::string variable, bool position, std::string why) {
  const std::string only = position ? "true" : "false";
  Setting& setting = Add({.allowed = fmt::format("{} ({})", only, why),
                          .help = std::move(why),
                          .type = Type::kFlag,
                          .take =
                              [position](const Value& value) {
                                const auto* flag = std::get_if<bool>(&value.data);
                                return flag != nullptr && *flag == position;
                              },
                          .show = [position] { return std::string(position ? "true" : "false"); }});
  return setting.From(std::move(variable));
}

}  // namespace ratchet::settings
