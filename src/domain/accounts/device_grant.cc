#include "domain/accounts/device_grant.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/id.h"

namespace lakelift::accounts {
namespace {

constexpr std::string_view kLetters = "BCDFGHJKLMNPQRSTVWXZ";  // no vowels: no words; RFC 8628, section 6.1
constexpr std::size_t kUserCodeLetters = 8;
constexpr int kCodeAttempts = 20;
constexpr Micros kEarly = kMicrosPerSecond;  // a device's timer and the network are not exact

std::string new_user_code(Random& random) {
  constexpr std::uint64_t kFair = 256 - 256 % kLetters.size();
  std::string code;
  while (code.size() < kUserCodeLetters) {
    std::array<std::byte, 16> bytes{};
    random.fill(bytes);
    for (const std::byte each : bytes) {
      const auto value = std::to_integer<std::uint64_t>(each);
      if (value < kFair && code.size() < kUserCodeLetters) code += kLetters[value % kLetters.size()];
    }
  }
  return code;
}

std::string new_device_code(Random& random) {
  std::array<std::byte, 32> bytes{};
  random.fill(bytes);
  return base64url_encode(bytes);
}

std::unexpected<Error> unknown_code() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_AUTHREQUEST", "no device waits for this code: look at it again");
}

Result<AuthRequest> waiting(std::optional<AuthRequest> request, Micros now) {
  if (!request || request->is_denied || request->account_id) return unknown_code();
  if (request->expires_at <= now) {
    return fail(Code::kInvalid, "EXPIRED_AUTH_REQUEST_DETECTED", "this code has expired: start again on your device");
  }
  return *std::move(request);
}

}  // namespace

std::string_view error_name_of(DevicePoll poll) {
  switch (poll) {
    case DevicePoll::kAuthorizationPending:
      return "authorization_pending";
    case DevicePoll::kSlowDown:
      return "slow_down";
    case DevicePoll::kExpiredToken:
      return "expired_token";
    case DevicePoll::kAccessDenied:
      return "access_denied";
    case DevicePoll::kInvalidGrant:
      return "invalid_grant";
    case DevicePoll::kAttached:
      return "";
  }
  return "";
}

std::optional<std::string> normal_user_code(std::string_view typed) {
  std::string code;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!kLetters.contains(c) || code.size() >= kUserCodeLetters) return std::nullopt;
    code += c;
  }
  if (code.size() != kUserCodeLetters) return std::nullopt;
  return code;
}

std::string shown_user_code(std::string_view stored) {
  return std::string(stored.substr(0, 4)) + "-" + std::string(stored.substr(std::min<std::size_t>(4, stored.size())));
}

Result<DeviceCodes> DeviceGrant::create(const Asker& asker) {
  const std::string device_code = new_device_code(parts_.random);
  const Micros now = parts_.clock.now();
  AuthRequest request{.id = random_hex(parts_.random, 32),
                      .device_code = blake2b_hex(device_code),
                      .user_code = std::nullopt,
                      .account_id = std::nullopt,
                      .program = tidy_program_name(asker.program),
                      .address = asker.address,
                      .polled_at = std::nullopt,
                      .interval_seconds = limits::kDevicePollSeconds,
                      .created_at = now,
                      .expires_at = now + limits::kAuthRequestSeconds * kMicrosPerSecond};
  const auto stored = parts_.database.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY_VOID(make_room_for_auth_request(transaction, now));
    for (int attempt = 0; attempt < kCodeAttempts; ++attempt) {
      request.user_code = new_user_code(parts_.random);
      TRY(const bool inserted, insert_auth_request(transaction, request));
      if (inserted) return {};
    }
    return fail(Code::kUnavailable, "no code is free: try again in a minute");
  });
  if (!stored) return std::unexpected(stored.error());
  return DeviceCodes{device_code, shown_user_code(*request.user_code), limits::kAuthRequestSeconds,
                     limits::kDevicePollSeconds};
}

Result<DeviceAnswer> DeviceGrant::poll(std::string_view device_code) {
  const Micros now = parts_.clock.now();
  return parts_.database.write([&](metadata::Transaction& transaction) -> Result<DeviceAnswer> {
    TRY(const auto request, find_by_device_code(transaction, blake2b_hex(device_code)));
    if (!request) return DeviceAnswer{DevicePoll::kInvalidGrant};
    return settle(transaction, *request, now);
  });
}

Result<DeviceAnswer> DeviceGrant::settle(metadata::Transaction& transaction, const AuthRequest& request, Micros now) {
  if (request.expires_at <= now) return DeviceAnswer{DevicePoll::kExpiredToken};
  if (request.is_denied) return DeviceAnswer{DevicePoll::kAccessDenied};
  TRY(const auto taken, take_attached(transaction, request.id, now));
  if (taken) return DeviceAnswer{DevicePoll::kAttached, *taken};
  const Micros due = request.polled_at.value_or(0) + request.interval_seconds * kMicrosPerSecond - kEarly;
  const bool too_soon = request.polled_at && now < due;
  const std::int64_t interval =
      too_soon ? std::min(request.interval_seconds + limits::kDevicePollSeconds, limits::kDevicePollMostSeconds)
               : request.interval_seconds;
  TRY_VOID(note_poll(transaction, request.id, now, interval));
  return DeviceAnswer{too_soon ? DevicePoll::kSlowDown : DevicePoll::kAuthorizationPending};
}

Result<AuthRequest> DeviceGrant::look_at(std::string_view user_code) {
  const auto code = normal_user_code(user_code);
  if (!code) return unknown_code();
  TRY(auto found, parts_.database.read([&](metadata::Session& session) { return find_by_user_code(session, *code); }));
  return waiting(std::move(found), parts_.clock.now());
}

Result<void> DeviceGrant::deny(std::string_view user_code) {
  TRY(const auto request, look_at(user_code));
  return parts_.database.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const bool denied, deny_auth_request(transaction, request.id));
    if (!denied) return unknown_code();
    return {};
  });
}

}  // namespace lakelift::accounts
