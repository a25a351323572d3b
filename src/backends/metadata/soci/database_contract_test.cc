// What every Database keeps (database.h): runs on SQLite, and on PostgreSQL where LAKELIFT_TEST_POSTGRESQL names one.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::metadata {
namespace {

using testing::TemporaryDatabase;

const Migration kTestRows{"test", 1, "CREATE TABLE test_rows(id ${id}, n BIGINT, x DOUBLE PRECISION, s TEXT)"};

std::unique_ptr<TemporaryDatabase> with_table() {
  return std::make_unique<TemporaryDatabase>(std::vector<std::vector<Migration>>{{kTestRows}});
}

Result<std::int64_t> count(const TemporaryDatabase& database) {
  return database->read([](Session& s) -> Result<std::int64_t> {
    TRY(auto row, s.row<std::int64_t>("SELECT COUNT(*) FROM test_rows"));
    return std::get<0>(*row);
  });
}

TEST(DatabaseContract, ValuesComeBackAsTheyWere) {
  const auto database = with_table();
  rc::check([&](std::int64_t n, double x) {
    RC_PRE(std::isfinite(x));
    const std::string s = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    const auto back = (*database)->write([&](Transaction& t) {
      return t.row<std::int64_t, double, std::string>(
          "INSERT INTO test_rows(n, x, s) VALUES(?, ?, ?) RETURNING n, x, s", {n, x, s});
    });
    RC_ASSERT(back.has_value());
    RC_ASSERT(**back == std::tuple(n, x, s));
  });
}

TEST(DatabaseContract, EdgesOfTypesSurvive) {
  const auto database = with_table();
  using Row = std::tuple<std::optional<std::int64_t>, std::optional<double>, std::optional<std::string>>;
  const std::vector<Row> rows = {
      {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<double>::max(), std::string(1'000'000, 'x')},
      {std::numeric_limits<std::int64_t>::min(), -std::numeric_limits<double>::denorm_min(), "Grüße, 世界 🙂"},
      {0, 0.1 + 0.2, ""},
      {std::nullopt, std::nullopt, std::nullopt},
      {3'000'000'000, 3.0, "?:p1'\""},
  };
  for (const auto& [n, x, s] : rows) {
    ASSERT_TRUE((*database)->write(
        [&](Transaction& t) { return t.exec("INSERT INTO test_rows(n, x, s) VALUES(?, ?, ?)", {n, x, s}); }));
  }
  const auto back = (*database)->read([](Session& s) {
    return s.rows<std::optional<std::int64_t>, std::optional<double>, std::optional<std::string>>(
        "SELECT n, x, s FROM test_rows ORDER BY id");
  });
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, rows);
}

