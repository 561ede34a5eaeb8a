#pragma once
// CHECK(condition, "why"): a programmer's promise, kept in release builds too. A broken promise
// prints file, line and reason to standard error and aborts: better dead than wrong.

namespace ratchet {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const char* why);
}  // namespace ratchet

#define CHECK(condition, why) \
  ((condition) ? (void)0 : ::ratchet::CheckFailed(__FILE__, __LINE__, #condition, why))
