#include "domain/analytics/spending.h"

#include <gtest/gtest.h>

#include <map>
#include <stop_token>

#include "backends/metadata/testing/temporary_database.h"
#include "base/log.h"
#include "domain/analytics/projection.h"

namespace lakelift::analytics {
namespace {

constexpr Micros kDay = 86'400 * kMicrosPerSecond;

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << describe(result.error());
    abort();
  }
  return *std::move(result);
}

struct Happening {
  std::string kind;
  std::optional<std::int64_t> who;
  std::optional<std::int64_t> item;
  std::int64_t bytes = 0;
  std::int64_t micros = 0;
  std::vector<std::int64_t> groups = {};
};

class SpendingTest : public ::testing::Test {
 protected:
  void tell(const Happening& what, const std::string& request = "1") {
    ledger::Entry entry;
    entry.kind = what.kind;
    entry.actor = what.who;
    entry.subject_kind = "download_request";
    entry.subject_id = request;
    entry.scanned_bytes = what.bytes;
    entry.money_micros = what.micros;
    if (what.item) entry.detail["catalogue_item"] = *what.item;
    if (!what.groups.empty()) entry.detail["groups"] = json::array(what.groups.begin(), what.groups.end());
    value_of(database_->write([&](metadata::Transaction& tx) { return ledger_.append(tx, entry); }));
  }
  // A month: 7 pays for item 1, 8 shares it and pays for item 2; a month later 7 again.
  void tell_all() {
    tell({"request.created", 7, 1});
    tell({"run.finished", 7, 1, 1'000, 50, {4}});
    tell({"request.joined", 8, 1});
    tell({"slice.saved", 8, 1, 1'000, 50, {4, 5}});
    tell({"request.created", 8, 2}, "2");
    tell({"run.failed", 8, 2, 300, 20, {4, 5}}, "2");
    clock_.advance(31 * kDay);
    tell({"request.created", 7, 2}, "3");
    tell({"run.finished", 7, 2, 5, 1, {5}}, "3");
  }
  SpendingPage read(const SpendingQuery& query) { return value_of(view_.read(query)); }
  std::map<std::string, Figures> by(By what, SpendingQuery query = {}) {
    query.by = what;
    std::map<std::string, Figures> out;
    for (const auto& line : read(query).lines) out[line.key] = line.figures;
    return out;
  }
  std::int64_t rows() {
    return value_of(database_->read([](metadata::Session& session) -> Result<std::int64_t> {
      TRY(const auto row, session.row<std::int64_t>("SELECT COUNT(*) FROM analytics_spending"));
      return std::get<0>(*row);
    }));
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  SpendingView view_{*database_, ledger_};
  const std::string first_ = month_of(clock_.now());
  const std::int64_t day_ = day_of(clock_.now());
};

// A broken row stops nobody for good.
TEST_F(SpendingTest, WhatCannotBeReadAtAllIsPassed) {
  tell_all();
  value_of(database_->write([](metadata::Transaction& tx) {
    return tx.exec("UPDATE ledger SET detail = '{' WHERE kind = 'request.joined'");
  }));
  EXPECT_EQ(read({}).total.requests, 3) << "of four";
  tell({"request.created", 7, 2}, "4");
  EXPECT_EQ(read({}).total.requests, 4);
}

TEST_F(SpendingTest, AStopIsHeardBetweenTwoSteps) {
  for (int i = 0; i < 1'500; ++i) tell({"request.created", 7, 1});
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = view_.rebuild(stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::kUnavailable);
  EXPECT_EQ(read({}).total.requests, 1'500) << "whoever comes next goes on there";
}

TEST_F(SpendingTest, PerItem) {
  tell_all();
  EXPECT_EQ(by(By::kItem),
            (std::map<std::string, Figures>{{"1", {2, 1, 1'000, 50, 1'000, 50}}, {"2", {2, 2, 305, 21, 0, 0}}}));
}

TEST_F(SpendingTest, PerPerson) {
  tell_all();
  EXPECT_EQ(by(By::kPerson),
            (std::map<std::string, Figures>{{"7", {2, 2, 1'005, 51, 0, 0}}, {"8", {2, 1, 300, 20, 1'000, 50}}}));
}

TEST_F(SpendingTest, PerGroupAsPeopleWereInThemThen) {
  tell_all();
  EXPECT_EQ(by(By::kGroup),
            (std::map<std::string, Figures>{{"4", {0, 2, 1'300, 70, 1'000, 50}}, {"5", {0, 2, 305, 21, 1'000, 50}}}));
  EXPECT_EQ(read({.by = By::kGroup}).total, (Figures{4, 3, 1'305, 71, 1'000, 50})) << "each entry once";
  EXPECT_EQ(by(By::kPerson, {.group_id = 5}),
            (std::map<std::string, Figures>{{"7", {0, 1, 5, 1, 0, 0}}, {"8", {0, 1, 300, 20, 1'000, 50}}}));
}

TEST_F(SpendingTest, PerMonthAndWithinDays) {
  tell_all();
  const std::string second = month_of(clock_.now());
  ASSERT_NE(first_, second);
  EXPECT_EQ(by(By::kMonth),
            (std::map<std::string, Figures>{{first_, {3, 2, 1'300, 70, 1'000, 50}}, {second, {1, 1, 5, 1, 0, 0}}}));
  EXPECT_EQ(read({.to_day = day_}).total.runs, 2);
  EXPECT_EQ(read({.from_day = day_ + 1}).total.runs, 1);
  EXPECT_EQ(read({.from_day = day_ + 1, .to_day = day_ + 30}).total, Figures{});
  EXPECT_EQ(read({.from_day = day_ + 31, .to_day = day_ + 31}).total.runs, 1);
}

TEST_F(SpendingTest, WhoMayNotSeeAllSeesTheirOwnAndTheirItems) {
  tell_all();
  EXPECT_EQ(by(By::kPerson, {.own = Own{8, {}}}), (std::map<std::string, Figures>{{"8", {2, 1, 300, 20, 1'000, 50}}}));
  EXPECT_EQ(by(By::kPerson, {.own = Own{8, {1}}}),
            (std::map<std::string, Figures>{{"7", {1, 1, 1'000, 50, 0, 0}}, {"8", {2, 1, 300, 20, 1'000, 50}}}));
  EXPECT_EQ(read({.own = Own{9, {}}}).total, Figures{});
}

TEST_F(SpendingTest, PageByPageInOrderOfNumbers) {
  for (const std::int64_t item : {2, 10, 9, 100}) tell({"run.finished", 7, item, 1, 0});
  SpendingQuery query{.by = By::kItem, .limit = 3};
  std::vector<std::string> keys;
  for (int page = 0; page < 3; ++page) {
    for (const auto& line : read(query).lines) keys.push_back(line.key);
    if (!keys.empty()) query.after = keys.back();
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"2", "9", "10", "100"}));
}

TEST_F(SpendingTest, ReadingAgainAddsNothingTwiceAndWhatIsNewIsThere) {
  tell_all();
  const auto first = read({}).total;
  EXPECT_EQ(read({}).total, first);
  SpendingView other(*database_, ledger_);
  EXPECT_EQ(value_of(other.read({})).total, first) << "another server goes on where the first one was";
  tell({"run.finished", 7, 1, 1, 1});
  EXPECT_EQ(value_of(other.read({})).total.runs, first.runs + 1);
  EXPECT_EQ(read({}).total.runs, first.runs + 1);
}

TEST_F(SpendingTest, MadeAgainItIsTheSame) {
  tell_all();
  const auto items = by(By::kItem);
  const auto groups = by(By::kGroup);
  const auto count = rows();
  ASSERT_TRUE(view_.rebuild());
  EXPECT_EQ(by(By::kItem), items);
  EXPECT_EQ(by(By::kGroup), groups);
  EXPECT_EQ(rows(), count);
}

TEST_F(SpendingTest, MoreThanOneStep) {
  for (int i = 0; i < 2'345; ++i) tell({"run.finished", 7, 1, 1, 2});
  EXPECT_EQ(read({}).total, (Figures{0, 2'345, 2'345, 4'690, 0, 0}));
}

TEST_F(SpendingTest, WhatATransactionThatFailsAddedUpIsAddedUpAgain) {
  tell_all();
  const auto failed = database_->write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(view_.catch_up(tx));
    return fail(Code::kConflict, "no");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(read({}).total.runs, 3);
}

TEST_F(SpendingTest, ABudgetsQuestionIsExactInItsTransaction) {
  tell_all();
  value_of(database_->write([&](metadata::Transaction& tx) -> Result<bool> {
    ledger::Entry entry;
    entry.kind = "run.finished";
    entry.actor = 7;
    entry.subject_kind = "download_request";
    entry.subject_id = "9";
    entry.scanned_bytes = 10;
    entry.money_micros = 3;
    entry.detail = {{"catalogue_item", 1}, {"groups", {5}}};
    TRY_VOID(ledger_.append(tx, entry));
    TRY_VOID(view_.catch_up(tx));
    const std::string month = month_of(clock_.now());
    EXPECT_EQ(view_.of_account(tx, 7, month).value(), (Figures{1, 2, 15, 4, 0, 0}));
    EXPECT_EQ(view_.of_account(tx, 7, first_).value(), (Figures{1, 1, 1'000, 50, 0, 0}));
    EXPECT_EQ(view_.of_group(tx, 5, month).value(), (Figures{0, 2, 15, 4, 0, 0}));
    EXPECT_EQ(view_.of_group(tx, 6, month).value(), Figures{});
    return true;
  }));
}

TEST_F(SpendingTest, EntriesOfBeforeTakeWhoAndWhatFromTheirRequest) {
  tell({"request.created", 7, 1});
  tell({"run.finished", std::nullopt, std::nullopt, 40, 2});
  tell({"run.finished", std::nullopt, std::nullopt, 3, 0}, "of nobody");
  EXPECT_EQ(by(By::kPerson), (std::map<std::string, Figures>{{"0", {0, 1, 3, 0, 0, 0}}, {"7", {1, 1, 40, 2, 0, 0}}}));
  EXPECT_EQ(by(By::kItem), (std::map<std::string, Figures>{{"0", {0, 1, 3, 0, 0, 0}}, {"1", {1, 1, 40, 2, 0, 0}}}));
}

}  // namespace
}  // namespace lakelift::analytics