TEST(DatabaseContract, ExpressionsAreReadByTheAskedKind) {
  const auto database = with_table();
  const auto row = (*database)->read([](Session& s) {
    return s.row<std::int64_t, double, std::string, bool, std::int64_t>(
        "SELECT 5000000000 * 2, 1.5 + ?, 'a' || ?, 1 = 1, COALESCE(SUM(n), 0) FROM test_rows", {0.25, "b"});
  });
  ASSERT_TRUE(row && *row);
  EXPECT_EQ(**row,
            (std::tuple<std::int64_t, double, std::string, bool, std::int64_t>(10'000'000'000, 1.75, "ab", true, 0)));
}

TEST(DatabaseContract, OneStatementTakesNullsAndValuesByTurns) {
  const auto database = with_table();
  for (int round = 0; round < 3; ++round) {
    for (const std::optional<std::int64_t> n : {std::optional<std::int64_t>(round), std::optional<std::int64_t>()}) {
      const auto back = (*database)->write([&](Transaction& t) {
        return t.row<std::optional<std::int64_t>>("INSERT INTO test_rows(n) VALUES(?) RETURNING n", {n});
      });
      ASSERT_TRUE(back && *back);
      EXPECT_EQ(std::get<0>(**back), n);
    }
  }
}

TEST(DatabaseContract, ExecTellsTheRowsChanged) {
  const auto database = with_table();
  const auto changed = (*database)->write([](Transaction& t) -> Result<std::vector<std::int64_t>> {
    std::vector<std::int64_t> counts;
    for (int i = 0; i < 3; ++i) {
      TRY(const auto n, t.exec("INSERT INTO test_rows(n) VALUES(?)", {i}));
      counts.push_back(n);
    }
    TRY(const auto some, t.exec("UPDATE test_rows SET s = 'x' WHERE n >= ?", {1}));
    counts.push_back(some);
    TRY(const auto none, t.exec("UPDATE test_rows SET s = 'x' WHERE n > ?", {100}));
    counts.push_back(none);
    TRY(const auto returning, t.exec("DELETE FROM test_rows WHERE n >= 0 RETURNING id"));
    counts.push_back(returning);
    return counts;
  });
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(*changed, (std::vector<std::int64_t>{1, 1, 1, 2, 0, 3}));
  EXPECT_EQ(count(*database).value_or(-1), 0);
}

TEST(DatabaseContract, OnConflictDoNothingReturningDecidesARace) {
  const auto database = with_table();
  ASSERT_TRUE((*database)->write([](Transaction& t) { return t.exec("CREATE UNIQUE INDEX test_n ON test_rows(n)"); }));
  std::atomic<int> won = 0;
  {
    std::vector<std::jthread> racers;
    for (int i = 0; i < 8; ++i) {
      racers.emplace_back([&] {
        const auto row = (*database)->write([](Transaction& t) {
          return t.row<std::int64_t>("INSERT INTO test_rows(n) VALUES(7) ON CONFLICT DO NOTHING RETURNING id");
        });
        ASSERT_TRUE(row);
        if (*row) ++won;
      });
    }
  }
  EXPECT_EQ(won, 1);
}

TEST(DatabaseContract, AnErrorRollsBackAndRunsNoActions) {
  const auto database = with_table();
  bool acted = false;
  const auto written = (*database)->write([&](Transaction& t) -> Result<int> {
    t.after_commit([&] { acted = true; });
    TRY_VOID(t.exec("INSERT INTO test_rows(n) VALUES(1)"));
    return fail(Code::kNotFound, "NAME_OF_EVENT", "no such thing");
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().event, "NAME_OF_EVENT");
  EXPECT_FALSE(acted);
  EXPECT_EQ(count(*database).value_or(-1), 0);
}

TEST(DatabaseContract, AFailedStatementCannotBeSwallowed) {
  const auto database = with_table();
  const auto written = (*database)->write([&](Transaction& t) -> Result<int> {
    TRY_VOID(t.exec("INSERT INTO test_rows(n) VALUES(1)"));
    EXPECT_FALSE(t.exec("INSERT INTO no_such_table(n) VALUES(1)"));
    EXPECT_FALSE(t.exec("INSERT INTO test_rows(n) VALUES(2)"));
    return 1;
  });
  EXPECT_FALSE(written);
  EXPECT_EQ(count(*database).value_or(-1), 0);
  EXPECT_TRUE((*database)->write([](Transaction& t) { return t.exec("INSERT INTO test_rows(n) VALUES(3)"); }));
}

TEST(DatabaseContract, AnExceptionOfTheBodyIsAnErrorAndRollsBack) {
  const auto database = with_table();
  const auto written = (*database)->write([](Transaction& t) -> Result<int> {
    TRY_VOID(t.exec("INSERT INTO test_rows(n) VALUES(1)"));
    throw std::runtime_error("from below");
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kInternal);
  EXPECT_EQ(count(*database).value_or(-1), 0);
  EXPECT_FALSE((*database)->read([](Session&) -> Result<int> { throw std::runtime_error("from below"); }));
  EXPECT_TRUE(count(*database));
}

TEST(DatabaseContract, ActionsRunAfterTheCommitOutsideTheLock) {
  const auto database = with_table();
  std::int64_t seen = -1;
  bool wrote = false;
  ASSERT_TRUE((*database)->write([&](Transaction& t) -> Result<void> {
    TRY_VOID(t.exec("INSERT INTO test_rows(n) VALUES(1)"));
    t.after_commit([&] {
      seen = count(*database).value_or(-1);
      wrote =
          (*database)->write([](Transaction& u) { return u.exec("INSERT INTO test_rows(n) VALUES(2)"); }).has_value();
    });
    return {};
  }));
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(wrote);
}

TEST(DatabaseContract, AReaderKeepsItsSnapshotBesideAWriter) {
  const auto database = with_table();
  const auto read = (*database)->read([&](Session& s) -> Result<int> {
    TRY(const auto before, s.row<std::int64_t>("SELECT COUNT(*) FROM test_rows"));
    EXPECT_TRUE((*database)->write([](Transaction& t) { return t.exec("INSERT INTO test_rows(n) VALUES(1)"); }));
    EXPECT_EQ(count(*database).value_or(-1), 1);
    TRY(const auto after, s.row<std::int64_t>("SELECT COUNT(*) FROM test_rows"));
    EXPECT_EQ(before, after);
    return 0;
  });
  EXPECT_TRUE(read);
}

TEST(DatabaseContract, ReadersCannotWrite) {
  const auto database = with_table();
  EXPECT_FALSE((*database)->read([](Session& s) { return s.exec("INSERT INTO test_rows(n) VALUES(1)"); }));
  EXPECT_EQ(count(*database).value_or(-1), 0);
}

TEST(DatabaseContract, ATransactionInsideATransactionIsRefusedNotDeadlocked) {
  const auto database = with_table();
  const auto written = (*database)->write([&](Transaction&) {
    return (*database)->write([](Transaction& t) { return t.exec("INSERT INTO test_rows(n) VALUES(1)"); });
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kInternal);
}

TEST(DatabaseContract, WrongCountsOfParametersAndNulAreRefused) {
  const auto database = with_table();
  EXPECT_FALSE((*database)->read([](Session& s) { return s.rows<std::int64_t>("SELECT ?"); }));
  EXPECT_FALSE((*database)->read([](Session& s) { return s.rows<std::int64_t>("SELECT 1", {1}); }));
  const auto nul = (*database)->write(
      [](Transaction& t) { return t.exec("INSERT INTO test_rows(s) VALUES(?)", {std::string("a\0b", 3)}); });
  ASSERT_FALSE(nul);
  EXPECT_EQ(nul.error().code, Code::kInvalid);
}

TEST(DatabaseContract, ManyStatementsAndSchemaChangesKeepWorking) {
  const auto database = with_table();
  for (int i = 0; i < 600; ++i) {
    const auto row = (*database)->read(
        [&](Session& s) { return s.row<std::int64_t>("SELECT COUNT(*) + " + std::to_string(i) + " FROM test_rows"); });
    ASSERT_TRUE(row && *row);
    ASSERT_EQ(std::get<0>(**row), i);
  }
  ASSERT_TRUE((*database)->write([](Transaction& t) { return t.exec("ALTER TABLE test_rows ADD COLUMN more TEXT"); }));
  EXPECT_EQ(count(*database).value_or(-1), 0);
}

TEST(DatabaseContract, ThreadsReadAndWriteAtOnce) {
  const auto database = with_table();
  constexpr int kThreads = 8;
  constexpr int kWrites = 40;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < kWrites; ++n) {
          ASSERT_TRUE(
              (*database)->write([&](Transaction& t) { return t.exec("INSERT INTO test_rows(n) VALUES(?)", {n}); }));
          ASSERT_GT(count(*database).value_or(-1), 0);
        }
      });
    }
  }
  EXPECT_EQ(count(*database).value_or(-1), kThreads * kWrites);
}

TEST(DatabaseContract, MoreReadersThanConnectionsWaitTheirTurn) {
  const auto database = with_table();
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        if (count(*database)) ++done;
      });
    }
  }
  EXPECT_EQ(done, 16);
}

