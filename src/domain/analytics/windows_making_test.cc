// How the windows are made out of the ledger: late entries, broken ones, steps, again, of another length, by several.
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <map>
#include <random>
#include <stop_token>
#include <thread>
#include <utility>

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

// Something else happens once, in a reading, before the rows of the windows are read and after what says how far they
// go.
class InterruptedDatabase final : public metadata::Database {
 public:
  InterruptedDatabase(metadata::Database& inner, std::function<void()> interrupt)
      : inner_(inner), interrupt_(std::move(interrupt)) {}
  [[nodiscard]] metadata::Dialect dialect() const override { return inner_.dialect(); }
  [[nodiscard]] Result<void> check() override { return inner_.check(); }

 protected:
  Result<void> do_read(const std::function<Result<void>(metadata::Session&)>& body) override {
    return inner_.read([&](metadata::Session& session) {
      Reading reading(session, interrupt_);
      return body(reading);
    });
  }
  Result<void> do_write(const std::function<Result<void>(metadata::Transaction&)>& body) override {
    return inner_.write([&](metadata::Transaction& transaction) { return body(transaction); });
  }

 private:
  class Reading final : public metadata::Session {
   public:
    Reading(metadata::Session& inner, std::function<void()>& interrupt) : inner_(inner), interrupt_(interrupt) {}
    [[nodiscard]] metadata::Dialect dialect() const override { return inner_.dialect(); }
    Result<std::int64_t> exec(std::string_view sql, const metadata::Params& params) override {
      return inner_.exec(sql, params);
    }
    Result<std::vector<std::vector<metadata::Cell>>> query(std::string_view sql, const metadata::Params& params,
                                                           const std::vector<metadata::CellKind>& kinds) override {
      if (interrupt_ && sql.contains("FROM analytics_windows")) std::exchange(interrupt_, nullptr)();
      return inner_.query(sql, params, kinds);
    }

   private:
    metadata::Session& inner_;
    std::function<void()>& interrupt_;
  };

  metadata::Database& inner_;
  std::function<void()> interrupt_;
};

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

  // For a lock on a table of the windows, at most for as long as a rebuild of so little could take otherwise.
  void wait_until_somebody_waits() {
    for (int looks = 0; looks < 30'000; ++looks) {
      const auto waiting = value_of(database_->read([](metadata::Session& session) {
        return session.row<std::int64_t>(
            "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'analytics_windows'::regclass");
      }));
      if (waiting && std::get<0>(*waiting) > 0) return;
    }
    ADD_FAILURE() << "the rebuild did not wait for who reads";
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
  EXPECT_EQ(value_of(view_.glance(kNoon)).malformed, 2);
  tell({negative});
  EXPECT_EQ(value_of(view_.glance(kNoon)).malformed, 3);
  EXPECT_EQ(value_of(view_.rebuild()), 5);
  EXPECT_EQ(value_of(view_.glance(kNoon)).malformed, 3);
  EXPECT_EQ(windows(view_), (Windows{{kNoon, {1, 5}}}));
}

