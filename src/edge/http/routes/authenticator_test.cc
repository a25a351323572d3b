// Who calls with which token, and what it lets them do.
#include <gtest/gtest.h>

#include "backends/metadata/testing/temporary_database.h"
#include "edge/http/routes/authenticate.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest()
      : admin_(accounts_.create("boss@example.com", accounts::AccountType::kAdmin, 1).value()),
        reader_(accounts_.create("reader@example.com", accounts::AccountType::kResearcher, 1).value()) {}

  std::string token(const accounts::Account& account, const std::string& name, accounts::Scope scope) {
    return api_tokens_.create(account.id, {.name = name, .scope = scope}, account, most_of(account.type))->text;
  }
  Result<Principal> call(const std::string& bearer, const std::string& address = "192.0.2.7") {
    RequestContext context;
    context.headers = {{"authorization", "Bearer " + bearer}};
    context.client_address = address;
    return authenticate_(context, std::nullopt);
  }
  // Of one that nobody made.
  std::string guess() { return accounts::new_api_token_text(elsewhere_); }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), accounts::migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  SeededRandom elsewhere_{99};
  ledger::Ledger ledger_{clock_, random_};
  accounts::KeyRing ring_ = accounts::KeyRing::load(*database_, clock_, random_).value();
  accounts::AccountService accounts_{*database_, ledger_, ring_, clock_, random_};
  accounts::ApiTokenService api_tokens_{*database_, ledger_, clock_, random_};
  Authenticator authenticate_ = make_authenticator(accounts_, clock_);
  accounts::Account admin_;
  accounts::Account reader_;
};

TEST_F(AuthenticatorTest, AScopeIsWhatATokenMay) {
  const struct {
    std::string token;
    bool is_admin;
    bool may_change;
  } cases[] = {
      {accounts_.issue_token(admin_, 1)->token, true, true},
      {token(admin_, "a", accounts::Scope::kAdmin), true, true},
      {token(admin_, "w", accounts::Scope::kWrite), false, true},
      {token(admin_, "r", accounts::Scope::kRead), false, false},
      {accounts_.issue_token(reader_, 1)->token, false, true},
      {token(reader_, "w", accounts::Scope::kWrite), false, true},
      {token(reader_, "r", accounts::Scope::kRead), false, false},
  };
  for (const auto& c : cases) {
    const auto principal = call(c.token);
    ASSERT_TRUE(principal) << c.token;
    EXPECT_EQ(principal->is_admin, c.is_admin) << c.token;
    EXPECT_EQ(principal->may_change, c.may_change) << c.token;
  }
}

TEST_F(AuthenticatorTest, TheMachinesOwnerIsAnAdministrator) {
  const auto owner = authenticate_(RequestContext(), 0);
  ASSERT_TRUE(owner);
  EXPECT_TRUE(owner->is_admin && owner->may_change);
  EXPECT_EQ(owner->email, "admin@localhost");
  EXPECT_EQ(authenticate_(RequestContext(), 12'345).error().event, "COULD_NOT_FIND_AUTH_TOKEN");
  EXPECT_EQ(authenticate_(RequestContext(), std::nullopt).error().event, "COULD_NOT_FIND_AUTH_TOKEN");
}

TEST_F(AuthenticatorTest, WhoGuessesIsSlowedDown) {  // A8
  const std::string good = token(reader_, "good", accounts::Scope::kRead);
  const std::string idle = token(reader_, "idle", accounts::Scope::kRead);
  ASSERT_TRUE(call(good));
  for (int i = 0; i < limits::kApiTokenGuesses; ++i) {
    EXPECT_EQ(call(guess()).error().event, "AUTH_TOKEN_WAS_BROKEN");
  }
  const auto refused = call(guess());
  EXPECT_EQ(refused.error().code, Code::kTooMany);
  EXPECT_EQ(refused.error().retry_after_seconds, limits::kApiTokenGuessSeconds);
  EXPECT_FALSE(call(idle)) << "a right guess is refused too";
  EXPECT_FALSE(call(guess(), "::ffff:192.0.2.7"));
  EXPECT_TRUE(call(good)) << "who was in a moment ago does not suffer";
  EXPECT_TRUE(call(accounts_.issue_token(reader_, 1)->token)) << "nor who signed in";
  EXPECT_TRUE(call(idle, "192.0.2.8"));
  clock_.advance(limits::kApiTokenGuessSeconds * kMicrosPerSecond);
  EXPECT_EQ(call(guess()).error().event, "AUTH_TOKEN_WAS_BROKEN");
  EXPECT_EQ(call(guess()).error().code, Code::kTooMany);
}

TEST_F(AuthenticatorTest, AHouseOfIpv6IsOneGuesser) {  // A8
  for (int i = 0; i < limits::kApiTokenGuesses; ++i) {
    EXPECT_EQ(call(guess(), "2001:db8:1:2::" + std::to_string(i + 1)).error().event, "AUTH_TOKEN_WAS_BROKEN");
  }
  EXPECT_EQ(call(guess(), "2001:db8:1:2:ffff::1").error().code, Code::kTooMany);
  EXPECT_EQ(call(guess(), "2001:db8:1:3::1").error().event, "AUTH_TOKEN_WAS_BROKEN");
}

TEST_F(AuthenticatorTest, AnExpiredTokenIsNoGuess) {
  const std::string old = token(reader_, "old", accounts::Scope::kRead);
  clock_.advance((limits::kApiTokenSeconds + 1) * kMicrosPerSecond);
  for (int i = 0; i < 2 * limits::kApiTokenGuesses; ++i) EXPECT_EQ(call(old).error().event, "AUTH_TOKEN_EXPIRED");
}

}  // namespace
}  // namespace lakelift::http
