#include "domain/slices/run_store.h"

#include <gtest/gtest.h>

#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using testing::Server;
using testing::value_of;
using testing::World;

constexpr Micros kLease = limits::kRunLeaseMs * 1'000LL;

Error away() { return {Code::kUnavailable, "ENGINE_AWAY", "the engine is away", {}}; }

// The stores' own rules, without threads: each write names its fence.
class FenceTest : public ::testing::Test {
 protected:
  template <typename F>
  auto write(F&& body) {
    return value_of(world_.database->write(std::forward<F>(body)));
  }
  store::Lease take() {
    auto lease = write([&](metadata::Transaction& tx) {
      return store::lease(tx, {"owner", {}}, world_.clock.now(), world_.clock.now() + kLease);
    });
    EXPECT_TRUE(lease);
    return *lease;
  }

  World world_;
};

TEST_F(FenceTest, D14_EveryWriteOfALostLeaseIsRefused) {
  Server server(world_, false);
  const auto id = server.ask(world_.reader).id;
  const store::Lease old = take();
  EXPECT_FALSE(write([&](metadata::Transaction& tx) {
    return store::lease(tx, {"other", {}}, world_.clock.now(), world_.clock.now() + kLease);
  }));
  world_.clock.advance(kLease);
  const store::Lease fresh = take();
  EXPECT_EQ(fresh.run_id, old.run_id);
  EXPECT_GT(fresh.fence, old.fence);
  EXPECT_EQ(fresh.attempt, 2);

  const storage::ObjectInfo object{"0123456789abcdef0123456789abcdef", 4, "00", 0};
  const auto work = value_of(world_.database->read([&](metadata::Session& s) { return store::work_of(s, fresh); }));
  ASSERT_TRUE(work);
  EXPECT_FALSE(value_of(world_.database->read([&](metadata::Session& s) { return store::work_of(s, old); })));
  const auto now = world_.clock.now();
  EXPECT_FALSE(write([&](metadata::Transaction& tx) { return store::renew(tx, old, now + kLease, {}); }));
  EXPECT_FALSE(write([&](metadata::Transaction& tx) { return store::set_external_id(tx, old, "x"); }));
  for (const auto& lease : {old, fresh}) {
    ASSERT_TRUE(
        world_.database->write([&](metadata::Transaction& tx) { return store::leave_job(tx, lease, "x", now); }));
  }
  EXPECT_EQ(world_.count("SELECT COUNT(*) FROM slices_runs WHERE external_id = 'x' OR cancel_at IS NOT NULL"), 0)
      << "it goes on";
  EXPECT_FALSE(write([&](metadata::Transaction& tx) { return store::release(tx, old, "x"); }));
  EXPECT_FALSE(write([&](metadata::Transaction& tx) { return store::retry_at(tx, old, away(), now); }));
  EXPECT_FALSE(write([&](metadata::Transaction& tx) { return store::finish_failed(tx, old, away(), now); }));
  EXPECT_TRUE(write([&](metadata::Transaction& tx) {
                return store::finish_done(tx, old, *work, object, {.source_version = ""}, {}, now);
              }).lost);
  EXPECT_EQ(server.state(id).state, RunState::kRunning);

  EXPECT_TRUE(write([&](metadata::Transaction& tx) { return store::renew(tx, fresh, now + kLease, {}); }));
  EXPECT_FALSE(write([&](metadata::Transaction& tx) {
                 return store::finish_done(tx, fresh, *work, object, {.source_version = ""}, {}, now);
               }).lost);
  EXPECT_EQ(server.state(id).state, RunState::kDone);
  // Done is done.
  EXPECT_FALSE(write([&](metadata::Transaction& tx) { return store::retry_at(tx, fresh, away(), now); }));
  EXPECT_FALSE(write([&](metadata::Transaction& tx) { return store::release(tx, fresh, "x"); }));
}

TEST_F(FenceTest, ARenewedLeaseIsNotTaken) {
  Server server(world_, false);
  server.ask(world_.reader);
  const store::Lease held = take();
  world_.clock.advance(kLease - 1);
  EXPECT_TRUE(write([&](metadata::Transaction& tx) {
    return store::renew(tx, held, world_.clock.now() + kLease, {.rows_read = 5, .rows_total = 9});
  }));
  world_.clock.advance(kLease - 1);
  EXPECT_FALSE(
      value_of(world_.database->read([&](metadata::Session& s) { return store::any_due(s, {}, world_.clock.now()); })));
  EXPECT_EQ(world_.count("SELECT rows_read FROM slices_runs"), 5);
}

TEST_F(FenceTest, TheOldestRunComesFirst) {
  Server server(world_, false);
  const auto first = server.ask(world_.reader).id;
  world_.clock.advance(1);
  const auto second = server.ask(world_.reader, R"({"columns":["a"],"filters":[]})").id;
  EXPECT_EQ(take().request_id, first);
  EXPECT_EQ(take().request_id, second);
}

}  // namespace
}  // namespace lakelift::slices
