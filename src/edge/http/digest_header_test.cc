#include "edge/http/digest_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"

namespace lakelift::http {
namespace {

const std::string kHex = sha256_hex("0123456789");
const std::string kDigest = "sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=:";
const std::string kOther = "sha-256=:" + base64_encode(sha256(as_bytes("other"))) + ":";

TEST(DigestHeader, FindsSha256) {
  for (const std::string& text :
       {kDigest, " " + kDigest + " ", "sha-512=:YWJj:, " + kDigest, kDigest + " ,\tmd5=:YWJj:", kDigest + ";q=1;x",
        kDigest + ", " + kDigest, std::string("sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII:")}) {
    const auto found = parse_digest("Content-Digest", text);
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(*found, kHex) << text;
  }
}

TEST(DigestHeader, PassesOverOthers) {
  for (const std::string text : {"", " ", "sha-512=:YWJj:", "unixsum=:YWI=:, id-sha-256=:YWJj:"}) {
    const auto found = parse_digest("Repr-Digest", text);
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(*found, std::nullopt) << text;
  }
}

TEST(DigestHeader, RefusesWhatIsBroken) {
  for (const std::string& text :
       {std::string("sha-256"), std::string("sha-256=abc"), std::string("sha-256=:abc"), std::string("sha-256=:a:"),
        std::string("sha-256=:YWJj:"), std::string("sha-256=:!!!!:"), std::string("SHA-256=:YWJj:"), kDigest + ",",
        "," + kDigest, kDigest + " " + kDigest, kDigest + ";a=\"b\"", "sha-256=" + kHex, kDigest + ", " + kOther,
        std::string("sha-512=x, ") + kDigest, std::string("=:YWJj:")}) {
    const auto found = parse_digest("Content-Digest", text);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().code, Code::kInvalid);
    EXPECT_EQ(found.error().fields.at(0).field, "Content-Digest");
  }
}

TEST(DigestHeader, OfARequest) {
  RequestContext request;
  EXPECT_EQ(claimed_sha256(request).value(), std::nullopt);
  request.headers = {{"repr-digest", kDigest}};
  EXPECT_EQ(claimed_sha256(request).value(), kHex);
  request.headers = {{"content-digest", "sha-512=:YWJj:"}, {"content-digest", kDigest}, {"repr-digest", kDigest}};
  EXPECT_EQ(claimed_sha256(request).value(), kHex);
  request.headers = {{"content-digest", kDigest}, {"repr-digest", "sha-512=:YWJj:"}};
  EXPECT_EQ(claimed_sha256(request).value(), kHex);
  request.headers = {{"content-digest", kOther}, {"repr-digest", kDigest}};
  EXPECT_EQ(claimed_sha256(request).error().fields.at(0).field, "Repr-Digest");
  request.headers = {{"content-digest", "nonsense"}, {"repr-digest", kDigest}};
  EXPECT_EQ(claimed_sha256(request).error().fields.at(0).field, "Content-Digest");
}

}  // namespace
}  // namespace lakelift::http
