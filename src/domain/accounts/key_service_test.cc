#include "domain/accounts/key_service.h"

#include <gmock/gmock.h>

#include "domain/accounts/test_world.h"

namespace lakelift::accounts {
namespace {

using ::testing::ElementsAre;
using testing::kDay;
using testing::successes;

class KeyServiceTest : public testing::World {
 protected:
  KeyInfo rotate(KeyPurpose purpose, bool retire = false) {
    clock_.advance(1);
    return value_of(key_service_.rotate(purpose, retire, 1));
  }
  Account reader_ = create("reader@example.com");
};

TEST_F(KeyServiceTest, ANewKeySignsAndTheOldOneStillVerifies) {  // U2
  const std::string old_token = token_of(reader_);
  const Signature old_link = ring_.sign(KeyPurpose::kLink, "m");
  const std::string old_key = ring_.newest(KeyPurpose::kToken);
  const KeyInfo made = rotate(KeyPurpose::kToken);
  EXPECT_EQ(ring_.newest(KeyPurpose::kToken), made.id);
  EXPECT_EQ(ring_.newest(KeyPurpose::kLink), old_link.key_id) << "the other purpose keeps its own";
  EXPECT_THAT(ring_.key_ids(KeyPurpose::kToken), ElementsAre(made.id, old_key));
  EXPECT_EQ(refusal(old_token), "");
  EXPECT_EQ(refusal(token_of(reader_)), "");
  EXPECT_TRUE(ring_.verify(KeyPurpose::kLink, "m", old_link));
  EXPECT_EQ(entries().back().entry.kind, "token.issued");
  EXPECT_EQ(kinds().at(2), "key.rotated");
  EXPECT_EQ(entries().at(2).entry.actor, 1);
}

TEST_F(KeyServiceTest, AnOldKeyGoesWhenItsNewestSignatureHasExpired) {
  const Signature link = ring_.sign(KeyPurpose::kLink, "m");
  const std::string token = token_of(reader_);
  clock_.advance(10 * kDay);
  rotate(KeyPurpose::kLink);
  rotate(KeyPurpose::kToken);
  const Micros rotated = clock_.now();
  const auto keys_after = [&](Micros time) {
    clock_.set(rotated + time);
    EXPECT_TRUE(key_service_.tick());
    return std::pair(ring_.key_ids(KeyPurpose::kToken).size(), ring_.key_ids(KeyPurpose::kLink).size());
  };
  const Micros grace = limits::kKeyGraceSeconds * kMicrosPerSecond;
  EXPECT_EQ(keys_after(7 * kDay + grace - 2), std::pair(2UL, 2UL));
  EXPECT_TRUE(ring_.verify(KeyPurpose::kLink, "m", link));
  EXPECT_EQ(keys_after(7 * kDay + grace), std::pair(2UL, 1UL));
  EXPECT_FALSE(ring_.verify(KeyPurpose::kLink, "m", link));
  EXPECT_EQ(keys_after(30 * kDay + grace - 1), std::pair(2UL, 1UL));
  EXPECT_EQ(keys_after(30 * kDay + grace), std::pair(1UL, 1UL));
  EXPECT_EQ(refusal(token), "AUTH_TOKEN_WAS_BROKEN");
  EXPECT_EQ(entries().back().entry.kind, "key.removed");
  EXPECT_EQ(count("accounts_keys"), 4) << "one of each purpose";
}

TEST_F(KeyServiceTest, RetiringEndsWhatTheOldOnesSignedAtOnce) {
  const std::string token = token_of(reader_);
  const std::string named = api_token_of(reader_, "ci").text;
  rotate(KeyPurpose::kToken);
  rotate(KeyPurpose::kToken, true);
  EXPECT_EQ(refusal(token), "AUTH_TOKEN_WAS_BROKEN");
  EXPECT_EQ(refusal(named), "") << "API tokens are not signed";
  EXPECT_EQ(refusal(token_of(reader_)), "");
  EXPECT_EQ(ring_.key_ids(KeyPurpose::kToken).size(), 1U);
}

TEST_F(KeyServiceTest, AnotherServerNoticesANewKeyAtTheFirstToken) {
  KeyRing elsewhere = KeyRing::load(*database_, clock_, random_).value();
  AccountService there(*database_, ledger_, elsewhere, clock_, random_);
  clock_.advance(5 * kMicrosPerSecond);
  rotate(KeyPurpose::kToken);
  EXPECT_TRUE(there.identify(token_of(reader_)));
  rotate(KeyPurpose::kLink);
  clock_.advance(limits::kKeyReloadMs * 1'000);
  EXPECT_TRUE(elsewhere.verify(KeyPurpose::kLink, "m", ring_.sign(KeyPurpose::kLink, "m")));
}

TEST_F(KeyServiceTest, UnknownKeysAreLookedForOnceASecond) {
  KeyRing elsewhere = KeyRing::load(*database_, clock_, random_).value();
  clock_.advance(5 * kMicrosPerSecond);
  EXPECT_EQ(elsewhere.secret(KeyPurpose::kToken, "no such key"), "");
  const KeyInfo made = rotate(KeyPurpose::kToken);
  EXPECT_EQ(elsewhere.secret(KeyPurpose::kToken, made.id), "") << "it has just looked";
  clock_.advance(limits::kKeyReloadMs * 1'000);
  EXPECT_EQ(elsewhere.secret(KeyPurpose::kToken, made.id).size(), 32U);
}

TEST_F(KeyServiceTest, AnotherServerNoticesRetiredKeysAtItsTick) {
  KeyRing elsewhere = KeyRing::load(*database_, clock_, random_).value();
  KeyService there(*database_, ledger_, elsewhere, clock_, random_);
  const Signature link = ring_.sign(KeyPurpose::kLink, "m");
  rotate(KeyPurpose::kLink, true);
  ASSERT_TRUE(there.tick());
  EXPECT_FALSE(elsewhere.verify(KeyPurpose::kLink, "m", link));
}

TEST_F(KeyServiceTest, ABrokenKeyLeavesTheGoodOnesInUse) {
  const std::string token = token_of(reader_);
  sql("UPDATE accounts_keys SET secret = '' WHERE purpose = 'token'");
  EXPECT_FALSE(key_service_.tick());
  EXPECT_EQ(refusal(token), "");
  sql("DELETE FROM accounts_keys");
  EXPECT_FALSE(key_service_.tick());
  EXPECT_EQ(refusal(token), "");
}

TEST_F(KeyServiceTest, ShowsNoSecret) {
  const KeyInfo made = rotate(KeyPurpose::kToken);
  const auto all = value_of(key_service_.list());
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].id, made.id);
  EXPECT_EQ(all[0].valid_until, std::nullopt);
  EXPECT_EQ(all[1].valid_until, clock_.now() + (limits::kTokenSeconds + limits::kKeyGraceSeconds) * kMicrosPerSecond);
  EXPECT_EQ(all[2].purpose, KeyPurpose::kLink);
  EXPECT_EQ(all[3].purpose, KeyPurpose::kWebhook);
  EXPECT_EQ(all[4].purpose, KeyPurpose::kReceipt);
  EXPECT_EQ(to_text(to_json(all[0])), R"({"@type":"key","id":")" + made.id + R"(","purpose":"token","created_at":")" +
                                          iso8601(clock_.now()) + R"(","signs":true,"valid_until":null})");
  EXPECT_EQ(key_purpose_of("link"), KeyPurpose::kLink);
  EXPECT_EQ(key_purpose_of("tokens"), std::nullopt);
}

