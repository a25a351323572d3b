// Signing in from a terminal, RFC 8628: the server gives a code, a person confirms it in a browser, and this program
// asks until that has happened.
//
//   TRY(const DeviceCode code, ask_device_code(http));
//   show(code);
//   TRY(const DeviceToken token, wait_for_token(http, code, clock, pause));
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "edge/cli/http_client.h"
#include "edge/cli/retry.h"

namespace lakelift::cli {

struct DeviceCode {
  std::string device_code;  // a secret of this program
  std::string user_code;    // what the person compares, "BCDF-GHJK"
  std::string verification_uri;
  std::string verification_uri_complete;  // with the code in it; may be empty
  std::int64_t expires_in_ms = 0;
  std::int64_t interval_ms = 0;
};

struct DeviceToken {
  std::string token;
  std::optional<std::int64_t> expires_in_seconds;
};

// Errors: the transport's; kForbidden SIGN_IN_NOT_OFFERED where the server has no such route or nobody to sign in
// with; kInternal ANSWER_NOT_UNDERSTOOD, also for an address that is not http or https.
[[nodiscard]] Result<DeviceCode> ask_device_code(HttpClient& http);

// Asks each interval_ms until the person has decided: 5 s more after slow_down; twice as long, up to a limit, after
// the server could not be reached, which is no error while the code is valid. Errors: kForbidden SIGN_IN_REFUSED;
// kUnauthenticated SIGN_IN_EXPIRED; kCancelled when interrupted; what the server says otherwise.
[[nodiscard]] Result<DeviceToken> wait_for_token(HttpClient& http, const DeviceCode& code, const Clock& clock,
                                                 const Pause& pause);

}  // namespace lakelift::cli
