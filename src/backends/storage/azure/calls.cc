#include "backends/storage/azure/calls.h"

#include <cstdlib>

#include "backends/storage/azure/signing.h"
#include "base/encoding.h"

namespace lakelift::storage {
namespace {

constexpr Micros kSkew = 5 * 60 * kMicrosPerSecond;  // Azure takes 15 minutes; what is closer is another problem

std::string url_of(const AzureAccount& account, const AzureRequest& request) {
  std::string url = account.origin + request.path;
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    url += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  return url;
}

Attempt attempt_of(const Result<AzureAnswer>& answer) {
  if (answer) return azure_attempt(answer->status, answer->code);
  const Code code = answer.error().code;
  return code == Code::kUnavailable || code == Code::kDeadline ? Attempt::kAgain : Attempt::kDone;
}

}  // namespace

Result<AzureAnswer> AzureCalls::send(const AzureRequest& request) {
  Result<AzureAnswer> answer;
  bool may_learn = true;
  retries_.run([&](int) {
    const Micros at = now();
    answer = send_once(request, at);
    if (may_learn && learns_skew(answer, at)) {
      may_learn = false;
      answer = send_once(request, now());
    }
    return attempt_of(answer);
  });
  if (!answer) return explain(std::move(answer).error());
  return answer;
}

Result<AzureAnswer> AzureCalls::send_once(const AzureRequest& request, Micros at) {
  AzureCall call{request.method, request.path, request.query, request.headers, request.body.size_bytes()};
  call.headers.emplace_back("x-ms-date", http_date(at));
  call.headers.emplace_back("x-ms-version", kAzureVersion);
  std::string authorization = shared_key_authorization(call, account_.name, account_.key);
  call.headers.emplace_back("Authorization", std::move(authorization));
  TRY(auto head, transport_.open({.method = request.method,
                                  .url = url_of(account_, request),
                                  .headers = std::move(call.headers),
                                  .body = request.body}));
  AzureAnswer answer{head->status(), "", "", std::move(head)};
  if (answer.status != request.streams_at) {
    TRY(answer.body, answer.head->text(limits::kXmlBytes));
  }
  answer.code = azure_error_code(*answer.head, answer.body);
  return answer;
}

bool AzureCalls::learns_skew(const Result<AzureAnswer>& answer, Micros sent_at) {
  if (!answer || answer->status != 403 || answer->code != "AuthenticationFailed") return false;
  const auto theirs = parse_http_date(answer->header("date"));
  if (!theirs || std::abs(*theirs - sent_at) <= kSkew) return false;
  skew_ = *theirs - clock_.now();
  return true;
}

std::unexpected<Error> AzureCalls::explain(Error error) const {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kDeadline:
      return fail(Code::kUnavailable, "STORAGE_UNAVAILABLE", account_.host + " can't be reached: " + error.message);
    case Code::kInvalid:
    case Code::kForbidden:
      return fail(Code::kForbidden, "STORAGE_REFUSED", account_.host + " is not called: " + error.message);
    case Code::kTooLarge:
      return fail(Code::kCorrupt, account_.host + " sent a larger answer than makes sense");
    default:
      return std::unexpected(std::move(error));
  }
}

}  // namespace lakelift::storage
