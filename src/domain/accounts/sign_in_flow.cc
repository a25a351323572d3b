// The browser's way: to the issuer and back (OpenID Connect, authorization code with PKCE, state and nonce).
#include <array>

#include "base/encoding.h"
#include "base/id.h"
#include "domain/accounts/account_store.h"
#include "domain/accounts/sign_in.h"

namespace lakelift::accounts {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::string secret_text(Random& random) {
  std::array<std::byte, kSecretBytes> bytes{};
  random.fill(bytes);
  return base64url_encode(bytes);
}

std::string challenge_of(std::string_view code_verifier) { return base64url_encode(sha256(as_bytes(code_verifier))); }

std::unexpected<Error> over() {
  return fail(Code::kInvalid, "SIGN_IN_FLOW_IS_OVER",
              "this sign-in is over, or was begun in another browser: start it again");
}

}  // namespace

Result<std::string> SignIn::begin(const Beginning& beginning) {
  Issuer* issuer = parts_.issuers.by_name(beginning.issuer);
  if (issuer == nullptr) return fail(Code::kNotFound, "NO_SUCH_ISSUER", "there is no such place to sign in");
  const std::string state = secret_text(parts_.random);
  const Micros now = times().expiry_now;
  const Flow flow{.state = blake2b_hex(state),
                  .auth_request = beginning.target.auth_request,
                  .issuer = beginning.issuer,
                  .browser = blake2b_hex(beginning.browser),
                  .nonce = secret_text(parts_.random),
                  .code_verifier = secret_text(parts_.random),
                  .return_to = beginning.target.return_to,
                  .expires_at = now + limits::kFlowSeconds * kMicrosPerSecond};
  TRY(auto url,
      issuer->authorization_url({beginning.redirect_uri, state, flow.nonce, challenge_of(flow.code_verifier)}));
  const auto stored = parts_.database.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY_VOID(make_room_for_flow(transaction, now));
    return insert_flow(transaction, flow);
  });
  if (!stored) return std::unexpected(stored.error());
  return url;
}

Result<Flow> SignIn::take(const Return& back) {
  TRY(auto flow, parts_.database.write([&](metadata::Transaction& transaction) {
    return take_flow(transaction, blake2b_hex(back.state), blake2b_hex(back.browser));
  }));
  if (!flow || flow->expires_at <= times().expiry_now) return over();
  return *std::move(flow);
}

Result<SignedIn> SignIn::finish(const Return& back) {
  TRY(const Flow flow, take(back));
  Issuer* issuer = parts_.issuers.by_name(flow.issuer);
  if (issuer == nullptr) return over();
  TRY_VOID(issuer->check_answerer(back.iss));
  if (back.code.empty()) {
    return fail(Code::kConflict, "SIGN_IN_WAS_REFUSED", "the issuer did not confirm the sign-in: start it again");
  }
  TRY(const auto id_token, issuer->redeem_code({back.code, flow.code_verifier, back.redirect_uri}));
  TRY(const auto raw, take_apart_id_token(id_token));
  TRY(const auto identity, issuer->verify(raw, times(), flow.nonce));
  const Target target{flow.auth_request, flow.return_to};
  TRY(auto account, parts_.database.write([&](metadata::Transaction& transaction) -> Result<Account> {
    TRY(auto found, account_of_identity(transaction, identity_parts(), identity));
    if (!target.auth_request.empty()) TRY_VOID(attach_to(transaction, target.auth_request, found));
    return found;
  }));
  return finish_as(std::move(account), target);
}

Result<SignedIn> SignIn::sign_in_by_email(std::string_view email, const Target& target) {
  if (!options_.dev_login) return fail(Code::kNotFound, "PATH_NOT_FOUND", "there is nothing here");
  const auto normal = normal_email(email);
  if (!normal) {
    return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", "this is no email address",
                {{"email", {"Enter a valid email address."}}});
  }
  TRY(auto account, parts_.database.write([&](metadata::Transaction& transaction) -> Result<Account> {
    TRY(auto found, account_of_email(transaction, identity_parts(), *normal));
    if (!target.auth_request.empty()) TRY_VOID(attach_to(transaction, target.auth_request, found));
    return found;
  }));
  return finish_as(std::move(account), target);
}

Result<SignedIn> SignIn::finish_as(Account account, const Target& target) {
  SignedIn done{std::move(account), target, std::nullopt};
  if (target.auth_request.empty()) {
    TRY(done.token, issue(done.account.id));
  }
  return done;
}

}  // namespace lakelift::accounts
