#pragma once
// The settings that there are: each module declares its own, bound to members of its own options.
//
//   void DeclareSettings(settings::Schema& schema, Options& options) {
//     schema.Integer("cycle.max_concurrent", options.concurrent_max, {1, 100}, "at one time")
//         .From("MAX_CONCURRENT_IMPROVEMENTS");
//   }
//
// The default is what the member holds when it is declared. From a schema come the reading of any
// source (reader.h), the documentation (document.h) and `ratchet config check`. A schema refers to
// the options: they must outlive it, and must not move.

#include <concepts>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "core/base/ids.h"
#include "core/settings/rules.h"
#include "core/settings/value.h"

namespace ratchet::settings {

// What the text of an environment variable is read as.
enum class Type { kText, kTexts, kFlag, kNumber, kPeriod };

// What a bare number in an environment variable counts.
enum class Unit { kNone, kSeconds, kHours };

template <typename T>
struct Between {
  T low, high;
};

template <typename T>
struct Plain {
  using type = T;
};
template <typename T>
struct Plain<std::optional<T>> {
  using type = T;
};

struct Setting {
  std::string path;        // "cycle.interval"; "" when only the environment has it
  std::string allowed;     // for people: "a whole number from 1 to 100"
  std::string help;        // one sentence, Markdown
  std::string default_is;  // as shown: "24h"
  std::string variable;    // the environment's name, if it has one
  Type type = Type::kText;
  Unit unit = Unit::kNone;
  bool required = false;
  bool secret = false;  // its value is never shown
  // The value names a variable of the environment, whose text is the secret.
  const std::string* variable_held = nullptr;
  std::string* secret_held = nullptr;
  // Takes the value if it is allowed; else changes nothing and returns false.
  std::function<bool(const Value&)> take;
  std::function<std::string()> show;  // what is held now

  Setting& From(std::string environment_name, Unit counts = Unit::kNone);
  Setting& Required();
  Setting& Secret();
  Setting& Default(std::string shown);  // when it follows from other settings
};

class Schema;

// Tables of one kind: [[path]] in order, or [path.NAME].
struct Group {
  enum class Kind { kList, kNamed };
  std::string path;
  std::string help;
  Kind kind = Kind::kList;
  std::function<Schema()> add_example;  // of a table that nobody wrote
  std::function<Schema(const std::string& name)>
      add;  // the options of one more table; "" in a list
};

class Schema {
 public:
  Setting& Text(std::string path, std::string& value, std::string help,
                const TextRule& rule = kAnyText);
  Setting& Texts(std::string path, std::vector<std::string>& values, std::string help,
                 const ListRule& rule = kAnyTexts);
  template <typename Tag>
  Setting& Texts(std::string path, std::vector<Id<Tag>>& ids, std::string help,
                 const ListRule& rule);
  Setting& Flag(std::string path, bool& value, std::string help);
  Setting& Number(std::string path, double& value, Between<double> range, std::string help);
  Setting& Number(std::string path, std::optional<double>& value, Between<double> range,
                  std::string help);
  // `unit` is what one of the setting is in the member: 1 << 20 for megabytes held as bytes.
  template <std::integral Int>
  Setting& Integer(std::string path, Int& value, Between<std::int64_t> range, std::string help,
                   std::int64_t unit = 1);
  Setting& Integer(std::string path, std::optional<int>& value, Between<std::int64_t> range,
                   std::string help);
  Setting& Period(std::string path, Duration& value, Between<Duration> range, std::string help);
  Setting& Period(std::string path, std::optional<Duration>& value, Between<Duration> range,
                  std::string help);
  Setting& TimeOfDay(std::string path, Duration& since_midnight, std::string help);
  // One of several words. `T` may be an optional.
  template <typename T, typename Choice = typename Plain<T>::type>
  Setting& OneOf(std::string path, T& value,
                 const std::vector<std::pair<std::string_view, Choice>>& choices, std::string help);
  // The value names the environment variable that holds the secret.
  Setting& SecretIn(std::string path, std::string& variable, std::string& secret, std::string help);
  // A switch of the environment that has one position only: the other is refused, not ignored.
  Setting& Fixed(std::string variable, bool position, std::string why);

  template <typename Options>
  void Tables(const std::string& path, std::vector<Options>& tables,
              void (*declare)(Schema&, Options&), const std::string& help);
  template <typename Key, typename Options>
  void Named(const std::string& path, std::map<Key, Options>& tables,
             void (*declare)(Schema&, Options&), const std::string& help);

  // In the order of declaration.
  [[nodiscard]] const std::deque<Setting>& settings() const { return settings_; }
  [[nodiscard]] const std::deque<Group>& groups() const { return groups_; }

 private:
  Setting& Add(Setting setting);
  Setting& AddInteger(std::string path, Between<std::int64_t> range, std::string help,
                      std::function<void(std::int64_t)> set,
                      std::function<std::optional<std::int64_t>()> get);
  Setting& AddTexts(std::string path, std::string help, const ListRule& rule,
                    std::function<void(std::vector<std::string>)> set,
                    std::function<std::vector<std::string>()> get);
  Setting& AddWord(std::string path, std::vector<std::string_view> words, std::string help,
                   std::function<void(size_t)> set, std::function<std::optional<size_t>()> get);

  std::deque<Setting> settings_;
  std::deque<Group> groups_;
};

}  // namespace ratchet::settings

#include "core/settings/schema_templates.h"
