// Whose run is next.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "domain/slices/run_store.h"
#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using executors::ExecutorType;
using testing::Server;
using testing::value_of;
using testing::World;

constexpr Micros kLease = limits::kRunLeaseMs * 1'000LL;

class TurnsTest : public ::testing::Test {
 protected:
  // A request of its own, whose run is queued.
  std::int64_t ask(const accounts::Account& who) {
    world_.clock.advance(1);
    return server_
        .ask(who, fmt::format(R"({{"columns":["a"],"filters":[{{"name":"a","operator":"=","value":{}}}]}})", ++number_))
        .id;
  }
  std::optional<store::Lease> take(const store::RunsAtOnce& runs_at_once = {}, const std::string& owner = "owner") {
    return value_of(world_.database->write([&](metadata::Transaction& tx) {
      return store::lease(tx, {owner, {}, runs_at_once}, world_.clock.now(), world_.clock.now() + kLease);
    }));
  }
  bool any_due(const store::RunsAtOnce& runs_at_once) {
    return value_of(world_.database->read([&](metadata::Session& session) {
      return store::any_due(session, {"owner", {}, runs_at_once}, world_.clock.now());
    }));
  }
  std::int64_t take_request() {
    const auto lease = take();
    return lease ? lease->request_id : 0;
  }
  void finish(const store::Lease& lease) {
    value_of(world_.database->write([&](metadata::Transaction& tx) {
      return store::finish_failed(tx, lease, {Code::kCorrupt, "BROKEN", "it is broken", {}}, world_.clock.now());
    }));
  }
  void set_engine(std::int64_t request_id, std::string_view engine) {
    value_of(world_.database->write([&](metadata::Transaction& tx) {
      return tx.exec("UPDATE slices_runs SET engine = ? WHERE request_id = ?", {engine, request_id});
    }));
  }

  World world_;
  Server server_{world_, false};
  int number_ = 0;
};

TEST_F(TurnsTest, WhoAsksForOneDoesNotWaitForAllOfWhoAsksForMany) {
  std::vector<std::int64_t> many;
  for (int i = 0; i < 10; ++i) many.push_back(ask(world_.reader));
  const auto one = ask(world_.other);
  EXPECT_EQ(take_request(), many[0]);
  EXPECT_EQ(take_request(), one) << "nobody of theirs runs yet";
  EXPECT_EQ(take_request(), many[1]);
}

TEST_F(TurnsTest, PeopleTakeTurnsWhateverTheirNumberOfRuns) {
  const auto third = world_.account("third@example.com");
  std::vector<std::int64_t> a, b, c;
  for (int i = 0; i < 3; ++i) a.push_back(ask(world_.reader));
  for (int i = 0; i < 3; ++i) b.push_back(ask(world_.other));
  for (int i = 0; i < 2; ++i) c.push_back(ask(third));
  std::vector<std::int64_t> order;
  for (int i = 0; i < 8; ++i) {
    const auto lease = take();
    ASSERT_TRUE(lease);
    order.push_back(lease->request_id);
    finish(*lease);
  }
  EXPECT_EQ(order, (std::vector<std::int64_t>{a[0], b[0], c[0], a[1], b[1], c[1], a[2], b[2]}));
  EXPECT_FALSE(take());
}

TEST_F(TurnsTest, WhoHasFewerRunningComesFirst) {
  const auto a0 = ask(world_.reader);
  const auto a1 = ask(world_.reader);
  EXPECT_EQ(take_request(), a0);
  const auto b0 = ask(world_.other);
  const auto b = take();
  ASSERT_TRUE(b);
  EXPECT_EQ(b->request_id, b0);
  finish(*b);
  const auto b1 = ask(world_.other);
  EXPECT_EQ(take_request(), b1) << "their last turn is later, but nothing of theirs runs";
  EXPECT_EQ(take_request(), a1);
}

