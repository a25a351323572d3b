#include "edge/cli/api.h"

#include <fmt/format.h>

#include <utility>

#include "edge/cli/sse.h"

namespace lakelift::cli {
namespace {

Code code_of(int status) {
  switch (status) {
    case 400:
    case 422:
      return Code::kInvalid;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kForbidden;
    case 404:
      return Code::kNotFound;
    case 405:
    case 415:
    case 501:
      return Code::kUnsupported;
    case 409:
      return Code::kConflict;
    case 410:
      return Code::kGone;
    case 412:
      return Code::kPrecondition;
    case 413:
    case 414:
    case 431:
      return Code::kTooLarge;
    case 416:
      return Code::kRange;
    case 429:
      return Code::kTooMany;
    case 502:
    case 503:
    case 504:
      return Code::kUnavailable;
    case 507:
      return Code::kNoSpace;
    default:
      return Code::kInternal;
  }
}

std::vector<FieldError> fields_of(const json::object& envelope) {
  std::vector<FieldError> fields;
  const json::value* errors = find(envelope, "errors");
  if (errors == nullptr || !errors->is_object()) return fields;
  for (const auto& [name, texts] : errors->get_object()) {
    FieldError field{std::string(name), {}};
    if (texts.is_array()) {
      for (const auto& text : texts.get_array()) {
        field.texts.push_back(text.is_string() ? std::string(text.get_string()) : to_text(text));
      }
    } else {
      field.texts.push_back(texts.is_string() ? std::string(texts.get_string()) : to_text(texts));
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<json::object> object_of(std::string_view text) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) {
    return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD", "the server's answer is not what a Lakelift server answers");
  }
  return std::move(value->get_object());
}

}  // namespace

Error error_of(const HttpResponse& response) {
  Error error{code_of(response.status), {}, fmt::format("the server answered {}", response.status), {}};
  const auto envelope = object_of(response.body);
  if (!envelope) return error;
  error.event = find_string(*envelope, "@event").value_or("");
  error.fields = fields_of(*envelope);
  if (auto message = find_string(*envelope, "message"); message && !message->empty()) {
    error.message = *message;
  } else if (!error.event.empty()) {
    error.message = error.event;
  }
  const auto request_id = find_string(*envelope, "request_id");
  if (response.status >= 500 && request_id) error.message += fmt::format(" (request {})", *request_id);
  return error;
}

Api::Api(HttpClient& http, std::string token, Random& random, Pause pause)
    : http_(http), token_(std::move(token)), random_(random), pause_(std::move(pause)) {}

HttpRequest Api::request_of(const ApiCall& call) const {
  HttpRequest request{.method = call.method, .url = call.path, .headers = {{"Accept", "application/json"}}, .body = {}};
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  if (call.body) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = to_text(*call.body);
  }
  request.first_byte_ms = call.first_byte_ms;
  return request;
}

Api Api::over(HttpClient& http) const {
  Api other(http, token_, random_, pause_);
  other.answered_ = answered_;
  return other;
}

Result<json::object> Api::call(const ApiCall& call) {
  const HttpRequest request = request_of(call);
  return insist([&] { return http_.send(request); }, [&] { return call.repeatable; });
}

Result<json::object> Api::upload(const ApiUpload& upload, UploadSource& source) {
  HttpRequest request =
      request_of({.method = "PUT", .path = upload.path, .body = {}, .first_byte_ms = limits::kStoredMs});
  request.headers.insert(request.headers.end(), upload.headers.begin(), upload.headers.end());
  bool is_first = true;
  const auto send = [&]() -> Result<HttpResponse> {
    if (!std::exchange(is_first, false)) TRY_VOID(source.rewind());
    return http_.upload(request, source);
  };
  return insist(send, [&] { return source.can_rewind(); });
}

Result<json::object> Api::insist(const Send& send, const std::function<bool()>& repeatable) {
  Backoff backoff(random_, limits::kRequestAttempts);
  while (true) {
    auto response = send();
    std::optional<std::int64_t> pause_ms;
    if (!response) {
      const bool unsent = response.error().event == "SERVER_UNREACHABLE";
      if (!is_temporary(response.error()) || !answered_ || (!repeatable() && !unsent)) {
        return std::unexpected(std::move(response).error());
      }
      pause_ms = backoff.next_ms();
      if (!pause_ms) return std::unexpected(std::move(response).error());
    } else {
      answered_ = true;
      if (response->status < 400) return object_of(response->body);
      const Error error = error_of(*response);
      // 429 and 503 say that nothing was done, so anything may be asked again; a gateway's 502 and 504 do not.
      const bool undone = response->status == 429 || response->status == 503;
      if (!is_temporary_status(response->status) || (!repeatable() && !undone)) return std::unexpected(error);
      pause_ms = backoff.next_ms(retry_after_ms(*response));
      if (!pause_ms) return std::unexpected(error);
    }
    if (pause_(*pause_ms)) return interrupted();
  }
}

// True when on_event had enough; false when the stream ended early.
Result<bool> Api::watch_once(const std::string& path, const OnEvent& on_event, Backoff& backoff) {
  HttpRequest request = request_of({.path = path, .body = {}});
  request.headers.front().second = "text/event-stream";
  request.stall_ms = limits::kEventsStallMs;
  bool done = false;
  SseParser parser([&](const std::string& data) -> Result<void> {
    if (data.empty() || done) return {};
    TRY(const json::object event, object_of(data));
    TRY(done, on_event(event));
    backoff.reset();
    // The way out of a stream that the server may keep open for long.
    if (done) return fail(Code::kCancelled, "WATCH_DONE", "");
    return {};
  });
  HttpResponse head;
  std::string refusal;
  StreamCallbacks callbacks;
  callbacks.on_headers = [&](const HttpResponse& response) -> Result<void> {
    answered_ = true;
    head = response;
    return {};
  };
  callbacks.on_data = [&](std::string_view bytes) -> Result<void> {
    if (head.status < 400) return parser.feed(bytes);
    if (refusal.size() < limits::kEventBytes) refusal += bytes;
    return {};
  };
  auto response = http_.stream(request, callbacks);
  if (done) return true;
  if (!response) return std::unexpected(std::move(response).error());
  if (head.status >= 400) {
    head.body = std::move(refusal);
    return std::unexpected(error_of(head));
  }
  return false;
}

Result<void> Api::watch(const std::string& path, const OnEvent& on_event) {
  Backoff backoff(random_, limits::kRequestAttempts);
  while (true) {
    auto done = watch_once(path, on_event, backoff);
    if (done && *done) return {};
    if (!done && (!is_temporary(done.error()) || !answered_)) return std::unexpected(std::move(done).error());
    const auto pause_ms = backoff.next_ms();
    if (!pause_ms) {
      if (!done) return std::unexpected(std::move(done).error());
      return fail(Code::kUnavailable, "CONNECTION_LOST", "the server ended the progress before the work was done");
    }
    if (pause_(*pause_ms)) return interrupted();
  }
}

}  // namespace lakelift::cli
