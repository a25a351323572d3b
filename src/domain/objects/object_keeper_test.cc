#include "domain/objects/object_keeper.h"

#include <gtest/gtest.h>

#include <thread>

#include "domain/objects/test_world.h"

namespace lakelift::objects {
namespace {

using storage::testing::Operation;
using testing::value_of;
using testing::World;

const Error kAway{Code::kUnavailable, {}, "away", {}};

class ObjectKeeperTest : public ::testing::Test {
 protected:
  std::string text_of(const Reference& reference) {
    const auto object = world_.keeper->open(reference);
    if (!object) return object.error().event;
    std::string text((*object)->size_bytes(), '?');
    EXPECT_TRUE((*object)->read_at(0, std::as_writable_bytes(std::span(text))));
    return text;
  }
  World world_;
  ObjectKeeper& keeper() { return *world_.keeper; }
};

TEST_F(ObjectKeeperTest, WhatWasPublishedAndReferredToIsOpened) {
  const Reference object = world_.add("a", "hello");
  EXPECT_TRUE(storage::is_key(object.key));
  EXPECT_EQ(text_of(object), "hello");
  EXPECT_NE(keeper().begin()->key(), keeper().begin()->key());
}

TEST_F(ObjectKeeperTest, AnAbandonedObjectIsRemovedUnlessARowRefersToIt) {
  const auto pending = keeper().begin();
  const auto info = value_of(keeper().publish(world_.staged("x"), *pending));
  keeper().abandon(*pending);
  EXPECT_FALSE(world_.has(info.key));
  keeper().abandon(*pending);  // again, and of what was never published
  keeper().abandon(*keeper().begin());

  // The answer of the commit was lost, but it became true.
  const auto kept = keeper().begin();
  const auto object = value_of(keeper().publish(world_.staged("y"), *kept));
  ASSERT_TRUE(world_.write([&](metadata::Transaction& tx) { return world_.second.add(tx, "y", {object.key, 1, ""}); }));
  keeper().abandon(*kept);
  EXPECT_TRUE(world_.has(object.key));
}

TEST_F(ObjectKeeperTest, WhatCanNotBeAskedAboutIsLeftToTheSweep) {
  auto pending = keeper().begin();
  const auto info = value_of(keeper().publish(world_.staged("x"), *pending));
  world_.database.fail_writes_from(1);
  keeper().abandon(*pending);
  EXPECT_TRUE(world_.has(info.key));
  world_.database.fail_writes_from(0);
  pending.reset();
  EXPECT_EQ(value_of(keeper().sweep()).orphans, 1);
  EXPECT_FALSE(world_.has(info.key));
}

TEST_F(ObjectKeeperTest, WhatIsDiscardedGoesAfterTheCommit) {
  const Reference object = world_.add("a", "hello");
  EXPECT_FALSE(world_.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(world_.first.take(tx, "a"));
    TRY_VOID(keeper().discard(tx, {object.key}));
    return fail(Code::kConflict, "rolled back");
  }));
  EXPECT_EQ(value_of(keeper().collect()), 0);
  EXPECT_EQ(text_of(object), "hello");

  const auto open_one = value_of(keeper().open(object));
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  EXPECT_EQ(value_of(keeper().collect()), 1);
  EXPECT_FALSE(world_.has(object.key));
  EXPECT_EQ(world_.count("objects_discarded"), 0);
  EXPECT_EQ(open_one->size_bytes(), 5U) << "who has opened it reads on";
  EXPECT_EQ(value_of(keeper().collect()), 0);
}

TEST_F(ObjectKeeperTest, WhatOthersReferToStays) {
  const Reference object = world_.add("a", "hello");
  ASSERT_TRUE(world_.copy(world_.second, "b", object));
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  EXPECT_EQ(value_of(keeper().collect()), 0);
  EXPECT_EQ(text_of(object), "hello");
  EXPECT_EQ(world_.count("objects_discarded"), 0);
  ASSERT_TRUE(world_.drop(world_.second, "b"));
  EXPECT_EQ(value_of(keeper().collect()), 1);
  EXPECT_EQ(world_.objects(), 0U);
}

TEST_F(ObjectKeeperTest, ReferredToAgainBeforeTheCollectorCameItStays) {
  const Reference object = world_.add("a", "hello");
  ASSERT_TRUE(world_.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const bool is_there, keeper().is_referenced(tx, object.key));
    EXPECT_TRUE(is_there);
    TRY_VOID(world_.first.take(tx, "a"));
    TRY_VOID(keeper().discard(tx, {object.key}));
    return world_.second.add(tx, "b", object);
  }));
  EXPECT_EQ(value_of(keeper().collect()), 0);
  EXPECT_EQ(text_of(object), "hello");
}

