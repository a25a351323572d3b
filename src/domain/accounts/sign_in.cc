#include "domain/accounts/sign_in.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/id.h"
#include "domain/accounts/account_store.h"

namespace lakelift::accounts {
namespace {

std::unexpected<Error> unknown_request() {
  return fail(Code::kNotFound, "COULD_NOT_FIND_AUTHREQUEST", "there is no such auth request: ask for a new one");
}

std::unexpected<Error> expired_request() {
  return fail(Code::kInvalid, "EXPIRED_AUTH_REQUEST_DETECTED", "the auth request has expired: ask for a new one");
}

// Known and not too old.
Result<AuthRequest> live(std::optional<AuthRequest> request, Micros now) {
  if (!request || request->device_code || request->is_denied) return unknown_request();
  if (request->expires_at <= now) return expired_request();
  return *std::move(request);
}

// Of an ECDSA signature (r, s) there is a second one, (r, n - s), that verifies too: only r counts.
std::string without_second_signature(std::string_view id_token) {
  constexpr std::size_t kEs256Bytes = 64;
  const std::size_t dot = id_token.rfind('.');
  if (dot == std::string_view::npos) return std::string(id_token);
  const auto signature = base64url_decode(id_token.substr(dot + 1));
  if (!signature || signature->size() != kEs256Bytes) return std::string(id_token);
  return std::string(id_token.substr(0, dot + 1)) + signature->substr(0, kEs256Bytes / 2);
}

}  // namespace

Rate rate_per_minute(std::int64_t times) {
  const std::int64_t most = std::clamp<std::int64_t>(times, 1, 60 * kMicrosPerSecond);
  return {.burst = static_cast<int>(most), .refill_each = 60 * kMicrosPerSecond / most};
}

std::string tidy_program_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (out.size() >= limits::kProgramNameChars) break;
    if (c >= ' ' && c <= '~') out += c;
  }
  return out;
}

SignIn::SignIn(SignInParts parts, SignInOptions options)
    : parts_(parts),
      options_(options),
      by_account_(parts.clock, rate_per_minute(options.sign_ins_per_minute)),
      start_wall_(parts.clock.now()),
      start_monotonic_(parts.clock.monotonic()) {}

TokenTimes SignIn::times() const {
  const Micros now = parts_.clock.now();
  const Micros never_set_back = start_wall_ + (parts_.clock.monotonic() - start_monotonic_);
  return {now, std::max(now, never_set_back), 0};
}

Result<std::string> SignIn::create_auth_request(const Asker& asker) {
  std::string uuid = uuid_v4(parts_.random);
  const Micros now = times().expiry_now;
  const AuthRequest request{.id = blake2b_hex(uuid),
                            .device_code = std::nullopt,
                            .user_code = std::nullopt,
                            .account_id = std::nullopt,
                            .program = tidy_program_name(asker.program),
                            .address = asker.address,
                            .polled_at = std::nullopt,
                            .created_at = now,
                            .expires_at = now + limits::kAuthRequestSeconds * kMicrosPerSecond};
  const auto stored = parts_.database.write([&](metadata::Transaction& transaction) -> Result<bool> {
    TRY_VOID(make_room_for_auth_request(transaction, now));
    return insert_auth_request(transaction, request);
  });
  if (!stored) return std::unexpected(stored.error());
  return uuid;
}

Result<AuthRequest> SignIn::look_at(std::string_view request_uuid) {
  TRY(auto found, parts_.database.read([&](metadata::Session& session) {
    return find_auth_request(session, blake2b_hex(request_uuid));
  }));
  return live(std::move(found), times().expiry_now);
}

Result<Identity> SignIn::identity_of(std::string_view id_token, std::string_view email) {
  TRY(const RawIdToken raw, take_apart_id_token(id_token));
  Issuer* issuer = parts_.issuers.by_iss(find_string(raw.payload, "iss").value_or(""));
  if (issuer == nullptr) return refused_id_token("iss");
  TRY(auto identity, issuer->verify(raw, times(), std::nullopt));
  if (normal_email(email) != identity.email) {
    return fail(Code::kInvalid, "EMAIL_MISMATCH_DETECTED", "the email is not the one of the id_token");
  }
  return identity;
}

// The mark of a used id_token stands among the revocations: it is kept until the token is too old anyway.
Result<Account> SignIn::use_once(metadata::Transaction& transaction, std::string_view id_token,
                                 const Identity& identity) {
  TRY(auto account, account_of_identity(transaction, identity_parts(), identity));
  const Micros expires = (identity.expires + limits::kTokenSkewMaxSeconds) * kMicrosPerSecond;
  const std::string mark = "id_token:" + sha256_hex(without_second_signature(id_token));
  TRY(const bool fresh, insert_revocation(transaction, mark, account.id, expires, times().expiry_now));
  if (!fresh) return refused_id_token("used before");
  return account;
}

Result<void> SignIn::attach_to(metadata::Transaction& transaction, std::string_view id, const Account& account) {
  TRY(const bool attached, attach_account(transaction, id, account.id, times().expiry_now));
  if (!attached) return unknown_request();
  ledger::Entry entry;
  entry.kind = "account.signed_in";
  entry.actor = account.id;
  entry.subject_kind = "account";
  entry.subject_id = std::to_string(account.id);
  TRY_VOID(parts_.ledger.append(transaction, entry));
  return {};
}

Result<void> SignIn::attach(std::string_view request_uuid, std::string_view id_token, std::string_view email) {
  TRY(const auto request, look_at(request_uuid));
  TRY(const auto identity, identity_of(id_token, email));
  return parts_.database.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto account, use_once(transaction, id_token, identity));
    return attach_to(transaction, request.id, account);
  });
}

Result<IssuedToken> SignIn::redeem(std::string_view request_uuid) {
  const std::string id = blake2b_hex(request_uuid);
  const Micros now = times().expiry_now;
  TRY(const auto account_id, parts_.database.write([&](metadata::Transaction& transaction) -> Result<std::int64_t> {
    TRY(const auto request, find_auth_request(transaction, id));
    TRY_VOID(live(request, now));
    TRY(const auto taken, take_attached(transaction, id, now));
    if (!taken) return unknown_request();
    return *taken;
  }));
  return issue(account_id);
}

Result<IssuedToken> SignIn::sign_in_directly(std::string_view id_token, std::string_view email) {
  TRY(const auto identity, identity_of(id_token, email));
  TRY(const auto account, parts_.database.write([&](metadata::Transaction& transaction) {
    return use_once(transaction, id_token, identity);
  }));
  return issue(account.id);
}

Result<IssuedToken> SignIn::issue(std::int64_t account_id) {
  TRY(const auto account, parts_.accounts.get(account_id));
  if (account.is_disabled()) {
    return fail(Code::kForbidden, "ACCOUNT_IS_DISABLED", "this account is disabled: ask an administrator");
  }
  TRY_VOID(by_account_.take(std::to_string(account_id)));
  return parts_.accounts.issue_token(account, account.id);
}

}  // namespace lakelift::accounts
