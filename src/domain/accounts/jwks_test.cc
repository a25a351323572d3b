#include "domain/accounts/jwks.h"

#include <gtest/gtest.h>

#include "domain/accounts/test_issuer.h"

namespace lakelift::accounts {
namespace {

using namespace accounts::testing;

TEST(KeySet, FindsTheKeysThatItCanUse) {
  json::object encrypting = rsa_key().jwk();
  encrypting["kid"] = "enc";
  encrypting["use"] = "enc";
  const auto set =
      KeySet::parse(key_set({rsa_key().jwk(), ec_key().jwk(), encrypting, {{"kty", "OKP"}, {"kid", "okp"}}}));
  ASSERT_TRUE(set);
  EXPECT_NE(set->find("rsa-1"), nullptr);
  EXPECT_NE(set->find("ec-1"), nullptr);
  for (const char* other : {"enc", "okp", "", "RSA-1", "rsa-1 "}) EXPECT_EQ(set->find(other), nullptr) << other;
}

TEST(KeySet, TheFirstOfTwoWithOneNameStays) {
  json::object second = ec_key().jwk();
  second["kid"] = "rsa-1";
  const auto set = KeySet::parse(key_set({rsa_key().jwk(), second}));
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->find("rsa-1")->verifies(rsa_key().sign({{"a", 1}}, "RS256"), "RS256"));
}

TEST(KeySet, GarbageIsNoKeySet) {
  for (const std::string text : {"", "{}", "[]", "null", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[1,\"x\",null]}",
                                 "{\"keys\":[{}]}", "<html>502</html>", "{\"keys\":[],\"keys\":[]}"}) {
    EXPECT_FALSE(KeySet::parse(text)) << text;
  }
  const std::vector<json::object> many(limits::kIssuerKeys + 1, rsa_key().jwk());
  EXPECT_FALSE(KeySet::parse(key_set(many)));
}

TEST(IssuerKey, WhatWeDoNotVerifyWith) {
  const auto changed = [](json::object jwk, std::string_view member, const json::value& value) {
    if (value.is_null()) {
      jwk.erase(member);
    } else {
      jwk[member] = value;
    }
    return IssuerKey::from(jwk).has_value();
  };
  EXPECT_TRUE(changed(rsa_key().jwk(), "alg", "RS256"));
  EXPECT_TRUE(changed(ec_key().jwk(), "key_ops", json::array{"verify"}));
  for (const char* member : {"kty", "kid", "n", "e"}) EXPECT_FALSE(changed(rsa_key().jwk(), member, nullptr)) << member;
  for (const char* member : {"kty", "kid", "crv", "x", "y"})
    EXPECT_FALSE(changed(ec_key().jwk(), member, nullptr)) << member;
  EXPECT_FALSE(changed(rsa_key().jwk(), "kty", "EC"));
  EXPECT_FALSE(changed(rsa_key().jwk(), "n", "AQAB"));
  EXPECT_FALSE(changed(rsa_key().jwk(), "n", "not base64!"));
  EXPECT_FALSE(changed(rsa_key().jwk(), "use", "enc"));
  EXPECT_FALSE(changed(rsa_key().jwk(), "use", 1));
  EXPECT_FALSE(changed(rsa_key().jwk(), "key_ops", json::array{"sign"}));
  EXPECT_FALSE(changed(rsa_key().jwk(), "key_ops", "verify"));
  EXPECT_FALSE(changed(rsa_key().jwk(), "kid", json::string(300, 'k')));
  EXPECT_FALSE(changed(ec_key().jwk(), "crv", "P-384"));
  EXPECT_FALSE(changed(ec_key().jwk(), "x", "AQAB"));
  EXPECT_FALSE(IssuerKey::from(rsa_key().jwk(true))) << "a private key";
  EXPECT_FALSE(IssuerKey::from(SigningKey::ec("p384", CJOSE_JWK_EC_P_384).jwk()));
  EXPECT_FALSE(IssuerKey::from(SigningKey::rsa("small", 1024).jwk()));
}

TEST(IssuerKey, VerifiesItsOwnAlgorithmsAlone) {
  const auto rsa = IssuerKey::from(rsa_key().jwk());
  const auto ec = IssuerKey::from(ec_key().jwk());
  ASSERT_TRUE(rsa && ec);
  for (const char* algorithm : {"RS256", "PS256"}) {
    EXPECT_TRUE(rsa->verifies(rsa_key().sign({{"a", 1}}, algorithm), algorithm)) << algorithm;
    EXPECT_FALSE(ec->verifies(rsa_key().sign({{"a", 1}}, algorithm), algorithm)) << algorithm;
  }
  EXPECT_TRUE(ec->verifies(ec_key().sign({{"a", 1}}, "ES256"), "ES256"));
  EXPECT_FALSE(rsa->verifies(ec_key().sign({{"a", 1}}, "ES256"), "ES256"));
  EXPECT_FALSE(rsa->verifies(rsa_key().sign({{"a", 1}}, "RS512"), "RS512"));
  EXPECT_FALSE(rsa->verifies(rsa_key().sign({{"a", 1}}, "RS256"), "none"));
  json::object bound = rsa_key().jwk();
  bound["alg"] = "PS256";
  EXPECT_FALSE(IssuerKey::from(bound)->verifies(rsa_key().sign({{"a", 1}}, "RS256"), "RS256"));
  EXPECT_FALSE(rsa->verifies("", "RS256"));
  EXPECT_FALSE(rsa->verifies("a.b.c", "RS256"));
}

TEST(MaxAge, IsReadFromCacheControl) {
  const auto age = [](const std::string& value) { return max_age_of({200, {{"cache-control", value}}, ""}); };
  EXPECT_EQ(max_age_of({200, {}, ""}), std::nullopt);
  EXPECT_EQ(age("public, max-age=19854, must-revalidate, no-transform"), 19'854);
  EXPECT_EQ(age("Max-Age=5"), 5);
  EXPECT_EQ(age("max-age=0"), 0);
  EXPECT_EQ(age("no-store"), 0);
  EXPECT_EQ(age("max-age=60, no-cache"), 0);
  for (const char* nothing : {"", "public", "max-age", "max-age=", "max-age=x", "max-age=-1", "max-age=1.5",
                              "max-age=99999999999999999999", "s-maxage=7"}) {
    EXPECT_EQ(age(nothing), std::nullopt) << nothing;
  }
}

TEST(FetchKeySet, TakesOnly200) {
  net::testing::FakeHttpClient http;
  serve_issuer(http, key_set({ec_key().jwk()}), "max-age=77");
  const auto fetched = fetch_key_set(http, kKeysUrl);
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->max_age_seconds, 77);
  http.answer(kKeysUrl, [](const net::HttpRequest&) { return net::HttpResponse{302, {{"location", "/x"}}, "{}"}; });
  EXPECT_FALSE(fetch_key_set(http, kKeysUrl));
  http.answer(kKeysUrl, [](const net::HttpRequest&) { return net::HttpResponse{200, {}, std::string(1 << 20, ' ')}; });
  EXPECT_EQ(fetch_key_set(http, kKeysUrl).error().code, Code::kTooLarge);
  EXPECT_FALSE(fetch_key_set(http, "http://issuer.example/keys"));
}

}  // namespace
}  // namespace lakelift::accounts
