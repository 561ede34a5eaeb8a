#pragma once
// Everything that is wrong with what was given, said at once.

#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/settings/value.h"

namespace ratchet::settings {

struct Mistake {
  Place place;
  std::string text;  // "cycle.interval: "24"; allowed: a duration from ..."
};

class Mistakes {
 public:
  explicit Mistakes(std::string file) : file_(std::move(file)) {}

  // The value given at `place` for `path` is none.
  void Refuse(const Place& place, const std::string& path, const std::string& value,
              const std::string& allowed);
  void Unknown(const Place& place, const std::string& path, const std::string& nearest);
  // Where the value that counts for `path` was given.
  void Note(const std::string& path, const Place& place) { given_[path] = place; }

  // Settings that are right one by one and contradict each other, the one to change first. Not said
  // when one of them was refused already: its value is not the one that was meant.
  void Contradict(std::initializer_list<std::string> paths, const std::string& value,
                  const std::string& allowed);

  [[nodiscard]] bool Given(const std::string& path) const { return given_.contains(path); }
  [[nodiscard]] Place PlaceOf(std::string path) const;  // of the nearest table that was given
  [[nodiscard]] std::vector<Mistake> InOrder() const;   // of places
  // kInvalidArgument with one line a mistake: place: path: value; allowed: ...
  [[nodiscard]] Status Told() const;

 private:
  std::string file_;
  std::vector<Mistake> mistakes_;
  std::map<std::string, Place> given_;
  std::set<std::string> refused_;
};

}  // namespace ratchet::settings
