// How the windows are made out of the ledger: late entries, broken ones, steps, again, of another length, by several.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "backends/ledger/transfer_entry.h"
#include "backends/metadata/testing/temporary_database.h"
#include "base/log.h"
#include "domain/analytics/window_batch.h"
#include "domain/analytics/windows.h"

namespace lakelift::analytics {
namespace {

constexpr Micros kSecond = kMicrosPerSecond;
constexpr Micros kNoon = 1'700'049'600 * kSecond;
constexpr Micros kWindow = 300 * kSecond;

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << describe(result.error());
    abort();
  }
  return *std::move(result);
}

ledger::Entry download(Micros at, std::int64_t size = 1, std::int64_t file = 7) {
  return ledger::to_entry({.kind = ledger::TransferKind::kDownload,
                           .subject = {.kind = "file",
                                       .id = std::to_string(file),
                                       .owner_id = 1,
                                       .owner = "alice",
                                       .path = "a.csv",
                                       .item_id = {},
                                       .object = "0f",
                                       .size_bytes = size},
                           .person_id = 2,
                           .person = "bob",
                           .sent_bytes = size,
                           .session = "s",
                           .trace_id = {}},
                          at);
}

using Windows = std::map<Micros, WindowFigures>;

class WindowsMakingTest : public ::testing::Test {
 protected:
  void tell(const std::vector<ledger::Entry>& entries) {
    value_of(database_->write([&](metadata::Transaction& tx) -> Result<bool> {
      for (const auto& entry : entries) TRY_VOID(ledger_.append(tx, entry));
      return true;
    }));
  }
  static Windows windows(WindowsView& view) {
    Windows out;
    for (const auto& line : value_of(view.read({.limit = 100'000})).lines) out[line.start] = line.figures;
    return out;
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  WindowsView view_{*database_, ledger_, {.window_seconds = 300}};
};

TEST(WindowStartTest, IsTheFullOneBefore) {
  EXPECT_EQ(window_start(kNoon, 300), kNoon);
  EXPECT_EQ(window_start(kNoon + kWindow - 1, 300), kNoon);
  EXPECT_EQ(window_start(0, 300), 0);
  EXPECT_EQ(window_start(-1, 300), -kWindow) << "before 1970";
  EXPECT_EQ(window_start(kNoon + kWindow, 86'400) % (86'400 * kSecond), 0) << "days are UTC's";
}

TEST_F(WindowsMakingTest, WhatIsLateAmendsItsWindow) {
  tell({download(kNoon, 1), download(kNoon + 7 * kWindow, 10)});
  EXPECT_EQ(windows(view_), (Windows{{kNoon, {1, 1}}, {kNoon + 7 * kWindow, {1, 10}}}));
  tell({download(kNoon + 5, 100), download(kNoon - kWindow, 1'000)});
  EXPECT_EQ(windows(view_),
            (Windows{{kNoon - kWindow, {1, 1'000}}, {kNoon, {2, 101}}, {kNoon + 7 * kWindow, {1, 10}}}));
}

TEST_F(WindowsMakingTest, WhatIsBrokenCountsAsThatAndNowhereElse) {
  auto nameless = download(kNoon);
  nameless.detail.erase("person");
  auto of_nobody = download(kNoon);
  of_nobody.detail.erase("owner");
  auto negative = download(kNoon);
  negative.detail["size_bytes"] = -1;
  ledger::Entry other;
  other.kind = "account.created";
  other.subject_kind = "account";
  other.subject_id = "1";
  tell({nameless, download(kNoon, 5), of_nobody, other});
  EXPECT_EQ(windows(view_), (Windows{{kNoon, {1, 5}}}));
  EXPECT_EQ(value_of(view_.malformed()), 2);
  tell({negative});
  EXPECT_EQ(value_of(view_.malformed()), 3);
  EXPECT_EQ(value_of(view_.rebuild()), 5);
  EXPECT_EQ(value_of(view_.malformed()), 3);
  EXPECT_EQ(windows(view_), (Windows{{kNoon, {1, 5}}}));
}

TEST_F(WindowsMakingTest, MadeAgainTheyAreTheSame) {
  tell({download(kNoon, 1), download(kNoon + kWindow, 10, 8)});
  value_of(view_.read({}));
  tell({download(kNoon + 3, 100, 8), download(kNoon - 4 * kWindow, 1'000)});
  const auto before = windows(view_);
  EXPECT_EQ(value_of(view_.rebuild()), 4);
  EXPECT_EQ(windows(view_), before);
  EXPECT_EQ(value_of(view_.rebuild()), 4);
}

TEST_F(WindowsMakingTest, ReadingAgainAddsNothingTwiceAndAnotherServerGoesOn) {
  tell({download(kNoon, 1)});
  EXPECT_EQ(windows(view_), windows(view_));
  WindowsView other(*database_, ledger_, {.window_seconds = 300});
  EXPECT_EQ(windows(other), (Windows{{kNoon, {1, 1}}}));
  tell({download(kNoon, 2)});
  EXPECT_EQ(windows(other), (Windows{{kNoon, {2, 3}}}));
  EXPECT_EQ(windows(view_), (Windows{{kNoon, {2, 3}}}));
}

TEST_F(WindowsMakingTest, MoreThanOneStep) {
  std::vector<ledger::Entry> many;
  for (int i = 0; i < 1'000; ++i) many.push_back(download(kNoon + i * kSecond, 2, i % 300));
  tell(many);
  tell({download(kNoon, 5)});
  EXPECT_EQ(value_of(view_.read({})).total, (WindowFigures{1'001, 2'005}));
  // With an entry left at the end; in one; in seven that are full.
  for (const int entries : {100, 1'001, 143}) {
    WindowsView other(*database_, ledger_, {.window_seconds = 300, .entries_per_step = entries});
    EXPECT_EQ(value_of(other.rebuild()), 1'001);
    EXPECT_EQ(value_of(other.read({})).total, (WindowFigures{1'001, 2'005})) << entries;
  }
}

TEST_F(WindowsMakingTest, OfAnotherLengthTheyAreMadeAnew) {
  tell({download(kNoon + 1, 1), download(kNoon + kWindow, 10), download(kNoon + 3'600 * kSecond, 100)});
  EXPECT_EQ(windows(view_).size(), 3);
  WindowsView hours(*database_, ledger_, {.window_seconds = 3'600});
  EXPECT_EQ(windows(hours), (Windows{{kNoon, {2, 11}}, {kNoon + 3'600 * kSecond, {1, 100}}}));
  EXPECT_EQ(value_of(hours.read({})).lines.at(0).end, kNoon + 3'600 * kSecond);
  EXPECT_EQ(windows(view_).size(), 3) << "and back";
}

TEST_F(WindowsMakingTest, ManyAtOnceCountEachEntryOnce) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  WindowsView other(*database_, ledger_, {.window_seconds = 300});  // another server
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kRounds; ++i) {
          tell({download(kNoon + i * kWindow, 1, t)});
          EXPECT_TRUE((t % 2 == 0 ? view_ : other).catch_up());
        }
      });
    }
  }
  EXPECT_EQ(value_of(view_.read({})).total, (WindowFigures{kThreads * kRounds, kThreads * kRounds}));
}

TEST_F(WindowsMakingTest, RandomEntriesAreWhatANaiveSumSays) {
  std::mt19937_64 dice(7);
  const auto below = [&](std::int64_t end) {
    return static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(end));
  };
  for (int round = 0; round < 10; ++round) {
    const std::int64_t length = std::vector<std::int64_t>{10, 60, 300, 3'600}.at(dice() % 4);
    WindowsView view(*database_, ledger_, {.window_seconds = length});
    std::vector<ledger::Entry> entries;
    for (int i = 0; i < 60; ++i) {
      auto entry = download(kNoon + below(7'200) * kSecond + below(3) - 1, below(1'000), below(5));
      const auto kind = below(4);
      if (kind == 1) entry.kind = ledger::kTransferred;
      if (kind == 2) entry.kind = ledger::kUploaded;
      entries.push_back(entry);
    }
    tell(entries);
    // In SQL, of the ledger itself.
    const auto truth = value_of(database_->read([&](metadata::Session& session) {
      return session
          .rows<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>(
              "SELECT at - at % ? AS window_start, SUM(CASE WHEN kind = 'download' THEN 1 ELSE 0 END),"
              " CAST(SUM(CASE WHEN kind = 'download' THEN bytes ELSE 0 END) AS BIGINT),"
              " SUM(CASE WHEN kind = 'file.uploaded' THEN 1 ELSE 0 END),"
              " CAST(SUM(CASE WHEN kind = 'file.uploaded' THEN bytes ELSE 0 END) AS BIGINT),"
              " SUM(CASE WHEN kind = 'transfer' THEN 1 ELSE 0 END),"
              " CAST(SUM(CASE WHEN kind = 'transfer' THEN bytes ELSE 0 END) AS BIGINT)"
              " FROM ledger GROUP BY 1",
              {length * kSecond});
    }));
    Windows expected;
    for (const auto& [start, downloads, size, uploads, uploaded, answers, sent] : truth) {
      expected[start] = {downloads, size, uploads, uploaded, answers, sent};
    }
    EXPECT_EQ(windows(view), expected) << length;
    for (const auto by : {WindowsBy::kOwner, WindowsBy::kFile, WindowsBy::kPerson}) {
      Windows summed;
      for (const auto& line : value_of(view.read({.by = by, .limit = 100'000})).lines) {
        summed[line.start] += line.figures;
      }
      EXPECT_EQ(summed, expected) << "the sum of the lines is the whole";
    }
  }
}

}  // namespace
}  // namespace lakelift::analytics
