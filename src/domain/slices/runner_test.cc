#include "domain/slices/runner.h"

#include <gtest/gtest.h>

#include "backends/storage/testing/faulty_stores.h"
#include "domain/slices/run_store.h"
#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using testing::Server;
using testing::value_of;
using testing::World;

constexpr Micros kLease = limits::kRunLeaseMs * 1'000LL;
const std::string kOther = R"({"columns":["a"],"filters":[]})";

Error away() { return {Code::kUnavailable, "ENGINE_AWAY", "the engine is away", {}}; }
Error broken() { return {Code::kCorrupt, "FILE_BROKEN", "a file of the table is broken", {}}; }

class RunnerTest : public ::testing::Test {
 protected:
  SliceServiceParts parts_with(Server& server) { return parts_with(server, *world_.database); }
  SliceServiceParts parts_with(Server& server, metadata::Database& database) {
    return {database,        world_.ledger,  world_.accounts, world_.catalogue, world_.executors, world_.store,
            server.keeper(), world_.workers, world_.clock,    world_.random,    world_.metrics,   false};
  }
  World world_;
};

// Moves the clock in steps until the state is there: retries and leases wait for the clock, not for us.
bool reaches(World& world, Server& server, std::int64_t id, RunState wanted) {
  return server.wait_until([&] {
    if (server.state(id).state == wanted) return true;
    if (server.state(id).state == RunState::kQueued) world.clock.advance(8 * limits::kRunBackoffMs * 1'000LL);
    return false;
  });
}

TEST_F(RunnerTest, AFinalErrorIsTheRequestsFailureAndAskingAgainRunsAgain) {
  Server server(world_);
  server->start();
  world_.engine->close_gate();
  world_.engine->fail_next_run(broken());
  const auto id = server.ask(world_.reader).id;
  ASSERT_EQ(server.ask(world_.other).id, id);
  world_.engine->open_gate();
  ASSERT_TRUE(server.wait_for(id, RunState::kFailed));
  for (const auto& waiter : {world_.reader, world_.other}) {
    const auto failed = value_of(server->get(waiter, id));
    ASSERT_TRUE(failed.failure);
    EXPECT_EQ(failed.failure->code, Code::kCorrupt);
    EXPECT_EQ(failed.failure->event, "FILE_BROKEN");
    EXPECT_EQ(failed.failure->message, "a file of the table is broken");
  }
  const auto refused = server->rendition(id, columnar::Format::kCsv, {});
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("a file of the table is broken"), std::string::npos);
  EXPECT_TRUE(world_.objects().empty());

  const auto again = value_of(
      server->ask(world_.reader, world_.item.id, value_of(parse_json(R"({"columns":["a","b"],"filters":[]})"))));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.request.id, id);
  ASSERT_TRUE(server.wait_for(id, RunState::kDone));
  EXPECT_FALSE(server.state(id).failure);
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_NE(orders[0].idempotency_token, orders[1].idempotency_token);
  EXPECT_EQ(world_.ledger_kinds(), (std::vector<std::string>{"request.created", "request.joined", "slice.saved",
                                                             "run.failed", "request.repeated", "run.finished"}));
}

TEST_F(RunnerTest, AnEngineThatIsAwayIsTriedAgain) {
  Server server(world_);
  for (int i = 0; i < limits::kRunAttempts - 1; ++i) world_.engine->fail_next_run(away());
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(reaches(world_, server, id, RunState::kDone));
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), static_cast<std::size_t>(limits::kRunAttempts));
  // The engine runs a token once: the second attempt is the same job.
  EXPECT_EQ(orders[0].idempotency_token, orders[1].idempotency_token);
  EXPECT_EQ(orders[1].attempt, 2);
  EXPECT_EQ(world_.objects().size(), 1U);
}

TEST_F(RunnerTest, AnEngineThatStaysAwayFailsTheRun) {
  Server server(world_);
  for (int i = 0; i < limits::kRunAttempts; ++i) world_.engine->fail_next_run(away());
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(reaches(world_, server, id, RunState::kFailed));
  EXPECT_EQ(world_.engine->orders().size(), static_cast<std::size_t>(limits::kRunAttempts));
  EXPECT_EQ(server.state(id).failure->event, "ENGINE_AWAY");
}

