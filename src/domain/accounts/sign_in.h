// Signing in: a program asks, a person signs in at an issuer with a browser, the program gets a token.
//
//   TRY(std::string uuid, sign_in.create_auth_request({"notebook", "192.0.2.7"}));   // the program shows its page
//   TRY(std::string url, sign_in.begin({…}));                     // the page's button sends the browser to the issuer
//   TRY(SignedIn done, sign_in.finish({…}));                      // the browser comes back
//   TRY(IssuedToken token, sign_in.redeem(uuid));                 // the program, once
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/rate_limiter.h"
#include "base/result.h"
#include "domain/accounts/account_service.h"
#include "domain/accounts/auth_request_store.h"
#include "domain/accounts/identity_store.h"
#include "domain/accounts/issuers.h"

namespace lakelift::accounts {

// Who asks for a token, as a page may tell it: neither is to be believed.
struct Asker {
  std::string program;  // cut to limits::kProgramNameChars printable ASCII characters
  std::string address;
};

// What a browser signs in for.
struct Target {
  std::string auth_request;  // AuthRequest::id; empty: for itself
  std::string return_to;     // where it goes on; for an auth request: what kind of page it comes from
};

struct Beginning {
  std::string issuer;  // its name
  Target target;
  std::string browser;  // the secret of its cookie: who comes back must be who went
  std::string redirect_uri;
};

// What brought the browser back from the issuer.
struct Return {
  std::string state;
  std::string code;                // empty: the issuer says an error
  std::optional<std::string> iss;  // RFC 9207
  std::string browser;
  std::string redirect_uri;
};

struct SignedIn {
  Account account;
  Target target;
  std::optional<IssuedToken> token;  // where the browser signed in for itself
};

struct SignInOptions {
  bool dev_login = false;
  std::int64_t sign_ins_per_minute = limits::kSignInsPerMinute;  // of one account
};

struct SignInParts {
  metadata::Database& database;
  const ledger::Ledger& ledger;
  AccountService& accounts;
  const Issuers& issuers;
  const Clock& clock;
  Random& random;
};

// Threadsafe. Errors of several calls:
// - of an auth request: kNotFound COULD_NOT_FIND_AUTHREQUEST (unknown, not attached yet, redeemed, another account's),
//   kInvalid EXPIRED_AUTH_REQUEST_DETECTED;
// - of an id_token: kConflict GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED (also: used before), kInvalid
//   EMAIL_MISMATCH_DETECTED, kUnauthenticated WRONG_EMAIL_DOMAIN, kUnavailable ISSUER_UNREACHABLE;
// - of an account: kConflict EMAIL_BELONGS_TO_ANOTHER_IDENTITY, kForbidden ACCOUNT_IS_DISABLED, kTooMany
//   TOO_MANY_ATTEMPTS.
// Whatever fails has made no account and attached nothing.
class SignIn {
 public:
  SignIn(SignInParts parts, SignInOptions options = {});

  [[nodiscard]] const Issuers& issuers() const { return parts_.issuers; }
  [[nodiscard]] bool has_dev_login() const { return options_.dev_login; }

  // The request_uuid: who has it gets the token. Error: kUnavailable TOO_MANY_AUTH_REQUESTS.
  [[nodiscard]] Result<std::string> create_auth_request(const Asker& asker);
  // For the page. An expired one is an error, an attached one is not.
  [[nodiscard]] Result<AuthRequest> look_at(std::string_view request_uuid);
  // For a page that holds an id_token.
  [[nodiscard]] Result<void> attach(std::string_view request_uuid, std::string_view id_token, std::string_view email);
  // Of many who try at once, one gets a token; then the request is gone.
  [[nodiscard]] Result<IssuedToken> redeem(std::string_view request_uuid);
  // For an account that was attached to a request which is taken away by now. Errors: of an account.
  [[nodiscard]] Result<IssuedToken> issue(std::int64_t account_id);
  // For who holds an id_token, without an auth request.
  [[nodiscard]] Result<IssuedToken> sign_in_directly(std::string_view id_token, std::string_view email);

  // The issuer's address to send the browser to. Errors: kNotFound NO_SUCH_ISSUER, kUnavailable.
  [[nodiscard]] Result<std::string> begin(const Beginning& beginning);
  // Errors besides: kInvalid SIGN_IN_FLOW_IS_OVER for a state that is unknown, used, too old or of another browser;
  // kConflict SIGN_IN_WAS_REFUSED where the issuer says no.
  [[nodiscard]] Result<SignedIn> finish(const Return& back);
  // Whoever types an email is believed. Error besides: kNotFound where the server was not started with it.
  [[nodiscard]] Result<SignedIn> sign_in_by_email(std::string_view email, const Target& target);

 private:
  [[nodiscard]] TokenTimes times() const;
  [[nodiscard]] IdentityParts identity_parts() const { return {parts_.ledger, parts_.clock, parts_.random}; }
  [[nodiscard]] Result<Identity> identity_of(std::string_view id_token, std::string_view email);
  [[nodiscard]] Result<Account> use_once(metadata::Transaction& transaction, std::string_view id_token,
                                         const Identity& identity);
  [[nodiscard]] Result<void> attach_to(metadata::Transaction& transaction, std::string_view id, const Account& account);
  [[nodiscard]] Result<SignedIn> finish_as(Account account, const Target& target);
  [[nodiscard]] Result<Flow> take(const Return& back);

  const SignInParts parts_;
  const SignInOptions options_;
  RateLimiter by_account_;
  // A wall clock that is set back brings nothing expired to life.
  const Micros start_wall_;
  const Micros start_monotonic_;
};

// A minute's worth may come at once.
[[nodiscard]] Rate rate_per_minute(std::int64_t times);

// What a program calls itself, fit for a page and a row: printable ASCII, at most limits::kProgramNameChars.
[[nodiscard]] std::string tidy_program_name(std::string_view name);

}  // namespace lakelift::accounts