TEST(DatabaseContract, ManyWritersCountExactly) {
  const auto database = with_table();
  ASSERT_TRUE((*database)->write([](Transaction& t) { return t.exec("INSERT INTO test_rows(n) VALUES(0)"); }));
  constexpr int kThreads = 6;
  constexpr int kRounds = 25;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < kRounds; ++round) {
          ASSERT_TRUE((*database)->write([](Transaction& t) -> Result<std::int64_t> {
            TRY(const auto row, t.row<std::int64_t>("SELECT n FROM test_rows"));
            return t.exec("UPDATE test_rows SET n = ?", {std::get<0>(*row) + 1});
          }));
        }
      });
    }
  }
  const auto n = (*database)->read([](Session& s) { return s.row<std::int64_t>("SELECT n FROM test_rows"); });
  ASSERT_TRUE(n && *n);
  EXPECT_EQ(std::get<0>(**n), kThreads * kRounds);
}

TEST(DatabaseContract, ThousandsOfRowsAndBigTextsComeBack) {
  const auto database = with_table();
  constexpr int kRows = 5'000;
  const std::string big(8'000'000, 'z');
  ASSERT_TRUE((*database)->write([&](Transaction& t) -> Result<void> {
    for (int i = 0; i < kRows; ++i) TRY_VOID(t.exec("INSERT INTO test_rows(n, s) VALUES(?, ?)", {i, "row"}));
    TRY_VOID(t.exec("UPDATE test_rows SET s = ? WHERE n = 7", {big}));
    return {};
  }));
  const auto rows = (*database)->read(
      [](Session& s) { return s.rows<std::int64_t, std::string>("SELECT n, s FROM test_rows ORDER BY n"); });
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), static_cast<std::size_t>(kRows));
  EXPECT_EQ(std::get<0>(rows->back()), kRows - 1);
  EXPECT_EQ(std::get<1>(rows->at(7)), big);
}

