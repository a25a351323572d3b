// What PostgreSQL does its own way: servers that go away and come back (threats D8), many processes on one database.
#include "backends/metadata/soci/postgresql_database.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "backends/metadata/migration.h"
#include "backends/metadata/soci/postgresql_engine.h"
#include "backends/metadata/testing/postgresql_wire.h"
#include "backends/metadata/testing/temporary_schema.h"

namespace lakelift::metadata {
namespace {

using testing::Moment;
using testing::must_open_postgresql;
using testing::PostgresqlWire;
using testing::TemporarySchema;

const std::vector<Migration> kTables{{"test", 1, "CREATE TABLE test_rows(id ${id}, n BIGINT NOT NULL)"},
                                     {"test", 2, "CREATE TABLE test_more(n BIGINT NOT NULL)"}};

class Postgresql : public ::testing::Test {
 protected:
  Postgresql() { EXPECT_TRUE(migrate(*database_, kTables)); }

  static Result<std::int64_t> insert(Database& database, int n) {
    return database.write([&](Transaction& t) { return t.exec("INSERT INTO test_rows(n) VALUES(?)", {n}); });
  }
  static Result<std::int64_t> count(Database& database) {
    return database.read([](Session& s) -> Result<std::int64_t> {
      TRY(auto row, s.row<std::int64_t>("SELECT COUNT(*) FROM test_rows"));
      return std::get<0>(*row);
    });
  }
  // What the server itself says, whatever became of the line.
  std::int64_t counted() { return count(*database_).value_or(-1); }
  std::string setting(const std::string& name, const std::string& options) {
    const auto database = must_open_postgresql(schema_.address() + "%20" + options);
    const auto row =
        database->read([&](Session& s) { return s.row<std::string>("SELECT current_setting(?)", {name}); });
    return row && *row ? std::get<0>(**row) : "";
  }

