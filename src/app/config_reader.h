#pragma once
// Reads typed values out of TOML tables and remembers every mistake with its line. A key that
// nobody asked for is a mistake too: a misspelt setting is never ignored.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/time.h"

namespace toml {
inline namespace v3 {
class table;
class node;
}  // namespace v3
}  // namespace toml

namespace ratchet {

class ConfigReader {
 public:
  ConfigReader(std::string file, std::vector<std::string>& mistakes)
      : file_(std::move(file)), mistakes_(mistakes) {}

  // One table; `prefix` names it in messages ("monitoring.").
  class Table {
   public:
    Table(ConfigReader& reader, const toml::table* table, std::string prefix)
        : reader_(reader), table_(table), prefix_(std::move(prefix)) {}
    void Text(const char* key, std::string& value);
    void Texts(const char* key, std::vector<std::string>& values);
    void Flag(const char* key, bool& value);
    void Number(const char* key, double& value, double low, double high);
    template <typename Int>
    void Integer(const char* key, Int& value, long long low, long long high) {
      long long number = static_cast<long long>(value);
      if (ReadInteger(key, number, low, high)) value = static_cast<Int>(number);
    }
    void Period(const char* key, Duration& value, Duration low, Duration high);
    void OneOf(const char* key, const std::vector<std::string>& allowed,
               const std::function<void(const std::string&)>& set);
    [[nodiscard]] Table Sub(const char* key);
    [[nodiscard]] bool Has(const char* key) const;
    void EachTable(const char* key, const std::function<void(Table&)>& visit);  // [[key]]
    void EachNamed(const char* key,
                   const std::function<void(const std::string&, Table&)>& visit);  // [key.NAME]
    void Wrong(const char* key, const std::string& value, const std::string& allowed);
    void Finish();  // reports keys that nobody asked for

   private:
    bool ReadInteger(const char* key, long long& value, long long low, long long high);
    const toml::node* Find(const char* key);
    ConfigReader& reader_;
    const toml::table* table_;
    std::string prefix_;
    std::set<std::string> asked_;
  };

 private:
  void Mistake(int line, const std::string& key, const std::string& value,
               const std::string& allowed);
  std::string file_;
  std::vector<std::string>& mistakes_;
};

}  // namespace ratchet
