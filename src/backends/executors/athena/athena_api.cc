#include "backends/executors/athena/athena_api.h"

#include <algorithm>

#include "backends/executors/athena/athena_limits.h"
#include "base/encoding.h"

namespace lakelift::executors {
namespace {

CallFailure away(const std::string& message) {
  return {CallVerdict::kAgain, {Code::kUnavailable, "ENGINE_UNAVAILABLE", "Athena does not answer: " + message, {}}};
}

// What the transport said: where nothing may be sent at all, nothing helps.
CallFailure not_answered(const Error& error) {
  CallFailure failure = away(error.message);
  const bool is_final = error.code == Code::kInvalid || error.code == Code::kForbidden;
  if (is_final) failure = {CallVerdict::kFinal, {Code::kForbidden, "ENGINE_REFUSED", "Athena: " + error.message, {}}};
  return failure;
}

}  // namespace

std::int64_t AthenaApi::pause_ms(int attempt) {
  const std::int64_t most = std::min(limits::kAthenaMostRetryMs, limits::kAthenaRetryMs << std::min(attempt, 20));
  return static_cast<std::int64_t>(parts_.random.next() % static_cast<std::uint64_t>(most + 1));
}

Result<AthenaApi::Answer> AthenaApi::send(std::string_view action, const std::string& body,
                                          const aws::Credentials& credentials) {
  aws::SignableCall call{.method = "POST",
                         .host = endpoint_.host,
                         .path = "/",
                         .query = {},
                         .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                                     {"X-Amz-Target", "AmazonAthena." + std::string(action)}},
                         .payload_sha256 = sha256_hex(body)};
  const net::TransferRequest request{.method = "POST",
                                     .url = endpoint_.scheme + "://" + endpoint_.host + "/",
                                     .headers = aws::signed_headers(call, credentials, scope_, parts_.clock.now()),
                                     .body = {.text = body},
                                     .idle_ms = limits::kAthenaIdleMs};
  TRY(const auto answer, parts_.transport.open(request));
  Answer out{answer->status(), std::string(answer->header("x-amzn-errortype").value_or("")), {}};
  TRY(out.text, answer->text(limits::kAthenaAnswerBytes));
  return out;
}

std::expected<json::object, CallFailure> AthenaApi::attempt(std::string_view action, const std::string& body,
                                                            bool& has_renewed) {
  const auto credentials = parts_.credentials.get();
  if (!credentials) {
    const bool is_away = credentials.error().code == Code::kUnavailable;
    return std::unexpected(CallFailure{is_away ? CallVerdict::kAgain : CallVerdict::kFinal, credentials.error()});
  }
  const auto answer = send(action, body, *credentials);
  if (!answer) return std::unexpected(not_answered(answer.error()));
  const auto document = parse_json(answer->text);
  const json::object* const object = document ? document->if_object() : nullptr;
  if (answer->status == 200) {
    if (object == nullptr) return std::unexpected(away("its answer makes no sense"));
    return *object;
  }
  std::string type = answer->error_type;
  std::string message;
  if (object != nullptr) {
    if (type.empty()) type = find_string(*object, "__type").value_or("");
    message = find_string(*object, "message").value_or(find_string(*object, "Message").value_or(""));
  }
  CallFailure failure = meaning_of_answer(endpoint_.host, answer->status, type, message);
  if (failure.verdict == CallVerdict::kCredentials) {
    if (has_renewed) {
      failure.verdict = CallVerdict::kFinal;
    } else {
      has_renewed = true;
      parts_.credentials.refuse(*credentials);
    }
  }
  return std::unexpected(std::move(failure));
}

Result<json::object> AthenaApi::call(std::string_view action, const json::object& body, const std::stop_token& stop) {
  const std::string text = to_text(body);
  bool has_renewed = false;
  for (int number = 0;; ++number) {
    auto answer = attempt(action, text, has_renewed);
    if (answer) return *std::move(answer);
    CallFailure& failure = answer.error();
    if (failure.verdict == CallVerdict::kFinal || number + 1 >= limits::kAthenaAttempts) {
      return std::unexpected(std::move(failure.error));
    }
    if (failure.verdict == CallVerdict::kCredentials) continue;
    parts_.pause(pause_ms(number), stop);
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while Athena did not answer");
  }
}

}  // namespace lakelift::executors
