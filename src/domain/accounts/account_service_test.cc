#include "domain/accounts/account_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::accounts {
namespace {

class AccountServiceTest : public ::testing::Test {
 protected:
  AccountServiceTest() : ring_(KeyRing::load(*database_, clock_, random_).value()) {}

  Account create(std::string_view email, AccountType type = AccountType::kResearcher) {
    auto made = service_.create(email, type, 1);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(Account{});
  }
  std::string token_of(const Account& account) {
    const auto issued = service_.issue_token(account, account.id);
    EXPECT_TRUE(issued);
    return issued ? issued->token : "";
  }
  // "" for an accepted one, else the event.
  std::string authenticate(std::string_view token) {
    const auto account = service_.authenticate(token);
    return account ? "" : account.error().event;
  }
  void sql(std::string_view text, const metadata::Params& params = {}) {
    ASSERT_TRUE(database_->write([&](metadata::Transaction& t) { return t.exec(text, params); }));
  }
  std::vector<ledger::Recorded> entries() {
    return database_->read([&](metadata::Session& s) { return ledger_.after(s, 0, 1'000); }).value();
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  KeyRing ring_;
  AccountService service_{*database_, ledger_, ring_, clock_, random_};
};

TEST_F(AccountServiceTest, CreatesFindsAndLists) {
  const Account reader = create("Reader@Example.com", AccountType::kAdmin);
  EXPECT_EQ(reader.email, "reader@example.com");
  EXPECT_EQ(reader.username, "reader");
  EXPECT_EQ(reader.type, AccountType::kAdmin);
  EXPECT_EQ(reader.created_at, clock_.now());
  const Account stranger = create("stranger@example.com");
  EXPECT_EQ(service_.get(reader.id)->email, reader.email);
  EXPECT_EQ(service_.find_by_email("READER@example.COM")->id, reader.id);
  EXPECT_EQ(service_.get(99).error().event, "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(service_.find_by_email("nobody@example.com").error().event, "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(service_.find_by_email("").error().event, "COULD_NOT_FIND_ACCOUNT");
  const auto all = service_.list({.limit = 10});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(service_.list({.after = reader.id})->at(0).id, stranger.id);
  EXPECT_EQ(service_.list({.limit = 1})->size(), 1U);
}

TEST_F(AccountServiceTest, AnEmailIsUniqueInAnyCase) {
  create("reader@example.com");
  const auto twice = service_.create("READER@example.com", AccountType::kAdmin, 1);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Code::kConflict);
  EXPECT_EQ(twice.error().event, "ACCOUNT_EXISTS_ALREADY");
  EXPECT_EQ(service_.find_by_email("reader@example.com")->type, AccountType::kResearcher);
}

TEST_F(AccountServiceTest, ABadEmailNamesTheField) {
  const auto made = service_.create("nobody", AccountType::kResearcher, 1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kInvalid);
  ASSERT_EQ(made.error().fields.size(), 1U);
  EXPECT_EQ(made.error().fields[0].field, "email");
  EXPECT_TRUE(entries().empty());
}

TEST_F(AccountServiceTest, EqualNamesOfDifferentHousesGetDifferentUsernames) {
  std::set<std::string> names;
  for (int i = 0; i < 15; ++i) names.insert(create("info@house" + std::to_string(i) + ".example").username);
  EXPECT_EQ(names.size(), 15U);
  EXPECT_TRUE(names.contains("info") && names.contains("info-2"));
}

TEST_F(AccountServiceTest, OfManyEqualCreationsOneWins) {
  std::atomic<int> made = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const auto account = service_.create("reader@example.com", AccountType::kResearcher, 1);
        ++(account ? made : refused);
      });
    }
  }
  EXPECT_EQ(made, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(AccountServiceTest, TheLocalAdminIsOneAndTheSame) {
  create("admin@example.com");
  const auto first = service_.local_admin();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->email, "admin@localhost");
  EXPECT_EQ(first->username, "admin");
  EXPECT_EQ(first->type, AccountType::kAdmin);
  EXPECT_EQ(service_.local_admin()->id, first->id);
  int told = 0;
  for (const auto& recorded : entries()) told += recorded.entry.subject_id == std::to_string(first->id) ? 1 : 0;
  EXPECT_EQ(told, 1);
}

TEST_F(AccountServiceTest, EveryChangeIsInTheLedger) {
  const Account reader = create("reader@example.com", AccountType::kAdmin);
  const std::string token = token_of(reader);
  ASSERT_TRUE(service_.revoke_token(token, 7));
  ASSERT_TRUE(service_.revoke_token(token, 7));
  const auto all = entries();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].entry.kind, "account.created");
  EXPECT_EQ(all[0].entry.actor, 1);
  EXPECT_EQ(find_string(all[0].entry.detail, "type"), "ADMIN");
  EXPECT_EQ(all[1].entry.kind, "token.issued");
  EXPECT_EQ(all[1].entry.actor, reader.id);
  EXPECT_EQ(all[2].entry.kind, "token.revoked");
  EXPECT_EQ(all[2].entry.actor, 7);
  for (const auto& recorded : all) {
    EXPECT_EQ(recorded.entry.subject_id, std::to_string(reader.id));
    EXPECT_EQ(to_text(recorded.entry.detail).find(token), std::string::npos) << "a token is never written down";
  }
}

