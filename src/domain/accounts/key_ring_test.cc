#include "domain/accounts/key_ring.h"

#include <gtest/gtest.h>

#include "backends/metadata/testing/temporary_database.h"
#include "base/encoding.h"

namespace lakelift::accounts {
namespace {

class KeyRingTest : public ::testing::Test {
 protected:
  Result<KeyRing> load() { return KeyRing::load(*database_, clock_, random_); }
  void sql(std::string_view text, const metadata::Params& params = {}) {
    ASSERT_TRUE(database_->write([&](metadata::Transaction& t) { return t.exec(text, params); }));
  }
  metadata::testing::TemporaryDatabase database_{{migrations()}};
  ManualClock clock_;
  SeededRandom random_;
};

TEST_F(KeyRingTest, KeysAreMadeOnceAndStay) {
  const auto first = load();
  ASSERT_TRUE(first);
  const auto again = load();
  ASSERT_TRUE(again);
  for (const KeyPurpose purpose : {KeyPurpose::kToken, KeyPurpose::kLink}) {
    EXPECT_EQ(first->newest(purpose), again->newest(purpose));
    const auto secret = first->secret(purpose, first->newest(purpose));
    EXPECT_EQ(secret.size(), 32U);
    EXPECT_EQ(secret, again->secret(purpose, again->newest(purpose)));
  }
  EXPECT_NE(first->secret(KeyPurpose::kToken, first->newest(KeyPurpose::kToken)),
            first->secret(KeyPurpose::kLink, first->newest(KeyPurpose::kLink)));
}

TEST_F(KeyRingTest, WhatWasSignedVerifiesAndNothingElse) {
  const auto ring = load();
  ASSERT_TRUE(ring);
  const Signature good = ring->sign(KeyPurpose::kLink, "message");
  EXPECT_TRUE(ring->verify(KeyPurpose::kLink, "message", good));
  EXPECT_EQ(good.mac, hex_encode(hmac_sha256(ring->secret(KeyPurpose::kLink, good.key_id), "message")));

  EXPECT_FALSE(ring->verify(KeyPurpose::kLink, "messagf", good));
  EXPECT_FALSE(ring->verify(KeyPurpose::kLink, "", good));
  EXPECT_FALSE(ring->verify(KeyPurpose::kToken, "message", good)) << "another purpose's key";
  EXPECT_FALSE(ring->verify(KeyPurpose::kLink, "message", {"", good.mac}));
  EXPECT_FALSE(ring->verify(KeyPurpose::kLink, "message", {"unknown", good.mac}));
  EXPECT_FALSE(ring->verify(KeyPurpose::kLink, "message", {ring->newest(KeyPurpose::kToken), good.mac}));
  EXPECT_FALSE(ring->verify(KeyPurpose::kLink, "message", {good.key_id, ""}));
  EXPECT_FALSE(ring->verify(KeyPurpose::kLink, "message", {good.key_id, good.mac.substr(1)}));
  for (std::size_t i = 0; i < good.mac.size() * 8; ++i) {
    Signature flipped = good;
    flipped.mac[i / 8] = static_cast<char>(flipped.mac[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(ring->verify(KeyPurpose::kLink, "message", flipped)) << i;
  }
}

TEST_F(KeyRingTest, ANewerKeySignsAndTheOlderStillVerifies) {
  const auto before = load();
  ASSERT_TRUE(before);
  const Signature old = before->sign(KeyPurpose::kLink, "m");
  sql("INSERT INTO accounts_keys(purpose, serial, id, secret, created_at) VALUES('link', 2, 'beef', ?, 0)",
      {std::string(64, 'a')});
  const auto after = load();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->newest(KeyPurpose::kLink), "beef");
  EXPECT_EQ(after->sign(KeyPurpose::kLink, "m").key_id, "beef");
  EXPECT_TRUE(after->verify(KeyPurpose::kLink, "m", old));
  EXPECT_EQ(after->key_ids(KeyPurpose::kLink), (std::vector<std::string>{"beef", old.key_id}));
  EXPECT_EQ(after->newest(KeyPurpose::kToken), before->newest(KeyPurpose::kToken));
}

TEST_F(KeyRingTest, AnEmptyShortOrBrokenKeyStopsTheStart) {  // U2
  ASSERT_TRUE(load());
  for (const std::string& bad : {std::string(), std::string("00"), std::string(62, 'a'), std::string(63, 'a'),
                                 std::string(64, 'x'), std::string(64, ' ')}) {
    sql("UPDATE accounts_keys SET secret = ? WHERE purpose = 'token'", {bad});
    const auto ring = load();
    ASSERT_FALSE(ring) << bad;
    EXPECT_EQ(ring.error().code, Code::kInternal);
    EXPECT_EQ(bad.size() > 8 && ring.error().message.find(bad) != std::string::npos, false) << "the secret is not told";
  }
}

}  // namespace
}  // namespace lakelift::accounts