TEST_F(RunnerTest, ARetryWaitsForItsTime) {
  Server server(world_);
  world_.engine->fail_next_run(away());
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(server.wait_until([&] { return world_.count("SELECT failures FROM slices_runs") == 1; }));
  EXPECT_EQ(server.state(id).state, RunState::kQueued);
  const Micros now = world_.clock.now();
  EXPECT_GE(world_.count("SELECT next_attempt_at FROM slices_runs"), now + limits::kRunBackoffMs * 1'000LL / 2);
  EXPECT_LE(world_.count("SELECT next_attempt_at FROM slices_runs"), now + limits::kRunBackoffMs * 1'000LL);
  EXPECT_FALSE(value_of(world_.database->read([&](metadata::Session& s) { return store::any_due(s, {}, now); })));
}

TEST_F(RunnerTest, AnEmptyResultIsNotPublished) {
  Server server(world_);
  world_.engine->set_result("", {});
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kFailed));
  EXPECT_EQ(server.state(id).failure->code, Code::kCorrupt);
  EXPECT_TRUE(world_.objects().empty());
}

TEST_F(RunnerTest, StopGivesTheRunBackAndTheNextStartFinishesIt) {
  world_.engine->close_gate();
  world_.engine->set_external_id("engine-job-1");
  std::int64_t id = 0;
  {
    Server server(world_);
    server->start();
    id = server.ask(world_.reader).id;
    ASSERT_TRUE(world_.engine->wait_for_runs(1));
    const auto began = std::chrono::steady_clock::now();
    server->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
    EXPECT_EQ(server.state(id).state, RunState::kQueued);
    EXPECT_EQ(world_.engine->cancelled(), 1U);
    EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE lease_owner IS NOT NULL"), 0);
  }
  world_.engine->open_gate();
  Server next(world_);
  next->start();
  ASSERT_TRUE(next.wait_for(id, RunState::kDone));
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 2U);
  // What our own engine did went with us: its token would bring back nothing.
  EXPECT_FALSE(orders[1].external_id);
  EXPECT_NE(orders[0].idempotency_token, orders[1].idempotency_token);
  EXPECT_EQ(orders[1].attempt, 1);
}

// The job of an outside engine is paid: the next start goes on with it.
TEST_F(RunnerTest, D14_AStopLeavesTheJobOfAnOutsideEngineAndTheNextStartAttachesToIt) {
  const auto [spark, item] = world_.add_outside_item(executors::ExecutorType::kSpark, "lake.events");
  spark->close_gate();
  spark->set_external_id("job-1");
  std::int64_t id = 0;
  {
    Server server(world_);
    server->start();
    id = value_of(server->ask(world_.reader, item.id, value_of(parse_json(kOther)))).request.id;
    ASSERT_TRUE(server.wait_until(
        [&] { return world_.count("SELECT COUNT(*) FROM slices_runs WHERE external_id = 'job-1'") == 1; }));
    server->stop();
    EXPECT_EQ(server.state(id).state, RunState::kQueued);
    EXPECT_EQ(spark->left(), 1U) << "not ended with us";
  }
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM ledger WHERE kind = 'run.stopped'"), 0) << "paid once, at its end";
  spark->open_gate();
  Server next(world_);
  next->start();
  ASSERT_TRUE(next.wait_for(id, RunState::kDone));
  const auto orders = spark->orders();
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[1].external_id, "job-1");
  EXPECT_EQ(orders[1].idempotency_token, orders[0].idempotency_token);
  EXPECT_EQ(orders[1].attempt, 1);
}

// Two servers: the one whose lease ran out must not end the job that the other has taken up. What was cancelled is
// ended.
TEST_F(RunnerTest, D14_AJobIsLeftToTheServerThatHasTakenItUp) {
  const auto [spark, item] = world_.add_outside_item(executors::ExecutorType::kSpark, "lake.events");
  spark->close_gate();
  spark->set_external_id("job-1");
  Server here(world_, false);
  testing::SeverableDatabase line(*world_.database);
  Runner slow(parts_with(here, line), [&](std::int64_t) { world_.news.tell(); });
  slow.start();
  const auto id = value_of(here->ask(world_.reader, item.id, value_of(parse_json(kOther)))).request.id;
  ASSERT_TRUE(here.wait_until(
      [&] { return world_.count("SELECT COUNT(*) FROM slices_runs WHERE external_id = 'job-1'") == 1; }));
  line.sever();  // a beat of its own would renew the lease
  world_.clock.advance(kLease + 1);
  Server other(world_, false);
  other->start();
  ASSERT_TRUE(spark->wait_for_runs(2));
  line.mend();
  slow.heartbeat();
  ASSERT_TRUE(spark->wait_for_stops(1));
  EXPECT_EQ(spark->left(), 1U);
  EXPECT_EQ(spark->orders()[1].external_id, "job-1");
  ASSERT_TRUE(other->leave(world_.reader, id));
  ASSERT_TRUE(spark->wait_for_stops(2));
  EXPECT_EQ(spark->left(), 1U) << "what was cancelled is ended";
}

