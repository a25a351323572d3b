#include "domain/accounts/issuers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "domain/accounts/test_issuer.h"

namespace lakelift::accounts {
namespace {

using namespace accounts::testing;

class IssuersTest : public ::testing::Test {
 protected:
  IssuersTest() { serve_issuer(http_, key_set({ec_key().jwk()})); }

  std::string discover(const json::object& document) {
    const auto parsed = parse_discovery(to_text(document), kIssuer);
    return parsed ? "" : parsed.error().message;
  }
  std::string verify(const std::string& token) {
    const auto raw = take_apart_id_token(token);
    if (!raw) return raw.error().event;
    const auto identity = issuer_.verify(*raw, {clock_.now(), clock_.now(), 0}, std::nullopt);
    return identity ? "" : identity.error().event;
  }
  void answer_token(int status, const std::string& body) {
    http_.answer(kTokenUrl, [status, body](const net::HttpRequest&) { return net::HttpResponse{status, {}, body}; });
  }

  ManualClock clock_;
  net::testing::FakeHttpClient http_;
  IssuerSettings settings_{"work", "Work", kIssuer, kClient, "s&cret", {}};
  Issuer issuer_{settings_, http_, clock_};
};

TEST_F(IssuersTest, DiscoveryMustBeOfThatIssuer) {
  EXPECT_EQ(discover(discovery_document()), "");
  const std::pair<const char*, json::value> changes[] = {
      {"issuer", "https://evil.example"},
      {"issuer", "https://issuer.example/"},
      {"issuer", nullptr},
      {"authorization_endpoint", "http://issuer.example/authorize"},
      {"authorization_endpoint", "javascript:alert(1)"},
      {"authorization_endpoint", ""},
      {"token_endpoint", "https://user:pw@issuer.example/token"},
      {"token_endpoint", 7},
      {"jwks_uri", "file:///etc/passwd"},
      {"jwks_uri", "http://169.254.169.254/latest/meta-data"},
      {"jwks_uri", nullptr},
  };
  for (const auto& [name, value] : changes) {
    json::object document = discovery_document();
    document[name] = value;
    EXPECT_NE(discover(document), "") << name << " " << to_text(value);
  }
  EXPECT_FALSE(parse_discovery("[]", kIssuer));
  EXPECT_FALSE(parse_discovery("<html>", kIssuer));
}

TEST_F(IssuersTest, SendsTheBrowserWithEverythingThatAnAnswerMustFit) {
  const auto url = issuer_.authorization_url({"http://127.0.0.1:3000/accounts/oidc/callback", "st", "no", "ch"});
  ASSERT_TRUE(url);
  EXPECT_EQ(*url,
            "https://issuer.example/"
            "authorize?response_type=code&client_id=lakelift-client&redirect_uri=http%3A%2F%2F127.0.0.1"
            "%3A3000%2Faccounts%2Foidc%2Fcallback&scope=openid%20email%20profile&state=st&nonce=no&code_challenge=ch&"
            "code_challenge_method=S256");
  EXPECT_TRUE(issuer_.authorization_url({"r", "s", "n", "c"}));
  EXPECT_EQ(http_.count(kDiscoveryUrl), 1) << "kept";
}

TEST_F(IssuersTest, RedeemsACodeWithItsSecret) {
  answer_token(200, R"({"id_token": "a.b.c", "access_token": "x"})");
  EXPECT_EQ(issuer_.redeem_code({"c ode", "verifier", "http://localhost/cb"}).value(), "a.b.c");
  const auto sent = http_.requests(kTokenUrl).at(0);
  EXPECT_EQ(sent.method, net::HttpMethod::kPost);
  EXPECT_EQ(
      sent.body,
      "grant_type=authorization_code&code=c%20ode&redirect_uri=http%3A%2F%2Flocalhost%2Fcb&code_verifier=verifier");
  const std::string basic = "Basic " + base64_encode(as_bytes("lakelift-client:s%26cret"));
  EXPECT_NE(std::ranges::find(sent.headers, std::pair<std::string, std::string>("Authorization", basic)),
            sent.headers.end());
}

TEST_F(IssuersTest, TheSecretGoesWhereTheIssuerTakesIt) {
  json::object document = discovery_document();
  document["token_endpoint_auth_methods_supported"] = json::array{"client_secret_post"};
  http_.answer(kDiscoveryUrl,
               [text = to_text(document)](const net::HttpRequest&) { return net::HttpResponse{200, {}, text}; });
  answer_token(200, R"({"id_token": "a.b.c"})");
  ASSERT_TRUE(issuer_.redeem_code({"c", "v", "r"}));
  EXPECT_TRUE(http_.requests(kTokenUrl).at(0).body.ends_with("&client_id=lakelift-client&client_secret=s%26cret"));
  IssuerSettings open = settings_;
  open.client_secret.clear();
  Issuer without_secret(open, http_, clock_);
  ASSERT_TRUE(without_secret.redeem_code({"c", "v", "r"}));
  EXPECT_TRUE(http_.requests(kTokenUrl).at(1).body.ends_with("&client_id=lakelift-client"));
}

TEST_F(IssuersTest, ACodeThatIsNotTaken) {
  const auto redeem = [&] { return issuer_.redeem_code({"c", "v", "r"}).error().event; };
  EXPECT_EQ(redeem(), "ISSUER_UNREACHABLE");
  answer_token(400, R"({"error": "invalid_grant"})");
  EXPECT_EQ(redeem(), "SIGN_IN_WAS_REFUSED");
  answer_token(302, "");
  EXPECT_EQ(redeem(), "SIGN_IN_WAS_REFUSED");
  answer_token(500, "");
  EXPECT_EQ(redeem(), "ISSUER_UNREACHABLE");
  for (const char* body : {"", "[]", "{}", R"({"id_token": 1})", R"({"access_token": "x"})"}) {
    answer_token(200, body);
    EXPECT_EQ(redeem(), "SIGN_IN_WAS_REFUSED") << body;
  }
}

TEST_F(IssuersTest, FewAskAtOnce) {
  answer_token(200, R"({"id_token": "a.b.c"})");
  ASSERT_TRUE(issuer_.authorization_url({"r", "s", "n", "c"}));
  http_.close_gate();
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < limits::kIssuerCalls; ++i) {
      threads.emplace_back([&] { EXPECT_TRUE(issuer_.redeem_code({"c", "v", "r"})); });
    }
    while (http_.count(kTokenUrl) < static_cast<int>(limits::kIssuerCalls)) std::this_thread::yield();
    EXPECT_EQ(issuer_.redeem_code({"c", "v", "r"}).error().event, "ISSUER_UNREACHABLE");
    http_.open_gate();
  }
  EXPECT_TRUE(issuer_.redeem_code({"c", "v", "r"}));
}

