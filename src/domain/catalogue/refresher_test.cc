#include "domain/catalogue/refresher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "backends/executors/testing/fake_executor.h"
#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::catalogue {
namespace {

using executors::testing::FakeExecutor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kIntervalSeconds = 300;

class RefresherTest : public ::testing::Test {
 protected:
  RefresherTest() {
    engines_.add(engine_);
    seen_.rows = 3;
    seen_.version = "v1";
    for (const char* name : {"id", "carrier"}) {
      table::Column column;
      column.name = name;
      column.type = table::ColumnType::kString;
      seen_.columns.push_back(column);
    }
    engine_->set_table(source(), seen_);
  }

  static executors::Source source(std::string_view name = "shop.sales") { return {{"table", name}}; }

  CatalogueItem added(std::string_view name = "shop.sales", bool profile = true) {
    NewItem item;
    item.name = name;
    item.source = source();
    item.profile = profile;
    const auto made = service_.add(admin_, item, {});
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(CatalogueItem());
  }
  CatalogueItem read(std::int64_t id) { return service_.get(id).value_or(CatalogueItem()); }

  // Looks at everything that is due; how many items that were.
  int look(Refresher& refresher) {
    int items = 0;
    for (auto more = refresher.refresh_next({}); more && *more; more = refresher.refresh_next({})) ++items;
    return items;
  }
  int look() { return look(refresher_); }
  int look_after(std::int64_t seconds) {
    clock_.advance(seconds * kMicrosPerSecond);
    return look();
  }

