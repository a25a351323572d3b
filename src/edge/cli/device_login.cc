#include "edge/cli/device_login.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "edge/cli/api.h"
#include "edge/cli/cli_limits.h"

namespace lakelift::cli {
namespace {

constexpr std::string_view kClientId = "lakelift-cli";
constexpr std::string_view kGrantType = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::int64_t kSlowDownMs = 5'000;  // RFC 8628, 3.5

Result<HttpResponse> post_form(HttpClient& http, const std::string& path, const std::string& form) {
  return http.send({.method = "POST",
                    .url = path,
                    .headers = {{"Accept", "application/json"}, {"Content-Type", "application/x-www-form-urlencoded"}},
                    .body = form});
}

std::unexpected<Error> not_understood(std::string_view what) {
  return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD",
              fmt::format("the server's answer has no \"{}\" that could be used", what));
}

json::object object_of(const HttpResponse& response) {
  const auto body = parse_json(response.body);
  return body && body->is_object() ? body->get_object() : json::object();
}

Result<std::string> text_of(const json::object& body, std::string_view key) {
  auto text = find_string(body, key);
  if (!text || text->empty()) return not_understood(key);
  return *std::move(text);
}

// Nothing else may reach a browser.
bool is_web_address(std::string_view text) { return text.starts_with("https://") || text.starts_with("http://"); }

Result<DeviceCode> device_code_of(const json::object& body) {
  DeviceCode code;
  TRY(code.device_code, text_of(body, "device_code"));
  TRY(code.user_code, text_of(body, "user_code"));
  TRY(code.verification_uri, text_of(body, "verification_uri"));
  code.verification_uri_complete = find_string(body, "verification_uri_complete").value_or("");
  if (!is_web_address(code.verification_uri)) return not_understood("verification_uri");
  if (!is_web_address(code.verification_uri_complete)) code.verification_uri_complete.clear();
  const auto expires_in = find_int(body, "expires_in");
  if (!expires_in || *expires_in <= 0) return not_understood("expires_in");
  code.expires_in_ms = std::min(*expires_in, limits::kDeviceExpiryMostMs / 1'000) * 1'000;
  const std::int64_t interval_ms = std::clamp(find_int(body, "interval").value_or(limits::kDeviceIntervalMs / 1'000),
                                              std::int64_t{0}, limits::kDeviceIntervalMostMs / 1'000) *
                                   1'000;
  code.interval_ms = std::max(interval_ms, limits::kDeviceIntervalLeastMs);
  return code;
}

// One poll's answer, as what to do next.
enum class Next { kDone, kWait, kWaitLonger, kBackOff };

struct Poll {
  Next next = Next::kWait;
  DeviceToken token;
};

Result<Poll> poll_of(const HttpResponse& response) {
  const json::object body = object_of(response);
  if (response.status == 200) {
    TRY(std::string token, text_of(body, "access_token"));
    return Poll{Next::kDone, {std::move(token), find_int(body, "expires_in")}};
  }
  const std::string error = find_string(body, "error").value_or("");
  if (error == "authorization_pending") return Poll{Next::kWait, {}};
  if (error == "slow_down") return Poll{Next::kWaitLonger, {}};
  if (error == "access_denied")
    return fail(Code::kForbidden, "SIGN_IN_REFUSED", "the sign-in was refused in the browser");
  if (error == "expired_token") return fail(Code::kUnauthenticated, "SIGN_IN_EXPIRED", "the code has expired");
  if (is_temporary_status(response.status)) return Poll{Next::kBackOff, {}};
  Error failure = error_of(response);
  if (!error.empty()) failure.message = find_string(body, "error_description").value_or(error);
  return std::unexpected(std::move(failure));
}

}  // namespace

Result<DeviceCode> ask_device_code(HttpClient& http) {
  TRY(const HttpResponse response, post_form(http, "/accounts/device/code", fmt::format("client_id={}", kClientId)));
  if (response.status == 200) return device_code_of(object_of(response));
  Error failure = error_of(response);
  if (failure.code == Code::kNotFound || failure.code == Code::kUnsupported) {
    return fail(Code::kForbidden, "SIGN_IN_NOT_OFFERED",
                "this server has no sign-in by browser: get a token from an admin, then `lakelift auth login "
                "--with-token`");
  }
  return std::unexpected(std::move(failure));
}

Result<DeviceToken> wait_for_token(HttpClient& http, const DeviceCode& code, const Clock& clock, const Pause& pause) {
  const std::string form = fmt::format("grant_type={}&device_code={}&client_id={}", percent_encode(kGrantType),
                                       percent_encode(code.device_code), kClientId);
  const Micros until = clock.monotonic() + code.expires_in_ms * 1'000;
  std::int64_t interval_ms = code.interval_ms;
  while (clock.monotonic() < until) {
    if (pause(interval_ms)) return interrupted();
    const auto response = post_form(http, "/accounts/device/token", form);
    if (!response && !is_temporary(response.error())) return std::unexpected(response.error());
    Poll poll{Next::kBackOff, {}};
    if (response) {
      TRY(poll, poll_of(*response));
    }
    if (poll.next == Next::kDone) return std::move(poll.token);
    if (poll.next == Next::kWaitLonger) interval_ms += kSlowDownMs;
    if (poll.next == Next::kBackOff) interval_ms = std::min(2 * interval_ms, limits::kDeviceIntervalMostMs);
  }
  return fail(Code::kUnauthenticated, "SIGN_IN_EXPIRED", "the code has expired");
}

}  // namespace lakelift::cli
