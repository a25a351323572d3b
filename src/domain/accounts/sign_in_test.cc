#include "domain/accounts/sign_in.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "backends/metadata/testing/temporary_database.h"
#include "base/encoding.h"
#include "base/id.h"
#include "domain/accounts/test_issuer.h"

namespace lakelift::accounts {
namespace {

using namespace accounts::testing;

constexpr const char* kBack = "http://127.0.0.1:3000/accounts/oidc/callback";

class SignInTest : public ::testing::Test {
 protected:
  SignInTest() : ring_(KeyRing::load(*database_, clock_, random_).value()) {
    serve_issuer(http_, key_set({ec_key().jwk()}));
  }

  [[nodiscard]] std::string token_of(const std::string& email = "ada@example.com",
                                     const std::string& subject = "subject-1") {
    json::object claims = claims_of(clock_, email, subject);
    claims["jti"] = std::to_string(++tokens_);  // no two alike
    return ec_key().sign(claims, "ES256");
  }
  std::string create() {
    const auto uuid = sign_in_.create_auth_request({"notebook", "192.0.2.7"});
    EXPECT_TRUE(uuid);
    return uuid.value_or("");
  }
  std::string attach(const std::string& uuid, const std::string& token, const std::string& email = "ada@example.com") {
    const auto done = sign_in_.attach(uuid, token, email);
    return done ? "" : done.error().event;
  }
  // The email of whose token it is, or the event.
  std::string redeem(const std::string& uuid) { return owner_of(sign_in_.redeem(uuid)); }
  std::string direct(const std::string& token, const std::string& email) {
    return owner_of(sign_in_.sign_in_directly(token, email));
  }
  std::string owner_of(const Result<IssuedToken>& issued) {
    if (!issued) return issued.error().event;
    return accounts_.authenticate(issued->token)->email;
  }
  std::size_t count_accounts() { return accounts_.list({.limit = 1'000})->size(); }
  std::string state_in(const std::string& url) {
    const auto at = url.find("state=") + 6;
    return url.substr(at, url.find('&', at) - at);
  }
  std::string nonce_in(const std::string& url) {
    const auto at = url.find("nonce=") + 6;
    return url.substr(at, url.find('&', at) - at);
  }
  // Goes to the issuer; its answer for the code is for `email`.
  std::string go(const Target& target, const std::string& browser = "browser-1",
                 const std::string& email = "ada@example.com") {
    const auto url = sign_in_.begin({"work", target, browser, kBack});
    EXPECT_TRUE(url);
    if (!url) return "";
    json::object claims = claims_of(clock_, email, "subject-of-" + email);
    claims["nonce"] = nonce_in(*url);
    answer_code(ec_key().sign(claims, "ES256"));
    return state_in(*url);
  }
  void answer_code(const std::string& id_token) {
    http_.answer(kTokenUrl, [id_token](const net::HttpRequest&) {
      return net::HttpResponse{200, {}, to_text(json::object{{"id_token", id_token}})};
    });
  }
  Result<SignedIn> back(const std::string& state, const std::string& browser = "browser-1",
                        const std::string& code = "code") {
    return sign_in_.finish({state, code, std::nullopt, browser, kBack});
  }
  void sql(std::string_view text, const metadata::Params& params = {}) {
    ASSERT_TRUE(database_->write([&](metadata::Transaction& t) { return t.exec(text, params); }));
  }
  std::vector<std::string> kinds() {
    std::vector<std::string> out;
    const auto entries = database_->read([&](metadata::Session& s) { return ledger_.after(s, 0, 1'000); });
    for (const auto& each : entries.value()) out.push_back(each.entry.kind);
    return out;
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  KeyRing ring_;
  AccountService accounts_{*database_, ledger_, ring_, clock_, random_};
  net::testing::FakeHttpClient http_;
  Issuers issuers_{{{"work", "Work", kIssuer, kClient, "secret", {"example.com", "example.org"}}}, http_, clock_};
  SignInParts parts_{*database_, ledger_, accounts_, issuers_, clock_, random_};
  SignIn sign_in_{parts_, {.dev_login = true}};
  int tokens_ = 0;
  const std::string refused_ = "GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED";
};

TEST_F(SignInTest, AProgramAsksAPersonSignsInTheProgramGetsAToken) {
  const std::string uuid = create();
  EXPECT_TRUE(is_uuid(uuid));
  EXPECT_EQ(sign_in_.look_at(uuid)->program, "notebook");
  EXPECT_EQ(sign_in_.look_at(uuid)->address, "192.0.2.7");
  EXPECT_EQ(redeem(uuid), "COULD_NOT_FIND_AUTHREQUEST") << "not attached yet";
  EXPECT_EQ(attach(uuid, token_of()), "");
  EXPECT_TRUE(sign_in_.look_at(uuid)->account_id);
  EXPECT_EQ(redeem(uuid), "ada@example.com");
  EXPECT_EQ(redeem(uuid), "COULD_NOT_FIND_AUTHREQUEST") << "single use";
  EXPECT_EQ(accounts_.find_by_email("ada@example.com")->type, AccountType::kResearcher);
  EXPECT_EQ(kinds(), (std::vector<std::string>{"account.created", "account.signed_in", "token.issued"}));
}

TEST_F(SignInTest, TheUuidIsNotInTheDatabase) {
  const std::string uuid = create();
  const auto found = database_->read([&](metadata::Session& s) { return find_auth_request(s, uuid); });
  EXPECT_FALSE(found->has_value());
}

TEST_F(SignInTest, UnknownAndExpiredRequests) {
  EXPECT_EQ(redeem(uuid_v4(random_)), "COULD_NOT_FIND_AUTHREQUEST");
  EXPECT_EQ(attach(uuid_v4(random_), token_of()), "COULD_NOT_FIND_AUTHREQUEST");
  const std::string waiting = create();
  const std::string attached = create();
  EXPECT_EQ(attach(attached, token_of()), "");
  clock_.advance(limits::kAuthRequestSeconds * kMicrosPerSecond);
  for (const auto& uuid : {waiting, attached}) {
    EXPECT_EQ(redeem(uuid), "EXPIRED_AUTH_REQUEST_DETECTED");
    EXPECT_EQ(attach(uuid, token_of()), "EXPIRED_AUTH_REQUEST_DETECTED");
    EXPECT_EQ(sign_in_.look_at(uuid).error().code, Code::kInvalid);
  }
  clock_.advance((limits::kAuthRequestKeptSeconds + 1) * kMicrosPerSecond);
  (void)create();  // sweeps
  EXPECT_EQ(redeem(waiting), "COULD_NOT_FIND_AUTHREQUEST");
}

TEST_F(SignInTest, OfFiftyWhoRedeemOneGetsAToken) {  // A5
  const std::string uuid = create();
  ASSERT_EQ(attach(uuid, token_of()), "");
  std::atomic<int> tokens = 0;
  std::atomic<int> missing = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 50; ++i) {
      threads.emplace_back([&] {
        const auto issued = sign_in_.redeem(uuid);
        tokens += issued ? 1 : 0;
        missing += !issued && issued.error().event == "COULD_NOT_FIND_AUTHREQUEST" ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(tokens, 1);
  EXPECT_EQ(missing, 49);
}

TEST_F(SignInTest, AnotherPersonCannotTakeOverAnAttachedRequest) {
  const std::string uuid = create();
  ASSERT_EQ(attach(uuid, token_of()), "");
  EXPECT_EQ(attach(uuid, token_of("eve@example.com", "eve"), "eve@example.com"), "COULD_NOT_FIND_AUTHREQUEST");
  EXPECT_EQ(attach(uuid, token_of()), "") << "the same person may do it twice";
  EXPECT_EQ(redeem(uuid), "ada@example.com");
  EXPECT_FALSE(accounts_.find_by_email("eve@example.com")) << "nothing was made";
}

TEST_F(SignInTest, WhatIsRefusedMakesNoAccount) {  // A3
  const std::string uuid = create();
  EXPECT_EQ(attach(uuid, "x.y.z"), refused_);
  EXPECT_EQ(attach(uuid, token_of(), "eve@example.com"), "EMAIL_MISMATCH_DETECTED");
  EXPECT_EQ(attach(uuid, token_of(), ""), "EMAIL_MISMATCH_DETECTED");
  EXPECT_EQ(attach(uuid, token_of("ada@evil.example"), "ada@evil.example"), "WRONG_EMAIL_DOMAIN");
  json::object other = claims_of(clock_);
  other["iss"] = "https://evil.example";
  EXPECT_EQ(attach(uuid, ec_key().sign(other, "ES256")), refused_);
  EXPECT_EQ(direct(SigningKey::ec("ec-1").sign(claims_of(clock_), "ES256"), "ada@example.com"), refused_);
  EXPECT_EQ(count_accounts(), 0U);
  EXPECT_TRUE(kinds().empty());
  EXPECT_EQ(attach(uuid, token_of(), "ADA@example.com"), "") << "the request was not used up";
}

// (r, s) made (r, n - s): whoever has one signature of P-256 can make the other.
std::string with_second_signature(const std::string& token) {
  const std::string order = *hex_decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const std::size_t dot = token.rfind('.');
  std::string signature = *base64url_decode(token.substr(dot + 1));
  EXPECT_EQ(signature.size(), 64U);
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int digit = static_cast<unsigned char>(order[i]) - static_cast<unsigned char>(signature[32 + i]) - borrow;
    borrow = digit < 0 ? 1 : 0;
    signature[32 + i] = static_cast<char>(digit + 256 * borrow);
  }
  return token.substr(0, dot + 1) + base64url_encode(as_bytes(signature));
}

TEST_F(SignInTest, ASecondSignatureMakesNoSecondToken) {  // A3
  const std::string first = ec_key().sign(claims_of(clock_, "eve@example.com", "subject-of-eve"), "ES256");
  const std::string twin = with_second_signature(first);
  EXPECT_NE(twin, first);
  EXPECT_EQ(direct(twin, "eve@example.com"), "eve@example.com") << "it verifies";
  EXPECT_EQ(direct(first, "eve@example.com"), refused_);
}

TEST_F(SignInTest, AnIdTokenIsGoodOnce) {  // A3
  const std::string token = token_of();
  EXPECT_EQ(direct(token, "ada@example.com"), "ada@example.com");
  EXPECT_EQ(direct(token, "ada@example.com"), refused_);
  const std::string uuid = create();
  EXPECT_EQ(attach(uuid, token), refused_);
  const std::string second = token_of();
  EXPECT_EQ(attach(uuid_v4(random_), second), "COULD_NOT_FIND_AUTHREQUEST");
  EXPECT_EQ(attach(uuid, second), "") << "one that led to nothing is not used up";
}

TEST_F(SignInTest, AnIdentityIsBoundToOneAccount) {
  const Account made = accounts_.create("ada@example.com", AccountType::kAdmin, std::nullopt).value();
  EXPECT_EQ(direct(token_of(), "ada@example.com"), "ada@example.com") << "an account without an identity is linked";
  EXPECT_EQ(count_accounts(), 1U);
  EXPECT_EQ(accounts_.get(made.id)->type, AccountType::kAdmin);
  EXPECT_EQ(direct(token_of("ada@example.com", "somebody-else"), "ada@example.com"),
            "EMAIL_BELONGS_TO_ANOTHER_IDENTITY");
  EXPECT_EQ(kinds()[1], "account.identity_linked");
}

TEST_F(SignInTest, TheEmailFollowsTheIssuerWhereItIsFree) {
  EXPECT_EQ(direct(token_of(), "ada@example.com"), "ada@example.com");
  const std::int64_t id = accounts_.find_by_email("ada@example.com")->id;
  EXPECT_EQ(direct(token_of("ada@example.org"), "ada@example.org"), "ada@example.org");
  EXPECT_EQ(accounts_.get(id)->email, "ada@example.org");
  EXPECT_EQ(kinds()[2], "account.updated");
  EXPECT_EQ(direct(token_of("bob@example.com", "bob"), "bob@example.com"), "bob@example.com");
  EXPECT_EQ(direct(token_of("bob@example.com"), "bob@example.com"), "ada@example.org")
      << "taken: the account keeps its own";
  // Whoever gets an email that somebody left is a new account, not the old one.
  EXPECT_EQ(direct(token_of("ada@example.com", "new-ada"), "ada@example.com"), "ada@example.com");
  EXPECT_NE(accounts_.find_by_email("ada@example.com")->id, id);
}

TEST_F(SignInTest, AnAccountThatIsGoneIsMadeAnew) {
  EXPECT_EQ(direct(token_of(), "ada@example.com"), "ada@example.com");
  sql("DELETE FROM accounts_accounts");
  EXPECT_EQ(direct(token_of(), "ada@example.com"), "ada@example.com");
}

TEST_F(SignInTest, ADisabledAccountCannotSignIn) {
  EXPECT_EQ(direct(token_of(), "ada@example.com"), "ada@example.com");
  const std::string uuid = create();
  ASSERT_EQ(attach(uuid, token_of()), "");
  sql("UPDATE accounts_accounts SET disabled_at = 1");
  EXPECT_EQ(redeem(uuid), "ACCOUNT_IS_DISABLED");
  EXPECT_EQ(direct(token_of(), "ada@example.com"), "ACCOUNT_IS_DISABLED");
  EXPECT_EQ(attach(create(), token_of()), "ACCOUNT_IS_DISABLED");
  EXPECT_EQ(sign_in_.sign_in_by_email("ada@example.com", {}).error().event, "ACCOUNT_IS_DISABLED");
}

TEST_F(SignInTest, NobodySignsInAsTheMachinesOwner) {
  ASSERT_TRUE(accounts_.local_admin());
  EXPECT_EQ(sign_in_.sign_in_by_email("admin@localhost", {}).error().event, "EMAIL_BELONGS_TO_ANOTHER_IDENTITY");
}

TEST_F(SignInTest, AnAccountSignsInSoOften) {  // A8
  SignIn limited(parts_, {.sign_ins_per_minute = 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limited.sign_in_directly(token_of(), "ada@example.com"));
  const auto refused = limited.sign_in_directly(token_of(), "ada@example.com");
  EXPECT_EQ(refused.error().code, Code::kTooMany);
  EXPECT_EQ(refused.error().retry_after_seconds, 20);
  EXPECT_TRUE(limited.sign_in_directly(token_of("bob@example.com", "bob"), "bob@example.com"));
}

TEST_F(SignInTest, ABrowserGoesToTheIssuerAndComesBack) {
  const std::string uuid = create();
  const std::string id = sign_in_.look_at(uuid)->id;
  const auto done = back(go({id, ""}));
  ASSERT_TRUE(done) << done.error().event;
  EXPECT_EQ(done->account.email, "ada@example.com");
  EXPECT_FALSE(done->token);
  EXPECT_EQ(redeem(uuid), "ada@example.com");
  const auto own = back(go({"", "/ui/catalogue/"}));
  ASSERT_TRUE(own);
  EXPECT_EQ(own->target.return_to, "/ui/catalogue/");
  EXPECT_EQ(accounts_.authenticate(own->token->token)->email, "ada@example.com");
}

TEST_F(SignInTest, TheVerifierFitsTheChallenge) {
  const auto url = sign_in_.begin({"work", {}, "b", kBack});
  ASSERT_TRUE(url);
  json::object claims = claims_of(clock_);
  claims["nonce"] = nonce_in(*url);
  answer_code(ec_key().sign(claims, "ES256"));
  ASSERT_TRUE(back(state_in(*url), "b"));
  const std::string sent = http_.requests(kTokenUrl).at(0).body;
  const std::string verifier = sent.substr(sent.find("code_verifier=") + 14);
  EXPECT_NE(url->find("code_challenge=" + base64url_encode(sha256(as_bytes(verifier)))), std::string::npos);
  EXPECT_GE(verifier.size(), 43U);
}

TEST_F(SignInTest, AStateIsGoodOnceAndInItsBrowser) {  // A9
  const std::string state = go({});
  EXPECT_EQ(back(state, "browser-2").error().event, "SIGN_IN_FLOW_IS_OVER");
  EXPECT_EQ(back("unknown").error().event, "SIGN_IN_FLOW_IS_OVER");
  EXPECT_EQ(back("").error().event, "SIGN_IN_FLOW_IS_OVER");
  EXPECT_TRUE(back(state)) << "another browser did not use it up";
  EXPECT_EQ(back(state).error().event, "SIGN_IN_FLOW_IS_OVER");
  const std::string late = go({});
  clock_.advance(limits::kFlowSeconds * kMicrosPerSecond);
  EXPECT_EQ(back(late).error().event, "SIGN_IN_FLOW_IS_OVER");
}

TEST_F(SignInTest, WhatTheIssuerAnswersMustFit) {
  EXPECT_EQ(back(go({}), "browser-1", "").error().event, "SIGN_IN_WAS_REFUSED");
  EXPECT_EQ(sign_in_.finish({go({}), "code", "https://evil.example", "browser-1", kBack}).error().event,
            "SIGN_IN_WAS_REFUSED");
  const std::string state = go({});
  answer_code(ec_key().sign(claims_of(clock_), "ES256"));  // without the nonce
  EXPECT_EQ(back(state).error().event, refused_);
  EXPECT_EQ(back(go({}, "browser-1", "ada@evil.example")).error().event, "WRONG_EMAIL_DOMAIN");
  EXPECT_EQ(sign_in_.begin({"elsewhere", {}, "b", kBack}).error().event, "NO_SUCH_ISSUER");
  EXPECT_EQ(count_accounts(), 0U);
}

TEST_F(SignInTest, AnExpiredRequestIsNotAttachedByABrowserThatComesBackLate) {
  const std::string uuid = create();
  const std::string id = sign_in_.look_at(uuid)->id;
  clock_.advance((limits::kAuthRequestSeconds - 1) * kMicrosPerSecond);
  const std::string state = go({id, ""});
  clock_.advance(kMicrosPerSecond);
  EXPECT_EQ(back(state).error().event, "COULD_NOT_FIND_AUTHREQUEST");
  EXPECT_EQ(count_accounts(), 0U);
}

TEST_F(SignInTest, DevLoginBelievesWhatIsTypedWhereItIsOn) {
  const auto done = sign_in_.sign_in_by_email("Ada@Example.com", {"", "/"});
  ASSERT_TRUE(done);
  EXPECT_EQ(accounts_.authenticate(done->token->token)->email, "ada@example.com");
  EXPECT_TRUE(sign_in_.sign_in_by_email("ada@example.com", {"", "/"}));
  EXPECT_EQ(count_accounts(), 1U);
  EXPECT_EQ(sign_in_.sign_in_by_email("nobody", {}).error().code, Code::kInvalid);
  const std::string uuid = create();
  ASSERT_TRUE(sign_in_.sign_in_by_email("ada@example.com", {sign_in_.look_at(uuid)->id, ""}));
  EXPECT_EQ(redeem(uuid), "ada@example.com");
  SignIn without(parts_);
  EXPECT_EQ(without.sign_in_by_email("ada@example.com", {}).error().code, Code::kNotFound);
}

TEST(TidyProgramName, IsShortAndPlain) {
  EXPECT_EQ(tidy_program_name("my notebook 3"), "my notebook 3");
  EXPECT_EQ(tidy_program_name("a\r\nb\x1b[31m\xff"), "ab[31m");
  EXPECT_EQ(tidy_program_name(std::string(1'000, 'x')).size(), limits::kProgramNameChars);
}

}  // namespace
}  // namespace lakelift::accounts
