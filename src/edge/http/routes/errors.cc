// From our errors to the contract's answers: the one table of this dialect.
#include <charconv>
#include <string>
#include <utility>

#include "base/log.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

constexpr int kRetryAfterSeconds = 2;

json::object errors_of(const Error& error) {
  json::object out;
  for (const auto& field : error.fields) {
    json::array texts;
    for (const auto& text : field.texts) texts.emplace_back(text);
    out[field.field] = std::move(texts);
  }
  return out;
}

// The contract has these two as numbers beside the event, not under `errors`.
void add_counts(const Error& error, json::object& body) {
  for (const auto& field : error.fields) {
    if (field.texts.empty()) continue;
    const std::string& text = field.texts.front();
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc() && end == text.data() + text.size()) body[field.field] = number;
  }
}

// RFC 6750: a caller that sent no token is told no error code.
std::string challenge_of(std::string_view event) {
  return event == "COULD_NOT_FIND_AUTH_TOKEN" ? "Bearer" : "Bearer error=\"invalid_token\"";
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::kInvalid:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kForbidden:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
      return 409;
    case Code::kGone:
      return 410;
    case Code::kPrecondition:
      return 412;
    case Code::kTooLarge:
      return 413;
    case Code::kRange:
      return 416;
    case Code::kTooMany:
      return 429;
    case Code::kUnavailable:
      return 503;
    case Code::kNoSpace:
      return 507;
    case Code::kUnsupported:
      return 405;
    case Code::kCancelled:
      return 503;
    case Code::kDeadline:
      return 504;
    case Code::kCorrupt:
      return 500;
    case Code::kInternal:
      return 500;
  }
  return 500;
}

Response render_lakey_error(const Error& error, const RequestContext& context) {
  const int status = status_of(error.code);
  const std::string event = error.event.empty() ? std::string(code_name(error.code)) : error.event;
  // What went wrong inside is for the log; the caller gets the id by which the operator finds it.
  const bool ours = status == 500;
  if (ours) log_error("request failed", {{"request_id", context.request_id}, {"error", describe(error)}});

  json::object body{{"@event", event}, {"@type", "error"}};
  if (event == "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED") {
    add_counts(error, body);
  } else if (!error.fields.empty()) {
    body["errors"] = errors_of(error);
  }
  if (context.principal) body["@authorizer"] = json::object{{"account_id", context.principal->account_id}};
  body["message"] = ours ? "something failed on our side; the log has it under this request_id" : error.message;
  body["request_id"] = context.request_id;

  Response response = Response::json(status, body);
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", challenge_of(event));
  if (status == 429 || status == 503) {
    const int seconds = error.retry_after_seconds > 0 ? error.retry_after_seconds : kRetryAfterSeconds;
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  return response;
}

}  // namespace lakelift::http