TEST_F(TurnsTest, AnEngineAtItsLimitDoesNotHoldUpTheOthers) {
  const auto a0 = ask(world_.reader);
  const auto a1 = ask(world_.reader);
  const auto local = ask(world_.reader);
  set_engine(a0, "ATHENA");
  set_engine(a1, "ATHENA");
  const store::RunsAtOnce one{{ExecutorType::kAthena, 1}, {ExecutorType::kLocal, 4}};
  const auto first = take(one);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->request_id, a0);
  EXPECT_EQ(first->engine, ExecutorType::kAthena);
  const auto second = take(one);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->request_id, local);
  EXPECT_FALSE(any_due(one));
  EXPECT_FALSE(take(one));
  EXPECT_FALSE(take(one, "another server")) << "the limit of an outside engine is of all servers together";
  finish(*first);
  EXPECT_TRUE(any_due(one));
  const auto third = take(one, "another server");
  ASSERT_TRUE(third);
  EXPECT_EQ(third->request_id, a1);
}

TEST_F(TurnsTest, TheLocalEnginesLimitIsOfEachServer) {
  for (int i = 0; i < 3; ++i) ask(world_.reader);
  const store::RunsAtOnce one{{ExecutorType::kLocal, 1}};
  EXPECT_TRUE(take(one, "here"));
  EXPECT_FALSE(take(one, "here"));
  EXPECT_TRUE(take(one, "there"));
}

TEST_F(TurnsTest, WhatADeadServerHeldComesFirstAlsoWhereItsEngineIsFull) {
  const auto held = ask(world_.reader);
  set_engine(held, "SPARK");
  const store::RunsAtOnce one{{ExecutorType::kSpark, 1}};
  ASSERT_TRUE(take(one, "dead"));
  ask(world_.other);
  world_.clock.advance(kLease);
  const auto again = take(one, "alive");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->request_id, held);
  EXPECT_EQ(again->attempt, 2);
}

TEST_F(TurnsTest, AJobsTimeCountsFromItsFirstStart) {
  ask(world_.reader);
  const auto first = take();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->started_at, world_.clock.now());
  const Micros began = world_.clock.now();
  world_.clock.advance(kLease);
  const auto second = take();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->started_at, began) << "taken over, it goes on";
  value_of(world_.database->write([&](metadata::Transaction& tx) { return store::release(tx, *second, "new"); }));
  world_.clock.advance(1);
  EXPECT_EQ(take()->started_at, world_.clock.now()) << "given back, its job is a new one";
}

TEST_F(TurnsTest, ASecondAttemptAtAJobThatHasEndedIsAnotherJob) {
  ask(world_.reader);
  const auto first = take();
  value_of(
      world_.database->write([&](metadata::Transaction& tx) { return store::set_external_id(tx, *first, "job-1"); }));
  const Error away{Code::kUnavailable, "AWAY", "away", {}};
  value_of(world_.database->write(
      [&](metadata::Transaction& tx) { return store::retry_at(tx, *first, away, world_.clock.now()); }));
  const auto second = take();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->external_id, "job-1");
  EXPECT_EQ(second->idempotency_token, first->idempotency_token);
  value_of(world_.database->write(
      [&](metadata::Transaction& tx) { return store::retry_at(tx, *second, away, world_.clock.now(), "token-2"); }));
  const auto third = take();
  ASSERT_TRUE(third);
  EXPECT_FALSE(third->external_id);
  EXPECT_EQ(third->idempotency_token, "token-2");
}

// Two servers on one database: no run is taken twice, and the limit holds.
TEST_F(TurnsTest, ManyTakersAtOnceTakeEachRunOnceAndNoMoreThanTheLimit) {
  constexpr int kRuns = 12;
  for (int i = 0; i < kRuns; ++i) set_engine(ask(i % 2 == 0 ? world_.reader : world_.other), "ATHENA");
  const store::RunsAtOnce five{{ExecutorType::kAthena, 5}};
  std::mutex mutex;
  std::vector<std::string> taken;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < kRuns; ++round) {
          const auto lease = take(five, "server " + std::to_string(i));
          if (!lease) continue;
          const std::lock_guard lock(mutex);
          taken.push_back(lease->run_id);
        }
      });
    }
  }
  EXPECT_EQ(taken.size(), 5U);
  std::ranges::sort(taken);
  EXPECT_EQ(std::ranges::unique(taken).size(), 0U);
}

}  // namespace
}  // namespace lakelift::slices
