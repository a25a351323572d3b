// What Athena's answers mean: which call may be made again, and which error people see. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::executors {

// What becomes of one call.
enum class CallVerdict {
  kFine,
  kAgain,        // it may go well next time: throttled, or their fault
  kCredentials,  // ours are at their end: others may do
  kFinal,
};

struct CallFailure {
  CallVerdict verdict = CallVerdict::kFinal;
  Error error;
};

// An answer whose status is not 200. `type`: "ThrottlingException", as x-amzn-ErrorType or __type has it, whatever
// stands around it; `message`: theirs. Errors: kUnavailable ENGINE_UNAVAILABLE; kForbidden ENGINE_REFUSED; kNotFound;
// kInvalid for what Athena calls an invalid request; kConflict ENGINE_FAILED for all else.
[[nodiscard]] CallFailure meaning_of_answer(std::string_view host, int status, std::string_view type,
                                            std::string_view message);

// A query that ended as FAILED, or as CANCELLED by somebody else. The error says what a person can do. kUnavailable:
// another attempt may go well.
[[nodiscard]] Error meaning_of_failure(std::string_view reason, bool is_retryable);
[[nodiscard]] Error meaning_of_cancellation(std::string_view reason);
// The place of the results was taken.
[[nodiscard]] bool is_path_taken(std::string_view reason);
// A column is named that the table does not have.
[[nodiscard]] bool is_no_such_column(const Error& error);

// An engine's words, fit for a message: one line, not too long.
[[nodiscard]] std::string shown_reason(std::string_view reason);

}  // namespace lakelift::executors
