#include "domain/accounts/token.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "backends/metadata/testing/temporary_database.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "domain/accounts/jws.h"

namespace lakelift::accounts {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::string_view kBroken = "AUTH_TOKEN_WAS_BROKEN";
constexpr std::string_view kMissing = "AUTH_TOKEN_MISSING_FIELDS_DETECTED";
constexpr std::string_view kExpired = "AUTH_TOKEN_EXPIRED";

std::string b64(std::string_view text) { return base64url_encode(as_bytes(text)); }

// A token by hand, without the library that signs ours.
std::string forge(std::string_view header, std::string_view payload, std::string_view secret) {
  const std::string signed_part = b64(header) + "." + b64(payload);
  return signed_part + "." + base64url_encode(hmac_sha256(secret, signed_part));
}

class TokenTest : public ::testing::Test {
 protected:
  TokenTest() : ring_(KeyRing::load(*database_, clock_, random_).value()) {}

  [[nodiscard]] std::string kid() const { return ring_.newest(KeyPurpose::kToken); }
  [[nodiscard]] std::string secret() const { return ring_.secret(KeyPurpose::kToken, kid()); }
  [[nodiscard]] std::string header() const { return fmt::format(R"({{"alg":"HS256","typ":"JWT","kid":"{}"}})", kid()); }
  [[nodiscard]] static std::string payload(std::string_view more = "") {
    return fmt::format(R"({{"id":1,"email":"reader@example.com","type":"ADMIN","exp":{}{}}})", kNow + 100, more);
  }
  [[nodiscard]] std::string good() const { return forge(header(), payload(), secret()); }
  [[nodiscard]] std::string with_header(std::string_view h) const { return forge(h, payload(), secret()); }
  [[nodiscard]] std::string with_payload(std::string_view p) const { return forge(header(), p, secret()); }

  // "" for an accepted one, else the event.
  [[nodiscard]] std::string open(std::string_view token, std::int64_t now = kNow) const {
    const TokenTimes times{now * kMicrosPerSecond, now * kMicrosPerSecond, limits::kTokenSkewSeconds};
    const auto claims = open_token(token, ring_, times);
    if (claims) return "";
    EXPECT_EQ(claims.error().code, Code::kUnauthenticated);
    return claims.error().event;
  }