TEST_F(ObjectKeeperTest, NobodyRefersAnewToWhatIsBeingRemoved) {
  const Reference object = world_.add("a", "hello");
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  world_.store.close(Operation::kRemove);
  std::jthread collector([&] { EXPECT_EQ(value_of(keeper().collect()), 1); });
  ASSERT_TRUE(world_.store.wait_until_blocked(Operation::kRemove));
  EXPECT_EQ(world_.copy(world_.second, "b", object).error().code, Code::kNotFound);
  world_.store.open_gate(Operation::kRemove);
  collector.join();
  EXPECT_EQ(world_.copy(world_.second, "b", object).error().code, Code::kNotFound);
  EXPECT_EQ(world_.objects(), 0U);
}

TEST_F(ObjectKeeperTest, ManyAreDiscardedAtOnceAndTwice) {
  std::vector<std::string> keys;
  const int many = 2 * limits::kCollectorBatch + 7;
  for (int i = 0; i < many; ++i) {
    keys.push_back(storage::new_key(world_.random));
    ASSERT_TRUE(storage::testing::put(world_.memory, keys.back(), "x"));
  }
  const Reference kept = world_.add("kept", "k");
  keys.push_back(kept.key);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(world_.write([&](metadata::Transaction& tx) { return keeper().discard(tx, keys); }));
  }
  EXPECT_EQ(value_of(keeper().collect()), many);
  EXPECT_EQ(world_.objects(), 1U);
  EXPECT_EQ(world_.count("objects_discarded"), 0);
  ASSERT_TRUE(world_.write([&](metadata::Transaction& tx) { return keeper().discard(tx, {}); }));
  EXPECT_EQ(world_.write([&](metadata::Transaction& tx) { return keeper().discard(tx, {"../x"}); }).error().code,
            Code::kInternal);
}

// D1: wherever collecting breaks off, it is repeated.
TEST_F(ObjectKeeperTest, ACollectionThatBreaksOffIsRepeated) {
  const Reference object = world_.add("a", "hello");
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  world_.database.fail_writes_from(1);  // before it has looked
  EXPECT_FALSE(keeper().collect());
  EXPECT_TRUE(world_.has(object.key));

  world_.database.fail_writes_from(0);
  world_.failing.fail_at(Operation::kRemove, 1, kAway);
  EXPECT_EQ(value_of(keeper().collect()), 0);
  EXPECT_TRUE(world_.has(object.key));
  EXPECT_EQ(world_.count("objects_discarded"), 1);

  world_.database.fail_writes_from(2);  // it is removed, its row stays
  EXPECT_FALSE(keeper().collect());
  EXPECT_FALSE(world_.has(object.key));
  EXPECT_EQ(world_.count("objects_discarded"), 1);

  world_.database.fail_writes_from(0);
  EXPECT_EQ(value_of(keeper().collect()), 1);
  EXPECT_EQ(world_.count("objects_discarded"), 0);
}

TEST_F(ObjectKeeperTest, APendingKeyThatWasDiscardedWaits) {
  auto pending = keeper().begin();
  const auto info = value_of(keeper().publish(world_.staged("x"), *pending));
  ASSERT_TRUE(world_.write([&](metadata::Transaction& tx) { return keeper().discard(tx, {info.key}); }));
  EXPECT_EQ(value_of(keeper().collect()), 0);
  EXPECT_TRUE(world_.has(info.key));
  pending.reset();
  EXPECT_EQ(value_of(keeper().collect()), 1);
  EXPECT_FALSE(world_.has(info.key));
}

TEST_F(ObjectKeeperTest, OnlyOrphansAreSwept) {
  const Reference object = world_.add("a", "hello");
  const auto pending = keeper().begin();
  const auto on_its_way = value_of(keeper().publish(world_.staged("x"), *pending));
  ASSERT_TRUE(storage::testing::put(world_.memory, storage::new_key(world_.random), "orphan"));
  const Swept swept = value_of(keeper().sweep());
  EXPECT_EQ(swept.orphans, 1);
  EXPECT_EQ(swept.bytes, 6);
  EXPECT_TRUE(world_.has(object.key));
  EXPECT_TRUE(world_.has(on_its_way.key));
  EXPECT_EQ(value_of(keeper().sweep()).orphans, 0);
  EXPECT_NE(world_.metrics.render().find("lakelift_orphans_removed_total 1"), std::string::npos);
}

TEST_F(ObjectKeeperTest, WhatIsDiscardedIsNoOrphan) {
  world_.add("a", "hello");
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  EXPECT_EQ(value_of(keeper().sweep()).orphans, 0);
  EXPECT_EQ(world_.objects(), 0U);
}