// What is no JSON object stops nobody, however many of them stand side by side.
TEST_F(WindowsMakingTest, WhatCannotBeReadAtAllIsPassedAndCounts) {
  tell(
      {download(kNoon, 1), download(kNoon, 10), download(kNoon, 100), download(kNoon, 1'000), download(kNoon, 10'000)});
  const auto tear = [&](std::int64_t size, const std::string& detail) {
    value_of(database_->write([&](metadata::Transaction& tx) {
      return tx.exec("UPDATE ledger SET detail = ? WHERE bytes = ?", {detail, size});
    }));
  };
  tear(10, "{");
  tear(100, "null");
  EXPECT_EQ(windows(view_), (Windows{{kNoon, {3, 11'001}}}));
  EXPECT_EQ(value_of(view_.glance(kNoon)).malformed, 2);
  tell({download(kNoon, 100'000)});
  EXPECT_EQ(windows(view_), (Windows{{kNoon, {4, 111'001}}})) << "and on it goes";
  EXPECT_EQ(value_of(view_.rebuild()), 4);
  EXPECT_EQ(value_of(view_.glance(kNoon)).malformed, 2);
  tear(100'000, "");
  EXPECT_EQ(value_of(view_.rebuild()), 3) << "the last one of all";
  EXPECT_EQ(windows(view_), (Windows{{kNoon, {3, 11'001}}}));
  EXPECT_EQ(value_of(view_.glance(kNoon)).malformed, 3);
}

// The server stops: whoever makes them ends after a step, and the next server goes on there.
TEST_F(WindowsMakingTest, AStopIsHeardBetweenTwoSteps) {
  std::vector<ledger::Entry> many;
  for (int i = 0; i < 100; ++i) many.push_back(download(kNoon));
  tell(many);
  std::stop_source stop;
  WindowsView stopping(*database_, ledger_, {.window_seconds = 300, .entries_per_step = 10, .stop = stop.get_token()});
  stop.request_stop();
  for (const auto& ended : {stopping.rebuild(), stopping.rebuild()}) {
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().event, "WINDOWS_BEING_MADE");
    EXPECT_EQ(ended.error().code, Code::kUnavailable);
  }
  EXPECT_FALSE(stopping.read({}));
  EXPECT_FALSE(stopping.shares(kNoon));
  WindowsView next(*database_, ledger_, {.window_seconds = 300, .entries_per_step = 10});
  EXPECT_EQ(windows(next), (Windows{{kNoon, {100, 100}}}));
  tell({download(kNoon)});
  EXPECT_EQ(windows(stopping), (Windows{{kNoon, {101, 101}}})) << "what is but a step is still answered";
}

// Of PostgreSQL: TRUNCATE takes the rows also from those who began to read before it.
TEST_F(WindowsMakingTest, WhoReadsBesideARebuildReadsAllOfItOrNone) {
  tell({download(kNoon)});
  value_of(view_.read({}));
  std::future<Result<std::int64_t>> rebuilt;
  InterruptedDatabase interrupted(*database_, [&] {
    rebuilt = std::async(std::launch::async, [&] { return view_.rebuild(); });
    if (database_->dialect() == metadata::Dialect::kPostgresql) wait_until_somebody_waits();
  });
  WindowsView reader(interrupted, ledger_, {.window_seconds = 300});
  EXPECT_EQ(windows(reader), (Windows{{kNoon, {1, 1}}}));
  ASSERT_TRUE(rebuilt.valid());
  EXPECT_EQ(value_of(rebuilt.get()), 1);
  EXPECT_EQ(windows(reader), (Windows{{kNoon, {1, 1}}}));
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

// What a server of before made has no names by owner: it is made anew.
TEST(WindowsUpgradeTest, WhatWasMadeBeforeIsMadeAnew) {
  metadata::testing::TemporaryDatabase database{{ledger::migrations()}};
  ManualClock clock;
  SeededRandom random;
  const ledger::Ledger ledger{clock, random};
  auto all = ledger::migrations();
  const auto ours = migrations();
  all.insert(all.end(), ours.begin(), ours.begin() + 2);
  ASSERT_TRUE(metadata::migrate(*database, all));
  value_of(database->write([&](metadata::Transaction& tx) -> Result<bool> {
    TRY_VOID(ledger.append(tx, download(kNoon)));
    TRY_VOID(tx.exec("INSERT INTO analytics_progress (view, seq, window_seconds) VALUES ('windows', 1, 300)"));
    TRY_VOID(tx.exec("INSERT INTO analytics_windows VALUES (?, 'file:7', 2, 1, 0, 1, 1, 0, 0, 0, 0)", {kNoon}));
    TRY_VOID(tx.exec("INSERT INTO analytics_window_names VALUES ('file:7', 'bob/private.csv', 1)"));
    return true;
  }));
  all.insert(all.end(), ours.begin() + 2, ours.end());
  ASSERT_TRUE(metadata::migrate(*database, all));
  WindowsView view(*database, ledger, {.window_seconds = 300});
  const auto page = value_of(view.read({.by = WindowsBy::kFile, .own = Own{1, {}}}));
  ASSERT_EQ(page.lines.size(), 1);
  EXPECT_EQ(page.lines[0].name, "alice/a.csv");
  EXPECT_EQ(page.total.downloads, 1);
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
