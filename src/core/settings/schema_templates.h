#pragma once
// The templates of schema.h, which includes this.

#include <memory>

#include "core/settings/schema.h"

namespace ratchet::settings {

template <typename Tag>
Setting& Schema::Texts(std::string path, std::vector<Id<Tag>>& ids, std::string help,
                       const ListRule& rule) {
  const auto set = [&ids](const std::vector<std::string>& texts) {
    ids.clear();
    for (const std::string& text : texts) ids.emplace_back(text);
  };
  const auto get = [&ids] {
    std::vector<std::string> texts;
    texts.reserve(ids.size());
    for (const auto& id : ids) texts.push_back(id.value);
    return texts;
  };
  return AddTexts(std::move(path), std::move(help), rule, set, get);
}

template <std::integral Int>
Setting& Schema::Integer(std::string path, Int& value, Between<std::int64_t> range,
                         std::string help, std::int64_t unit) {
  return AddInteger(
      std::move(path), range, std::move(help),
      [&value, unit](std::int64_t number) { value = static_cast<Int>(number * unit); },
      [&value, unit] { return static_cast<std::int64_t>(value) / unit; });
}

template <typename T, typename Choice>
Setting& Schema::OneOf(std::string path, T& value,
                       const std::vector<std::pair<std::string_view, Choice>>& choices,
                       std::string help) {
  std::vector<std::string_view> words;
  words.reserve(choices.size());
  for (const auto& choice : choices) words.push_back(choice.first);
  const auto set = [&value, choices](size_t index) { value = choices[index].second; };
  const auto get = [&value, choices]() -> std::optional<size_t> {
    for (size_t i = 0; i < choices.size(); ++i)
      if (value == choices[i].second) return i;
    return std::nullopt;
  };
  return AddWord(std::move(path), std::move(words), std::move(help), set, get);
}

// One table of options that nobody keeps: for the documentation.
template <typename Options>
std::function<Schema()> ExampleOf(void (*declare)(Schema&, Options&)) {
  return [declare] {
    Options example;
    Schema schema;
    declare(schema, example);
    return schema;
  };
}

template <typename Options>
void Schema::Tables(const std::string& path, std::vector<Options>& tables,
                    void (*declare)(Schema&, Options&), const std::string& help) {
  groups_.push_back({.path = path,
                     .help = help,
                     .kind = Group::Kind::kList,
                     .add_example = ExampleOf(declare),
                     .add = [&tables, declare](const std::string&) {
                       Schema schema;
                       declare(schema, tables.emplace_back());
                       return schema;
                     }});
}

template <typename Key, typename Options>
void Schema::Named(const std::string& path, std::map<Key, Options>& tables,
                   void (*declare)(Schema&, Options&), const std::string& help) {
  groups_.push_back({.path = path,
                     .help = help,
                     .kind = Group::Kind::kNamed,
                     .add_example = ExampleOf(declare),
                     .add = [&tables, declare](const std::string& name) {
                       Schema schema;
                       declare(schema, tables[Key(name)]);
                       return schema;
                     }});
}

}  // namespace ratchet::settings
