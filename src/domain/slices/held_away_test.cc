// What is held can't be read for a moment: it was paid for, and is not paid again.
#include <gtest/gtest.h>

#include "backends/storage/testing/faulty_stores.h"
#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using storage::testing::FailingStore;
using storage::testing::Operation;
using testing::Server;
using testing::World;

class HeldAwayTest : public ::testing::TestWithParam<Code> {
 protected:
  World world_;
  FailingStore store_{world_.store};
};

TEST_P(HeldAwayTest, TheEngineIsNotAskedForWhatMayBeReadLater) {
  Server server(world_, std::nullopt, nullptr, &store_);
  server->start();
  ASSERT_TRUE(server.wait_for(server.ask(world_.reader).id, RunState::kDone));
  store_.fail_always(Operation::kOpen, Error{GetParam(), "STORAGE_AWAY", "not now", {}});
  const auto id = server.ask(world_.reader, R"({"columns":["b"],"filters":[]})").id;
  ASSERT_TRUE(server.wait_until(
      [&] { return world_.count("SELECT COUNT(*) FROM slices_runs WHERE error_event = 'STORAGE_AWAY'") == 1; }));
  EXPECT_EQ(world_.engine->orders().size(), 1U) << "the first slice";
  EXPECT_EQ(server.state(id).state, GetParam() == Code::kNoSpace ? RunState::kFailed : RunState::kQueued);
}

INSTANTIATE_TEST_SUITE_P(Errors, HeldAwayTest, ::testing::Values(Code::kUnavailable, Code::kTooMany, Code::kNoSpace));

TEST(HeldLost, WhatIsLostIsRunForItself) {
  World world;
  Server server(world);
  server->start();
  ASSERT_TRUE(server.wait_for(server.ask(world.reader).id, RunState::kDone));
  for (const auto& key : world.objects()) ASSERT_TRUE(world.store.remove(key));
  ASSERT_TRUE(server.wait_for(server.ask(world.reader, R"({"columns":["b"],"filters":[]})").id, RunState::kDone));
  EXPECT_EQ(world.engine->orders().size(), 2U);
}

}  // namespace
}  // namespace lakelift::slices
