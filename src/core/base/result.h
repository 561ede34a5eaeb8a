#pragma once
// Result<T> carries a value or an Error; the code is for programs, the message for people.
//
// Expected failures (IO, bad input, timeouts) are Results; programmer errors are CHECKs.
// Each layer prefixes what it was doing with Error::Within.

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace ratchet {

enum class ErrorCode {
  kInvalidArgument,    // the input is wrong; repeating it cannot help
  kNotFound,           // what was named does not exist
  kConflict,           // the outside is not as expected (compare-and-swap failed)
  kPermissionDenied,   // the caller may not do this
  kResourceExhausted,  // a limit, a budget or a disk is full
  kUnavailable,        // a passing fault; may be retried
  kTimeout,            // a deadline passed; may be retried
  kDataLoss,           // stored data is damaged
  kInternal,           // a bug of ours
};

// "invalid_argument", "not_found", ...: the name used in JSON and logs.
std::string_view Name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // The same error seen from one layer further out: "load config: <message>".
  [[nodiscard]] Error Within(std::string_view doing) const {
    return Error{code, std::string(doing) + ": " + message};
  }
  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace ratchet

#define RATCHET_CONCAT_INNER(a, b) a##b
#define RATCHET_CONCAT(a, b) RATCHET_CONCAT_INNER(a, b)

// TRY(auto x, Compute()): x is the value, or the error is returned from this function.
#define TRY(declaration, expression) \
  TRY_INNER(RATCHET_CONCAT(try_result_, __LINE__), declaration, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses
#define TRY_INNER(temporary, declaration, expression)                   \
  auto temporary = (expression);                                        \
  if (!temporary) return std::unexpected(std::move(temporary).error()); \
  declaration = std::move(*temporary)
// NOLINTEND(bugprone-macro-parentheses)

// TRY_STATUS(Write()): returns the error of a Status, else goes on.
#define TRY_STATUS(expression)                               \
  do {                                                       \
    if (auto try_status = (expression); !try_status)         \
      return std::unexpected(std::move(try_status).error()); \
  } while (false)
