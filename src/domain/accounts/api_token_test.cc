#include "domain/accounts/api_token.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.h"
#include "domain/accounts/test_world.h"

namespace lakelift::accounts {
namespace {

using ::testing::ElementsAre;
using testing::kDay;
using testing::successes;

TEST(ApiTokenText, IsRecognisedAndWhole) {
  SeededRandom random;
  const std::string text = new_api_token_text(random);
  EXPECT_EQ(text.size(), 58U);
  EXPECT_TRUE(text.starts_with("lakelift_"));
  EXPECT_TRUE(is_whole_api_token(text));
  EXPECT_NE(text, new_api_token_text(random));
  for (const char* other : {"", "lakelift", "Lakelift_x", "a.b.c"}) EXPECT_FALSE(is_api_token(other)) << other;
  EXPECT_FALSE(is_whole_api_token("lakelift_"));
  EXPECT_FALSE(is_whole_api_token(text + "x"));
  EXPECT_FALSE(is_whole_api_token(text.substr(0, 57)));
}

RC_GTEST_PROP(ApiTokenText, ATypoIsFoundOut, (std::uint64_t seed, std::uint8_t at, char instead)) {
  SeededRandom random(seed);
  std::string text = new_api_token_text(random);
  RC_ASSERT(is_whole_api_token(text));
  char& character = text[at % text.size()];
  RC_PRE(character != instead);
  character = instead;
  RC_ASSERT(!is_whole_api_token(text));
}

class ApiTokenTest : public testing::World {
 protected:
  std::string refused(const Result<IssuedApiToken>& result) {
    if (result) return "";
    return result.error().fields.empty() ? result.error().event : result.error().fields[0].field;
  }
  Account admin_ = create("boss@example.com", AccountType::kAdmin);
  Account reader_ = create("reader@example.com");
  Account other_ = create("other@example.com");
};

TEST_F(ApiTokenTest, OpensItsAccountWithinItsScope) {
  for (const Scope scope : {Scope::kRead, Scope::kWrite, Scope::kAdmin}) {
    const auto issued = api_token_of(admin_, std::string(name_of(scope)), scope);
    const auto caller = accounts_.identify(issued.text);
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->account.id, admin_.id);
    EXPECT_EQ(caller->scope, scope);
    EXPECT_EQ(caller->api_token_id, issued.token.id);
  }
  EXPECT_EQ(accounts_.identify(token_of(admin_))->scope, Scope::kAdmin);
  EXPECT_EQ(accounts_.identify(token_of(reader_))->scope, Scope::kWrite);
}

TEST_F(ApiTokenTest, IsKeptAsAHash) {
  const auto issued = api_token_of(reader_, "ci");
  const auto row = database_->read([](metadata::Session& s) {
    return s.row<std::string, std::string>("SELECT hash, name FROM accounts_api_tokens");
  });
  EXPECT_EQ(std::get<0>(**row), blake2b_hex(issued.text));
  for (const auto& recorded : entries()) {
    EXPECT_EQ(to_text(recorded.entry.detail).find(issued.text), std::string::npos);
    EXPECT_EQ(to_text(recorded.entry.detail).find(std::get<0>(**row)), std::string::npos);
  }
}

TEST_F(ApiTokenTest, WhatIsNoTokenOfOursIsBroken) {  // A1
  const std::string good = api_token_of(reader_, "ci").text;
  SeededRandom elsewhere(99);
  const auto broken = accounts_.identify(new_api_token_text(elsewhere));
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().event, "AUTH_TOKEN_WAS_BROKEN");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto caller = accounts_.identify(changed);
    ASSERT_FALSE(caller) << i;
    EXPECT_EQ(caller.error().event, "AUTH_TOKEN_WAS_BROKEN");
    EXPECT_EQ(caller.error().message, broken.error().message) << "it is not told what is wrong";
  }
  EXPECT_EQ(refusal("lakelift_"), "AUTH_TOKEN_WAS_BROKEN");
  EXPECT_EQ(refusal(good + "." + good), "AUTH_TOKEN_WAS_BROKEN");
}

