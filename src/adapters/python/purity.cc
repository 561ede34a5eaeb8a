#include "adapters/python/purity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "core/base/text.h"

namespace ratchet::python {
namespace {

using Set = std::set<std::string_view>;

// Built-in functions that only compute. Left out on purpose: print, open, input, id, hash (differs
// between processes), getattr and its family, iter/next (consume state), vars, globals, super.
const Set kBuiltins = {"abs",    "all",       "any",   "ascii",  "bin",        "bool",   "bytes",
                       "chr",    "complex",   "dict",  "divmod", "enumerate",  "filter", "float",
                       "format", "frozenset", "hex",   "int",    "isinstance", "len",    "list",
                       "map",    "max",       "min",   "oct",    "ord",        "pow",    "range",
                       "repr",   "reversed",  "round", "set",    "slice",      "sorted", "str",
                       "sum",    "tuple",     "type",  "zip"};
const Set kTypes = {"bool", "bytes", "complex", "dict", "float", "frozenset",
                    "int",  "list",  "set",     "str",  "tuple"};
// Calls whose result is a new object that nothing else refers to.
const Set kFreshCalls = {"list",        "dict",        "set",   "sorted", "frozenset", "tuple",
                         "str",         "int",         "float", "bool",   "len",       "bytes",
                         "abs",         "round",       "sum",   "range",  "enumerate", "zip",
                         "ord",         "chr",         "repr",  "bin",    "hex",       "Counter",
                         "defaultdict", "OrderedDict", "deque"};
// Constructors of containers whose elements are all their own.
const Set kOwnElements = {"int", "float", "list", "dict", "set", "str"};

// Methods of plain values that change nothing.
const Set kReadingMethods = {"bit_length",
                             "capitalize",
                             "casefold",
                             "center",
                             "conjugate",
                             "copy",
                             "count",
                             "decode",
                             "difference",
                             "elements",
                             "encode",
                             "end",
                             "endswith",
                             "expandtabs",
                             "find",
                             "findall",
                             "finditer",
                             "format",
                             "format_map",
                             "fullmatch",
                             "get",
                             "group",
                             "groupdict",
                             "groups",
                             "hex",
                             "index",
                             "intersection",
                             "is_integer",
                             "isalnum",
                             "isalpha",
                             "isascii",
                             "isdecimal",
                             "isdigit",
                             "isdisjoint",
                             "isidentifier",
                             "islower",
                             "isnumeric",
                             "isprintable",
                             "isspace",
                             "issubset",
                             "issuperset",
                             "istitle",
                             "isupper",
                             "items",
                             "join",
                             "keys",
                             "ljust",
                             "lower",
                             "lstrip",
                             "maketrans",
                             "match",
                             "most_common",
                             "partition",
                             "removeprefix",
                             "removesuffix",
                             "replace",
                             "rfind",
                             "rindex",
                             "rjust",
                             "rpartition",
                             "rsplit",
                             "rstrip",
                             "search",
                             "span",
                             "split",
                             "splitlines",
                             "start",
                             "startswith",
                             "strip",
                             "sub",
                             "subn",
                             "swapcase",
                             "symmetric_difference",
                             "title",
                             "to_bytes",
                             "translate",
                             "union",
                             "upper",
                             "values",
                             "zfill",
                             "as_integer_ratio",
                             "hexdigest",
                             "digest",
                             "ratio"};
const Set kMutatingMethods = {"add",
                              "append",
                              "appendleft",
                              "clear",
                              "discard",
                              "difference_update",
                              "extend",
                              "extendleft",
                              "insert",
                              "intersection_update",
                              "move_to_end",
                              "pop",
                              "popitem",
                              "popleft",
                              "remove",
                              "reverse",
                              "rotate",
                              "setdefault",
                              "sort",
                              "subtract",
                              "symmetric_difference_update",
                              "update"};

// Functions of the standard library that only compute; an empty set stands for the whole module.
const std::map<std::string_view, Set>& PureLibrary() {
  static const std::map<std::string_view, Set> kLibrary = {
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

// Nodes that are harmless if everything below them is.
const Set kStructure = {"block",
                        "expression_statement",
                        "return_statement",
                        "if_statement",
                        "elif_clause",
                        "else_clause",
                        "while_statement",
                        "try_statement",
                        "except_clause",
                        "finally_clause",
                        "pass_statement",
                        "break_statement",
                        "continue_statement",
                        "assert_statement",
                        "parenthesized_expression",
                        "conditional_expression",
                        "boolean_operator",
                        "not_operator",
                        "binary_operator",
                        "unary_operator",
                        "list",
                        "tuple",
                        "set",
                        "dictionary",
                        "pair",
                        "list_splat",
                        "dictionary_splat",
                        "expression_list",
                        "slice",
                        "subscript",
                        "string",
                        "concatenated_string",
                        "interpolation",
                        "format_specifier",
                        "format_expression",
                        "if_clause",
                        "argument_list",
                        "keyword_separator",
                        "as_pattern",
                        "as_pattern_target",
                        "named_expression"};
const Set kAtoms = {
    "integer",         "float",          "true",       "false",           "none",
    "string_start",    "string_content", "string_end", "escape_sequence", "escape_interpolation",
    "type_conversion", "comment",        "type",       "ellipsis"};

struct Refusal {
  int line;
  std::string why;
};

// The local names of one function and where they get their values.
class Locals {
 public:
  explicit Locals(const Node& function) {
    for (const Node& parameter : function.field("parameters").children()) AddParameter(parameter);
    Walk(function.field("body"), [&](const Node& node) {
      if (node.is("lambda") || node.type().ends_with("_comprehension") ||
          node.is("generator_expression"))
        return false;
      if (node.is("assignment")) Assign(node.field("left"), node.field("right"));
      if (node.is("named_expression")) Assign(node.field("name"), node.field("value"));
      if (node.is("augmented_assignment") && node.field("left").is("identifier"))
        Declare(node.field("left"));
      if (node.is("for_statement")) Declare(node.field("left"));
      if (node.is("as_pattern_target")) Declare(node);
      return true;
    });
  }

  [[nodiscard]] bool Has(std::string_view name) const { return names_.contains(std::string(name)); }
  [[nodiscard]] bool IsParameter(std::string_view name) const {
    return parameters_.contains(std::string(name));
  }
  [[nodiscard]] bool IsScalarParameter(std::string_view name) const {
    const auto at = parameters_.find(std::string(name));
    return at != parameters_.end() && kScalars.contains(at->second);
  }
  [[nodiscard]] const std::vector<Node>& Values(std::string_view name) const {
    static const std::vector<Node> kNone;
    const auto at = values_.find(std::string(name));
    return at == values_.end() ? kNone : at->second;
  }
  // Bound by something else than plain assignment: its value may be anybody's.
  [[nodiscard]] bool IsForeign(std::string_view name) const {
    return foreign_.contains(std::string(name));
  }

 private:
  static inline const Set kScalars = {"str", "int", "float", "bool", "bytes", "complex"};

  void AddParameter(const Node& parameter) {
    Node name = parameter;
    if (parameter.is("default_parameter") || parameter.is("typed_default_parameter"))
      name = parameter.field("name");
    if (parameter.is("typed_parameter") && !parameter.children().empty())
      name = parameter.children().front();
    const std::string_view type = parameter.field("type").text();
    Walk(name, [&](const Node& node) {
      if (node.is("identifier")) {
        parameters_.emplace(node.text(), type);
        names_.emplace(node.text());
        foreign_.emplace(node.text());
      }
      return true;
    });
  }
  void Declare(const Node& target) {
    Walk(target, [&](const Node& node) {
      if (node.is("attribute") || node.is("subscript")) return false;
      if (node.is("identifier")) {
        names_.emplace(node.text());
        if (!target.parent().is("augmented_assignment")) foreign_.emplace(node.text());
      }
      return true;
    });
  }
  void Assign(const Node& target, const Node& value) {
    if (target.is("identifier")) {
      names_.emplace(target.text());
      if (value.ok()) values_[std::string(target.text())].push_back(value);
      return;
    }
    const auto targets = target.children(), values = value.children();
    const bool pairwise = (target.is("pattern_list") || target.is("tuple_pattern")) &&
                          (value.is("expression_list") || value.is("tuple")) &&
                          targets.size() == values.size();
    if (!pairwise) return Declare(target);
    for (size_t i = 0; i < targets.size(); ++i) Assign(targets[i], values[i]);
  }

  std::set<std::string> names_, foreign_;
  std::map<std::string, std::string_view> parameters_;  // name → annotation
  std::map<std::string, std::vector<Node>> values_;
};

class Prover {
 public:
  Prover(const ModuleScope& module, PurityProof& proof, std::vector<std::string> stack)
      : module_(module), proof_(proof), stack_(std::move(stack)) {}

  std::optional<Refusal> Prove(const Node& function) {
    const std::string name(function.field("name").text());
    if (std::ranges::find(stack_, name) != stack_.end()) {
      return Refusal{function.line(), name + " calls itself"};
    }
    stack_.push_back(name);
    proof_.names_used.insert(name);
    if (function.tokens().front().text() == "async")
      return Refusal{function.line(), "it is asynchronous"};
    if (function.parent().is("decorated_definition"))
      return Refusal{function.line(), name + " is decorated"};
    for (const Node& parameter : function.field("parameters").children()) CheckParameter(parameter);
    locals_.emplace(function);
    function_ = function;
    Visit(function.field("body"));
    return refusal_;
  }

 private:
  void Refuse(const Node& node, std::string why) {
    if (!refusal_) refusal_ = Refusal{node.line(), std::move(why)};
  }

  void CheckParameter(const Node& parameter) {
    if (parameter.is("list_splat_pattern") || parameter.is("dictionary_splat_pattern")) {
      Refuse(parameter, "it takes any number of arguments");
    }
    const std::string_view type = parameter.field("type").text();
    for (const std::string_view callable : {"Callable", "Iterator", "Generator", "Iterable"}) {
      if (type.find(callable) != std::string_view::npos) {
        Refuse(parameter,
               fmt::format("the argument {} has no value that can be compared", parameter.text()));
      }
    }
    const Node value = parameter.field("value");
    const Node named = parameter.is("identifier") || parameter.children().empty()
                           ? parameter
                           : parameter.children().front();
    const std::string name = Lowercase(named.text());
    for (const char* secret : {"password", "passwd", "secret", "token", "credential"}) {
      if (name.find(secret) != std::string::npos)
        Refuse(parameter, fmt::format("{} would be kept in memory", name));
    }
    const bool plain = !value.ok() || value.is("integer") || value.is("float") ||
                       value.is("true") || value.is("false") || value.is("none") ||
                       value.is("unary_operator") || StringValue(value).has_value() ||
                       (value.is("tuple") && value.children().empty()) ||
                       (value.is("identifier") && module_.IsConstant(value.text()));
    if (!plain) Refuse(parameter, fmt::format("the default {} can change", value.text()));
    if (value.is("identifier")) proof_.names_used.emplace(value.text());
  }

  [[nodiscard]] bool IsLocal(std::string_view name) const {
    const bool scoped = std::ranges::any_of(
        scopes_, [&](const auto& scope) { return scope.contains(std::string(name)); });
    return scoped || locals_->Has(name);
  }
  // Bound by the function itself, not by a comprehension or a lambda inside it.
  [[nodiscard]] bool IsOwnLocal(std::string_view name) const {
    const bool scoped = std::ranges::any_of(
        scopes_, [&](const auto& scope) { return scope.contains(std::string(name)); });
    return !scoped && locals_->Has(name);
  }

  void VisitAll(const std::vector<Node>& nodes) {
    for (const Node& node : nodes) Visit(node);
  }

  void Visit(const Node& node) {
    if (refusal_ || !node.ok() || kAtoms.contains(node.type())) return;
    if (node.is("identifier")) return Read(node);
    if (node.is("call")) return Call(node);
    if (node.is("attribute")) return Attribute(node);
    if (node.is("assignment")) return Assignment(node);
    if (node.is("augmented_assignment")) return AugmentedAssignment(node);
    if (node.is("delete_statement")) return Delete(node);
    if (node.is("for_statement")) return For(node);
    if (node.is("lambda")) return Lambda(node);
    if (node.is("comparison_operator")) return Comparison(node);
    if (node.is("raise_statement")) return Raise(node);
    if (node.is("except_clause")) return Except(node);
    if (node.type().ends_with("_comprehension") || node.is("generator_expression"))
      return Comprehension(node);
    if (node.is("as_pattern_target")) return;
    if (node.is("named_expression")) return Visit(node.field("value"));
    if (node.is("while_statement")) proof_.does_work = true;
    if (node.is("format_specifier") && node.text().ends_with("n"))
      return Refuse(node, "it formats by the locale");
    if (node.is("pattern_list") || node.is("tuple_pattern") || node.is("list_pattern")) return;
    if (!kStructure.contains(node.type())) return Refuse(node, Unknown(node));
    VisitAll(node.children());
  }

  static std::string Unknown(const Node& node) {
    if (node.is("global_statement") || node.is("nonlocal_statement"))
      return "it writes names outside of it";
    if (node.is("yield")) return "it is a generator";
    if (node.is("await")) return "it waits for something";
    if (node.is("with_statement")) return "it enters a context";
    if (node.is("import_statement") || node.is("import_from_statement"))
      return "it imports while it runs";
    if (node.is("function_definition") || node.is("class_definition"))
      return "it defines something inside";
    return fmt::format("it has a {} that the proof does not know",
                       ReplaceAll(std::string(node.type()), "_", " "));
  }

  // --- Names ------------------------------------------------------------------------------------

  void Read(const Node& name) {
    const std::string_view text = name.text();
    if (IsLocal(text)) return;
    if (module_.IsConstant(text)) {
      proof_.names_used.emplace(text);
      return;
    }
    if (const ImportedName* import = module_.Import(text); import != nullptr) {
      if (!import->name.empty() && IsPureLibrary(import->module, import->name)) return;
      return Refuse(
          name, fmt::format("it uses {}, which was imported and is not known to be pure", text));
    }
    if (const Node function = module_.Function(text); function.ok())
      return ProveCallee(name, function);
    if (module_.IsBound(text)) {
      return Refuse(name, fmt::format("it reads {}, which can change", text));
    }
    if (kBuiltins.contains(text) || kTypes.contains(text) || module_.IsPlainException(text)) return;
    Refuse(name, fmt::format("it uses {}, which is not known to be pure", text));
  }

  void ProveCallee(const Node& at, const Node& function) {
    PurityProof callee;
    Prover prover(module_, callee, stack_);
    if (const auto refusal = prover.Prove(function)) {
      return Refuse(at, fmt::format("it calls {}, and there (line {}) {}", at.text(), refusal->line,
                                    refusal->why));
    }
    proof_.names_used.merge(callee.names_used);
    proof_.does_work = proof_.does_work || callee.does_work;
  }

  void Attribute(const Node& node) {
    const std::string_view object = node.field("object").text();
    const std::string_view name = node.field("attribute").text();
    const ImportedName* import = IsLocal(object) ? nullptr : module_.Import(object);
    if (import != nullptr && import->name.empty() && IsPureLibrary(import->module, name)) return;
    Refuse(node, fmt::format("it reads the attribute {}, which can change", node.text()));
  }

  // --- Calls ------------------------------------------------------------------------------------

  void Call(const Node& call) {
    const Node function = call.field("function");
    if (call.field("arguments").is("generator_expression")) {
      Visit(call.field("arguments"));  // sum(x for x in y): the generator is the argument list
    } else {
      for (const Node& argument : call.field("arguments").children()) {
        Visit(argument.is("keyword_argument") ? argument.field("value") : argument);
      }
    }
    if (function.is("identifier")) return CallName(call, function);
    if (function.is("attribute")) return CallMethod(call, function);
    Refuse(call, "it calls something that is computed");
  }

  void CallName(const Node& call, const Node& function) {
    const std::string_view name = function.text();
    if (IsLocal(name)) {
      const auto& values = locals_->Values(name);
      const bool lambdas =
          IsOwnLocal(name) && !locals_->IsForeign(name) && !values.empty() &&
          std::ranges::all_of(values, [](const Node& v) { return v.is("lambda"); });
      if (!lambdas) Refuse(call, fmt::format("it calls {}, which may be anything", name));
      return;
    }
    static const Set kWorking = {"sorted", "sum", "map", "filter"};
    proof_.does_work = proof_.does_work || kWorking.contains(name);
    const auto arguments = call.field("arguments").children();
    if (name == "format" && arguments.size() > 1 &&
        (!StringValue(arguments[1]) || StringValue(arguments[1])->ends_with('n'))) {
      return Refuse(call, "it formats by the locale or by a format that is not known");
    }
    Read(function);
  }

  void CallMethod(const Node& call, const Node& function) {
    const Node object = function.field("object");
    const std::string_view method = function.field("attribute").text();
    if (!IsLocal(object.text())) {
      const ImportedName* import = module_.Import(object.text());
      if (import != nullptr && import->name.empty()) {
        proof_.does_work = proof_.does_work || object.text() == "re" || object.text() == "json" ||
                           object.text() == "difflib";
        if (object.text() == "heapq" &&
            (method == "heappush" || method == "heappop" || method == "heapify")) {
          const auto arguments = call.field("arguments").children();
          if (!arguments.empty() && IsFresh(arguments.front(), 0)) return;
        }
        if (IsPureLibrary(import->module, method)) return;
        return Refuse(call, fmt::format("it calls {}.{}, which is not known to be pure",
                                        object.text(), method));
      }
      // "urllib.parse.quote(...)": the module was imported under its full name.
      if (object.is("attribute") &&
          module_.Import(object.text().substr(0, object.text().find('.'))) != nullptr) {
        if (IsPureLibrary(object.text(), method)) return;
        return Refuse(call,
                      fmt::format("it calls {}, which is not known to be pure", function.text()));
      }
    }
    if (kTypes.contains(object.text()) && !IsLocal(object.text()) &&
        !module_.IsBound(object.text()) &&
        (method == "fromkeys" || method == "maketrans" || method == "fromhex" ||
         method == "from_bytes")) {
      return;
    }
    Visit(object);
    if (kReadingMethods.contains(method)) return CheckHiddenState(call, object, method);
    if (!kMutatingMethods.contains(method)) {
      return Refuse(call,
                    fmt::format("it calls the method {}, which is not known to be pure", method));
    }
    if (IsFresh(object, 0)) return;
    Refuse(call,
           fmt::format("{} changes a value that others may see", call.field("function").text()));
  }

  // The locale and the registry of codecs are state of the interpreter.
  void CheckHiddenState(const Node& call, const Node& object, std::string_view method) {
    if (method == "format" || method == "format_map") {
      const auto literal = StringValue(object);
      if (!literal || literal->find("n}") != std::string::npos)
        Refuse(call, "it formats by the locale or by a format that is not known");
    }
    if (method == "encode" || method == "decode") {
      static const Set kCodecs = {"utf-8",      "utf8",   "ascii",  "latin-1", "latin1",
                                  "iso-8859-1", "utf-16", "utf-32", "UTF-8",   "ASCII"};
      const auto arguments = call.field("arguments").children();
      const auto codec =
          arguments.empty() ? std::optional<std::string>("utf-8") : StringValue(arguments.front());
      if (!codec || !kCodecs.contains(*codec))
        Refuse(call, "it uses a codec that can be registered anew");
    }
  }

  // --- What may be changed: values that the function made itself
  // ----------------------------------

  bool IsFresh(const Node& node, int depth) {
    if (depth > 6) return false;
    if (node.is("parenthesized_expression"))
      return !node.children().empty() && IsFresh(node.children()[0], depth + 1);
    if (node.is("conditional_expression")) {
      const auto parts = node.children();
      return parts.size() == 3 && IsFresh(parts[0], depth + 1) && IsFresh(parts[2], depth + 1);
    }
    static const Set kMakers = {"list",
                                "set",
                                "dictionary",
                                "list_comprehension",
                                "set_comprehension",
                                "dictionary_comprehension",
                                "generator_expression",
                                "integer",
                                "float",
                                "string",
                                "concatenated_string",
                                "true",
                                "false",
                                "none",
                                "binary_operator",
                                "unary_operator",
                                "comparison_operator",
                                "not_operator"};
    if (kMakers.contains(node.type())) return true;
    if (node.is("call")) return IsFreshCall(node, depth);
    if (node.is("identifier")) {
      if (!IsOwnLocal(node.text()) || locals_->IsForeign(node.text())) return false;
      const auto& values = locals_->Values(node.text());
      return !values.empty() &&
             std::ranges::all_of(values, [&](const Node& v) { return IsFresh(v, depth + 1); });
    }
    // An element of a container all of whose elements were made here: groups[key].append(x).
    if (node.is("subscript")) return OwnsElements(node.field("value"), depth + 1);
    return false;
  }

  bool IsFreshCall(const Node& call, int depth) {
    const Node function = call.field("function");
    if (function.is("identifier")) {
      const std::string_view name = function.text();
      return !IsLocal(name) && kFreshCalls.contains(name);
    }
    const Node object = function.field("object");
    const std::string_view method = function.field("attribute").text();
    if (method == "setdefault") {
      const auto arguments = call.field("arguments").children();
      return arguments.size() == 2 && IsFresh(arguments[1], depth + 1) &&
             OwnsElements(object, depth + 1);
    }
    const ImportedName* import = IsLocal(object.text()) ? nullptr : module_.Import(object.text());
    if (import != nullptr) return import->module == "collections" && kFreshCalls.contains(method);
    static const Set kMakingMethods = {
        "split",      "rsplit",  "splitlines",  "copy",  "union",   "intersection",
        "difference", "lower",   "upper",       "strip", "replace", "join",
        "format",     "findall", "most_common", "count", "find",    "index"};
    return kMakingMethods.contains(method);
  }

  // Whether everything ever put into this local container was made here.
  bool OwnsElements(const Node& container, int depth) {
    if (!container.is("identifier") || !IsFresh(container, depth + 1)) return false;
    const std::string_view name = container.text();
    for (const Node& value : locals_->Values(name)) {
      if (!StartsWithOwnElements(value)) return false;
    }
    bool own = true;
    Walk(function_.field("body"), [&](const Node& node) {
      if (node.is("assignment") && node.field("left").is("subscript") &&
          node.field("left").field("value").text() == name) {
        own = own && IsFresh(node.field("right"), depth + 1);
      }
      const Node called = node.field("function");
      if (node.is("call") && called.is("attribute") && called.field("object").text() == name &&
          kMutatingMethods.contains(called.field("attribute").text())) {
        for (const Node& argument : node.field("arguments").children())
          own = own && IsElementSafe(called, argument, depth + 1);
      }
      return own;
    });
    return own;
  }

  bool IsElementSafe(const Node& called, const Node& argument, int depth) {
    const std::string_view method = called.field("attribute").text();
    if (method == "pop" || method == "popitem" || method == "remove" || method == "discard" ||
        method == "popleft") {
      return true;
    }
    const bool key = method == "setdefault" && argument == argument.parent().children().front();
    return key || (IsFresh(argument, depth) && method != "update" && method != "extend");
  }

  static bool StartsWithOwnElements(const Node& value) {
    if ((value.is("list") || value.is("dictionary") || value.is("set")) && value.children().empty())
      return true;
    if (value.is("list_comprehension") || value.is("dictionary_comprehension")) {
      const Node body = value.field("body");
      const Node element = body.is("pair") ? body.field("value") : body;
      static const Set kOwn = {"list", "dictionary", "set", "integer", "float", "string"};
      return kOwn.contains(element.type()) && element.children().empty();
    }
    if (value.is("binary_operator") && value.field("left").is("list")) {
      const auto elements = value.field("left").children();
      return std::ranges::all_of(elements,
                                 [](const Node& e) { return e.is("integer") || e.is("float"); });
    }
    if (!value.is("call")) return false;
    std::string_view name = value.field("function").text();
    if (name.starts_with("collections.")) name.remove_prefix(12);
    const auto arguments = value.field("arguments").children();
    if (name == "Counter" ||
        ((name == "dict" || name == "list" || name == "set") && arguments.empty()))
      return true;
    return name == "defaultdict" && arguments.size() == 1 &&
           kOwnElements.contains(arguments.front().text());
  }

  // --- Statements -------------------------------------------------------------------------------

  void Target(const Node& target) {
    if (target.is("identifier") || !target.ok()) return;
    if (target.is("subscript")) {
      VisitAll(target.children());
      if (!IsFresh(target.field("value"), 0)) {
        Refuse(target,
               fmt::format("it changes {}, which others may see", target.field("value").text()));
      }
      return;
    }
    if (target.is("attribute"))
      return Refuse(target, fmt::format("it changes {}, which others may see", target.text()));
    for (const Node& part : target.children()) Target(part);
  }

  void Assignment(const Node& node) {
    Target(node.field("left"));
    Visit(node.field("right"));
  }

  void AugmentedAssignment(const Node& node) {
    const Node left = node.field("left"), right = node.field("right");
    Visit(right);
    if (left.is("identifier")) {
      // On a list this changes the list itself, so the value must be ours.
      const bool number =
          right.is("integer") || right.is("float");  // a list refuses to have a number added
      const bool ours = number || IsFresh(left, 0) || locals_->IsScalarParameter(left.text());
      if (!ours) Refuse(node, fmt::format("{} may change an argument", node.text()));
      return;
    }
    if (left.is("subscript")) {
      VisitAll(left.children());
      const bool number = right.is("integer") || right.is("float");
      const bool ours =
          IsFresh(left.field("value"), 0) && (number || OwnsElements(left.field("value"), 0));
      if (!ours) Refuse(node, fmt::format("{} may change a value that others see", left.text()));
      return;
    }
    Refuse(node, fmt::format("it changes {}, which others may see", left.text()));
  }

  void Delete(const Node& node) {
    for (const Node& target : node.children()) Target(target);
  }

  void For(const Node& node) {
    proof_.does_work = true;
    if (node.tokens().front().text() == "async") return Refuse(node, "it waits for something");
    Target(node.field("left"));
    Visit(node.field("right"));
    Visit(node.field("body"));
    Visit(node.field("alternative"));
  }

  void Comprehension(const Node& node) {
    proof_.does_work = true;
    std::set<std::string> names;
    for (const Node& clause : node.children()) {
      if (!clause.is("for_in_clause")) continue;
      if (clause.tokens().front().text() == "async") return Refuse(node, "it waits for something");
      Walk(clause.field("left"), [&](const Node& n) {
        if (n.is("identifier")) names.emplace(n.text());
        return true;
      });
    }
    // The first iterable is evaluated outside, where the comprehension's names do not exist yet.
    bool first = true;
    std::vector<Node> inside;
    for (const Node& part : node.children()) {
      if (part.is("for_in_clause")) {
        if (first) {
          Visit(part.field("right"));
        } else {
          inside.push_back(part.field("right"));
        }
        first = false;
      } else {
        inside.push_back(part);
      }
    }
    scopes_.push_back(std::move(names));
    VisitAll(inside);
    scopes_.pop_back();
  }

  void Lambda(const Node& node) {
    std::set<std::string> names;
    for (const Node& parameter : node.field("parameters").children()) {
      if (!parameter.is("identifier"))
        return Refuse(node, "it has a lambda with default or starred arguments");
      names.emplace(parameter.text());
    }
    scopes_.push_back(std::move(names));
    Visit(node.field("body"));
    scopes_.pop_back();
  }

  // Identity says more than equality: the remembered copy is equal, not the same.
  void Comparison(const Node& node) {
    const auto tokens = node.tokens();
    for (size_t i = 1; i + 1 < tokens.size(); ++i) {
      if (tokens[i].text() != "is" && tokens[i].text() != "is not") continue;
      const Node& right = tokens[i + 1];
      if (!right.is("none") && !right.is("true") && !right.is("false")) {
        return Refuse(node, "it asks whether two values are the same object");
      }
    }
    VisitAll(node.children());
  }

  void Raise(const Node& node) {
    for (const Node& what : node.children()) {
      const Node type = what.is("call") ? what.field("function") : what;
      if (!module_.IsPlainException(type.text()) && !IsOwnLocal(type.text())) {
        return Refuse(node, fmt::format("it raises {}, which may do more than fail", type.text()));
      }
      proof_.names_used.emplace(type.text());
      if (what.is("call")) VisitAll(what.field("arguments").children());
    }
  }

  void Except(const Node& node) {
    for (const Node& part : node.children()) {
      if (part.is("block")) {
        Visit(part);
        continue;
      }
      const Node types = part.is("as_pattern") ? part.children().front() : part;
      const auto each = types.is("tuple") ? types.children() : std::vector<Node>{types};
      for (const Node& type : each) {
        if (!module_.IsPlainException(type.text()))
          Refuse(type, fmt::format("it catches {}", type.text()));
      }
    }
  }

  const ModuleScope& module_;
  PurityProof& proof_;
  std::vector<std::string> stack_;
  std::optional<Locals> locals_;
  Node function_;
  std::vector<std::set<std::string>> scopes_;
  std::optional<Refusal> refusal_;
};

}  // namespace

Result<PurityProof> ProvePure(const ModuleScope& module, const Node& function) {
  PurityProof proof;
  Prover prover(module, proof, {});
  if (const auto refusal = prover.Prove(function)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("line {}: {}", refusal->line, refusal->why));
  }
  return proof;
}

}  // namespace ratchet::python