TEST(DatabaseContract, NumbersThatAreNoneAreRefusedAndInfinitiesKept) {
  const auto database = with_table();
  const auto insert = [&](double x) {
    return (*database)->write([&](Transaction& t) {
      return t.row<std::optional<double>>("INSERT INTO test_rows(x) VALUES(?) RETURNING x", {x});
    });
  };
  EXPECT_EQ(insert(std::numeric_limits<double>::quiet_NaN()).error().code, Code::kInvalid);
  const auto kept = insert(-std::numeric_limits<double>::infinity());
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ(std::get<0>(**kept), -std::numeric_limits<double>::infinity());
}

TEST(DatabaseContract, CommentsAndColonsAreNoParameters) {
  const auto database = with_table();
  const auto row = (*database)->read([](Session& s) {
    return s.row<std::string, std::string>("SELECT 'a:b?', ? -- isn't :this one?\n/* nor :that? */", {"c:d?"});
  });
  ASSERT_TRUE(row && *row) << row.error().message;
  EXPECT_EQ(**row, std::tuple("a:b?", "c:d?"));
}

TEST(DatabaseContract, WhatWasWrittenIsThereAfterOpeningAgain) {
  const auto database = with_table();
  ASSERT_TRUE((*database)->write([](Transaction& t) { return t.exec("INSERT INTO test_rows(n) VALUES(1)"); }));
  database->reopen();
  EXPECT_EQ(count(*database).value_or(-1), 1);
}

TEST(DatabaseContract, MessagesHoldNoValues) {
  const auto database = with_table();
  ASSERT_TRUE((*database)->write([](Transaction& t) { return t.exec("CREATE UNIQUE INDEX test_s ON test_rows(s)"); }));
  const auto insert = [&] {
    return (*database)->write(
        [](Transaction& t) { return t.exec("INSERT INTO test_rows(s) VALUES(?)", {"a-secret-text"}); });
  };
  ASSERT_TRUE(insert());
  const auto refused = insert();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInternal);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos) << refused.error().message;
}

TEST(DatabaseContract, CheckAnswers) {
  const auto database = with_table();
  EXPECT_TRUE((*database)->check());
}

}  // namespace
}  // namespace lakelift::metadata
