#include <gtest/gtest.h>

#include <latch>

#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using testing::Server;
using testing::value_of;
using testing::World;

class CancellingTest : public ::testing::Test {
 protected:
  CancellingTest() { server_->start(); }
  World world_;
  Server server_{world_};
};

TEST_F(CancellingTest, TheLastOneToLeaveStopsTheRun) {
  world_.engine->close_gate();
  const auto id = server_.ask(world_.reader).id;
  ASSERT_EQ(server_.ask(world_.other).id, id);
  ASSERT_TRUE(world_.engine->wait_for_runs(1));

  ASSERT_TRUE(server_->leave(world_.reader, id));
  EXPECT_FALSE(server_->get(world_.reader, id));
  EXPECT_EQ(server_.state(id).state, RunState::kRunning);
  EXPECT_EQ(value_of(server_->get(world_.other, id)).state, RunState::kRunning);

  ASSERT_TRUE(server_->leave(world_.other, id));
  const auto request = server_.state(id);
  EXPECT_EQ(request.state, RunState::kCancelled);
  EXPECT_TRUE(request.is_cancelled);
  ASSERT_TRUE(server_.wait_until([&] { return world_.engine->cancelled() == 1; }));
  EXPECT_FALSE(server_->leave(world_.other, id));
  EXPECT_EQ(world_.ledger_kinds(), (std::vector<std::string>{"request.created", "request.joined", "slice.saved",
                                                             "request.left", "request.cancelled"}));
  server_->stop();
  EXPECT_TRUE(world_.objects().empty());
}

TEST_F(CancellingTest, ADeletedAccountStopsWaitingForAll) {
  world_.accounts.add_farewell_listener(*server_);
  world_.engine->close_gate();
  const auto shared = server_.ask(world_.reader).id;
  ASSERT_EQ(server_.ask(world_.other).id, shared);
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  const auto own =
      server_.ask(world_.reader, R"({"columns":["a"],"filters":[{"name":"a","operator":"=","value":1}]})").id;
  ASSERT_TRUE(world_.engine->wait_for_runs(2));

  ASSERT_TRUE(world_.accounts.remove(world_.reader.id, world_.other.id));
  EXPECT_EQ(server_.state(own).state, RunState::kCancelled);
  EXPECT_EQ(server_.state(shared).state, RunState::kRunning);
  EXPECT_EQ(value_of(server_->get(world_.other, shared)).created_by, std::nullopt);
  ASSERT_TRUE(server_.wait_until([&] { return world_.engine->cancelled() == 1; }));
  const auto kinds = world_.ledger_kinds();
  EXPECT_EQ(std::vector(kinds.end() - 2, kinds.end()), (std::vector<std::string>{"request.left", "request.cancelled"}));
  EXPECT_EQ(server_->get_for_link({shared, world_.reader.id, LinkPurpose::kWait, 0}).error().code, Code::kForbidden);
  // What it was about to ask when it was deleted is not asked.
  const auto late = server_->ask(world_.reader, world_.item.id, *parse_json(R"({"columns":["a"]})"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().event, "AUTH_TOKEN_MISSING_ACCOUNT");
}

TEST_F(CancellingTest, ADisabledAccountsAddressesOpenNothing) {
  const auto id = server_.ask(world_.reader).id;
  ASSERT_TRUE(server_.wait_for(id, RunState::kDone));
  const Link link{id, world_.reader.id, LinkPurpose::kWait, 0};
  ASSERT_TRUE(server_->get_for_link(link));
  ASSERT_TRUE(world_.accounts.update(world_.reader.id, {.is_disabled = true}, std::nullopt));
  EXPECT_EQ(server_->get_for_link(link).error().event, "LINK_NOT_VALID");
  ASSERT_TRUE(world_.accounts.update(world_.reader.id, {.is_disabled = false}, std::nullopt));
  EXPECT_TRUE(server_->get_for_link(link));
}

TEST_F(CancellingTest, AnEqualAskAfterwardsIsANewRequest) {
  world_.engine->close_gate();
  const auto id = server_.ask(world_.reader).id;
  ASSERT_TRUE(world_.engine->wait_for_runs(1));
  ASSERT_TRUE(server_->leave(world_.reader, id));
  world_.engine->open_gate();
  const auto again = server_.ask(world_.reader);
  EXPECT_NE(again.id, id);
  ASSERT_TRUE(server_.wait_for(again.id, RunState::kDone));
  EXPECT_EQ(server_.state(id).state, RunState::kCancelled);
}

TEST_F(CancellingTest, WhatIsHeldIsNotPaidForAgain) {
  const auto id = server_.ask(world_.reader).id;
  ASSERT_TRUE(server_.wait_for(id, RunState::kDone));
  ASSERT_TRUE(server_->leave(world_.reader, id));
  EXPECT_EQ(server_.state(id).state, RunState::kCancelled);

  const auto again = server_.ask(world_.other);
  EXPECT_NE(again.id, id);
  EXPECT_EQ(again.state, RunState::kDone);
  EXPECT_EQ(again.rows, 3);
  EXPECT_TRUE(again.run_id);
  EXPECT_EQ(world_.engine->orders().size(), 1U);
  EXPECT_EQ(world_.objects().size(), 1U);
}

TEST_F(CancellingTest, AQueuedRunIsNeverStarted) {
  world_.engine->close_gate();
  for (std::size_t i = 0; i < limits::kRunningRuns; ++i) {
    server_.ask(world_.other,
                R"({"columns":["a"],"filters":[{"name":"a","operator":"=","value":)" + std::to_string(i) + "}]}");
  }
  ASSERT_TRUE(world_.engine->wait_for_runs(limits::kRunningRuns));
  const auto id = server_.ask(world_.reader).id;
  EXPECT_EQ(server_.state(id).state, RunState::kQueued);
  ASSERT_TRUE(server_->leave(world_.reader, id));
  world_.engine->open_gate();
  const auto after = server_.ask(world_.other, R"({"columns":["b"],"filters":[]})").id;
  ASSERT_TRUE(server_.wait_for(after, RunState::kDone));
  EXPECT_EQ(world_.engine->orders().size(), limits::kRunningRuns + 1);
}

// Cancelled and finished at the same moment: one of them wins, and nothing is left over either way.
TEST_F(CancellingTest, CancelRacesDone) {
  constexpr int kRounds = 100;
  world_.engine->close_gate();
  int done = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string spec =
        R"({"columns":["a"],"filters":[{"name":"a","operator":"=","value":)" + std::to_string(round) + "}]}";
    const auto id = server_.ask(world_.reader, spec).id;
    ASSERT_TRUE(world_.engine->wait_for_runs(static_cast<std::size_t>(round) + 1));
    std::latch together(2);
    {
      const std::jthread finishing([&] {
        together.arrive_and_wait();
        world_.engine->let_through(1);
      });
      const std::jthread leaving([&] {
        together.arrive_and_wait();
        EXPECT_TRUE(server_->leave(world_.reader, id));
      });
    }
    const auto request = server_.state(id);
    EXPECT_TRUE(request.is_cancelled);
    EXPECT_EQ(request.state, RunState::kCancelled);
    done += request.result_key ? 1 : 0;
    // A pass that the cancelled run did not use must not let the next one through early.
    world_.engine->close_gate();
  }
  server_->stop();
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_results"), done);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE state = 'DONE'"), done);
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE state = 'CANCELLED'"), kRounds - done);
  EXPECT_EQ(world_.objects().size(), static_cast<std::size_t>(done));
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_waiters"), 0);
}

