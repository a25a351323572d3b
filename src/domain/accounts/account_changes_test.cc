#include <gmock/gmock.h>

#include "domain/accounts/test_world.h"

namespace lakelift::accounts {
namespace {

using ::testing::ElementsAre;
using testing::successes;

class AccountChangesTest : public testing::World {
 protected:
  std::string refused(const Result<Account>& result) { return result ? "" : result.error().event; }
  std::string refused(const Result<void>& result) { return result ? "" : result.error().event; }
  Account admin_ = create("admin@example.com", AccountType::kAdmin);
  Account boss_ = create("boss@example.com", AccountType::kAdmin);
  Account reader_ = create("reader@example.com");
};

TEST_F(AccountChangesTest, WhatIsSaidChangesAndNothingElse) {
  const auto promoted = accounts_.update(reader_.id, {.type = AccountType::kAdmin}, admin_.id);
  ASSERT_TRUE(promoted);
  EXPECT_EQ(promoted->type, AccountType::kAdmin);
  EXPECT_EQ(promoted->username, "reader");
  EXPECT_FALSE(promoted->is_disabled());
  clock_.advance(5);
  const auto renamed = accounts_.update(reader_.id, {.is_disabled = true, .username = "Ada L."}, admin_.id);
  ASSERT_TRUE(renamed);
  const Account stored = accounts_.get(reader_.id).value();
  EXPECT_EQ(stored.username, "Ada L.");
  EXPECT_EQ(stored.type, AccountType::kAdmin);
  EXPECT_EQ(stored.disabled_at, clock_.now());
  EXPECT_EQ(stored.email, "reader@example.com");
  EXPECT_EQ(stored.created_at, reader_.created_at);
  EXPECT_EQ(accounts_.find_by_username("Ada L.")->id, reader_.id);
  EXPECT_EQ(refused(accounts_.find_by_username("reader")), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(refused(accounts_.update(999, {.is_disabled = true}, admin_.id)), "COULD_NOT_FIND_ACCOUNT");
}

TEST_F(AccountChangesTest, TheLedgerHasWhoAndFromWhatToWhat) {
  const std::size_t before = entries().size();
  ASSERT_TRUE(accounts_.update(reader_.id, {.type = AccountType::kAdmin, .username = "ada"}, admin_.id));
  ASSERT_TRUE(accounts_.update(reader_.id, {.type = AccountType::kAdmin, .is_disabled = false}, admin_.id));
  ASSERT_TRUE(accounts_.update(reader_.id, {.is_disabled = true}, admin_.id));
  ASSERT_TRUE(accounts_.remove(reader_.id, boss_.id));
  const auto all = entries();
  ASSERT_EQ(all.size(), before + 3) << "what changes nothing is not told";
  EXPECT_EQ(to_canonical_text(all[before].entry.detail),
            R"({"type":{"from":"RESEARCHER","to":"ADMIN"},"username":{"from":"reader","to":"ada"}})");
  EXPECT_EQ(all[before].entry.kind, "account.updated");
  EXPECT_EQ(all[before].entry.actor, admin_.id);
  EXPECT_EQ(all[before].entry.subject_id, std::to_string(reader_.id));
  EXPECT_EQ(to_canonical_text(all[before + 1].entry.detail), R"({"disabled":{"from":false,"to":true}})");
  EXPECT_EQ(all[before + 2].entry.kind, "account.deleted");
  EXPECT_EQ(all[before + 2].entry.actor, boss_.id);
  EXPECT_EQ(find_string(all[before + 2].entry.detail, "email"), "reader@example.com");
}

TEST_F(AccountChangesTest, AUsernameIsOneOfLiftBits) {
  for (const std::string& good : {std::string("a"), std::string(32, 'x'), std::string("Ada Lovelace"),
                                  std::string("a.b_c-d"), std::string("7"), std::string("...")}) {
    EXPECT_TRUE(accounts_.update(reader_.id, {.username = good}, admin_.id)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string(33, 'x'), std::string(" a"), std::string("a "), std::string("."), std::string(".."),
        std::string("a/b"), std::string("a\\b"), std::string("a\nb"), std::string("a\0b", 3), std::string("ä"),
        std::string("a@b"), std::string("<a>")}) {
    const auto changed = accounts_.update(reader_.id, {.username = bad}, admin_.id);
    ASSERT_FALSE(changed) << bad;
    EXPECT_EQ(changed.error().fields.at(0).field, "username");
    EXPECT_FALSE(accounts_.create({.username = bad}, 1)) << bad;
  }
  EXPECT_EQ(accounts_.get(reader_.id)->username, "...");
}

TEST_F(AccountChangesTest, AnAccountMayHaveAUsernameAlone) {
  const auto made = accounts_.create({.username = "Ada L"}, admin_.id);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->email, "");
  EXPECT_EQ(to_text(to_json(*made)),
            R"({"@type":"account","id":)" + std::to_string(made->id) + R"(,"email":null,"type":"RESEARCHER"})");
  ASSERT_TRUE(accounts_.create({.username = "Grace"}, admin_.id)) << "several have no email";
  EXPECT_EQ(refused(accounts_.create({.username = "Grace"}, admin_.id)), "USERNAME_EXISTS_ALREADY");
  EXPECT_EQ(refused(accounts_.create({.email = "g@example.com", .username = "Grace"}, 1)), "USERNAME_EXISTS_ALREADY");
  EXPECT_EQ(refused(accounts_.create({.username = "admin"}, admin_.id)), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(accounts_.create({}, admin_.id).error().fields.at(0).field, "email");
  EXPECT_EQ(refusal(token_of(*made)), "");
}

TEST_F(AccountChangesTest, AnAccountWithoutAnEmailMayBeGivenOne) {
  const Account ada = accounts_.create({.username = "Ada L"}, admin_.id).value();
  const std::string jwt = token_of(ada);
  for (const std::string& bad : {std::string(), std::string("ada"), std::string("a@b@c"), std::string("ä@example.com"),
                                 std::string("a b@example.com"), std::string("admin@localhost")}) {
    const auto changed = accounts_.update(ada.id, {.email = bad}, admin_.id);
    ASSERT_FALSE(changed) << bad;
    EXPECT_EQ(changed.error().fields.at(0).field, "email");
  }
  EXPECT_EQ(refused(accounts_.update(ada.id, {.email = "READER@example.com"}, admin_.id)), "ACCOUNT_EXISTS_ALREADY");
  EXPECT_EQ(accounts_.get(ada.id)->email, "");
  const auto given = accounts_.update(ada.id, {.email = "Ada@Example.com"}, admin_.id);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->email, "ada@example.com");
  EXPECT_EQ(accounts_.find_by_email("ada@example.com")->id, ada.id);
  EXPECT_EQ(refusal(jwt), "AUTH_TOKEN_MISSING_ACCOUNT") << "a token opens the account that it was made for, as it was";
  EXPECT_EQ(to_canonical_text(entries().back().entry.detail), R"({"email":{"from":"","to":"ada@example.com"}})");
  EXPECT_TRUE(accounts_.update(ada.id, {.email = "ada@example.com"}, admin_.id)) << "it has that one";
  EXPECT_EQ(refused(accounts_.update(ada.id, {.email = "other@example.com"}, admin_.id)), "EMAIL_IS_SET_ALREADY");
  EXPECT_EQ(refused(accounts_.update(reader_.id, {.email = "other@example.com"}, admin_.id)), "EMAIL_IS_SET_ALREADY");
  const Account grace = accounts_.create({.username = "Grace"}, admin_.id).value();
  const Account joan = accounts_.create({.username = "Joan"}, admin_.id).value();
  EXPECT_EQ(successes(20,
                      [&](int i) {
                        const Account& who = i % 2 == 0 ? grace : joan;
                        return accounts_.update(who.id, {.email = "one@example.com"}, admin_.id).has_value();
                      }),
            10);
}

TEST_F(AccountChangesTest, ATakenUsernameIsRefused) {
  EXPECT_EQ(refused(accounts_.update(reader_.id, {.username = "boss"}, admin_.id)), "USERNAME_EXISTS_ALREADY");
  EXPECT_EQ(refused(accounts_.update(reader_.id, {.username = "admin"}, admin_.id)), "USERNAME_EXISTS_ALREADY");
  ASSERT_TRUE(accounts_.update(reader_.id, {.username = "reader"}, admin_.id)) << "its own";
  EXPECT_EQ(successes(50,
                      [&](int i) {
                        const Account& who = i % 2 == 0 ? boss_ : reader_;
                        return accounts_.update(who.id, {.username = "one"}, admin_.id).has_value();
                      }),
            25);
  EXPECT_EQ(successes(50, [&](int) { return accounts_.create({.username = "two"}, admin_.id).has_value(); }), 1);
}

TEST_F(AccountChangesTest, TheLastActiveAdminStays) {
  ASSERT_TRUE(accounts_.update(boss_.id, {.is_disabled = true}, admin_.id));
  for (const AccountChange& change :
       {AccountChange{.type = AccountType::kResearcher}, AccountChange{.is_disabled = true}}) {
    EXPECT_EQ(refused(accounts_.update(admin_.id, change, admin_.id)), "LAST_ADMIN_IS_NEEDED");
    EXPECT_EQ(refused(accounts_.update(admin_.id, change, std::nullopt)), "LAST_ADMIN_IS_NEEDED");
  }
  EXPECT_EQ(refused(accounts_.remove(admin_.id, admin_.id)), "LAST_ADMIN_IS_NEEDED");
  EXPECT_TRUE(accounts_.update(admin_.id, {.username = "first"}, admin_.id)) << "what keeps it an administrator";
  EXPECT_TRUE(accounts_.remove(boss_.id, admin_.id)) << "a disabled one is none";
  EXPECT_EQ(accounts_.get(admin_.id)->type, AccountType::kAdmin);
  // The machine's owner is left, and may.
  const Account local = accounts_.local_admin().value();
  EXPECT_EQ(refused(accounts_.remove(admin_.id, admin_.id)), "LAST_ADMIN_IS_NEEDED");
  EXPECT_TRUE(accounts_.update(admin_.id, {.type = AccountType::kResearcher}, local.id));
}

TEST_F(AccountChangesTest, OfTwoAdminsWhoLeaveAtOnceOneStays) {
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(successes(2,
                        [&](int i) {
                          const Account& who = i == 0 ? admin_ : boss_;
                          return accounts_.update(who.id, {.is_disabled = true}, who.id).has_value();
                        }),
              1);
    ASSERT_TRUE(accounts_.update(admin_.id, {.is_disabled = false}, std::nullopt));
    ASSERT_TRUE(accounts_.update(boss_.id, {.is_disabled = false}, std::nullopt));
  }
}

TEST_F(AccountChangesTest, TheLocalAdminIsNeverChanged) {
  const Account local = accounts_.local_admin().value();
  EXPECT_EQ(refused(accounts_.update(local.id, {.type = AccountType::kResearcher}, admin_.id)),
            "LOCAL_ADMIN_IS_NEEDED");
  EXPECT_EQ(refused(accounts_.update(local.id, {.is_disabled = true}, local.id)), "LOCAL_ADMIN_IS_NEEDED");
  EXPECT_EQ(refused(accounts_.update(local.id, {.username = "root"}, admin_.id)), "LOCAL_ADMIN_IS_NEEDED");
  EXPECT_EQ(refused(accounts_.remove(local.id, admin_.id)), "LOCAL_ADMIN_IS_NEEDED");
  EXPECT_EQ(accounts_.local_admin()->id, local.id);
}

TEST_F(AccountChangesTest, DeletingTakesAllThatIsItsOwn) {
  const auto group = value_of(groups_.create("team", admin_.id));
  ASSERT_TRUE(groups_.add_member(group.id, reader_.id, admin_.id));
  ASSERT_TRUE(groups_.add_member(group.id, boss_.id, admin_.id));
  const std::string named = api_token_of(reader_, "ci").text;
  const std::string jwt = token_of(reader_);
  const std::string others = api_token_of(boss_, "ci").text;
  sql("INSERT INTO accounts_identities(issuer, subject, account_id, email, created_at, last_used_at) "
      "VALUES('i', 's', ?, 'e', 0, 0)",
      {reader_.id});
  ASSERT_TRUE(accounts_.remove(reader_.id, admin_.id));
  EXPECT_EQ(refusal(jwt), "AUTH_TOKEN_MISSING_ACCOUNT");
  EXPECT_EQ(refusal(named), "AUTH_TOKEN_WAS_BROKEN");
  EXPECT_EQ(refusal(others), "");
  EXPECT_EQ(count("accounts_identities"), 0);
  EXPECT_EQ(count("accounts_api_tokens"), 1);
  EXPECT_EQ(count("accounts_members"), 1);
  EXPECT_EQ(refused(accounts_.remove(reader_.id, admin_.id)), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_NE(create("reader@example.com").id, reader_.id);
}

// Remembers whom it was told of, and refuses when it is asked to.
class Keeper final : public FarewellListener {
 public:
  Result<void> farewell(metadata::Transaction& transaction, const Account& leaving,
                        std::optional<std::int64_t> actor) override {
    TRY(const auto there, find_account(transaction, leaving.id));
    EXPECT_TRUE(there) << "it is told before the account goes";
    told.push_back(leaving.email + " by " + std::to_string(actor.value_or(0)));
    if (refuses) return fail(Code::kConflict, "STILL_NEEDED", "no");
    TRY_VOID(transaction.exec("UPDATE accounts_accounts SET username = 'kept' WHERE id = ?", {leaving.id}));
    return {};
  }
  std::vector<std::string> told;
  bool refuses = false;
};

TEST_F(AccountChangesTest, WhoHoldsOnToItIsToldAndMayKeepIt) {
  Keeper first;
  Keeper second;
  accounts_.add_farewell_listener(first);
  accounts_.add_farewell_listener(second);
  second.refuses = true;
  EXPECT_EQ(refused(accounts_.remove(reader_.id, admin_.id)), "STILL_NEEDED");
  EXPECT_EQ(accounts_.get(reader_.id)->username, "reader") << "nothing of it happened";
  second.refuses = false;
  EXPECT_TRUE(accounts_.remove(reader_.id, admin_.id));
  EXPECT_THAT(first.told, ElementsAre("reader@example.com by 1", "reader@example.com by 1"));
  EXPECT_EQ(second.told.size(), 2U);
  EXPECT_EQ(refused(accounts_.remove(999, admin_.id)), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(first.told.size(), 2U) << "nobody is told of one that is not there";
}

TEST_F(AccountChangesTest, OfManyDeletionsOneHappens) {
  EXPECT_EQ(successes(50, [&](int) { return accounts_.remove(reader_.id, admin_.id).has_value(); }), 1);
}

TEST_F(AccountChangesTest, ADisabledAccountOpensNothingUntilItIsEnabled) {  // A7
  const std::string jwt = token_of(reader_);
  const std::string named = api_token_of(reader_, "ci").text;
  ASSERT_TRUE(accounts_.update(reader_.id, {.is_disabled = true}, admin_.id));
  EXPECT_EQ(refusal(jwt), "AUTH_TOKEN_MISSING_ACCOUNT");
  EXPECT_EQ(refusal(named), "AUTH_TOKEN_MISSING_ACCOUNT");
  EXPECT_EQ(accounts_.issue_token(reader_, admin_.id).error().event, "ACCOUNT_IS_DISABLED");
  EXPECT_EQ(api_tokens_.create(reader_.id, {.name = "x"}, admin_, Scope::kAdmin).error().event, "ACCOUNT_IS_DISABLED");
  ASSERT_TRUE(accounts_.update(reader_.id, {.is_disabled = false}, admin_.id));
  EXPECT_EQ(refusal(jwt), "");
  EXPECT_EQ(refusal(named), "");
}

TEST_F(AccountChangesTest, ListsNarrowed) {
  ASSERT_TRUE(accounts_.update(reader_.id, {.is_disabled = true, .username = "Under_Score"}, admin_.id));
  const auto ids = [&](const AccountQuery& query) {
    std::vector<std::int64_t> out;
    for (const auto& account : value_of(accounts_.list(query))) out.push_back(account.id);
    return out;
  };
  EXPECT_THAT(ids({}), ElementsAre(admin_.id, boss_.id, reader_.id));
  EXPECT_THAT(ids({.type = AccountType::kAdmin}), ElementsAre(admin_.id, boss_.id));
  EXPECT_THAT(ids({.type = AccountType::kAdmin, .is_disabled = true}), ElementsAre());
  EXPECT_THAT(ids({.is_disabled = true}), ElementsAre(reader_.id));
  EXPECT_THAT(ids({.is_disabled = false}), ElementsAre(admin_.id, boss_.id));
  EXPECT_THAT(ids({.text = "BOSS@"}), ElementsAre(boss_.id));
  EXPECT_THAT(ids({.text = "under_s"}), ElementsAre(reader_.id));
  EXPECT_THAT(ids({.text = "r_score"}), ElementsAre(reader_.id));
  EXPECT_THAT(ids({.text = "example.com"}), ElementsAre(admin_.id, boss_.id, reader_.id));
  for (const char* nobody : {"%", "_d", "!", "' OR 1=1 --", "examplexcom"})
    EXPECT_THAT(ids({.text = nobody}), ElementsAre());
  EXPECT_THAT(ids({.name = "Boss@example.com"}), ElementsAre(boss_.id));
  EXPECT_THAT(ids({.name = "Under_Score"}), ElementsAre(reader_.id));
  EXPECT_THAT(ids({.name = "under"}), ElementsAre());
  EXPECT_THAT(ids({.after = admin_.id, .limit = 1}), ElementsAre(boss_.id));
}

}  // namespace
}  // namespace lakelift::accounts