TEST_F(RunnerTest, StopTwiceAndWithoutStartIsFine) {
  Server server(world_);
  server->stop();
  server->start();
  server->stop();
  server->stop();
}

// threats D1: a killed process leaves a run behind; the next start of the one that owns the database takes it up at
// once and attaches to the engine's job.
TEST_F(RunnerTest, D1_AfterACrashDoneStaysDoneAndTheRestGoesOn) {
  std::int64_t done = 0;
  std::int64_t running = 0;
  world_.engine->set_external_id("engine-job-1");
  {
    Server server(world_);
    server->start();
    done = server.ask(world_.reader).id;
    ASSERT_TRUE(server.wait_for(done, RunState::kDone));
    world_.engine->close_gate();
    running = server.ask(world_.reader, kOther).id;
    ASSERT_TRUE(world_.engine->wait_for_runs(2));
    ASSERT_TRUE(server.wait_until([&] {
      return world_.count(
                 "SELECT COUNT(*) FROM slices_runs WHERE state = 'RUNNING' AND external_id = 'engine-job-1'") == 1;
    }));
    server.kill();
  }
  const auto key = world_.objects();
  world_.engine->open_gate();
  Server next(world_, true);
  EXPECT_EQ(next.state(running).state, RunState::kRunning);
  next->start();
  ASSERT_TRUE(next.wait_for(running, RunState::kDone));
  EXPECT_EQ(next.state(done).state, RunState::kDone);
  EXPECT_TRUE(next->open(value_of(next->rendition(done, columnar::Format::kParquet, {}))));
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 3U);
  EXPECT_EQ(orders[2].external_id, "engine-job-1");
  EXPECT_EQ(orders[2].idempotency_token, orders[1].idempotency_token);
  EXPECT_EQ(orders[2].attempt, 2);
  EXPECT_EQ(world_.objects().size(), key.size() + 1);
}

// threats D14: two servers of one database. The holder stands still beyond its lease; another finishes; what the first
// brings afterwards is refused.
TEST_F(RunnerTest, D14_AStaleWorkersPublishIsRefused) {
  auto slow_engine = std::make_shared<executors::testing::FakeExecutor>();
  slow_engine->set_table("shop.sales", value_of(world_.engine->inspect(world_.source, {})));
  slow_engine->set_result("PAR1 stale", {.rows = 99, .source_version = ""});
  slow_engine->close_gate();
  executors::Executors slow;
  slow.add(slow_engine);
  Server first(world_, false, &slow);
  first->start();
  const auto id = first.ask(world_.reader).id;
  ASSERT_TRUE(slow_engine->wait_for_runs(1));

  first.database().sever();  // a beat of its own would renew the lease
  world_.clock.advance(kLease + 1);
  Server second(world_, false);
  second->start();
  ASSERT_TRUE(second.wait_for(id, RunState::kDone));
  EXPECT_EQ(second.state(id).rows, 3);
  EXPECT_EQ(world_.engine->orders().at(0).attempt, 2);

  first.database().mend();
  slow_engine->open_gate();
  ASSERT_TRUE(first.wait_until([&] { return slow_engine->finished() + slow_engine->cancelled() == 1; }));
  first->stop();
  EXPECT_EQ(second.state(id).rows, 3);
  EXPECT_EQ(second.state(id).result_sha256, sha256_hex("PAR1 data PAR1"));
  EXPECT_EQ(world_.objects().size(), 1U);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_results"), 1);
}

// Whether a write did so, in a world that held none.
bool records_a_result(metadata::Session& session) {
  return std::get<0>(*value_of(session.row<std::int64_t>("SELECT COUNT(*) FROM slices_results"))) > 0;
}