TEST_F(AccountServiceTest, ATokenOpensItsAccount) {
  const Account reader = create("reader@example.com", AccountType::kAdmin);
  const auto issued = service_.issue_token(reader, reader.id);
  ASSERT_TRUE(issued);
  EXPECT_EQ(issued->expires_at, clock_.now() + limits::kTokenSeconds * kMicrosPerSecond);
  const auto back = service_.authenticate(issued->token);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, reader.id);
  EXPECT_EQ(back->username, "reader");
  EXPECT_NE(issued->token, token_of(reader));
}

TEST_F(AccountServiceTest, NoTokenForAnAccountThatIsNotThere) {
  EXPECT_EQ(service_.issue_token(Account{99, "", "", AccountType::kAdmin, 0}, 1).error().event,
            "COULD_NOT_FIND_ACCOUNT");
  EXPECT_TRUE(entries().empty());
}

TEST_F(AccountServiceTest, ATokenSaysWhatTheDatabaseSaysNotTheCaller) {
  Account reader = create("reader@example.com");
  reader.type = AccountType::kAdmin;
  reader.email = "nobody@example.com";
  const auto back = service_.authenticate(token_of(reader));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->type, AccountType::kResearcher);
  EXPECT_EQ(back->email, "reader@example.com");
}

TEST_F(AccountServiceTest, ExpiresToTheMicrosecond) {
  const Account reader = create("reader@example.com");
  const auto issued = service_.issue_token(reader, reader.id);
  ASSERT_TRUE(issued);
  clock_.set(issued->expires_at - 1);
  EXPECT_EQ(authenticate(issued->token), "");
  clock_.set(issued->expires_at);
  EXPECT_EQ(authenticate(issued->token), "AUTH_TOKEN_EXPIRED");
}

class JumpingClock final : public Clock {
 public:
  [[nodiscard]] Micros now() const override { return wall; }
  [[nodiscard]] Micros monotonic() const override { return steady; }
  Micros wall = 1'700'000'000 * kMicrosPerSecond;
  Micros steady = 5;
};

TEST_F(AccountServiceTest, AClockSetBackRevivesNothing) {  // A6
  constexpr Micros kHour = 3'600 * kMicrosPerSecond;
  JumpingClock clock;
  AccountService service(*database_, ledger_, ring_, clock, random_);
  const Account reader = create("reader@example.com");
  const auto issued = service.issue_token(reader, reader.id);
  ASSERT_TRUE(issued);
  const Micros life = issued->expires_at - clock.wall;
  clock.wall += life + 1;
  clock.steady += life + 1;
  EXPECT_EQ(service.authenticate(issued->token).error().event, "AUTH_TOKEN_EXPIRED");
  clock.wall -= kHour;
  EXPECT_EQ(service.authenticate(issued->token).error().event, "AUTH_TOKEN_EXPIRED");
  // What is issued under the clock that was set back works.
  const auto later = service.issue_token(reader, reader.id);
  ASSERT_TRUE(later);
  EXPECT_TRUE(service.authenticate(later->token));
  // A clock that ran ahead and was put right has ended nothing.
  clock.wall += 365 * 24 * kHour;
  EXPECT_FALSE(service.authenticate(later->token));
  clock.wall -= 365 * 24 * kHour;
  EXPECT_TRUE(service.authenticate(later->token));
}

