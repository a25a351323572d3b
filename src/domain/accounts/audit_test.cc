#include "domain/accounts/audit.h"

#include "domain/accounts/test_world.h"

namespace lakelift::accounts {
namespace {

class AuditTest : public testing::World {};

TEST_F(AuditTest, NamesWhoActedForWhom) {
  const Account admin = create("boss@example.com", AccountType::kAdmin);
  const Account named = value_of(accounts_.create({.username = "Ada L"}, admin.id));
  ASSERT_TRUE(accounts_.issue_token(named, admin.id));
  ASSERT_TRUE(accounts_.issue_token(named, named.id));
  const auto found = value_of(audit_.find({}));
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].recorded.entry.kind, "token.issued");
  EXPECT_EQ(found[0].actor_name, "Ada L") << "newest first; a username where there is no email";
  EXPECT_EQ(found[0].on_behalf_name, "");
  EXPECT_EQ(found[1].actor_name, "boss@example.com");
  EXPECT_EQ(found[1].on_behalf_name, "Ada L");
  EXPECT_EQ(found[3].actor_name, "") << "the server itself";
  ASSERT_TRUE(accounts_.remove(named.id, admin.id));
  EXPECT_EQ(value_of(audit_.find({})).at(1).actor_name, "") << "an account that is gone";
  ledger::Query accounts_only;
  accounts_only.kind = "account.";
  EXPECT_EQ(value_of(audit_.find(accounts_only)).size(), 3U);
}

TEST_F(AuditTest, IsShownWithoutTheKeysOfObjects) {
  ledger::Entry entry;
  entry.kind = "run.finished";
  entry.subject_kind = "run";
  entry.subject_id = "r";
  entry.object = "00ff";
  entry.rows = 3;
  entry.currency = "EUR";
  entry.detail = {{"a", 1}};
  const auto id = value_of(database_->write([&](metadata::Transaction& t) { return ledger_.append(t, entry); }));
  EXPECT_EQ(to_text(to_json(value_of(audit_.find({})).at(0))),
            R"({"@type":"audit_entry","seq":1,"id":")" + id + R"(","at":")" + iso8601(clock_.now()) +
                R"(","kind":"run.finished","actor":null,"actor_name":null,"on_behalf":null,"on_behalf_name":null,)"
                R"("subject_kind":"run","subject_id":"r","rows":3,"bytes":null,"scanned_bytes":null,)"
                R"("money_micros":null,"currency":"EUR","run":null,"detail":{"a":1}})");
}

}  // namespace
}  // namespace lakelift::accounts
