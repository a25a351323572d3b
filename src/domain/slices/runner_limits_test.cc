// What stops a run, and what it has cost then.
#include <gtest/gtest.h>

#include "domain/slices/job_sweeper.h"
#include "domain/slices/runner.h"
#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using executors::ExecutorType;
using testing::Server;
using testing::value_of;
using testing::World;

constexpr Micros kLease = limits::kRunLeaseMs * 1'000LL;
constexpr std::int64_t kTera = 1'000'000'000'000;

class RunnerLimitsTest : public ::testing::Test {
 protected:
  RunnerLimitsTest() { world_.settings.prices.engines[ExecutorType::kLocal] = {.per_tb_micros = 5'000'000}; }
  EngineLimits& limits() { return world_.settings.limits[ExecutorType::kLocal]; }
  ledger::Entry last(const std::string& kind) {
    ledger::Query query;
    query.kind = kind;
    const auto found =
        value_of(world_.database->read([&](metadata::Session& s) { return world_.ledger.find(s, query); }));
    EXPECT_FALSE(found.empty()) << kind;
    return found.empty() ? ledger::Entry{} : found.front().entry;
  }
  SliceServiceParts parts_with(Server& server) {
    return {*world_.database,
            world_.ledger,
            world_.accounts,
            world_.catalogue,
            world_.executors,
            world_.store,
            server.keeper(),
            world_.workers,
            world_.clock,
            world_.random,
            world_.metrics,
            false,
            1,
            world_.settings};
  }

  World world_;
};

TEST_F(RunnerLimitsTest, ARunThatTakesTooLongIsStoppedAndFailed) {
  limits().deadline_seconds = 60;
  Server here(world_, false);
  Runner runner(parts_with(here), [&](std::int64_t) { world_.news.tell(); });
  world_.engine->close_gate();
  const auto id = here.ask(world_.reader).id;
  runner.start();
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  world_.clock.advance(59 * kMicrosPerSecond);
  runner.heartbeat();
  EXPECT_EQ(here.state(id).state, RunState::kRunning);
  world_.clock.advance(kMicrosPerSecond);
  runner.heartbeat();
  ASSERT_TRUE(here.wait_for(id, RunState::kFailed));
  runner.stop();
  EXPECT_EQ(world_.engine->cancelled(), 1U) << "the engine was told";
  const auto failed = here.state(id);
  ASSERT_TRUE(failed.failure);
  EXPECT_EQ(failed.failure->event, "RUN_DEADLINE");
  EXPECT_NE(failed.failure->message.find("60 seconds"), std::string::npos) << failed.failure->message;
  EXPECT_EQ(last("run.failed").actor, world_.reader.id);
}

TEST_F(RunnerLimitsTest, ARunThatScansTooMuchIsCutOffAndWhatItScannedIsPaid) {
  limits().most_scanned_bytes = kTera;
  world_.engine->set_progress({.scanned_bytes = 2 * kTera});
  world_.engine->close_gate();
  Server server(world_);
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kFailed));
  EXPECT_EQ(server.state(id).failure->event, "RUN_CUT_OFF");
  const auto entry = last("run.failed");
  EXPECT_EQ(entry.scanned_bytes, 2 * kTera);
  EXPECT_EQ(entry.money_micros, 10'000'000);
  EXPECT_EQ(entry.currency, "USD");
  EXPECT_EQ(entry.actor, world_.reader.id);
  EXPECT_EQ(find_int(entry.detail, "catalogue_item"), world_.item.id);
  EXPECT_EQ(world_.count("SELECT money_micros FROM slices_runs"), 10'000'000);
  server->stop();
  EXPECT_TRUE(world_.objects().empty());
  EXPECT_NE(world_.metrics.render().find("lakelift_money_paid_micros_total 10000000"), std::string::npos);
}

TEST_F(RunnerLimitsTest, MoneyIsCutOffToo) {
  limits().most_micros = 9'000'000;
  world_.engine->set_progress({.scanned_bytes = 2 * kTera});
  world_.engine->close_gate();
  Server server(world_);
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kFailed));
  EXPECT_NE(server.state(id).failure->message.find("10.00 USD"), std::string::npos);
}

