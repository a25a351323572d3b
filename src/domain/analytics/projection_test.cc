#include "domain/analytics/projection.h"

#include <gtest/gtest.h>

namespace lakelift::analytics {
namespace {

constexpr Micros kDay = 86'400 * kMicrosPerSecond;

ledger::Recorded recorded(const std::string& kind, Micros at = 0) {
  ledger::Recorded out;
  out.at = at;
  out.entry.kind = kind;
  out.entry.actor = 7;
  out.entry.subject_kind = "download_request";
  out.entry.subject_id = "3";
  out.entry.scanned_bytes = 100;
  out.entry.money_micros = 5;
  out.entry.detail = {{"catalogue_item", 9}};
  return out;
}

Figures figures(const ledger::Recorded& what) {
  const auto addition = addition_of(what);
  EXPECT_TRUE(addition) << what.entry.kind;
  return addition ? addition->figures : Figures{};
}

TEST(ProjectionTest, WhatEachKindAdds) {
  for (const char* kind : {"request.created", "request.joined", "request.repeated"}) {
    EXPECT_EQ(figures(recorded(kind)), (Figures{.requests = 1})) << kind;
  }
  for (const char* kind : {"run.finished", "run.failed"}) {
    EXPECT_EQ(figures(recorded(kind)), (Figures{.runs = 1, .scanned_bytes = 100, .paid_micros = 5})) << kind;
  }
  EXPECT_EQ(figures(recorded("run.stopped")), (Figures{.scanned_bytes = 100, .paid_micros = 5}));
  EXPECT_EQ(figures(recorded("slice.saved")), (Figures{.saved_bytes = 100, .saved_micros = 5}));
}

TEST(ProjectionTest, WhatWasTakenFromWhatIsHeldIsNoRun) {
  auto derived = recorded("run.finished");
  derived.entry.scanned_bytes = 0;
  derived.entry.money_micros = 0;
  derived.entry.detail["derived_from"] = 1;
  EXPECT_EQ(figures(derived), Figures{});
}

TEST(ProjectionTest, OtherEntriesAddNothing) {
  for (const char* kind : {"request.left", "request.cancelled", "account.created", "run.job_left"}) {
    EXPECT_FALSE(addition_of(recorded(kind))) << kind;
  }
  auto of_another = recorded("run.finished");
  of_another.entry.subject_kind = "file";
  EXPECT_FALSE(addition_of(of_another));
}

TEST(ProjectionTest, WhoOnWhatInWhichGroups) {
  auto what = recorded("run.finished");
  what.entry.detail["groups"] = json::array{2, 5, "no id"};
  const auto addition = addition_of(what);
  ASSERT_TRUE(addition);
  EXPECT_EQ(addition->item_id, 9);
  EXPECT_EQ(addition->account_id, 7);
  EXPECT_EQ(addition->group_ids, (std::vector<std::int64_t>{2, 5}));
  what.entry.detail = {};
  what.entry.actor.reset();
  EXPECT_FALSE(addition_of(what)->item_id);
  EXPECT_FALSE(addition_of(what)->account_id);
  EXPECT_TRUE(addition_of(what)->group_ids.empty());
}

TEST(ProjectionTest, DaysAndMonthsAreUtcs) {
  const Micros last = 20'788 * kDay - 1;  // 2026-11-30 23:59:59.999999
  EXPECT_EQ(addition_of(recorded("run.finished", last))->month, "2026-11");
  EXPECT_EQ(addition_of(recorded("run.finished", last))->day, 20'787);
  EXPECT_EQ(addition_of(recorded("run.finished", last + 1))->month, "2026-12");
  EXPECT_EQ(addition_of(recorded("run.finished", last + 1))->day, 20'788);
}

TEST(ProjectionTest, UnknownAmountsAreZero) {
  auto what = recorded("run.failed");
  what.entry.scanned_bytes.reset();
  what.entry.money_micros.reset();
  EXPECT_EQ(figures(what), (Figures{.runs = 1}));
}

}  // namespace
}  // namespace lakelift::analytics