// Published and referred to between the listing and the look into the database, in either order.
TEST_F(ObjectKeeperTest, ASweepTakesNothingThatIsBeingPublished) {
  world_.store.close(Operation::kList);
  std::jthread sweeper([&] { EXPECT_EQ(value_of(keeper().sweep()).orphans, 0); });
  ASSERT_TRUE(world_.store.wait_until_blocked(Operation::kList));
  const auto pending = keeper().begin();
  const auto on_its_way = value_of(keeper().publish(world_.staged("x"), *pending));
  const Reference object = world_.add("a", "hello");
  world_.store.open_gate(Operation::kList);
  sweeper.join();
  EXPECT_TRUE(world_.has(object.key));
  EXPECT_TRUE(world_.has(on_its_way.key));
}

TEST_F(ObjectKeeperTest, OnASharedDatabaseOnlyOldOrphansAreSwept) {
  auto shared = world_.make({.sole_owner = false});
  ASSERT_TRUE(
      storage::testing::put(world_.memory, storage::new_key(world_.random), "another server's, for all we know"));
  EXPECT_EQ(value_of(shared->sweep()).orphans, 0);
  world_.clock.advance(limits::kOrphanGraceSeconds * kMicrosPerSecond);
  EXPECT_EQ(value_of(shared->sweep()).orphans, 0);
  world_.clock.advance(1);
  EXPECT_EQ(value_of(shared->sweep()).orphans, 1);
}

TEST_F(ObjectKeeperTest, ASweepGoesThroughAllPages) {
  const int many = 2 * limits::kCollectorBatch + 5;
  for (int i = 0; i < many; ++i) {
    ASSERT_TRUE(storage::testing::put(world_.memory, storage::new_key(world_.random), "x"));
  }
  const Reference object = world_.add("a", "hello");
  EXPECT_EQ(value_of(keeper().sweep()).orphans, many);
  EXPECT_EQ(world_.objects(), 1U);
  EXPECT_TRUE(world_.has(object.key));
}

TEST_F(ObjectKeeperTest, ASweepThatCanNotAskRemovesNothing) {
  ASSERT_TRUE(storage::testing::put(world_.memory, storage::new_key(world_.random), "x"));
  world_.database.fail_reads(true);
  EXPECT_FALSE(keeper().sweep());
  EXPECT_EQ(world_.objects(), 1U);
}

// Many publish, copy, drop and collect at once: what a name refers to is always there, and nothing else in the end.
TEST_F(ObjectKeeperTest, UnderManyThreadsNothingThatIsReferredToIsLost) {
  constexpr int kRounds = 60;
  ASSERT_TRUE(keeper().start());
  const auto one_thread = [&](const std::string& id) {
    for (int i = 0; i < kRounds; ++i) {
      const std::string name = id + std::to_string(i);
      const Reference object = world_.add(name, name);
      std::jthread rival([&] { EXPECT_TRUE(world_.drop(world_.first, name)); });
      const auto copied = world_.copy(world_.second, name, object);
      rival.join();
      EXPECT_TRUE(i % 8 != 0 || keeper().collect());
      EXPECT_TRUE(i % 16 != 0 || keeper().sweep());
      if (!copied) continue;
      EXPECT_EQ(text_of(object), name);
      EXPECT_TRUE(i % 2 != 0 || world_.drop(world_.second, name));
    }
  };
  {
    std::vector<std::jthread> threads;
    for (const char* id : {"a", "b", "c", "d"}) threads.emplace_back([&, id] { one_thread(id); });
  }
  keeper().stop();
  EXPECT_TRUE(keeper().collect());
  EXPECT_EQ(value_of(keeper().sweep()).orphans, 0);
  EXPECT_EQ(static_cast<std::int64_t>(world_.objects()), world_.count("second_names"));
  EXPECT_TRUE(value_of(keeper().scrub(0, {})).findings.empty());
}

TEST_F(ObjectKeeperTest, TheBackgroundCollectsWhatIsDiscarded) {
  std::atomic<bool> looked = false;
  ASSERT_TRUE(keeper().start());
  ASSERT_TRUE(keeper().start());  // again: nothing happens
  const Reference object = world_.add("a", "hello");
  world_.store.close(Operation::kRemove);
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  looked = world_.store.wait_until_blocked(Operation::kRemove);
  EXPECT_TRUE(looked);
  world_.store.open_gate(Operation::kRemove);
  keeper().stop();
  EXPECT_FALSE(world_.has(object.key));
}

}  // namespace
}  // namespace lakelift::objects
