#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace lakelift {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "INVALID";
    case Code::kUnauthenticated:
      return "UNAUTHENTICATED";
    case Code::kForbidden:
      return "ACCESS_DENIED";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kConflict:
      return "CONFLICT";
    case Code::kGone:
      return "GONE";
    case Code::kPrecondition:
      return "PRECONDITION_FAILED";
    case Code::kTooLarge:
      return "TOO_LARGE";
    case Code::kRange:
      return "RANGE_NOT_SATISFIABLE";
    case Code::kTooMany:
      return "TOO_MANY_REQUESTS";
    case Code::kUnavailable:
      return "UNAVAILABLE";
    case Code::kNoSpace:
      return "NO_SPACE";
    case Code::kUnsupported:
      return "UNSUPPORTED";
    case Code::kCancelled:
      return "CANCELLED";
    case Code::kDeadline:
      return "DEADLINE_EXCEEDED";
    case Code::kCorrupt:
      return "CORRUPT";
    case Code::kInternal:
      return "INTERNAL_ERROR";
  }
  return "INTERNAL_ERROR";
}

std::unexpected<Error> fail(Code code, std::string event, std::string message, std::vector<FieldError> fields) {
  return std::unexpected(Error{code, std::move(event), std::move(message), std::move(fields)});
}

std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{code, {}, std::move(message), {}});
}

std::unexpected<Error> fail_errno(std::string_view doing, int error_number) {
  Code code = Code::kInternal;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) code = Code::kNoSpace;
  if (error_number == ENOENT) code = Code::kNotFound;
  char buffer[128];
  const char* text = strerror_r(error_number, buffer, sizeof buffer);
  return fail(code, std::string(doing) + ": " + text);
}

}  // namespace lakelift
