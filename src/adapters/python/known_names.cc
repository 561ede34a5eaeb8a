#include "adapters/python/known_names.h"

#include <algorithm>
#include <map>

namespace ratchet::python {

NameSet Words(std::string_view text) {
  NameSet words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Left out on purpose: print, open, input, id, hash (differs between processes), getattr and its
// family, iter/next (consume state), vars, globals, super.
const NameSet& PureBuiltins() {
  static const NameSet kNames = {
      "abs",     "all",    "any",        "ascii",     "bin",    "bool",     "bytes",  "chr",
      "complex", "dict",   "divmod",     "enumerate", "filter", "float",    "format", "frozenset",
      "hex",     "int",    "isinstance", "len",       "list",   "map",      "max",    "min",
      "oct",     "ord",    "pow",        "range",     "repr",   "reversed", "round",  "set",
      "slice",   "sorted", "str",        "sum",       "tuple",  "type",     "zip"};
  return kNames;
}

const NameSet& BuiltinTypes() {
  static const NameSet kNames = {"bool", "bytes", "complex", "dict", "float", "frozenset",
                                 "int",  "list",  "set",     "str",  "tuple"};
  return kNames;
}

const NameSet& FreshCalls() {
  static const NameSet kNames = {
      "list", "dict",  "set",       "sorted",      "frozenset",   "tuple", "str",
      "int",  "float", "bool",      "len",         "bytes",       "abs",   "round",
      "sum",  "range", "enumerate", "zip",         "ord",         "chr",   "repr",
      "bin",  "hex",   "Counter",   "defaultdict", "OrderedDict", "deque"};
  return kNames;
}

const NameSet& ReadingMethods() {
  static const NameSet kNames = Words(
      "bit_length capitalize casefold center conjugate copy count decode difference "
      "elements encode end endswith expandtabs find findall finditer format format_map "
      "fullmatch get group groupdict groups hex index intersection is_integer isalnum "
      "isalpha isascii isdecimal isdigit isdisjoint isidentifier islower isnumeric "
      "isprintable isspace issubset issuperset istitle isupper items join keys ljust lower "
      "lstrip maketrans match most_common partition removeprefix removesuffix replace rfind "
      "rindex rjust rpartition rsplit rstrip search span split splitlines start startswith "
      "strip sub subn swapcase symmetric_difference title to_bytes translate union upper "
      "values zfill as_integer_ratio hexdigest digest ratio");
  return kNames;
}

const NameSet& MutatingMethods() {
  static const NameSet kNames = Words(
      "add append appendleft clear discard difference_update extend extendleft insert "
      "intersection_update move_to_end pop popitem popleft remove reverse rotate setdefault "
      "sort subtract symmetric_difference_update update");
  return kNames;
}

// Functions of the standard library that only compute; an empty set stands for the whole module.
static const std::map<std::string_view, NameSet>& PureLibrary() {
  static const std::map<std::string_view, NameSet> kLibrary = {
      {"math", {}},
      {"cmath", {}},
      {"statistics", {}},
      {"unicodedata", {}},
      {"bisect", {"bisect", "bisect_left", "bisect_right"}},
      {"re",
       {"sub",    "subn",    "findall",    "finditer",  "split",  "match",   "search",  "fullmatch",
        "escape", "compile", "IGNORECASE", "MULTILINE", "DOTALL", "VERBOSE", "UNICODE", "ASCII",
        "I",      "M",       "S",          "X",         "U",      "A"}},
      {"string",
       {"ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "octdigits",
        "punctuation", "whitespace", "printable", "capwords"}},
      {"itertools",
       {"accumulate", "chain", "combinations", "combinations_with_replacement", "compress", "count",
        "dropwhile", "filterfalse", "groupby", "islice", "pairwise", "permutations", "product",
        "repeat", "starmap", "takewhile", "zip_longest"}},
      {"functools", {"reduce", "cmp_to_key"}},
      {"operator",
       {"itemgetter", "add", "sub", "mul", "truediv", "floordiv", "mod", "neg", "and_", "or_",
        "xor", "eq", "ne", "lt", "le", "gt", "ge", "contains", "getitem"}},
      {"collections", {"Counter", "defaultdict", "OrderedDict", "deque"}},
      {"heapq", {"nlargest", "nsmallest", "merge"}},
      {"textwrap", {"dedent", "indent", "wrap", "fill", "shorten"}},
      {"html", {"escape", "unescape"}},
      {"base64",
       {"b64encode", "b64decode", "urlsafe_b64encode", "urlsafe_b64decode", "b32encode",
        "b32decode", "b16encode", "b16decode"}},
      {"binascii", {"hexlify", "unhexlify", "crc32"}},
      {"zlib", {"crc32", "adler32", "compress", "decompress"}},
      {"json", {"dumps", "loads"}},
      {"urllib.parse",
       {"quote", "quote_plus", "unquote", "unquote_plus", "urlencode", "parse_qs", "parse_qsl"}},
      {"hashlib",
       {"sha256", "sha512", "sha224", "sha384", "blake2b", "blake2s", "sha3_256", "md5", "sha1"}},
      {"difflib", {"SequenceMatcher", "get_close_matches"}},
      {"keyword", {"iskeyword"}},
  };
  return kLibrary;
}

bool IsPureLibrary(std::string_view module, std::string_view name) {
  const auto at = PureLibrary().find(module);
  return at != PureLibrary().end() && (at->second.empty() || at->second.contains(name));
}

}  // namespace ratchet::python