// Joined and left at the same moment: the one who joined waits for a live request, whichever came first.
TEST_F(CancellingTest, JoinRacesTheLastLeave) {
  world_.engine->close_gate();
  for (int round = 0; round < 100; ++round) {
    const std::string spec =
        R"({"columns":["b"],"filters":[{"name":"a","operator":"=","value":)" + std::to_string(round) + "}]}";
    const auto id = server_.ask(world_.reader, spec).id;
    std::latch together(2);
    std::int64_t joined = 0;
    {
      const std::jthread leaving([&] {
        together.arrive_and_wait();
        EXPECT_TRUE(server_->leave(world_.reader, id));
      });
      const std::jthread joining([&] {
        together.arrive_and_wait();
        joined = server_.ask(world_.other, spec).id;
      });
    }
    const auto mine = value_of(server_->get(world_.other, joined));
    EXPECT_FALSE(mine.is_cancelled);
    EXPECT_EQ(server_.state(id).is_cancelled, joined != id);
    ASSERT_TRUE(server_->leave(world_.other, joined));
  }
}

TEST_F(CancellingTest, AnItemIsKeptWhileSomebodyWaits) {
  world_.catalogue.set_live_requests(&*server_);
  const auto id = server_.ask(world_.reader).id;
  const auto refused = world_.catalogue.remove(world_.reader, world_.item.id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().event, "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED");
  ASSERT_TRUE(server_->leave(world_.reader, id));
  EXPECT_TRUE(world_.catalogue.remove(world_.reader, world_.item.id));
}

// threats U4: an address stops working with the right to it.
TEST_F(CancellingTest, U4_AddressesEndWithTheWaiting) {
  const auto id = server_.ask(world_.reader).id;
  ASSERT_EQ(server_.ask(world_.other).id, id);
  const Link reader{id, world_.reader.id, LinkPurpose::kWait, 0};
  const Link other{id, world_.other.id, LinkPurpose::kWait, 0};
  EXPECT_EQ(value_of(server_->get_for_link(reader)).id, id);

  ASSERT_TRUE(server_->leave(world_.reader, id));
  EXPECT_EQ(server_->get_for_link(reader).error().code, Code::kForbidden);
  EXPECT_TRUE(server_->get_for_link(other));
  EXPECT_EQ(server_->get_for_link({id + 1'000, world_.other.id, LinkPurpose::kWait, 0}).error().code, Code::kForbidden);

  ASSERT_TRUE(server_->leave(world_.other, id));
  EXPECT_EQ(server_->get_for_link(other).error().code, Code::kGone);
  EXPECT_EQ(server_->rendition(id, columnar::Format::kParquet, {}).error().code, Code::kGone);
}

}  // namespace
}  // namespace lakelift::slices
