#include "edge/cli/report.h"

#include <fmt/format.h>

#include <string_view>

#include "edge/cli/cli.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

std::string_view hint_of(const Error& error) {
  if (error.event == "SERVER_UNREACHABLE") {
    return "is it running? `lakelift serve` starts one; --server or LAKELIFT_SERVER says where it is";
  }
  if (error.event == "COULD_NOT_FIND_CATALOGUEITEM")
    return "`lakelift catalogue list` shows what there is; `lakelift catalogue request-access NAME` asks for more";
  if (error.event == "COULD_NOT_FIND_ACCOUNT") return "`lakelift account list` shows who there is";
  if (error.event == "COULD_NOT_FIND_GROUP") return "`lakelift group list` shows what there is";
  if (error.event == "COULD_NOT_FIND_API_TOKEN") return "`lakelift token list` shows what there is";
  if (error.event == "COULD_NOT_FIND_DOWNLOADREQUEST") return "`lakelift slice list` shows what you wait for";
  if (error.event == "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED") {
    return "`lakelift slice list` shows them and `lakelift slice cancel ID` ends one";
  }
  if (error.event == "COULD_NOT_FIND_FILE")
    return "`lakelift file ls` shows what there is, also in a folder or at OWNER:";
  if (error.event == "FOLDER_IS_NOT_EMPTY") return "-r removes all that is in it";
  if (error.event == "FILE_EXISTS_ALREADY") return "--overwrite replaces it; what was there goes into the trash";
  if (error.event == "QUOTA_EXCEEDED")
    return "`lakelift file du` tells what is used; the trash counts, and `lakelift file trash --empty` ends it";
  switch (error.code) {
    case Code::kUnauthenticated:
      return "sign in with `lakelift auth login`, or put a token into LAKELIFT_TOKEN";
    case Code::kForbidden:
      return error.event == "ACCESS_DENIED" ? "an account of type ADMIN may do this" : "";
    case Code::kUnavailable:
    case Code::kDeadline:
    case Code::kTooMany:
      return "try again later";
    case Code::kNoSpace:
      return "free some space, then run the same command again";
    default:
      return {};
  }
}

}  // namespace

int exit_code_of(const Error& error) {
  if (error.event == "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED" || error.event == "QUOTA_EXCEEDED") return kRefused;
  switch (error.code) {
    case Code::kInvalid:
    case Code::kUnsupported:
      return kUsage;
    case Code::kNotFound:
      return kNotFound;
    case Code::kUnauthenticated:
      return kSignInNeeded;
    case Code::kUnavailable:
    case Code::kTooMany:
    case Code::kDeadline:
      return kTemporary;
    case Code::kForbidden:
    case Code::kConflict:
    case Code::kPrecondition:
      return kRefused;
    case Code::kCancelled:
      return error.event == "INTERRUPTED" ? kInterrupted : kError;
    default:
      return kError;
  }
}

std::string report(const Error& error) {
  std::string out = fmt::format("error: {}\n", printable(error.message));
  for (const FieldError& field : error.fields) {
    for (const std::string& text : field.texts)
      out += fmt::format("  {}: {}\n", printable(field.field), printable(text));
  }
  if (const auto hint = hint_of(error); !hint.empty()) out += fmt::format("hint: {}\n", hint);
  return out;
}

}  // namespace lakelift::cli