  void change_table(std::string version, std::int64_t rows) {
    seen_.version = std::move(version);
    seen_.rows = rows;
    engine_->set_table(source(), seen_);
  }
  std::vector<std::string> kinds() {
    const auto entries = database_->read([&](metadata::Session& session) { return ledger_.after(session, 0, 1'000); });
    std::vector<std::string> out;
    for (const auto& recorded : entries.value()) {
      if (recorded.entry.subject_kind != "catalogue_item" || recorded.entry.actor) continue;
      out.push_back(recorded.entry.kind);
    }
    return out;
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), accounts::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  accounts::KeyRing keys_ = accounts::KeyRing::load(*database_, clock_, random_).value();
  accounts::AccountService accounts_{*database_, ledger_, keys_, clock_, random_};
  accounts::Account admin_ =
      accounts_.create("admin@example.org", accounts::AccountType::kAdmin, std::nullopt).value_or(accounts::Account());
  std::shared_ptr<FakeExecutor> engine_ = std::make_shared<FakeExecutor>();
  executors::Executors engines_;
  CatalogueService service_{*database_, ledger_, accounts_, engines_, clock_};
  Refresher refresher_{*database_, service_, clock_, {.interval_seconds = kIntervalSeconds, .sole_owner = true}};
  executors::TableDescription seen_;
};

TEST_F(RefresherTest, WhatIsUnchangedIsLeftAlone) {
  const CatalogueItem item = added();
  EXPECT_EQ(item.profile.columns.size(), 2U);
  EXPECT_EQ(item.profile.profiled_at, clock_.now());
  EXPECT_EQ(item.profile.rows, 3);
  const auto looks = engine_->inspections();
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(look(), 0) << "not again before the interval is over";
  EXPECT_EQ(look_after(kIntervalSeconds - 1), 0);
  EXPECT_EQ(look_after(1), 1);
  EXPECT_EQ(engine_->inspections(), looks) << "no data were read";
  EXPECT_EQ(to_text(to_json(read(item.id))), to_text(to_json(item)));
  EXPECT_THAT(kinds(), IsEmpty());
}

TEST_F(RefresherTest, WhatChangedIsProfiledAgain) {
  const CatalogueItem item = added();
  EXPECT_EQ(look(), 1);
  change_table("v2", 5);
  EXPECT_EQ(look_after(kIntervalSeconds), 1);
  const CatalogueItem now = read(item.id);
  EXPECT_EQ(now.rows, 5);
  EXPECT_EQ(now.profile.rows, 5);
  EXPECT_EQ(now.source_version, "v2");
  EXPECT_EQ(now.profile.profiled_at, clock_.now());
  EXPECT_EQ(now.updated_by->id, admin_.id) << "nobody else has touched it";
  EXPECT_THAT(kinds(), ElementsAre("catalogue_item.profiled"));
}

TEST_F(RefresherTest, WhatWasNeverProfiledIsNotLookedAt) {
  added("shop.sales", false);
  change_table("v2", 5);
  EXPECT_EQ(look_after(10 * kIntervalSeconds), 0);
}

TEST_F(RefresherTest, ALostColumnIsToldAndTheOldFiguresStay) {
  const CatalogueItem item = added();
  seen_.columns.erase(seen_.columns.begin());
  change_table("v2", 9);
  EXPECT_EQ(look(), 1);
  CatalogueItem now = read(item.id);
  EXPECT_TRUE(now.profile.is_stale);
  EXPECT_THAT(now.profile.error.value_or(""), HasSubstr("There is no column 'id' any more."));
  EXPECT_EQ(now.rows, 3);
  EXPECT_EQ(now.profile.columns.size(), 2U);
  EXPECT_EQ(now.source_version, "v1");
  const json::object shown = to_json(now);
  EXPECT_EQ(find_bool(shown, "statistics_stale"), true);
  EXPECT_EQ(find(shown, "statistics")->get_array().size(), 2U);

  // The maintainer takes the column out of the spec: the next look is good.
  json::object fixed = to_json(now);
  fixed["spec"].get_array().erase(fixed["spec"].get_array().begin());
  fixed["sample"] = json::array{};
  ASSERT_TRUE(service_.update(admin_, item.id, fixed));
  EXPECT_EQ(read(item.id).profile.columns.size(), 1U) << "figures of columns that are no longer offered go with them";
  EXPECT_EQ(look_after(2 * kIntervalSeconds), 1);
  now = read(item.id);
  EXPECT_FALSE(now.profile.is_stale || now.profile.error);
  EXPECT_EQ(now.rows, 9);
  EXPECT_THAT(kinds(), ElementsAre("catalogue_item.profile_failed", "catalogue_item.profiled"));
}

TEST_F(RefresherTest, FailuresAreToldOnceAndBackOff) {
  const CatalogueItem item = added();
  engine_->fail_next_version(Error{Code::kNotFound, "", "the folder is gone", {}});
  engine_->fail_next_version(Error{Code::kNotFound, "", "the folder is gone", {}});
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(read(item.id).profile.error, "the folder is gone");
  EXPECT_FALSE(read(item.id).profile.is_stale) << "nobody knows whether the data are others";
  EXPECT_EQ(look_after(kIntervalSeconds), 0);
  EXPECT_EQ(look_after(kIntervalSeconds), 1) << "after twice the interval";
  EXPECT_EQ(look_after(4 * kIntervalSeconds - 1), 0);
  EXPECT_EQ(look_after(1), 1);
  EXPECT_FALSE(read(item.id).profile.error) << "it is back";
  EXPECT_EQ(look_after(kIntervalSeconds), 1) << "and looked at as before";
  EXPECT_THAT(kinds(), ElementsAre("catalogue_item.profile_failed", "catalogue_item.profile_recovered"));
}

TEST_F(RefresherTest, BackingOffHasALimit) {
  added();
  for (int i = 0; i < 40; ++i) {
    engine_->fail_next_version(Error{Code::kUnavailable, "", "away", {}});
    EXPECT_EQ(look_after(limits::kRefreshBackoffSeconds), 1) << i;
  }
}

TEST_F(RefresherTest, AnEngineThatFailsToReadLeavesTheFiguresStale) {
  const CatalogueItem item = added();
  change_table("v2", 5);
  engine_->fail_next_inspect(Error{Code::kCorrupt, "", "x.parquet is no Parquet file", {}});
  EXPECT_EQ(look(), 1);
  EXPECT_TRUE(read(item.id).profile.is_stale);
  EXPECT_EQ(read(item.id).profile.error, "x.parquet is no Parquet file");
  EXPECT_EQ(look_after(2 * kIntervalSeconds), 1);
  EXPECT_EQ(read(item.id).rows, 5);
  EXPECT_FALSE(read(item.id).profile.is_stale);
}

TEST_F(RefresherTest, StaleFiguresAreMadeAnewEvenWhenTheVersionIsTheOldOneAgain) {
  const CatalogueItem item = added();
  change_table("v2", 5);
  engine_->fail_next_inspect(Error{Code::kUnavailable, "", "busy", {}});
  EXPECT_EQ(look(), 1);
  change_table("v1", 3);
  EXPECT_EQ(look_after(2 * kIntervalSeconds), 1);
  EXPECT_FALSE(read(item.id).profile.is_stale);
}

TEST_F(RefresherTest, ProfilingByHandMakesAnEndOfPauses) {
  const CatalogueItem item = added();
  engine_->fail_next_version(Error{Code::kUnavailable, "", "away", {}});
  EXPECT_EQ(look(), 1);
  ASSERT_TRUE(service_.profile(admin_, item.id, {}));
  EXPECT_FALSE(read(item.id).profile.error);
  EXPECT_EQ(look(), 1);
}

TEST_F(RefresherTest, AnotherSourceIsProfiledSoon) {
  const CatalogueItem item = added();
  EXPECT_EQ(look(), 1);
  executors::TableDescription other = seen_;
  other.rows = 77;
  engine_->set_table(source("shop.moved"), other);
  ASSERT_TRUE(service_.set_source(admin_, item.id, source("shop.moved"), {}));
  EXPECT_TRUE(read(item.id).profile.is_stale);
  EXPECT_EQ(look(), 1);
  EXPECT_FALSE(read(item.id).profile.is_stale);
  EXPECT_EQ(read(item.id).profile.rows, 77);
}

TEST_F(RefresherTest, ACancelledLookIsNoFailureAndGivesTheItemBack) {
  const CatalogueItem item = added();
  change_table("v2", 5);
  std::stop_source stopping;
  stopping.request_stop();
  EXPECT_TRUE(refresher_.refresh_next(stopping.get_token()).value_or(false));
  EXPECT_FALSE(read(item.id).profile.error);
  EXPECT_EQ(look(), 1) << "still due";
  EXPECT_EQ(read(item.id).rows, 5);
}

TEST_F(RefresherTest, AnItemInOneServersHandIsNotLookedAtByAnother) {
  added();
  const auto claim = database_->write([&](metadata::Transaction& transaction) {
    return claim_due(transaction, clock_.now(), clock_.now() + limits::kRefreshClaimSeconds * kMicrosPerSecond);
  });
  ASSERT_TRUE(claim && *claim);
  EXPECT_EQ(look(), 0);
  EXPECT_EQ(look_after(limits::kRefreshClaimSeconds - 1), 0);
  EXPECT_EQ(look_after(1), 1) << "its holder must be dead";
  // Which now gives back what it no longer holds: nothing happens.
  EXPECT_TRUE(database_->write(
      [&](metadata::Transaction& transaction) { return settle_claim(transaction, **claim, clock_.now(), 9); }));
  EXPECT_EQ(look(), 0);
}

TEST_F(RefresherTest, TheOnlyServerTakesUpWhatADeadOneHeld) {
  added();
  ASSERT_TRUE(database_->write([&](metadata::Transaction& transaction) {
    return claim_due(transaction, clock_.now(), clock_.now() + limits::kRefreshClaimSeconds * kMicrosPerSecond);
  }));
  ASSERT_TRUE(database_->write([&](metadata::Transaction& transaction) {
    return release_claims(transaction, clock_.now(), clock_.now() + kIntervalSeconds * kMicrosPerSecond);
  }));
  EXPECT_EQ(look(), 1);
}

TEST_F(RefresherTest, ItemsTakeTurns) {
  added("a.one");
  added("a.two");
  added("a.three");
  EXPECT_EQ(look(), 3);
  EXPECT_EQ(look_after(kIntervalSeconds), 3);
}

TEST_F(RefresherTest, AnItemOfAnEngineThatIsGoneIsNoFailure) {
  const CatalogueItem item = added();
  executors::Executors none;
  CatalogueService without(*database_, ledger_, accounts_, none, clock_);
  Refresher refresher(*database_, without, clock_, {.interval_seconds = kIntervalSeconds, .sole_owner = true});
  EXPECT_EQ(look(refresher), 1);
  EXPECT_FALSE(read(item.id).profile.error);
  EXPECT_EQ(look_after(kIntervalSeconds), 1) << "no longer pauses";
}

TEST_F(RefresherTest, ItemsOfAnOlderProgramGetTheirFigures) {
  const CatalogueItem item = added();
  ASSERT_TRUE(database_->write([&](metadata::Transaction& transaction) {
    return transaction.exec("UPDATE catalogue_items SET statistics = '{}', profile_due_at = 0");
  }));
  ASSERT_TRUE(read(item.id).profile.columns.empty());
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(read(item.id).profile.columns.size(), 2U);
}

TEST_F(RefresherTest, FiguresOfAPartSaySo) {
  executors::TableProfile partial{.description = seen_, .sample = {}, .null_shares = {0, 0}};
  for (const auto& column : seen_.columns) {
    auto& figures = partial.statistics.emplace_back();
    figures.name = column.name;
    figures.type = column.type;
  }
  partial.statistics[1].type = table::ColumnType::kFloat;
  partial.rows_profiled = 2;
  engine_->set_profile(source(), partial);
  const CatalogueItem item = added();
  EXPECT_TRUE(item.profile.is_partial);
  ASSERT_EQ(item.profile.columns.size(), 1U) << "figures of another type are none of this column";
  EXPECT_TRUE(item.profile.columns[0].is_partial);
  EXPECT_EQ(find_int(to_json(item), "statistics_rows"), 2);
}

TEST_F(RefresherTest, ItsThreadStopsWhenAsked) {
  const CatalogueItem item = added();
  SystemClock now;
  change_table("v2", 5);
  {
    Refresher refresher(*database_, service_, now, {.interval_seconds = 1, .sole_owner = true});
    refresher.start();
    for (int i = 0; i < 200'000 && read(item.id).rows != 5; ++i) std::this_thread::yield();
    refresher.stop();
    refresher.stop();
  }
  EXPECT_EQ(read(item.id).rows, 5);
}

}  // namespace
}  // namespace lakelift::catalogue
