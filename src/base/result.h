// Result<T>: how every function that can fail answers. No exception crosses a folder's border: those of libraries are
// caught where the library is called.
//
//   Result<Account> find(std::string_view email);
//
//   Result<void> greet(std::string_view email) {
//     TRY(Account account, find(email));      // returns the error to our caller
//     TRY_VOID(send(account));
//     return {};
//   }
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakelift {

// What kind of failure it is; each dialect of the edge has one table from Code to status.
enum class Code {
  kInvalid,          // the caller sent something wrong; `fields` names what
  kUnauthenticated,  // who are you?
  kForbidden,        // known, but not allowed
  kNotFound,         // does not exist, or may not be seen
  kConflict,         // does not fit the state of things
  kGone,             // was there, is no more (cancelled, expired)
  kPrecondition,     // If-Match and the like failed
  kTooLarge,         // above a named limit
  kRange,            // the range asked for can't be satisfied
  kTooMany,          // a rate or a queue limit: come back later
  kUnavailable,      // something we need is away: come back later
  kNoSpace,          // the disk or the quota is full
  kUnsupported,      // valid, but not offered
  kCancelled,        // the caller or the server stopped it
  kDeadline,         // took longer than allowed
  kCorrupt,          // stored or supplied bytes are not what they claim to be
  kInternal,         // a fault of ours
};

[[nodiscard]] std::string_view code_name(Code code);

struct FieldError {
  std::string field;
  std::vector<std::string> texts;
};

struct Error {
  Code code = Code::kInternal;
  std::string event;    // the contract's upper-case name, e.g. COULD_NOT_FIND_CATALOGUEITEM; empty: the code's own
  std::string message;  // for people: what is wrong and what to do; never a secret, never a path of this machine
  std::vector<FieldError> fields;
  int retry_after_seconds = 0;  // of kTooMany and kUnavailable: when it is worth trying again; 0: not known
};

template <typename T>
using Result = std::expected<T, Error>;

// fail(Code::kNotFound, "COULD_NOT_FIND_CATALOGUEITEM", "no item has the id 7")
[[nodiscard]] std::unexpected<Error> fail(Code code, std::string event, std::string message,
                                          std::vector<FieldError> fields = {});
// The same without an event of the contract.
[[nodiscard]] std::unexpected<Error> fail(Code code, std::string message);
// From errno: ENOSPC, EDQUOT and EFBIG become kNoSpace, ENOENT kNotFound, all else kInternal.
[[nodiscard]] std::unexpected<Error> fail_errno(std::string_view doing, int error_number);

}  // namespace lakelift

#define LAKELIFT_CONCAT_(a, b) a##b
#define LAKELIFT_CONCAT(a, b) LAKELIFT_CONCAT_(a, b)
#define LAKELIFT_TRY_(tmp, declaration, ...)                \
  auto tmp = (__VA_ARGS__);                                 \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  declaration = *std::move(tmp)

// TRY(declaration, expression): declares from the value, or returns the error.
#define TRY(declaration, ...) LAKELIFT_TRY_(LAKELIFT_CONCAT(try_tmp_, __COUNTER__), declaration, __VA_ARGS__)
// TRY_VOID(expression): for Result<void>, or where the value does not matter.
#define TRY_VOID(...)                                                                                              \
  do {                                                                                                             \
    if (auto try_void_tmp = (__VA_ARGS__); !try_void_tmp) return std::unexpected(std::move(try_void_tmp).error()); \
  } while (false)
