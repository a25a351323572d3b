#include "domain/accounts/id_token.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "domain/accounts/test_issuer.h"

namespace lakelift::accounts {
namespace {

using namespace accounts::testing;

class IdTokenTest : public ::testing::Test {
 protected:
  // The event; "" where it is accepted.
  std::string check(const std::string& text, const std::optional<IdTokenRules>& rules = std::nullopt) {
    const auto raw = take_apart_id_token(text);
    if (!raw) return raw.error().event;
    const IssuerKey* key = keys_.find(raw->key_id);
    if (key == nullptr) return "no key";
    const auto identity = check_id_token(*raw, *key, rules.value_or(rules_));
    return identity ? "" : identity.error().event;
  }
  std::string with(std::string_view claim, const json::value& value,
                   const std::optional<IdTokenRules>& rules = std::nullopt) {
    json::object payload = claims_of(clock_);
    payload[claim] = value;
    return check(ec_key().sign(payload, "ES256"), rules);
  }
  std::string without(std::string_view claim) {
    json::object payload = claims_of(clock_);
    payload.erase(claim);
    return check(ec_key().sign(payload, "ES256"));
  }
  [[nodiscard]] std::int64_t now() const { return clock_.now() / kMicrosPerSecond; }

  ManualClock clock_;
  KeySet keys_ = KeySet::parse(key_set({rsa_key().jwk(), ec_key().jwk()})).value();
  IdTokenRules rules_{kIssuer, kClient, {}, std::nullopt, {clock_.now(), clock_.now(), 60}};
  const std::string refused_ = "GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED";
};

TEST_F(IdTokenTest, TellsWhoItIs) {
  for (const auto& [key, algorithm] : {std::pair(&rsa_key(), "RS256"), {&rsa_key(), "PS256"}, {&ec_key(), "ES256"}}) {
    const auto raw = take_apart_id_token(key->sign(claims_of(clock_, "Ada@Example.COM"), algorithm));
    ASSERT_TRUE(raw);
    const auto identity = check_id_token(*raw, *keys_.find(key->id()), rules_);
    ASSERT_TRUE(identity) << algorithm;
    EXPECT_EQ(identity->issuer, kIssuer);
    EXPECT_EQ(identity->subject, "subject-1");
    EXPECT_EQ(identity->email, "ada@example.com");
    EXPECT_EQ(identity->expires, now() + 3'600);
  }
}

TEST_F(IdTokenTest, ForgedHeadersAndForms) {  // A1
  const json::object good = claims_of(clock_);
  const std::string token = rsa_key().sign(good, "RS256");
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  const std::string payload = token.substr(first, second - first + 1);
  const std::string signature = token.substr(second + 1);
  const auto with_header = [&](const std::string& header) {
    return base64url_encode(as_bytes(header)) + payload + signature;
  };
  const std::string modulus = find_string(rsa_key().jwk(), "n").value();
  const SigningKey stranger = SigningKey::ec("ec-1");

  ASSERT_EQ(check(token), "");
  const std::vector<std::pair<std::string, std::string>> forged{
      {"empty", ""},
      {"one segment", token.substr(0, first)},
      {"two segments", token.substr(0, second)},
      {"four segments", token + ".x"},
      {"a dot more", token + "."},
      {"no signature", token.substr(0, second + 1)},
      {"signature cut", token.substr(0, token.size() - 2)},
      {"signature of another",
       token.substr(0, second + 1) + ec_key().sign(good, "ES256").substr(ec_key().sign(good, "ES256").rfind('.') + 1)},
      {"padding", token + "=="},
      {"white space", " " + token},
      {"newline", token + "\n"},
      {"JSON serialization", to_text(json::object{{"payload", payload}, {"signature", signature}})},
      {"alg none", with_header(R"({"alg":"none","kid":"rsa-1"})")},
      {"alg None", with_header(R"({"alg":"None","kid":"rsa-1"})")},
      {"alg none, no signature", base64url_encode(as_bytes(R"({"alg":"none","kid":"rsa-1"})")) + payload},
      {"alg empty", with_header(R"({"alg":"","kid":"rsa-1"})")},
      {"alg missing", with_header(R"({"kid":"rsa-1"})")},
      {"alg a number", with_header(R"({"alg":256,"kid":"rsa-1"})")},
      {"alg a list", with_header(R"({"alg":["RS256"],"kid":"rsa-1"})")},
      {"alg lower case", with_header(R"({"alg":"rs256","kid":"rsa-1"})")},
      {"alg RS512", rsa_key().sign(good, "RS512")},
      {"alg PS512", rsa_key().sign(good, "PS512")},
      {"alg exchanged RS for PS", with_header(R"({"alg":"PS256","kid":"rsa-1"})")},
      {"alg exchanged RS for ES", with_header(R"({"alg":"ES256","kid":"rsa-1"})")},
      {"HS256 with the public key", SigningKey::oct("rsa-1", modulus).sign(good, "HS256")},
      {"HS256 with the public key's text", SigningKey::oct("rsa-1", to_text(rsa_key().jwk())).sign(good, "HS256")},
      {"HS256 with an empty-looking key", SigningKey::oct("rsa-1", std::string(32, '\0')).sign(good, "HS256")},
      {"kid missing", with_header(R"({"alg":"RS256"})")},
      {"kid empty", with_header(R"({"alg":"RS256","kid":""})")},
      {"kid a number", with_header(R"({"alg":"RS256","kid":1})")},
      {"kid huge", with_header(R"({"alg":"RS256","kid":")" + std::string(300, 'k') + "\"}")},
      {"kid of the other key", with_header(R"({"alg":"ES256","kid":"ec-1"})")},
      {"key of a stranger", stranger.sign(good, "ES256")},
      {"jku", rsa_key().sign(good, "RS256", {{"jku", "https://evil.example/keys"}})},
      {"x5u", rsa_key().sign(good, "RS256", {{"x5u", "https://evil.example/cert"}})},
      {"jwk", with_header(R"({"alg":"RS256","kid":"rsa-1","jwk":{"kty":"oct","k":"AQAB"}})")},
      {"x5c", with_header(R"({"alg":"RS256","kid":"rsa-1","x5c":["MIIB"]})")},
      {"crit", with_header(R"({"alg":"RS256","kid":"rsa-1","crit":["exp"]})")},
      {"b64", with_header(R"({"alg":"RS256","kid":"rsa-1","b64":"false"})")},
      {"zip", rsa_key().sign(good, "RS256", {{"zip", "DEF"}})},
      {"typ of an access token", rsa_key().sign(good, "RS256", {{"typ", "at+jwt"}})},
      {"typ of a logout token", rsa_key().sign(good, "RS256", {{"typ", "logout+jwt"}})},
      {"duplicate alg", with_header(R"({"alg":"RS256","alg":"RS256","kid":"rsa-1"})")},
      {"header no JSON", with_header("alg=RS256")},
      {"header a list", with_header("[]")},
      {"header deep", with_header(std::string(100'000, '['))},
      {"payload no JSON", rsa_key().sign_text("hello", "RS256")},
      {"payload a list", rsa_key().sign_text("[]", "RS256")},
      {"payload with one key twice", rsa_key().sign_text(R"({"sub":"a","sub":"b"})", "RS256")},
      {"too large", rsa_key().sign({{"x", std::string(limits::kIdTokenBytes, 'x')}}, "RS256")},
  };
  EXPECT_GE(forged.size(), 50U);
  for (const auto& [name, text] : forged) EXPECT_EQ(check(text), refused_) << name;
  EXPECT_EQ(check(rsa_key().sign(good, "RS256", {{"typ", "JWT"}, {"x5t", "abc"}})), "") << "a thumbprint is no harm";
}

TEST_F(IdTokenTest, EverySingleBitCounts) {
  const std::string token = ec_key().sign(claims_of(clock_), "ES256");
  ASSERT_EQ(check(token), "");
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string flipped = token;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_NE(check(flipped), "") << at;
  }
}

TEST_F(IdTokenTest, ForgedClaims) {  // A2, A3
  const std::int64_t t = now();
  const json::array list_of_us{kClient};
  EXPECT_EQ(with("aud", list_of_us), "");
  EXPECT_EQ(with("exp", t - 59), refused_) << "before it was issued";
  struct Forged {
    const char* claim;
    json::value value;
  };
  const std::vector<Forged> forged{
      {"iss", "https://issuer.example/"},
      {"iss", "https://evil.example"},
      {"iss", "issuer.example"},
      {"iss", ""},
      {"iss", 1},
      {"iss", nullptr},
      {"aud", "another-client"},
      {"aud", json::array{"another-client"}},
      {"aud", json::array{}},
      {"aud", 7},
      {"aud", nullptr},
      {"aud", "lakelift-client "},
      {"aud", "LAKELIFT-CLIENT"},
      {"aud", json::array{kClient, 7}},
      {"azp", "another-client"},
      {"azp", 1},
      {"azp", nullptr},
      {"exp", t - 60},
      {"exp", t - 86'400},
      {"exp", 0},
      {"exp", -1},
      {"exp", nullptr},
      {"exp", "9999999999"},
      {"exp", 1e300},
      {"iat", t + 61},
      {"iat", t + 86'400},
      {"iat", "now"},
      {"iat", nullptr},
      {"nbf", t + 61},
      {"nbf", "x"},
      {"nbf", nullptr},
      {"sub", ""},
      {"sub", nullptr},
      {"sub", 5},
      {"sub", json::string(256, 's')},
      {"sub", "a\nb"},
      {"sub", json::string("a\0b", 3)},
      {"email", ""},
      {"email", nullptr},
      {"email", "no-at"},
      {"email", "a@b@c"},
      {"email", json::array{"ada@example.com"}},
      {"email", "ada@example.com\n"},
      {"email_verified", false},
      {"email_verified", "true"},
      {"email_verified", 1},
      {"email_verified", nullptr},
  };
  for (const auto& [claim, value] : forged) EXPECT_EQ(with(claim, value), refused_) << claim << " = " << to_text(value);
  for (const char* claim : {"iss", "aud", "exp", "iat", "sub", "email", "email_verified"}) {
    EXPECT_EQ(without(claim), refused_) << claim;
  }
  EXPECT_EQ(without("azp"), "");
}

TEST_F(IdTokenTest, SeveralAudiencesNeedOneThatItWasMadeFor) {
  json::object payload = claims_of(clock_);
  payload["aud"] = json::array{kClient, "another"};
  EXPECT_EQ(check(ec_key().sign(payload, "ES256")), "");
  payload.erase("azp");
  EXPECT_EQ(check(ec_key().sign(payload, "ES256")), refused_);
}

TEST_F(IdTokenTest, ClocksMayDifferABit) {  // A6
  const std::int64_t t = now();
  json::object payload = claims_of(clock_);
  payload["iat"] = t - 3'700;
  payload["exp"] = t - 59;
  EXPECT_EQ(check(ec_key().sign(payload, "ES256")), "");
  payload["exp"] = t - 60;
  EXPECT_EQ(check(ec_key().sign(payload, "ES256")), refused_);
  EXPECT_EQ(with("iat", t + 60), "");
  EXPECT_EQ(with("nbf", t + 60), "");
  EXPECT_EQ(with("nbf", static_cast<double>(t)), "");
  IdTokenRules wide = rules_;
  wide.times.skew_seconds = 300;
  EXPECT_EQ(with("iat", t + 300, wide), "");
  EXPECT_EQ(with("iat", t + 301, wide), refused_);
  // A wall clock that was set back brings nothing expired to life.
  IdTokenRules set_back = rules_;
  set_back.times.expiry_now = rules_.times.now + 2 * 3'600 * kMicrosPerSecond;
  EXPECT_EQ(check(ec_key().sign(claims_of(clock_), "ES256"), set_back), refused_);
}

TEST_F(IdTokenTest, TheNonceIsTheFlows) {
  IdTokenRules rules = rules_;
  rules.nonce = "n-1";
  EXPECT_EQ(with("nonce", "n-1", rules), "");
  EXPECT_EQ(with("nonce", "n-1"), "") << "not asked for";
  for (const json::value& other : {json::value("n-2"), json::value(""), json::value(1), json::value(nullptr)}) {
    EXPECT_EQ(with("nonce", other, rules), refused_);
  }
  EXPECT_EQ(check(ec_key().sign(claims_of(clock_), "ES256"), rules), refused_);
}

TEST_F(IdTokenTest, OnlyTheDomainsThatAreListed) {
  IdTokenRules rules = rules_;
  rules.allowed_domains = {"example.com", "example.org"};
  EXPECT_EQ(with("email", "ada@example.com", rules), "");
  EXPECT_EQ(with("email", "ADA@EXAMPLE.ORG", rules), "");
  EXPECT_EQ(with("hd", "example.com", rules), "");
  for (const char* email : {"ada@evil.example", "ada@sub.example.com", "ada@example.com.evil.example",
                            "ada@xexample.com", "ada@example.co"}) {
    EXPECT_EQ(with("email", email, rules), "WRONG_EMAIL_DOMAIN") << email;
  }
  for (const json::value& hd : {json::value("evil.example"), json::value(""), json::value(1), json::value(nullptr)}) {
    EXPECT_EQ(with("hd", hd, rules), "WRONG_EMAIL_DOMAIN") << to_text(hd);
  }
  json::object payload = claims_of(clock_, "ada@evil.example");
  payload["exp"] = now() - 100'000;
  EXPECT_EQ(check(ec_key().sign(payload, "ES256"), rules), refused_) << "told only of a token that is right otherwise";
}

TEST_F(IdTokenTest, Google) {
  IdTokenRules rules{std::string(kGoogleIssuer), kClient, {"example.com"}, std::nullopt, rules_.times};
  json::object payload = claims_of(clock_);
  payload["hd"] = "example.com";
  for (const char* iss : {"accounts.google.com", "https://accounts.google.com"}) {
    payload["iss"] = iss;
    EXPECT_EQ(check(ec_key().sign(payload, "ES256"), rules), "") << iss;
  }
  for (const char* iss :
       {"http://accounts.google.com", "https://accounts.google.com/", "accounts.google.com.evil.example"}) {
    payload["iss"] = iss;
    EXPECT_EQ(check(ec_key().sign(payload, "ES256"), rules), refused_) << iss;
  }
  payload["iss"] = "accounts.google.com";
  payload.erase("hd");
  EXPECT_EQ(check(ec_key().sign(payload, "ES256"), rules), "WRONG_EMAIL_DOMAIN")
      << "a private account with that address";
  rules.allowed_domains.clear();
  EXPECT_EQ(check(ec_key().sign(payload, "ES256"), rules), "");
}

RC_GTEST_PROP(IdTokenProperty, WhateverItIsItIsRefusedOrTakenApart, (const std::string& text)) {
  const auto raw = take_apart_id_token(text);
  if (raw) RC_ASSERT(raw->text == text);
}

}  // namespace
}  // namespace lakelift::accounts