TEST_F(IssuersTest, VerifiesWithTheIssuersKeys) {
  EXPECT_EQ(verify(ec_key().sign(claims_of(clock_), "ES256")), "");
  EXPECT_EQ(verify(SigningKey::ec("ec-1").sign(claims_of(clock_), "ES256")), "GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED");
  EXPECT_EQ(http_.count(kKeysUrl), 1);
  net::testing::FakeHttpClient away;
  Issuer unreachable(settings_, away, clock_);
  const auto raw = take_apart_id_token(ec_key().sign(claims_of(clock_), "ES256"));
  EXPECT_EQ(unreachable.verify(*raw, {clock_.now(), clock_.now(), 0}, std::nullopt).error().event,
            "ISSUER_UNREACHABLE");
}

TEST_F(IssuersTest, AFloodOfUnknownKeysCostsNoFetch) {  // T12
  EXPECT_EQ(verify(ec_key().sign(claims_of(clock_), "ES256")), "");
  const std::string signature = "AAAA";
  for (int i = 0; i < 10'000; ++i) {
    const std::string header = R"({"alg":"ES256","kid":"bogus-)" + std::to_string(i) + "\"}";
    const std::string token = base64url_encode(as_bytes(header)) + ".e30." + signature;
    ASSERT_EQ(verify(token), "GOOGLE_OAUTH2_USER_INFO_ERROR_DETECTED");
  }
  EXPECT_EQ(http_.count(kKeysUrl), 1);
}