  const std::string server_ = testing::needed_postgresql_address();
  const TemporarySchema schema_{server_};
  PostgresqlWire wire_{server_};
  std::unique_ptr<Database> database_ = must_open_postgresql(schema_.address());             // past the wire
  std::unique_ptr<Database> wired_ = must_open_postgresql(schema_.within(wire_.address()));  // through it
};

void expect_away(const Error& error) {
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.message.find("127.0.0.1"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("lakelift"), std::string::npos) << error.message;
}

TEST_F(Postgresql, AServerThatWasAwayIsUsedAgain) {
  ASSERT_TRUE(insert(*wired_, 1));
  wire_.cut();
  for (int i = 0; i < 3; ++i) {
    expect_away(insert(*wired_, 2).error());
    expect_away(count(*wired_).error());
    expect_away(wired_->check().error());
  }
  wire_.mend();
  EXPECT_TRUE(wired_->check());
  EXPECT_TRUE(insert(*wired_, 3));
  EXPECT_EQ(count(*wired_).value_or(-1), 2);
}

TEST_F(Postgresql, ConnectionsThatBrokeAtRestAreReplacedUnseen) {
  ASSERT_TRUE(insert(*wired_, 1));
  // Two at rest: one reads inside the other.
  ASSERT_TRUE(wired_->read([&](Session&) { return count(*wired_); }));
  wire_.cut();
  wire_.mend();
  EXPECT_TRUE(insert(*wired_, 2));
  EXPECT_EQ(wired_->read([&](Session&) { return count(*wired_); }).value_or(-1), 2);
}

TEST_F(Postgresql, ALineLostInATransactionUndoesIt) {
  for (const Moment moment : {Moment::kBeforeItArrives, Moment::kAfterTheAnswer}) {
    wire_.cut_at("INSERT INTO test_rows", moment);
    bool acted = false;
    const auto written = wired_->write([&](Transaction& t) -> Result<std::int64_t> {
      t.after_commit([&] { acted = true; });
      TRY_VOID(t.exec("INSERT INTO test_more(n) VALUES(1)"));
      return t.exec("INSERT INTO test_rows(n) VALUES(1)");
    });
    ASSERT_FALSE(written);
    expect_away(written.error());
    EXPECT_FALSE(acted);
    EXPECT_EQ(counted(), 0);
  }
  EXPECT_TRUE(insert(*wired_, 1));
  EXPECT_EQ(counted(), 1);
}

TEST_F(Postgresql, ALineLostInACommitSaysThatTheOutcomeIsNotKnown) {  // D8
  for (const auto& [moment, rows] : {std::pair(Moment::kBeforeItArrives, 0), std::pair(Moment::kAfterTheAnswer, 1)}) {
    wire_.cut_at(std::string("COMMIT\0", 7), moment);  // and not at READ COMMITTED
    bool acted = false;
    const auto written = wired_->write([&](Transaction& t) {
      t.after_commit([&] { acted = true; });
      return t.exec("INSERT INTO test_rows(n) VALUES(1)");
    });
    ASSERT_FALSE(written);
    expect_away(written.error());
    EXPECT_NE(written.error().message.find("not known"), std::string::npos) << written.error().message;
    EXPECT_FALSE(acted);
    EXPECT_EQ(counted(), rows);
  }
  EXPECT_TRUE(insert(*wired_, 1));
}

TEST_F(Postgresql, ASessionThatIsEndedByForceIsReplaced) {
  const auto ended = wired_->write([&](Transaction& t) -> Result<std::int64_t> {
    TRY_VOID(t.exec("INSERT INTO test_rows(n) VALUES(1)"));
    TRY(const auto pid, t.row<std::int64_t>("SELECT pg_backend_pid()"));
    EXPECT_TRUE(database_->read([&](Session& s) {
      return s.row<bool>("SELECT pg_terminate_backend(CAST(? AS INT), 10000)", {std::get<0>(*pid)});
    }));
    return t.exec("INSERT INTO test_rows(n) VALUES(2)");
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::kUnavailable);
  EXPECT_EQ(counted(), 0);
  EXPECT_TRUE(insert(*wired_, 3));
}

TEST_F(Postgresql, WritersOfTwoServersWaitForEachOther) {
  ASSERT_TRUE(insert(*database_, 0));
  constexpr int kRounds = 40;
  {
    std::vector<std::jthread> servers;
    for (Database* database : {database_.get(), wired_.get()}) {
      servers.emplace_back([database] {
        for (int round = 0; round < kRounds; ++round) {
          ASSERT_TRUE(database->write([](Transaction& t) -> Result<std::int64_t> {
            TRY(const auto row, t.row<std::int64_t>("SELECT n FROM test_rows"));
            return t.exec("UPDATE test_rows SET n = ?", {std::get<0>(*row) + 1});
          }));
        }
      });
    }
  }
  const auto n = database_->read([](Session& s) { return s.row<std::int64_t>("SELECT n FROM test_rows"); });
  ASSERT_TRUE(n && *n);
  EXPECT_EQ(std::get<0>(**n), 2 * kRounds);
}

TEST_F(Postgresql, ReplicasThatStartAtOnceMigrateOnce) {
  std::vector<Migration> all = kTables;
  all.push_back({"test", 3, "CREATE TABLE test_third(n BIGINT NOT NULL)"});
  {
    std::vector<std::jthread> replicas;
    for (int i = 0; i < 4; ++i) {
      replicas.emplace_back([&] { EXPECT_TRUE(migrate(*must_open_postgresql(schema_.address()), all)); });
    }
  }
  EXPECT_EQ(migrate(*database_, kTables).error().code, Code::kConflict);  // now this is the older program
}

TEST_F(Postgresql, CommitsWaitForTheDisk) {
  EXPECT_EQ(setting("synchronous_commit", "-csynchronous_commit%3Doff"), "on");
  EXPECT_EQ(setting("synchronous_commit", "-csynchronous_commit%3Dremote_apply"), "remote_apply");
}

TEST_F(Postgresql, WhatCannotBeUsedIsRefusedWithTheReason) {
  EXPECT_EQ(open_postgresql("mysql://x").error().code, Code::kInvalid);
  const auto no_schema = open_postgresql(server_ + "?options=-csearch_path%3Dno_such_schema");
  ASSERT_FALSE(no_schema);
  EXPECT_EQ(no_schema.error().code, Code::kInvalid);
  wire_.cut();
  const auto away = open_postgresql(wire_.address());
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::kUnavailable);

  const auto at = server_.find('@');
  const auto wrong = open_postgresql("postgresql://lakelift:a-wrong-secret" + server_.substr(at));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kUnavailable);
  EXPECT_NE(wrong.error().message.find("authentication"), std::string::npos) << wrong.error().message;
  EXPECT_EQ(wrong.error().message.find("a-wrong-secret"), std::string::npos);
}

TEST(PostgresqlEngine, CodesOfErrors) {
  struct Case {
    const char* state;
    Code code;
    bool line_lost;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", Code::kUnavailable, true},
           {"     ", Code::kUnavailable, true},
           {"08006", Code::kUnavailable, true},
           {"57P01", Code::kUnavailable, true},
           {"57P03", Code::kUnavailable, true},
           {"25P03", Code::kUnavailable, true},
           {"25006", Code::kUnavailable, true},
           {"53100", Code::kNoSpace, false},
           {"53300", Code::kUnavailable, false},
           {"55P03", Code::kUnavailable, false},
           {"57014", Code::kUnavailable, false},
           {"40001", Code::kUnavailable, false},
           {"58030", Code::kUnavailable, false},
           {"22021", Code::kInvalid, false},
           {"XX001", Code::kCorrupt, false},
           {"23505", Code::kInternal, false},
           {"42P01", Code::kInternal, false},
       }) {
    const Failure failure = PostgresqlEngine::explain_state(c.state);
    EXPECT_EQ(failure.error.code, c.code) << c.state;
    EXPECT_EQ(failure.line_lost, c.line_lost) << c.state;
    EXPECT_FALSE(failure.disk_failed);
  }
  EXPECT_EQ(PostgresqlEngine().explain(std::runtime_error("a secret")).error.message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace lakelift::metadata