TEST_F(AccountServiceTest, TheToleranceIsBounded) {
  const Account reader = create("reader@example.com");
  const std::string token = token_of(reader);
  AccountService strict(*database_, ledger_, ring_, clock_, random_, 0);
  AccountService lax(*database_, ledger_, ring_, clock_, random_, 86'400);
  clock_.advance(-60 * kMicrosPerSecond);
  EXPECT_TRUE(service_.authenticate(token));
  EXPECT_FALSE(strict.authenticate(token));
  clock_.advance(-1 * kMicrosPerSecond);
  EXPECT_FALSE(service_.authenticate(token));
  clock_.advance(-239 * kMicrosPerSecond);
  EXPECT_TRUE(lax.authenticate(token));
  clock_.advance(-1 * kMicrosPerSecond);
  EXPECT_FALSE(lax.authenticate(token)) << "never more than five minutes";
}

TEST_F(AccountServiceTest, ARevokedTokenIsBrokenAndOthersLive) {
  const Account reader = create("reader@example.com");
  const std::string gone = token_of(reader);
  const std::string kept = token_of(reader);
  ASSERT_TRUE(service_.revoke_token(gone, reader.id));
  EXPECT_EQ(authenticate(gone), "AUTH_TOKEN_WAS_BROKEN");
  EXPECT_EQ(authenticate(kept), "");
  EXPECT_TRUE(service_.revoke_token("garbage", reader.id));
  EXPECT_TRUE(service_.revoke_token("", std::nullopt));
}

TEST_F(AccountServiceTest, ATokenWithoutAnIdIsRevokedByItsHash) {
  const Account reader = create("reader@example.com");
  const Claims claims{reader.id,    reader.email, "RESEARCHER", clock_.now() / kMicrosPerSecond + 50,
                      std::nullopt, std::nullopt};
  const std::string token = sign_token(claims, ring_).value();
  EXPECT_EQ(authenticate(token), "");
  ASSERT_TRUE(service_.revoke_token(token, reader.id));
  EXPECT_EQ(authenticate(token), "AUTH_TOKEN_WAS_BROKEN");
}

TEST_F(AccountServiceTest, ATokenRevokedBeforeItIsValidNeverBecomesSo) {
  const Account reader = create("reader@example.com");
  const std::string token = token_of(reader);
  clock_.advance(-3'600 * kMicrosPerSecond);
  ASSERT_TRUE(service_.revoke_token(token, reader.id));
  clock_.advance(3'600 * kMicrosPerSecond);
  EXPECT_EQ(authenticate(token), "AUTH_TOKEN_WAS_BROKEN");
}

TEST_F(AccountServiceTest, RevocationsAreForgottenLongAfterExpiry) {
  const Account reader = create("reader@example.com");
  const auto count = [&] {
    return std::get<0>(**database_->read(
        [](metadata::Session& s) { return s.row<std::int64_t>("SELECT COUNT(*) FROM accounts_revocations"); }));
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(service_.revoke_token(token_of(reader), reader.id));
  EXPECT_EQ(count(), 3);
  clock_.advance((limits::kTokenSeconds + 2 * 86'400) * kMicrosPerSecond);
  ASSERT_TRUE(service_.revoke_token(token_of(reader), reader.id));
  EXPECT_EQ(count(), 1);
}

TEST_F(AccountServiceTest, RightsComeFromTheDatabaseNotFromTheToken) {  // A7
  const Account reader = create("reader@example.com", AccountType::kAdmin);
  const std::string token = token_of(reader);
  sql("UPDATE accounts_accounts SET type = 'RESEARCHER' WHERE id = ?", {reader.id});
  EXPECT_EQ(authenticate(token), "AUTH_TOKEN_MISSING_ACCOUNT");
  sql("UPDATE accounts_accounts SET type = 'ADMIN' WHERE id = ?", {reader.id});
  EXPECT_EQ(authenticate(token), "");
  sql("UPDATE accounts_accounts SET email = 'other@example.com' WHERE id = ?", {reader.id});
  EXPECT_EQ(authenticate(token), "AUTH_TOKEN_MISSING_ACCOUNT");
  sql("DELETE FROM accounts_accounts WHERE id = ?", {reader.id});
  EXPECT_EQ(authenticate(token), "AUTH_TOKEN_MISSING_ACCOUNT");
}

TEST_F(AccountServiceTest, ADeletedAccountsIdIsNotGivenAgain) {
  const Account reader = create("reader@example.com");
  const std::string token = token_of(reader);
  sql("DELETE FROM accounts_accounts WHERE id = ?", {reader.id});
  const Account again = create("reader@example.com");
  EXPECT_NE(again.id, reader.id);
  EXPECT_EQ(authenticate(token), "AUTH_TOKEN_MISSING_ACCOUNT");
}

TEST_F(AccountServiceTest, AnotherServersTokenIsBroken) {
  const metadata::testing::TemporaryDatabase other({ledger::migrations(), migrations()});
  SeededRandom random(99);
  const KeyRing ring = KeyRing::load(*other, clock_, random).value();
  AccountService there(*other, ledger_, ring, clock_, random);
  create("reader@example.com");
  const auto reader = there.create("reader@example.com", AccountType::kResearcher, 1);
  ASSERT_TRUE(reader);
  EXPECT_EQ(authenticate(there.issue_token(*reader, 1)->token), "AUTH_TOKEN_WAS_BROKEN");
}

}  // namespace
}  // namespace lakelift::accounts