TEST_F(IssuersTest, KeysRotateUnderLoad) {  // T12
  std::vector<SigningKey> keys{SigningKey::ec("k-0")};
  serve_issuer(http_, key_set({keys[0].jwk()}), "max-age=300");
  int refused = 0;
  int signed_in = 0;
  for (int rotation = 1; rotation <= 10; ++rotation) {
    keys.push_back(SigningKey::ec("k-" + std::to_string(rotation)));
    for (int i = 0; i < 100; ++i) {
      refused += verify(keys[rotation - 1].sign(claims_of(clock_), "ES256")).empty() ? 0 : 1;
      ++signed_in;
    }
    // The new key replaces the old one at once; within a minute of our last look it is not known.
    serve_issuer(http_, key_set({keys[rotation].jwk()}), "max-age=300");
    EXPECT_NE(verify(keys[rotation].sign(claims_of(clock_), "ES256")), "");
    clock_.advance(60 * kMicrosPerSecond);
    EXPECT_EQ(verify(keys[rotation].sign(claims_of(clock_), "ES256")), "");
    EXPECT_NE(verify(keys[rotation - 1].sign(claims_of(clock_), "ES256")), "") << "withdrawn";
  }
  EXPECT_EQ(signed_in, 1'000);
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(http_.count(kKeysUrl), 11) << "one a rotation";
}

TEST_F(IssuersTest, GarbageReplacesNoKeys) {  // A4
  serve_issuer(http_, key_set({ec_key().jwk()}), "max-age=60");
  EXPECT_EQ(verify(ec_key().sign(claims_of(clock_), "ES256")), "");
  for (const std::string& garbage :
       {std::string("<html>"), std::string("{\"keys\":[]}"), std::string(1 << 20, '['), std::string("{}")}) {
    serve_issuer(http_, garbage);
    clock_.advance(60 * kMicrosPerSecond);
    EXPECT_EQ(verify(ec_key().sign(claims_of(clock_), "ES256")), "") << garbage.substr(0, 20);
  }
}

TEST_F(IssuersTest, WhoAnswersMustBeWhoWasAsked) {  // RFC 9207
  EXPECT_TRUE(issuer_.check_answerer(std::nullopt));
  EXPECT_TRUE(issuer_.check_answerer(kIssuer));
  EXPECT_EQ(issuer_.check_answerer("https://evil.example").error().event, "SIGN_IN_WAS_REFUSED");
  json::object document = discovery_document();
  document["authorization_response_iss_parameter_supported"] = true;
  http_.answer(kDiscoveryUrl,
               [text = to_text(document)](const net::HttpRequest&) { return net::HttpResponse{200, {}, text}; });
  Issuer names_itself(settings_, http_, clock_);
  EXPECT_FALSE(names_itself.check_answerer(std::nullopt));
  EXPECT_TRUE(names_itself.check_answerer(kIssuer));
}

TEST_F(IssuersTest, AreFoundByNameAndByWhatATokenSays) {
  const Issuers issuers({settings_, {"google", "Google", std::string(kGoogleIssuer), "g", "", {"example.com"}}}, http_,
                        clock_);
  EXPECT_EQ(issuers.all().size(), 2U);
  EXPECT_EQ(issuers.by_name("work")->settings().label, "Work");
  EXPECT_EQ(issuers.by_name("Work"), nullptr);
  EXPECT_EQ(issuers.by_iss("accounts.google.com"), issuers.by_name("google"));
  EXPECT_EQ(issuers.by_iss("https://accounts.google.com"), issuers.by_name("google"));
  EXPECT_EQ(issuers.by_iss("issuer.example"), nullptr);
  EXPECT_EQ(issuers.by_iss(""), nullptr);
}

}  // namespace
}  // namespace lakelift::accounts
