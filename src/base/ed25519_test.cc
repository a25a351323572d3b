#include "base/ed25519.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace lakelift {
namespace {

std::string from_hex(std::string_view text) { return hex_decode(text).value_or(""); }

// RFC 8032, 7.1, TEST 2.
TEST(Ed25519Test, SignsAsTheRfcDoes) {
  const std::string seed = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  EXPECT_EQ(hex_encode(as_bytes(ed25519_public_key(seed))),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(hex_encode(as_bytes(ed25519_sign(seed, "\x72"))),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Ed25519Test, NothingElseIsVerified) {
  const std::string seed(kEd25519SeedBytes, 's');
  const std::string key = ed25519_public_key(seed);
  const std::string signature = ed25519_sign(seed, "a slice");
  EXPECT_TRUE(ed25519_verify(key, "a slice", signature));
  EXPECT_FALSE(ed25519_verify(key, "a slicf", signature));
  EXPECT_FALSE(ed25519_verify(ed25519_public_key(std::string(kEd25519SeedBytes, 't')), "a slice", signature));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    std::string broken = signature;
    broken[at] = static_cast<char>(broken[at] ^ 1);
    EXPECT_FALSE(ed25519_verify(key, "a slice", broken)) << at;
  }
  EXPECT_FALSE(ed25519_verify(key, "a slice", signature.substr(1)));
  EXPECT_FALSE(ed25519_verify(key.substr(1), "a slice", signature));
  EXPECT_EQ(ed25519_public_key("short"), "");
  EXPECT_EQ(ed25519_sign("short", "a slice"), "");
}

}  // namespace
}  // namespace lakelift