  metadata::testing::TemporaryDatabase database_{{migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  KeyRing ring_;
};

TEST_F(TokenTest, OursIsReadBack) {
  const Claims claims{42, "reader@example.com", "RESEARCHER", kNow + 5, kNow, "some-id"};
  const auto text = sign_token(claims, ring_);
  ASSERT_TRUE(text);
  const auto back = open_token(*text, ring_, {kNow * kMicrosPerSecond, kNow * kMicrosPerSecond, 60});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, claims.id);
  EXPECT_EQ(back->email, claims.email);
  EXPECT_EQ(back->type, claims.type);
  EXPECT_EQ(back->expires, claims.expires);
  EXPECT_EQ(back->issued, claims.issued);
  EXPECT_EQ(back->token_id, claims.token_id);
}

TEST_F(TokenTest, OneMadeByHandIsTheSame) {
  EXPECT_EQ(open(good()), "");
  EXPECT_EQ(open(with_header(R"({"alg":"HS256","typ":"JWT"})")), "") << "Lakey's own: no kid, no jti";
  EXPECT_EQ(open(with_header(R"({"alg":"HS256"})")), "");
  EXPECT_EQ(open(with_payload(payload(R"(,"jti":"x","iat":5,"nbf":5,"other":[1])"))), "");
}

TEST_F(TokenTest, NoForgedOneIsAccepted) {  // A1, A2, T11
  const std::string k = kid();
  const std::string link_kid = ring_.newest(KeyPurpose::kLink);
  const std::string link_secret = ring_.secret(KeyPurpose::kLink, link_kid);
  const std::string ok = good();
  const std::string h = ok.substr(0, ok.find('.'));
  const std::string p = ok.substr(h.size() + 1, ok.rfind('.') - h.size() - 1);
  const std::string s = ok.substr(ok.rfind('.') + 1);
  const auto header_with = [&](std::string_view more) {
    return with_header(fmt::format(R"({{"alg":"HS256","typ":"JWT","kid":"{}",{}}})", k, more));
  };
  const auto header_alg = [&](std::string_view alg) {
    return with_header(fmt::format(R"({{"alg":{},"kid":"{}"}})", alg, k));
  };
  const auto unsigned_with_alg = [&](std::string_view alg) {
    return b64(fmt::format(R"({{"alg":"{}","typ":"JWT"}})", alg)) + "." + p + ".";
  };

  const std::vector<std::pair<std::string, std::string>> forged = {
      // not three segments, or not of this form
      {"empty", ""},
      {"one dot", "."},
      {"two dots", ".."},
      {"three dots", "..."},
      {"header only", h},
      {"no signature segment", h + "." + p},
      {"empty signature", h + "." + p + "."},
      {"empty header", "." + p + "." + s},
      {"empty payload", h + ".." + s},
      {"a fourth segment", ok + "." + s},
      {"a fourth, empty segment", ok + "."},
      {"five segments, as of a JWE", h + "." + p + "." + s + "." + s + "." + s},
      {"a leading dot", "." + ok},
      {"a leading space", " " + ok},
      {"a trailing space", ok + " "},
      {"a trailing newline", ok + "\n"},
      {"a trailing NUL", ok + std::string(1, '\0')},
      {"Bearer in front", "Bearer " + ok},
      {"quotes around", "\"" + ok + "\""},
      {"padding on the signature", ok + "="},
      {"padding on the header", h + "=." + p + "." + s},
      {"a segment cut by one", ok.substr(0, ok.size() - 1)},
      {"a segment cut by half", ok.substr(0, ok.size() - 20)},
      {"a longer signature", ok + "AAAA"},
      {"the standard alphabet", h + "." + p + "." + base64_encode(hmac_sha256(secret(), h + "." + p))},
      {"the signature in hex", h + "." + p + "." + hex_encode(hmac_sha256(secret(), h + "." + p))},
      {"unused bits set in the last character", ok.substr(0, ok.size() - 1) + static_cast<char>(ok.back() + 1)},
      {"JSON serialisation", fmt::format(R"({{"protected":"{}","payload":"{}","signature":"{}"}})", h, p, s)},
      {"JSON serialisation, general",
       fmt::format(R"({{"payload":"{}","signatures":[{{"protected":"{}","signature":"{}"}}]}})", p, h, s)},
      {"oversize", forge(header(), payload(R"(,"x":")" + std::string(limits::kTokenBytes, 'x') + "\""), secret())},

      // the algorithm
      {"alg none, unsigned", unsigned_with_alg("none")},
      {"alg None, unsigned", unsigned_with_alg("None")},
      {"alg NONE, unsigned", unsigned_with_alg("NONE")},
      {"alg noNE, unsigned", unsigned_with_alg("noNE")},
      {"alg empty, unsigned", unsigned_with_alg("")},
      {"alg HS256, unsigned", unsigned_with_alg("HS256")},
      {"alg none, signed", header_alg(R"("none")")},
      {"alg HS384", header_alg(R"("HS384")")},
      {"alg HS512", header_alg(R"("HS512")")},
      {"alg RS256", header_alg(R"("RS256")")},
      {"alg ES256", header_alg(R"("ES256")")},
      {"alg PS256", header_alg(R"("PS256")")},
      {"alg EdDSA", header_alg(R"("EdDSA")")},
      {"alg A256KW", header_alg(R"("A256KW")")},
      {"alg hs256", header_alg(R"("hs256")")},
      {"alg with a space", header_alg(R"("HS256 ")")},
      {"alg with a NUL", header_alg(R"("HS256\u0000")")},
      {"alg null", header_alg("null")},
      {"alg a number", header_alg("256")},
      {"alg a list", header_alg(R"(["HS256"])")},
      {"no alg", with_header(fmt::format(R"({{"typ":"JWT","kid":"{}"}})", k))},
      {"alg twice", with_header(fmt::format(R"({{"alg":"none","alg":"HS256","kid":"{}"}})", k))},

      // the header's other fields
      {"typ of another kind", with_header(fmt::format(R"({{"alg":"HS256","typ":"JWE","kid":"{}"}})", k))},
      {"typ at+jwt", with_header(fmt::format(R"({{"alg":"HS256","typ":"at+jwt","kid":"{}"}})", k))},
      {"typ a number", with_header(fmt::format(R"({{"alg":"HS256","typ":1,"kid":"{}"}})", k))},
      {"kid unknown", with_header(R"({"alg":"HS256","kid":"0000000000000000"})")},
      {"kid empty", with_header(R"({"alg":"HS256","kid":""})")},
      {"kid a number", with_header(R"({"alg":"HS256","kid":1})")},
      {"kid null", with_header(R"({"alg":"HS256","kid":null})")},
      {"kid a path", with_header(R"({"alg":"HS256","kid":"../../../dev/null"})")},
      {"kid some SQL", with_header(R"({"alg":"HS256","kid":"' OR 1=1 --"})")},
      {"kid of another purpose, our secret", with_header(fmt::format(R"({{"alg":"HS256","kid":"{}"}})", link_kid))},
      {"crit", header_with(R"("crit":["exp"])")},
      {"crit, empty", header_with(R"("crit":[])")},
      {"jku", header_with(R"("jku":"http://127.0.0.1:1/keys")")},
      {"jwk", header_with(R"("jwk":{"kty":"oct","k":"AAAA"})")},
      {"x5u", header_with(R"("x5u":"http://127.0.0.1:1/cert")")},
      {"x5c", header_with(R"("x5c":["AAAA"])")},
      {"b64", header_with(R"("b64":false)")},
      {"zip", header_with(R"("zip":"DEF")")},
      {"cty", header_with(R"("cty":"JWT")")},
      {"enc", header_with(R"("enc":"A256GCM")")},
      {"header a list", with_header(R"(["HS256"])")},
      {"header a string", with_header(R"("HS256")")},
      {"header not JSON", with_header("HS256")},
      {"header with a tail", with_header(header() + "{}")},
      {"header empty object", with_header("{}")},

      // the key
      {"an empty secret", forge(header(), payload(), "")},
      {"the key's id as secret", forge(header(), payload(), k)},
      {"the secret in hex", forge(header(), payload(), hex_encode(as_bytes(secret())))},
      {"the secret cut", forge(header(), payload(), secret().substr(0, 31))},
      {"the secret longer", forge(header(), payload(), std::string(secret()) + "x")},
      {"a guess", forge(header(), payload(), "secret")},
      {"the links' key under its own id",
       forge(fmt::format(R"({{"alg":"HS256","kid":"{}"}})", link_kid), payload(), link_secret)},
      {"the links' key under ours", forge(header(), payload(), link_secret)},
      {"the links' key without kid", forge(R"({"alg":"HS256"})", payload(), link_secret)},
      {"a link's signature", h + "." + p + "." + ring_.sign(KeyPurpose::kLink, h + "." + p).mac},

      // the payload
      {"the payload of another", h + "." + b64(payload(R"(,"x":1)")) + "." + s},
      {"header and payload swapped", p + "." + h + "." + s},
      {"payload not JSON", with_payload("hello")},
      {"payload a list", with_payload("[1]")},
      {"payload with bad UTF-8", with_payload(payload(",\"x\":\"\xff\""))},
      {"payload with a field twice", with_payload(payload(R"(,"id":2)"))},
      {"iat far ahead", with_payload(payload(fmt::format(R"(,"iat":{})", kNow + 61)))},
      {"iat very far ahead", with_payload(payload(R"(,"iat":9223372036854775807)"))},
      {"iat a string", with_payload(payload(R"(,"iat":"5")"))},
      {"nbf ahead", with_payload(payload(fmt::format(R"(,"nbf":{})", kNow + 61)))},
      {"nbf null", with_payload(payload(R"(,"nbf":null)"))},
      {"an issuer", with_payload(payload(R"(,"iss":"https://accounts.google.com")"))},
      {"an audience", with_payload(payload(R"(,"aud":"someone")"))},
      {"jti a number", with_payload(payload(R"(,"jti":1)"))},
      {"jti empty", with_payload(payload(R"(,"jti":"")"))},
  };
  EXPECT_GE(forged.size(), 60U);
  for (const auto& [name, token] : forged) EXPECT_EQ(open(token), kBroken) << name;
}

TEST_F(TokenTest, EveryAnswerToAForgedOneIsTheSame) {
  const TokenTimes times{kNow * kMicrosPerSecond, kNow * kMicrosPerSecond, 60};
  const auto garbage = open_token("x", ring_, times);
  const auto wrong_mac = open_token(good() + "A", ring_, times);
  const auto wrong_key = open_token(forge(header(), payload(), "guess"), ring_, times);
  ASSERT_FALSE(garbage || wrong_mac || wrong_key);
  EXPECT_EQ(garbage.error().message, wrong_mac.error().message);
  EXPECT_EQ(garbage.error().message, wrong_key.error().message);
}

TEST_F(TokenTest, NoFlippedBitIsAccepted) {
  for (const std::string& token : {good(), sign_token({1, "a@b", "ADMIN", kNow + 9, kNow, "id"}, ring_).value()}) {
    ASSERT_EQ(open(token), "");
    for (std::size_t i = 0; i < token.size() * 8; ++i) {
      std::string flipped = token;
      flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
      ASSERT_EQ(open(flipped), kBroken) << i;
    }
  }
}

TEST_F(TokenTest, NoCutOrRepeatedByteIsAccepted) {
  const std::string token = good();
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string cut = token;
    cut.erase(i, 1);
    ASSERT_EQ(open(cut), kBroken) << i;
    std::string more = token;
    more.insert(i, 1, 'A');
    ASSERT_EQ(open(more), kBroken) << i;
    ASSERT_EQ(open(std::string_view(token).substr(0, i)), kBroken) << i;
  }
}

TEST_F(TokenTest, MissingFieldsAreNamedSo) {
  const auto without = [&](std::string_view fields) { return open(with_payload(fields)); };
  EXPECT_EQ(without("{}"), kMissing);
  EXPECT_EQ(without(R"({"email":"a@b","type":"ADMIN","exp":1800000000})"), kMissing);
  EXPECT_EQ(without(R"({"id":1,"type":"ADMIN","exp":1800000000})"), kMissing);
  EXPECT_EQ(without(R"({"id":1,"email":"a@b","exp":1800000000})"), kMissing);
  EXPECT_EQ(without(R"({"id":1,"email":"a@b","type":"ADMIN"})"), kMissing);
  EXPECT_EQ(without(R"({"id":"1","email":"a@b","type":"ADMIN","exp":1800000000})"), kMissing);
  EXPECT_EQ(without(R"({"id":1,"email":null,"type":"ADMIN","exp":1800000000})"), kMissing);
  EXPECT_EQ(without(R"({"id":1,"email":"a@b","type":["ADMIN"],"exp":1800000000})"), kMissing);
  EXPECT_EQ(without(R"({"id":1,"email":"a@b","type":"ADMIN","exp":"1800000000"})"), kMissing);
  EXPECT_EQ(without(R"({"id":1,"email":"a@b","type":"ADMIN","exp":null})"), kMissing);
  EXPECT_EQ(without(R"({"id":1,"email":"a@b","type":"ADMIN","exp":1e999})"), kBroken);
}

TEST_F(TokenTest, ExpiryIsExact) {
  const std::string token = good();  // expires at kNow + 100
  EXPECT_EQ(open(token, kNow + 99), "");
  EXPECT_EQ(open(token, kNow + 100), kExpired);
  EXPECT_EQ(open(token, kNow + 101), kExpired);
  const Micros last = (kNow + 100) * kMicrosPerSecond;
  EXPECT_TRUE(open_token(token, ring_, {last - 1, last - 1, 60}));
  EXPECT_FALSE(open_token(token, ring_, {last, last, 300})) << "the tolerance never extends it";
  EXPECT_FALSE(open_token(token, ring_, {last - 3'600 * kMicrosPerSecond, last, 60})) << "a clock set back neither";
  for (const char* exp : {"0", "-1", "-9223372036854775808"}) {
    EXPECT_EQ(open(with_payload(fmt::format(R"({{"id":1,"email":"a@b","type":"ADMIN","exp":{}}})", exp))), kExpired);
  }
  EXPECT_EQ(open(with_payload(R"({"id":1,"email":"a@b","type":"ADMIN","exp":9223372036854775807})")), "");
}

TEST_F(TokenTest, OtherClocksMayBeAMinuteAhead) {  // A6
  EXPECT_EQ(open(with_payload(payload(fmt::format(R"(,"iat":{})", kNow + 60)))), "");
  EXPECT_EQ(open(with_payload(payload(fmt::format(R"(,"nbf":{})", kNow + 60)))), "");
  EXPECT_EQ(open(with_payload(payload(fmt::format(R"(,"iat":{})", kNow + 61)))), kBroken);
}

TEST_F(TokenTest, RevocationNamesDifferAndNeverMeet) {
  const Claims with{1, "a", "b", 1, 1, "x"};
  const Claims without{1, "a", "b", 1, 1, std::nullopt};
  EXPECT_EQ(revocation_name("text", with), revocation_name("other text", with));
  EXPECT_NE(revocation_name("text", without), revocation_name("other text", without));
  const Claims posing{1, "a", "b", 1, 1, "sha256:" + sha256_hex("text")};
  EXPECT_NE(revocation_name("text", without), revocation_name("text", posing));
}

TEST(Jws, SignsAsTheStandardsExampleIsVerified) {
  // RFC 7515, appendix A.1: a token and its key.
  const std::string secret =
      base64url_decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
          .value();
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  EXPECT_TRUE(verify_jws(token, secret));
  EXPECT_FALSE(verify_jws(token, secret.substr(1)));
  const auto ours = sign_jws("payload", "kid", secret);
  ASSERT_TRUE(ours);
  EXPECT_TRUE(verify_jws(*ours, secret));
  const std::string signed_part = ours->substr(0, ours->rfind('.'));
  EXPECT_EQ(ours->substr(signed_part.size() + 1), base64url_encode(hmac_sha256(secret, signed_part)));
}

}  // namespace
}  // namespace lakelift::accounts
