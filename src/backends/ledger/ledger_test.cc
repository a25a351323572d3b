#include "backends/ledger/ledger.h"

#include <gtest/gtest.h>

#include <set>

#include "backends/metadata/testing/temporary_database.h"
#include "base/id.h"

namespace lakelift::ledger {
namespace {

class LedgerTest : public ::testing::Test {
 protected:
  Result<std::string> append(const Entry& entry) {
    return database_->write([&](metadata::Transaction& t) { return ledger_.append(t, entry); });
  }
  std::vector<Recorded> after(std::int64_t seq, int limit = 100) {
    auto entries = database_->read([&](metadata::Session& s) { return ledger_.after(s, seq, limit); });
    EXPECT_TRUE(entries);
    return entries ? *std::move(entries) : std::vector<Recorded>();
  }

  metadata::testing::TemporaryDatabase database_{{migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  Ledger ledger_{clock_, random_};
};

Entry small(const std::string& id) {
  Entry entry;
  entry.kind = "account.created";
  entry.subject_kind = "account";
  entry.subject_id = id;
  return entry;
}

TEST_F(LedgerTest, AnEntryMaySayWhenItHappened) {
  Entry entry = small("7");
  entry.at = clock_.now() - 5;
  ASSERT_TRUE(append(entry));
  EXPECT_EQ(after(0).at(0).at, clock_.now() - 5);
}

TEST_F(LedgerTest, AWholeEntryComesBackAsItWas) {
  Entry entry = small("7");
  entry.actor = 1;
  entry.on_behalf = 2;
  entry.object = "00ff";
  entry.rows = 3;
  entry.bytes = 5'000'000'000;
  entry.scanned_bytes = 0;
  entry.money_micros = -4;
  entry.currency = "EUR";
  entry.run = "run";
  entry.detail = {{"a", 1}, {"b", {{"c", "ü\"\n"}}}};
  const auto id = append(entry);
  ASSERT_TRUE(id);
  EXPECT_TRUE(is_uuid(*id));
  const auto all = after(0);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].id, *id);
  EXPECT_EQ(all[0].at, clock_.now());
  const Entry& back = all[0].entry;
  EXPECT_EQ(back.kind, entry.kind);
  EXPECT_EQ(back.actor, entry.actor);
  EXPECT_EQ(back.on_behalf, entry.on_behalf);
  EXPECT_EQ(back.subject_kind, entry.subject_kind);
  EXPECT_EQ(back.subject_id, entry.subject_id);
  EXPECT_EQ(back.object, entry.object);
  EXPECT_EQ(back.rows, entry.rows);
  EXPECT_EQ(back.bytes, entry.bytes);
  EXPECT_EQ(back.scanned_bytes, entry.scanned_bytes);
  EXPECT_EQ(back.money_micros, entry.money_micros);
  EXPECT_EQ(back.currency, entry.currency);
  EXPECT_EQ(back.run, entry.run);
  EXPECT_EQ(back.detail, entry.detail);
}

TEST_F(LedgerTest, WhatIsNotKnownStaysUnknown) {
  ASSERT_TRUE(append(small("7")));
  const Entry back = after(0).at(0).entry;
  EXPECT_FALSE(back.actor || back.on_behalf || back.object || back.rows || back.bytes || back.scanned_bytes ||
               back.money_micros || back.currency || back.run);
  EXPECT_TRUE(back.detail.empty());
}

TEST_F(LedgerTest, ReadsOnFromAPlaceOldestFirst) {
  std::set<std::string> ids;
  for (int i = 0; i < 10; ++i) {
    clock_.advance(1'000);
    ids.insert(append(small(std::to_string(i))).value());
  }
  EXPECT_EQ(ids.size(), 10U);
  std::vector<std::string> seen;
  std::int64_t last = 0;
  for (int round = 0; round < 5; ++round) {
    const auto page = after(last, 3);
    EXPECT_LE(page.size(), 3U);
    for (const Recorded& r : page) {
      EXPECT_GT(r.seq, last);
      last = r.seq;
      seen.push_back(r.entry.subject_id);
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  EXPECT_TRUE(after(last).empty());
}

class LedgerFindTest : public LedgerTest {
 protected:
  LedgerFindTest() {
    tell("account.created", 1, "account", "7");
    tell("account.updated", 2, "account", "7");
    tell("accounts.x", 1, "other", "7");
    tell("token.issued", std::nullopt, "account", "8");
    tell("account.created", 2, "account", "9");
  }
  void tell(const std::string& kind, std::optional<std::int64_t> actor, const std::string& subject_kind,
            const std::string& subject_id) {
    Entry entry;
    entry.kind = kind;
    entry.actor = actor;
    entry.subject_kind = subject_kind;
    entry.subject_id = subject_id;
    ASSERT_TRUE(append(entry));
    clock_.advance(10);
  }
  // The numbers of the entries.
  std::vector<std::int64_t> find(const Query& query) {
    const auto found = database_->read([&](metadata::Session& s) { return ledger_.find(s, query); });
    EXPECT_TRUE(found);
    std::vector<std::int64_t> out;
    for (const Recorded& recorded : found.value_or(std::vector<Recorded>())) out.push_back(recorded.seq);
    return out;
  }
  template <typename T>
  std::vector<std::int64_t> find(T Query::* field, const auto& value) {
    Query query;
    query.*field = value;
    return find(query);
  }
  using Seqs = std::vector<std::int64_t>;
};

TEST_F(LedgerFindTest, NewestFirst) { EXPECT_EQ(find(Query{}), (Seqs{5, 4, 3, 2, 1})); }

TEST_F(LedgerFindTest, ByKindOrTheBeginningOfIt) {
  EXPECT_EQ(find(&Query::kind, "account.created"), (Seqs{5, 1}));
  EXPECT_EQ(find(&Query::kind, "account."), (Seqs{5, 2, 1}));
  EXPECT_EQ(find(&Query::kind, "account"), Seqs{}) << "without the dot it is a whole kind";
  EXPECT_EQ(find(&Query::kind, "%."), Seqs{});
  EXPECT_EQ(find(&Query::kind, "."), Seqs{});
}

TEST_F(LedgerFindTest, ByWhoAndAboutWhat) {
  EXPECT_EQ(find(&Query::actor, 2), (Seqs{5, 2}));
  EXPECT_EQ(find(&Query::actor, 3), Seqs{});
  EXPECT_EQ(find(&Query::subject_kind, "account"), (Seqs{5, 4, 2, 1}));
  EXPECT_EQ(find(&Query::subject_id, "7"), (Seqs{3, 2, 1}));
  Query query;
  query.subject_kind = "account";
  query.subject_id = "7";
  query.actor = 1;
  EXPECT_EQ(find(query), Seqs{1});
}

TEST_F(LedgerFindTest, WithinATimeThatIncludesItsBeginningAlone) {
  const Micros start = ManualClock().now();
  EXPECT_EQ(find(&Query::from, start + 20), (Seqs{5, 4, 3}));
  EXPECT_EQ(find(&Query::to, start + 20), (Seqs{2, 1}));
  Query query;
  query.from = start + 10;
  query.to = start + 30;
  EXPECT_EQ(find(query), (Seqs{3, 2}));
  query.to = start;
  EXPECT_EQ(find(query), Seqs{});
}

TEST_F(LedgerFindTest, PageByPage) {
  Query query;
  query.limit = 2;
  EXPECT_EQ(find(query), (Seqs{5, 4}));
  query.before = 4;
  EXPECT_EQ(find(query), (Seqs{3, 2}));
  query.before = 2;
  EXPECT_EQ(find(query), Seqs{1});
  query.before = 1;
  EXPECT_EQ(find(query), Seqs{});
}

TEST_F(LedgerTest, AnEntryGoesWithItsTransaction) {
  const auto rolled_back = database_->write([&](metadata::Transaction& t) -> Result<void> {
    TRY_VOID(ledger_.append(t, small("1")));
    return fail(Code::kConflict, "the thing itself did not happen");
  });
  EXPECT_FALSE(rolled_back);
  EXPECT_TRUE(after(0).empty());
}

TEST_F(LedgerTest, AnEntryWithoutKindOrSubjectIsRefused) {
  EXPECT_FALSE(append(Entry{}));
  EXPECT_TRUE(after(0).empty());
}

}  // namespace
}  // namespace lakelift::ledger