// threads D1: a commit whose answer is lost has happened; its object must not be removed.
TEST_F(RunnerTest, D1_ACommitWhoseAnswerIsLostKeepsItsObject) {
  Server server(world_);
  server->start();
  world_.engine->close_gate();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  server.database().lose_next_answer(records_a_result);
  world_.engine->open_gate();
  ASSERT_TRUE(server.wait_for(id, RunState::kDone));
  server->stop();
  EXPECT_TRUE(server.database().has_broken());
  EXPECT_EQ(server.state(id).state, RunState::kDone);
  EXPECT_EQ(world_.objects(), (std::vector<std::string>{*server.state(id).result_key}));
  EXPECT_EQ(world_.engine->orders().size(), 1U);
}

TEST_F(RunnerTest, D1_AResultThatCouldNotBeRecordedIsRemovedAndRunAgain) {
  Server server(world_);
  server->start();
  world_.engine->close_gate();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  server.database().lose_next_write(records_a_result);
  world_.engine->open_gate();
  ASSERT_TRUE(reaches(world_, server, id, RunState::kDone));
  EXPECT_EQ(world_.objects(), (std::vector<std::string>{*server.state(id).result_key}));
  EXPECT_EQ(world_.engine->orders().size(), 2U);
}

TEST_F(RunnerTest, AFullDiskFailsTheRunAndLeavesNothing) {
  storage::testing::FailingStore disk(world_.store);
  disk.fail_at(storage::testing::Operation::kPublish, 1, {Code::kNoSpace, "", "the disk is full", {}});
  Server server(world_, std::nullopt, nullptr, &disk);
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kFailed));
  EXPECT_EQ(server.state(id).failure->code, Code::kNoSpace);
  EXPECT_TRUE(world_.objects().empty());
  server.ask(world_.reader);
  ASSERT_TRUE(server.wait_for(id, RunState::kDone));
}

TEST_F(RunnerTest, D1_WhatACrashLeavesBehindIsSweptAndWhatIsHeldStays) {
  ASSERT_TRUE(storage::testing::put(world_.store, storage::new_key(world_.random), "published, never recorded"));
  Server server(world_, true);
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kDone));
  EXPECT_EQ(value_of(server.keeper().sweep()).orphans, 1);
  EXPECT_EQ(world_.objects(), (std::vector<std::string>{*server.state(id).result_key}));
  const auto report = value_of(server.keeper().scrub(0, {}));
  EXPECT_EQ(report.objects, 1);
  EXPECT_TRUE(report.findings.empty());
}

// Two live servers of one database share the work: each run is carried out once.
TEST_F(RunnerTest, D14_TwoServersNeverRunTheSameTwice) {
  constexpr int kRequests = 40;
  Server one(world_, false);
  Server two(world_, false);
  one->start();
  two->start();
  std::vector<std::int64_t> ids;
  for (int i = 0; i < kRequests; ++i) {
    const std::string spec =
        R"({"columns":["a"],"filters":[{"name":"a","operator":"=","value":)" + std::to_string(i) + "}]}";
    ids.push_back(one.ask(world_.reader, spec).id);
    EXPECT_EQ(two.ask(world_.other, spec).id, ids.back());
  }
  for (const auto id : ids) ASSERT_TRUE(one.wait_for(id, RunState::kDone));
  EXPECT_EQ(world_.engine->orders().size(), static_cast<std::size_t>(kRequests));
  EXPECT_EQ(world_.objects().size(), static_cast<std::size_t>(kRequests));
}

// A run that was cancelled elsewhere (another server's leave) is stopped by the next heartbeat.
TEST_F(RunnerTest, AHeartbeatStopsWhatWasCancelledElsewhere) {
  Server here(world_, false);
  Runner runner(parts_with(here), [](std::int64_t) {});
  world_.engine->close_gate();
  const auto id = here.ask(world_.reader).id;
  runner.start();
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  world_.clock.advance(kLease / 2);
  runner.heartbeat();
  EXPECT_EQ(world_.count("SELECT lease_until FROM slices_runs"), world_.clock.now() + kLease);
  EXPECT_EQ(world_.engine->cancelled(), 0U);
  ASSERT_TRUE(here->leave(world_.reader, id));
  runner.heartbeat();
  runner.stop();
  EXPECT_EQ(world_.engine->cancelled(), 1U);
  EXPECT_EQ(here.state(id).state, RunState::kCancelled);
}

}  // namespace
}  // namespace lakelift::slices
