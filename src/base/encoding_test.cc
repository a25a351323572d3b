#include "base/encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace lakelift {
namespace {

TEST(Hex, BothWays) {
  EXPECT_EQ(hex_encode(as_bytes(std::string("\x00\x7f\xff", 3))), "007fff");
  EXPECT_EQ(hex_encode({}), "");
  EXPECT_EQ(hex_decode("00FFaB"), std::string("\x00\xff\xab", 3));
  EXPECT_EQ(hex_decode(""), "");
  for (const auto* bad : {"0", "0g", "0x", " 00", "00 ", "é1"}) EXPECT_EQ(hex_decode(bad), std::nullopt) << bad;
}

TEST(Base64, VectorsOfRfc4648) {
  for (const auto& [plain, coded, url] : {std::tuple("", "", ""),
                                          {"f", "Zg==", "Zg"},
                                          {"fo", "Zm8=", "Zm8"},
                                          {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                                          {"\xfb\xff", "+/8=", "-_8"}}) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), coded);
    EXPECT_EQ(base64url_encode(as_bytes(plain)), url);
    EXPECT_EQ(base64_decode(coded), plain);
    EXPECT_EQ(base64url_decode(url), plain);
  }
}

TEST(Base64, RefusesOtherForms) {
  for (const auto* bad : {"Zg", "Zg=", "Zg===", "Zm8", "Z", "Zg==x", " Zg==", "Zg==\n", "-_8=", "Zh=="}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
  for (const auto* bad : {"Zg==", "+/8", "Z", "Zg ", "Zh", "Zm9"})
    EXPECT_EQ(base64url_decode(bad), std::nullopt) << bad;
}

TEST(Encodings, EveryTextComesBack) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    RC_ASSERT(hex_decode(hex_encode(as_bytes(text))) == text);
    RC_ASSERT(base64_decode(base64_encode(as_bytes(text))) == text);
    RC_ASSERT(base64url_decode(base64url_encode(as_bytes(text))) == text);
    RC_ASSERT(percent_decode(percent_encode(text)) == text);
  }));
}

TEST(Percent, EscapesAllButUnreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b/c?%+&é"), "a%20b%2Fc%3F%25%2B%26%C3%A9");
  EXPECT_EQ(percent_decode("a%2fb%2Fc+d"), "a/b/c+d");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  for (const auto* bad : {"%", "%2", "a%2", "%2g", "%%41", "% 41"}) EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Sha256, Vectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 hash;
  hash.update(as_bytes("a"));
  hash.update({});
  Sha256 moved = std::move(hash);
  moved.update(as_bytes("bc"));
  EXPECT_EQ(moved.finish(), sha256(as_bytes("abc")));
}

TEST(Blake2b, Vectors) {
  EXPECT_EQ(blake2b_hex(""), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(blake2b_hex("abc"), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

// RFC 4231, cases 1 and 2.
TEST(HmacSha256, Vectors) {
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(ConstantTimeEqual, ComparesWholeTexts) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
  EXPECT_FALSE(constant_time_equal("", "a"));
}

TEST(Utf8, TakesOnlyWellFormedTexts) {
  for (const auto* good : {"", "ascii", "\xc2\x80", "é", "表", "\xef\xbf\xbf", "😀", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  }
  EXPECT_TRUE(is_valid_utf8(std::string(1, '\0')));
  for (const auto* bad :
       {"\x80", "\xc2", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "a\xc3", "\xc3(", "\xe8\xa1", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << hex_encode(as_bytes(bad));
  }
}

}  // namespace
}  // namespace lakelift