TEST_F(RunnerLimitsTest, WhatIsExpectedToBeTooMuchIsRefusedWithTheNumbersAndLeavesNothing) {
  limits().most_scanned_bytes = 3'999;
  Server server(world_);
  const auto refused =
      server->ask(world_.reader, world_.item.id, value_of(parse_json(R"({"columns":["a","b"],"filters":[]})")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().event, "RUN_CUT_OFF");
  EXPECT_NE(refused.error().message.find("4.0 kB"), std::string::npos) << refused.error().message;
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_requests"), 0);
  EXPECT_EQ(server.ask(world_.reader, R"({"columns":["b"],"filters":[]})").state, RunState::kQueued);
}

TEST_F(RunnerLimitsTest, ThePriceListSaysWhatARunCostWhereTheEngineDoesNot) {
  world_.engine->set_result("PAR1 data PAR1", {.rows = 3, .scanned_bytes = kTera, .source_version = ""});
  Server server(world_);
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(server.wait_for(id, RunState::kDone));
  const auto entry = last("run.finished");
  EXPECT_EQ(entry.money_micros, 5'000'000);
  EXPECT_EQ(entry.actor, world_.reader.id);
  EXPECT_EQ(find_int(entry.detail, "catalogue_item"), world_.item.id);
  EXPECT_EQ(world_.count("SELECT money_micros FROM slices_runs"), 5'000'000);
  server->stop();  // it is counted after the commit
  EXPECT_NE(world_.metrics.render().find("lakelift_scanned_bytes_total{engine=\"LOCAL\"} 1000000000000"),
            std::string::npos)
      << world_.metrics.render();
}

TEST_F(RunnerLimitsTest, TheEnginesOwnWordWins) {
  world_.engine->set_result("PAR1 data PAR1",
                            {.rows = 3, .scanned_bytes = kTera, .money_micros = 7, .source_version = ""});
  Server server(world_);
  server->start();
  ASSERT_TRUE(server.wait_for(server.ask(world_.reader).id, RunState::kDone));
  EXPECT_EQ(last("run.finished").money_micros, 7);
}

TEST_F(RunnerLimitsTest, ACancelledRunHasCostWhatItScanned) {
  world_.engine->set_progress({.scanned_bytes = kTera});
  world_.engine->close_gate();
  Server server(world_);
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  ASSERT_TRUE(server->leave(world_.reader, id));
  server->stop();
  const auto entry = last("run.stopped");
  EXPECT_EQ(entry.scanned_bytes, kTera);
  EXPECT_EQ(entry.money_micros, 5'000'000);
  EXPECT_EQ(entry.actor, world_.reader.id);
}

TEST_F(RunnerLimitsTest, AnEndedJobIsReplacedByTheNextAttempt) {
  world_.engine->set_external_id("job-1");
  world_.engine->fail_next_run({Code::kUnavailable, "ENGINE_JOB_ENDED", "a node was lost", {}});
  world_.engine->fail_next_run({Code::kUnavailable, "ENGINE_AWAY", "away", {}});
  Server server(world_);
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(server.wait_until([&] {
    if (server.state(id).state == RunState::kDone) return true;
    if (server.state(id).state == RunState::kQueued)
      world_.clock.advance(8 * lakelift::limits::kRunBackoffMs * 1'000LL);
    return false;
  }));
  const auto orders = world_.engine->orders();
  ASSERT_EQ(orders.size(), 3U);
  EXPECT_FALSE(orders[1].external_id) << "the first job has ended";
  EXPECT_NE(orders[1].idempotency_token, orders[0].idempotency_token);
  EXPECT_EQ(orders[2].external_id, "job-1") << "the second may go on";
  EXPECT_EQ(orders[2].idempotency_token, orders[1].idempotency_token);
}

class JobSweeperTest : public RunnerLimitsTest {
 protected:
  // A run whose job goes on outside while its server dies.
  std::int64_t left_behind(Server& dying) {
    world_.engine->set_external_id("job-7");
    world_.engine->close_gate();
    dying->start();
    const auto id = dying.ask(world_.reader).id;
    EXPECT_TRUE(world_.engine->wait_for_runs(1));
    EXPECT_TRUE(dying.wait_until(
        [&] { return world_.count("SELECT COUNT(*) FROM slices_runs WHERE external_id = 'job-7'") == 1; }));
    dying.kill();
    return id;
  }
  // The same, and the run is cancelled by another server.
  void leave_one_to(Server& alive) {
    Server dying(world_, false);
    const auto id = left_behind(dying);
    ASSERT_TRUE(alive->leave(world_.reader, id));
  }
};

TEST_F(JobSweeperTest, TheJobOfACancelledRunWhoseServerDiedIsEndedByAnother) {
  Server alive(world_, false);
  leave_one_to(alive);
  JobSweeper sweeper(parts_with(alive));
  EXPECT_EQ(sweeper.sweep(), 0) << "its own server has a while to do it";
  world_.clock.advance(kLease);
  EXPECT_EQ(sweeper.sweep(), 1);
  EXPECT_EQ(world_.engine->ended(), std::vector<std::string>{"job-7"});
  world_.clock.advance(kLease);
  EXPECT_EQ(sweeper.sweep(), 0) << "once is enough";
}

TEST_F(JobSweeperTest, WhatItsOwnServerHasStoppedIsLeftAlone) {
  world_.engine->set_external_id("job-7");
  world_.engine->close_gate();
  Server server(world_);
  server->start();
  const auto id = server.ask(world_.reader).id;
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  ASSERT_TRUE(server.wait_until(
      [&] { return world_.count("SELECT COUNT(*) FROM slices_runs WHERE external_id = 'job-7'") == 1; }));
  ASSERT_TRUE(server->leave(world_.reader, id));
  server->stop();
  EXPECT_EQ(world_.engine->cancelled(), 1U);
  world_.clock.advance(10 * kLease);
  JobSweeper sweeper(parts_with(server));
  EXPECT_EQ(sweeper.sweep(), 0);
  EXPECT_TRUE(world_.engine->ended().empty());
}

TEST_F(JobSweeperTest, SoIsWhatItsOwnServerStoppedJustBeforeItsEnd) {
  world_.engine->set_external_id("job-7");
  world_.engine->close_gate();
  // The cancelled run is settled only when the server stops, which the other run tells.
  world_.engine->set_on_stopped([&] { EXPECT_TRUE(world_.engine->wait_for_stops(2)); });
  Server server(world_);
  server->start();
  const auto id = server.ask(world_.reader).id;
  (void)server.ask(world_.reader, R"({"columns":["b"],"filters":[]})");
  ASSERT_TRUE(world_.engine->wait_for_runs(2));
  ASSERT_TRUE(server.wait_until(
      [&] { return world_.count("SELECT COUNT(*) FROM slices_runs WHERE external_id = 'job-7'") == 2; }));
  ASSERT_TRUE(server->leave(world_.reader, id));
  ASSERT_TRUE(world_.engine->wait_for_stops(1));
  server->stop();
  world_.clock.advance(10 * kLease);
  JobSweeper sweeper(parts_with(server));
  EXPECT_EQ(sweeper.sweep(), 0);
}

TEST_F(JobSweeperTest, TheJobOfARunThatWasCancelledBeforeItWasTakenUpIsEnded) {
  Server alive(world_, false);
  std::int64_t id = 0;
  {
    Server dying(world_, false);
    id = left_behind(dying);
  }
  world_.clock.advance(kLease);
  const auto run = value_of(world_.database->read(
      [](metadata::Session& session) { return session.row<std::string>("SELECT id FROM slices_runs"); }));
  ASSERT_TRUE(run);
  Runner* taker = nullptr;
  // It has the lease, and has not read yet what is to be done.
  Runner runner(parts_with(alive), [&](std::int64_t) {
    (void)alive->leave(world_.reader, id);
    taker->interrupt(std::get<0>(*run));
    world_.news.tell();
  });
  taker = &runner;
  runner.start();
  ASSERT_TRUE(alive.wait_until(
      [&] { return world_.metrics.render().find("lakelift_runs_total{outcome=\"cancelled\"}") != std::string::npos; }));
  runner.stop();
  EXPECT_EQ(world_.engine->orders().size(), 1U) << "the engine was not asked again";
  world_.clock.advance(kLease);
  JobSweeper sweeper(parts_with(alive));
  EXPECT_EQ(sweeper.sweep(), 1);
  EXPECT_EQ(world_.engine->ended(), std::vector<std::string>{"job-7"});
}

TEST_F(JobSweeperTest, TheJobOfARunWhoseEngineStayedAwayIsEnded) {
  world_.engine->set_external_id("job-7");
  for (int i = 0; i < lakelift::limits::kRunAttempts; ++i) {
    world_.engine->fail_next_run({Code::kUnavailable, "ENGINE_AWAY", "away", {}});
  }
  Server here(world_, false);
  Runner runner(parts_with(here), [&](std::int64_t) { world_.news.tell(); });  // one thread, and nobody who sweeps
  const auto id = here.ask(world_.reader).id;
  runner.start();
  ASSERT_TRUE(here.wait_until([&] {
    const auto state = here.state(id).state;
    if (state == RunState::kQueued) world_.clock.advance(64 * lakelift::limits::kRunBackoffMs * 1'000LL);
    return state == RunState::kFailed;
  }));
  runner.stop();
  JobSweeper sweeper(parts_with(here));
  EXPECT_EQ(sweeper.sweep(), 1);
  EXPECT_EQ(world_.engine->ended(), std::vector<std::string>{"job-7"});
}

TEST_F(JobSweeperTest, TheJobOfARunThatWasCancelledWhileItWasSubmittedIsEnded) {
  world_.engine->set_external_id("job-7");
  world_.engine->fail_cancels(Error{Code::kUnavailable, "ENGINE_AWAY", "away", {}});
  Server server(world_);
  const auto id = server.ask(world_.reader).id;
  world_.engine->set_on_submit([&] { EXPECT_TRUE(server->leave(world_.reader, id)); });
  server->start();
  ASSERT_TRUE(server.wait_until(
      [&] { return world_.metrics.render().find("lakelift_runs_total{outcome=\"cancelled\"}") != std::string::npos; }));
  server->stop();
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE state = 'CANCELLED' AND external_id = 'job-7'"), 1);
  JobSweeper sweeper(parts_with(server));
  EXPECT_EQ(sweeper.sweep(), 0) << "the engine is away";
  world_.engine->fail_cancels(std::nullopt);
  world_.clock.advance(3'600 * kMicrosPerSecond);
  EXPECT_EQ(sweeper.sweep(), 1);
  EXPECT_EQ(world_.engine->ended(), std::vector<std::string>{"job-7"});
}

TEST_F(JobSweeperTest, AJobThatOnlyAnotherServerCanEndIsLeftToThat) {
  Server alive(world_, false);
  leave_one_to(alive);
  world_.engine->fail_cancels(Error{Code::kUnavailable, std::string(executors::kJobElsewhere), "elsewhere", {}});
  JobSweeper sweeper(parts_with(alive));
  for (int i = 0; i < 3 * kSweepTries; ++i) {
    world_.clock.advance(3'600 * kMicrosPerSecond);
    EXPECT_EQ(sweeper.sweep(), 0);
  }
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE cancel_at IS NOT NULL AND cancel_tries = 0"), 1);
  // Now the one that can.
  world_.engine->fail_cancels(std::nullopt);
  world_.clock.advance(3'600 * kMicrosPerSecond);
  EXPECT_EQ(sweeper.sweep(), 1);
  EXPECT_EQ(world_.engine->ended(), std::vector<std::string>{"job-7"});
}

TEST_F(JobSweeperTest, AServerThatNeverComesBackIsNotWaitedForForEver) {
  Server alive(world_, false);
  leave_one_to(alive);
  world_.engine->fail_cancels(Error{Code::kUnavailable, std::string(executors::kJobElsewhere), "elsewhere", {}});
  JobSweeper sweeper(parts_with(alive));
  world_.clock.advance((kSweepElsewhereSeconds - 3'600) * kMicrosPerSecond);
  EXPECT_EQ(sweeper.sweep(), 0);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE cancel_at IS NOT NULL"), 1);
  world_.clock.advance(3'600 * kMicrosPerSecond);
  EXPECT_EQ(sweeper.sweep(), 0);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE cancel_at IS NOT NULL"), 0);
  EXPECT_EQ(find_string(last("run.job_left").detail, "job"), "job-7");
}

TEST_F(JobSweeperTest, AnEngineThatIsAwayIsAskedAgainAndNotForEver) {
  Server alive(world_, false);
  leave_one_to(alive);
  executors::Executors none;
  auto parts = SliceServiceParts{*world_.database, world_.ledger,  world_.accounts, world_.catalogue, none,
                                 world_.store,     alive.keeper(), world_.workers,  world_.clock,     world_.random,
                                 world_.metrics,   false};
  JobSweeper sweeper(parts);
  for (int i = 0; i < kSweepTries; ++i) {
    EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE cancel_at IS NOT NULL"), 1) << i;
    world_.clock.advance(3'600 * kMicrosPerSecond);
    EXPECT_EQ(sweeper.sweep(), 0);
    EXPECT_EQ(world_.count("SELECT cancel_tries FROM slices_runs"), i + 1) << "one try a look, then a pause";
  }
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE cancel_at IS NOT NULL"), 0);
  const auto entry = last("run.job_left");
  EXPECT_EQ(find_string(entry.detail, "job"), "job-7");
}

}  // namespace
}  // namespace lakelift::slices