TEST_F(ApiTokenTest, ExpiresToTheMicrosecond) {
  const auto usual = api_token_of(reader_, "usual");
  EXPECT_EQ(usual.token.expires_at, clock_.now() + 90 * kDay);
  const auto soon = value_of(
      api_tokens_.create(reader_.id, {.name = "soon", .expires_at = clock_.now() + 10}, reader_, Scope::kWrite));
  const auto never =
      value_of(api_tokens_.create(admin_.id, {.name = "never", .never_expires = true}, admin_, Scope::kAdmin));
  clock_.advance(9);
  EXPECT_EQ(refusal(soon.text), "");
  clock_.advance(1);
  EXPECT_EQ(refusal(soon.text), "AUTH_TOKEN_EXPIRED");
  clock_.advance(90 * kDay);
  EXPECT_EQ(refusal(usual.text), "AUTH_TOKEN_EXPIRED");
  clock_.advance(5'000 * kDay);
  EXPECT_EQ(refusal(never.text), "");
}

TEST_F(ApiTokenTest, WhatMayBeAskedFor) {
  const Micros year = 365 * kDay;
  const auto make = [&](const NewApiToken& wanted, const Account& maker, Scope scope) {
    return refused(api_tokens_.create(reader_.id, wanted, maker, scope));
  };
  const Micros now = clock_.now();
  EXPECT_EQ(make({.name = ""}, reader_, Scope::kWrite), "name");
  EXPECT_EQ(make({.name = " x"}, reader_, Scope::kWrite), "name");
  EXPECT_EQ(make({.name = "x\n"}, reader_, Scope::kWrite), "name");
  EXPECT_EQ(make({.name = std::string(65, 'x')}, reader_, Scope::kWrite), "name");
  EXPECT_EQ(make({.name = "\xff"}, reader_, Scope::kWrite), "name");
  EXPECT_EQ(make({.name = "x", .scope = Scope::kAdmin}, reader_, Scope::kWrite), "scope");
  EXPECT_EQ(make({.name = "x", .scope = Scope::kAdmin}, admin_, Scope::kAdmin), "scope") << "a researcher's";
  EXPECT_EQ(make({.name = "x", .scope = Scope::kRead}, reader_, Scope::kRead), "ACCESS_DENIED");
  EXPECT_EQ(make({.name = "x", .expires_at = now}, reader_, Scope::kWrite), "expires_at");
  EXPECT_EQ(make({.name = "x", .expires_at = now + year + 1}, admin_, Scope::kAdmin), "expires_at");
  EXPECT_EQ(make({.name = "x", .expires_at = INT64_MIN}, admin_, Scope::kAdmin), "expires_at");
  EXPECT_EQ(make({.name = "x", .never_expires = true}, reader_, Scope::kWrite), "expires_at");
  EXPECT_EQ(make({.name = "x"}, other_, Scope::kWrite), "ACCESS_DENIED") << "another's account";
  EXPECT_EQ(make({.name = "x"}, admin_, Scope::kWrite), "ACCESS_DENIED") << "an administrator with a lesser token";
  EXPECT_EQ(refused(api_tokens_.create(999, {.name = "x"}, admin_, Scope::kAdmin)), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(count("accounts_api_tokens"), 0);
  EXPECT_EQ(make({.name = "für 64 Zeichen", .expires_at = now + year}, admin_, Scope::kAdmin), "");
  EXPECT_EQ(entries().back().entry.on_behalf, reader_.id);
}

TEST_F(ApiTokenTest, ANameIsUniqueForItsAccount) {
  EXPECT_EQ(
      successes(
          50, [&](int) { return api_tokens_.create(reader_.id, {.name = "ci"}, reader_, Scope::kWrite).has_value(); }),
      1);
  EXPECT_EQ(refused(api_tokens_.create(reader_.id, {.name = "ci"}, reader_, Scope::kWrite)),
            "API_TOKEN_EXISTS_ALREADY");
  EXPECT_EQ(refused(api_tokens_.create(other_.id, {.name = "ci"}, other_, Scope::kWrite)), "");
}

TEST_F(ApiTokenTest, AnAccountHasOnlySoMany) {
  for (int i = 0; i < limits::kApiTokensPerAccount; ++i) api_token_of(reader_, std::to_string(i));
  EXPECT_EQ(refused(api_tokens_.create(reader_.id, {.name = "x"}, reader_, Scope::kWrite)), "TOO_MANY_API_TOKENS");
}

TEST_F(ApiTokenTest, AreListedPageByPageAndEnded) {
  const auto first = api_token_of(reader_, "first");
  const auto second = api_token_of(reader_, "second");
  api_token_of(other_, "others");
  const auto names = [&](std::int64_t after, int limit) {
    std::vector<std::string> out;
    for (const auto& token : value_of(api_tokens_.list(reader_.id, after, limit))) out.push_back(token.name);
    return out;
  };
  EXPECT_THAT(names(0, 10), ElementsAre("first", "second"));
  EXPECT_THAT(names(first.token.id, 10), ElementsAre("second"));
  EXPECT_THAT(names(0, 1), ElementsAre("first"));

  EXPECT_EQ(api_tokens_.remove(first.token.id, other_).error().event, "COULD_NOT_FIND_API_TOKEN");
  EXPECT_EQ(api_tokens_.remove(999, other_).error().event, "COULD_NOT_FIND_API_TOKEN");
  EXPECT_EQ(refusal(first.text), "");
  ASSERT_TRUE(api_tokens_.remove(first.token.id, reader_));
  EXPECT_EQ(refusal(first.text), "AUTH_TOKEN_WAS_BROKEN");
  ASSERT_TRUE(api_tokens_.remove(second.token.id, admin_));
  EXPECT_THAT(names(0, 10), ElementsAre());
  EXPECT_EQ(entries().back().entry.kind, "token.revoked");
  EXPECT_EQ(entries().back().entry.actor, admin_.id);
  EXPECT_EQ(entries().back().entry.on_behalf, reader_.id);
}

TEST_F(ApiTokenTest, IsRevokedByItsText) {
  const auto issued = api_token_of(reader_, "ci");
  EXPECT_EQ(accounts_.owner_of_token(issued.text).value(), reader_.id);
  EXPECT_EQ(accounts_.owner_of_token(token_of(other_)).value(), other_.id);
  EXPECT_EQ(accounts_.owner_of_token("lakelift_x").value(), std::nullopt);
  EXPECT_EQ(accounts_.owner_of_token("a.b.c").value(), std::nullopt);
  ASSERT_TRUE(accounts_.update(reader_.id, {.is_disabled = true}, admin_.id));
  EXPECT_EQ(accounts_.owner_of_token(issued.text).value(), reader_.id) << "also while it opens nothing";
  ASSERT_TRUE(accounts_.revoke_token(issued.text, reader_.id));
  ASSERT_TRUE(accounts_.revoke_token(issued.text, reader_.id));
  ASSERT_TRUE(accounts_.revoke_token("lakelift_x", reader_.id));
  ASSERT_TRUE(accounts_.update(reader_.id, {.is_disabled = false}, admin_.id));
  EXPECT_EQ(refusal(issued.text), "AUTH_TOKEN_WAS_BROKEN");
}

TEST_F(ApiTokenTest, TheLastUseIsNotedOnceAMinute) {
  const auto issued = api_token_of(reader_, "ci");
  const auto last_use = [&] { return value_of(api_tokens_.list(reader_.id, 0, 1)).at(0).last_used_at; };
  EXPECT_EQ(last_use(), std::nullopt);
  const Micros first = clock_.now();
  EXPECT_EQ(successes(20, [&](int) { return accounts_.identify(issued.text).has_value(); }), 20);
  EXPECT_EQ(last_use(), first);
  clock_.advance(59 * kMicrosPerSecond);
  EXPECT_EQ(refusal(issued.text), "");
  EXPECT_EQ(last_use(), first);
  clock_.advance(1 * kMicrosPerSecond);
  EXPECT_EQ(refusal(issued.text), "");
  EXPECT_EQ(last_use(), clock_.now());
}

TEST_F(ApiTokenTest, WhoWasGoodLatelyIsKnown) {  // A8
  const auto issued = api_token_of(reader_, "ci");
  EXPECT_FALSE(accounts_.was_good_lately(issued.text));
  EXPECT_EQ(refusal(issued.text), "");
  EXPECT_TRUE(accounts_.was_good_lately(issued.text));
  EXPECT_EQ(refusal("lakelift_guess"), "AUTH_TOKEN_WAS_BROKEN");
  EXPECT_FALSE(accounts_.was_good_lately("lakelift_guess"));
  clock_.advance(60 * kMicrosPerSecond);
  EXPECT_FALSE(accounts_.was_good_lately(issued.text));
}

TEST_F(ApiTokenTest, RightsComeFromTheDatabase) {  // A7
  const auto issued = api_token_of(admin_, "ci", Scope::kAdmin);
  create("second@example.com", AccountType::kAdmin);
  ASSERT_TRUE(accounts_.update(admin_.id, {.type = AccountType::kResearcher}, std::nullopt));
  const auto caller = accounts_.identify(issued.text);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->account.type, AccountType::kResearcher);
  EXPECT_EQ(caller->scope, Scope::kWrite) << "never above what the account may";
}

TEST_F(ApiTokenTest, IsShownWithoutItsSecret) {
  const auto issued = api_token_of(reader_, "ci", Scope::kRead);
  const std::string id = std::to_string(issued.token.id);
  EXPECT_EQ(to_text(to_json(issued.token)),
            R"({"@type":"api_token","id":)" + id + R"(,"account_id":)" + std::to_string(reader_.id) +
                R"(,"name":"ci","scope":"read","created_by":)" + std::to_string(reader_.id) + R"(,"created_at":")" +
                iso8601(clock_.now()) + R"(","expires_at":")" + iso8601(clock_.now() + 90 * kDay) +
                R"(","last_used_at":null})");
}

}  // namespace
}  // namespace lakelift::accounts