// What they signed has no end: a receipt of long ago can still be checked.
TEST_F(KeyServiceTest, KeysOfReceiptsAndWebhooksStay) {
  for (const KeyPurpose purpose : {KeyPurpose::kReceipt, KeyPurpose::kWebhook}) {
    const std::string old = ring_.newest(purpose);
    const KeyInfo made = rotate(purpose);
    clock_.advance(10'000 * kDay);
    ASSERT_TRUE(key_service_.tick());
    EXPECT_EQ(ring_.key_ids(purpose), (std::vector{made.id, old}));
    EXPECT_EQ(ring_.secret(purpose, old).size(), 32U);
    for (const KeyInfo& key : value_of(key_service_.list())) {
      if (key.purpose != purpose) continue;
      EXPECT_EQ(key.signs, key.id == made.id);
      EXPECT_EQ(key.valid_until, std::nullopt);
    }
    rotate(purpose, true);
    EXPECT_EQ(ring_.secret(purpose, old), "");
  }
}

TEST_F(KeyServiceTest, ThereAreOnlySoMany) {
  for (int i = 1; i < limits::kKeysPerPurpose; ++i) rotate(KeyPurpose::kToken);
  EXPECT_EQ(key_service_.rotate(KeyPurpose::kToken, false, 1).error().event, "TOO_MANY_KEYS");
  rotate(KeyPurpose::kToken, true);
  EXPECT_EQ(ring_.key_ids(KeyPurpose::kToken).size(), 1U);
}

TEST_F(KeyServiceTest, RotatesWhileItIsUsed) {
  const std::string token = token_of(reader_);
  const int good = successes(12, [&](int i) {
    if (i < 4) return key_service_.rotate(KeyPurpose::kToken, false, 1).has_value();
    for (int round = 0; round < 10; ++round) {
      const Signature link = ring_.sign(KeyPurpose::kLink, "m");
      if (!ring_.verify(KeyPurpose::kLink, "m", link) || !accounts_.identify(token)) return false;
    }
    return true;
  });
  EXPECT_EQ(good, 12);
  EXPECT_EQ(ring_.key_ids(KeyPurpose::kToken).size(), 5U);
}

TEST_F(KeyServiceTest, StopsWhenItIsTold) {
  key_service_.start();
  key_service_.stop();
  key_service_.stop();
}

}  // namespace
}  // namespace lakelift::accounts
