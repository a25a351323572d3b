#include "backends/ledger/reading.h"

#include <gtest/gtest.h>

#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::ledger {
namespace {

class ReadingTest : public ::testing::Test {
 protected:
  // Entry `i` is of subject "i"; those of which the detail is given can't be read.
  void append(int count, const std::vector<std::pair<int, std::string>>& torn = {}) {
    const auto done = database_->write([&](metadata::Transaction& tx) -> Result<void> {
      for (int i = 1; i <= count; ++i) {
        Entry entry;
        entry.kind = "account.created";
        entry.subject_kind = "account";
        entry.subject_id = std::to_string(i);
        TRY_VOID(ledger_.append(tx, entry));
      }
      for (const auto& [subject, detail] : torn) {
        TRY_VOID(tx.exec("UPDATE ledger SET detail = ? WHERE subject_id = ?", {detail, std::to_string(subject)}));
      }
      return {};
    });
    EXPECT_TRUE(done);
  }
  Reading read(std::int64_t after, int limit) {
    auto reading = database_->read([&](metadata::Session& session) { return read_on(session, ledger_, after, limit); });
    EXPECT_TRUE(reading) << reading.error().message;
    return reading ? *std::move(reading) : Reading{};
  }
  static std::vector<std::string> subjects(const Reading& reading) {
    std::vector<std::string> out;
    for (const Recorded& one : reading.entries) out.push_back(one.entry.subject_id);
    return out;
  }
  using Subjects = std::vector<std::string>;

  metadata::testing::TemporaryDatabase database_{{migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  Ledger ledger_{clock_, random_};
};

TEST_F(ReadingTest, WhatIsWholeIsReadAsItIs) {
  append(3);
  const Reading two = read(0, 2);
  EXPECT_EQ(subjects(two), (Subjects{"1", "2"}));
  EXPECT_FALSE(two.unreadable);
  EXPECT_EQ(subjects(read(two.last_seq(0), 2)), Subjects{"3"});
  const Reading none = read(3, 2);
  EXPECT_TRUE(none.entries.empty());
  EXPECT_EQ(none.last_seq(3), 3);
}

TEST_F(ReadingTest, WhatCannotBeReadEndsAReadingAndIsPassed) {
  append(6, {{2, "{"}, {3, "null"}, {5, ""}});
  const Reading first = read(0, 100);
  EXPECT_EQ(subjects(first), Subjects{"1"});
  ASSERT_TRUE(first.unreadable);
  EXPECT_EQ(first.unreadable->entries, 2) << "side by side";
  EXPECT_NE(first.unreadable->reason.find("after entry 1"), std::string::npos) << first.unreadable->reason;
  EXPECT_EQ(first.last_seq(0), 3);
  const Reading second = read(3, 100);
  EXPECT_EQ(subjects(second), Subjects{"4"});
  ASSERT_TRUE(second.unreadable);
  EXPECT_EQ(second.unreadable->entries, 1);
  const Reading third = read(second.last_seq(3), 100);
  EXPECT_EQ(subjects(third), Subjects{"6"});
  EXPECT_FALSE(third.unreadable);
}

TEST_F(ReadingTest, ALimitBeforeItDoesNotMeetIt) {
  append(3, {{3, "{"}});
  const Reading two = read(0, 2);
  EXPECT_EQ(subjects(two), (Subjects{"1", "2"}));
  EXPECT_FALSE(two.unreadable);
  const Reading last = read(2, 2);
  EXPECT_TRUE(last.entries.empty());
  ASSERT_TRUE(last.unreadable);
  EXPECT_EQ(last.last_seq(2), 3) << "the last one of all";
}

}  // namespace
}  // namespace lakelift::ledger
