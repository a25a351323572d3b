#include "backends/executors/athena/athena_failures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/executors/athena/athena_limits.h"
#include "base/encoding.h"

namespace lakelift::executors {
namespace {

// Whoever runs it again has to do so under another token: this one's query has ended.
constexpr std::string_view kJobEnded = "ENGINE_JOB_ENDED";

constexpr std::string_view kNoColumn = "SOURCE_CHANGED";

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.contains(word); });
}

// "com.amazonaws.athena#ThrottlingException:http://…"
std::string_view bare(std::string_view type) {
  if (const auto hash = type.find('#'); hash != std::string_view::npos) type.remove_prefix(hash + 1);
  return type.substr(0, type.find(':'));
}

Error error_of(Code code, std::string event, std::string message) {
  return {code, std::move(event), std::move(message), {}};
}

}  // namespace

std::string shown_reason(std::string_view reason) {
  std::string out;
  for (const char c : reason) {
    if (out.size() >= limits::kAthenaReasonBytes) break;
    out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
  }
  while (!out.empty() && !is_valid_utf8(out)) out.pop_back();  // cut within a character, at most three bytes of it
  return out.empty() ? "no reason" : out;
}

CallFailure meaning_of_answer(std::string_view host, int status, std::string_view type, std::string_view message) {
  const std::string_view kind = bare(type);
  const std::string words =
      fmt::format("Athena ({}) answered {} {}: {}", host, status, shown_reason(kind), shown_reason(message));
  const bool is_throttled = status == 429 || has_any(kind, {"Throttl", "TooManyRequests", "RequestLimitExceeded"});
  if (is_throttled || status >= 500 || has_any(kind, {"InternalServer", "ServiceUnavailable"})) {
    return {CallVerdict::kAgain, error_of(Code::kUnavailable, "ENGINE_UNAVAILABLE", words)};
  }
  if (has_any(kind, {"ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature",
                     "MissingAuthentication"})) {
    return {CallVerdict::kCredentials,
            error_of(Code::kForbidden, "ENGINE_REFUSED",
                     words + "; whoever runs this server must look at its credentials for Athena, and at its clock")};
  }
  if (status == 403 || kind.contains("AccessDenied")) {
    return {CallVerdict::kFinal,
            error_of(Code::kForbidden, "ENGINE_REFUSED",
                     words + "; whoever runs this server must give its role the right to do that in Athena")};
  }
  const bool is_missing =
      kind.contains("ResourceNotFound") || has_any(message, {"EntityNotFoundException", "not found", "does not exist"});
  if (is_missing) return {CallVerdict::kFinal, error_of(Code::kNotFound, "", words)};
  if (kind.contains("InvalidRequest")) return {CallVerdict::kFinal, error_of(Code::kInvalid, "", words)};
  return {CallVerdict::kFinal, error_of(Code::kConflict, "ENGINE_FAILED", words)};
}

Error meaning_of_failure(std::string_view reason, bool is_retryable) {
  const std::string words = shown_reason(reason);
  const auto error = [&](Code code, std::string event, std::string_view advice) {
    return error_of(code, std::move(event), fmt::format("{} (Athena: {})", advice, words));
  };
  if (has_any(reason,
              {"Access Denied", "AccessDenied", "PERMISSION_DENIED", "Insufficient permissions", "not authorized"})) {
    return error(
        Code::kForbidden, "ENGINE_REFUSED",
        "Athena may not read the table's data or write results: whoever runs this server must give its role the right");
  }
  if (has_any(reason, {"COLUMN_NOT_FOUND", "Column '", "TYPE_MISMATCH", "HIVE_PARTITION_SCHEMA_MISMATCH"})) {
    return error(Code::kConflict, std::string(kNoColumn),
                 "the table has other columns than the catalogue says: let its maintainer profile the item again");
  }
  if (has_any(reason, {"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "does not exist"})) {
    return error(Code::kNotFound, "SOURCE_MISSING",
                 "the table is not there: let the item's maintainer look at its source");
  }
  if (has_any(reason, {"exhausted resources", "EXCEEDED_", "timed out", "Query timeout", "Bytes scanned limit"})) {
    return error(Code::kTooLarge, "ENGINE_LIMIT",
                 "the query is more than Athena allows: ask for fewer columns or rows at once");
  }
  if (has_any(reason, {"HIVE_CANNOT_OPEN_SPLIT", "HIVE_FILESYSTEM_ERROR", "SlowDown", "INTERNAL_ERROR",
                       "Internal error", "SERVER_", "REMOTE_", "PAGE_TRANSPORT", "NO_NODES_AVAILABLE"})) {
    return error(Code::kUnavailable, std::string(kJobEnded), "Athena could not do it now");
  }
  if (has_any(reason, {"HIVE_BAD_DATA", "HIVE_CURSOR_ERROR", "ICEBERG_BAD_DATA"})) {
    return error(Code::kConflict, "SOURCE_BROKEN",
                 "the table's files can't be read by Athena: tell whoever writes them");
  }
  if (is_retryable) return error(Code::kUnavailable, std::string(kJobEnded), "Athena could not do it now");
  return error(Code::kConflict, "ENGINE_FAILED", "Athena could not run the query");
}

Error meaning_of_cancellation(std::string_view reason) {
  if (reason.contains("Bytes scanned limit")) return meaning_of_failure(reason, false);
  return error_of(
      Code::kConflict, "ENGINE_CANCELLED",
      fmt::format("the query was cancelled in Athena, not here: ask again (Athena: {})", shown_reason(reason)));
}

bool is_path_taken(std::string_view reason) { return reason.contains("HIVE_PATH_ALREADY_EXISTS"); }

bool is_no_such_column(const Error& error) { return error.event == kNoColumn; }

}  // namespace lakelift::executors
