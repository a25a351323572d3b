// Signing in on a device without a browser (RFC 8628): it shows a code, a person types the code into a page on another
// device and signs in there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/accounts/sign_in.h"

namespace lakelift::accounts {

struct DeviceCodes {
  std::string device_code;  // 256 random bits; who has it gets the token
  std::string user_code;    // "BCDF-GHJK"
  std::int64_t expires_seconds = 0;
  std::int64_t interval_seconds = 0;  // between two questions of the device
};

// What a device that asks is told; the names are the RFC's.
enum class DevicePoll { kAuthorizationPending, kSlowDown, kExpiredToken, kAccessDenied, kInvalidGrant, kAttached };
[[nodiscard]] std::string_view error_name_of(DevicePoll poll);  // "authorization_pending" …; empty for kAttached

struct DeviceAnswer {
  DevicePoll poll = DevicePoll::kInvalidGrant;
  std::int64_t account_id = 0;  // with kAttached: a token may be issued, once
};

// Threadsafe.
class DeviceGrant {
 public:
  explicit DeviceGrant(SignInParts parts) : parts_(parts) {}

  // Error: kUnavailable TOO_MANY_AUTH_REQUESTS.
  [[nodiscard]] Result<DeviceCodes> create(const Asker& asker);
  // A device that asks sooner than it was told to is told to wait 5 s longer from then on.
  [[nodiscard]] Result<DeviceAnswer> poll(std::string_view device_code);
  // For the page; `user_code` as somebody typed it. Errors: kNotFound COULD_NOT_FIND_AUTHREQUEST (also: done, denied),
  // kInvalid EXPIRED_AUTH_REQUEST_DETECTED.
  [[nodiscard]] Result<AuthRequest> look_at(std::string_view user_code);
  // The person did not ask for it. Errors as look_at.
  [[nodiscard]] Result<void> deny(std::string_view user_code);

 private:
  [[nodiscard]] Result<DeviceAnswer> settle(metadata::Transaction& transaction, const AuthRequest& request, Micros now);

  const SignInParts parts_;
};

// As it is stored: upper case, without what stands between. Nothing for what can't be a code.
[[nodiscard]] std::optional<std::string> normal_user_code(std::string_view typed);
[[nodiscard]] std::string shown_user_code(std::string_view stored);  // "BCDF-GHJK"

}  // namespace lakelift::accounts
