// Content moves from one place to another, and can be read at every moment.
#include <gtest/gtest.h>

#include "backends/storage/places.h"
#include "domain/objects/test_world.h"

namespace lakelift::objects {
namespace {

using storage::testing::Operation;
using testing::value_of;
using testing::World;

template <typename T>
std::shared_ptr<T> unowned(T& object) {
  return {std::shared_ptr<void>(), &object};
}

Error away() { return {Code::kUnavailable, "STORAGE_UNAVAILABLE", "away", {}}; }

// The store of the world is the disk; beside it is another place, whose readers look as if they were far away.
class MoverTest : public ::testing::Test {
 protected:
  class Far final : public storage::testing::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    [[nodiscard]] bool is_remote() const override { return true; }

   protected:
    Result<void> before(Operation) override { return {}; }
  };

  MoverTest() { world_.keeper = make(); }

  std::unique_ptr<ObjectKeeper> make(bool sole_owner = true) {
    auto keeper = std::make_unique<ObjectKeeper>(
        KeeperParts{world_.database, world_.ledger, places_, world_.clock, world_.random, world_.metrics, &places_},
        KeeperOptions{.sole_owner = sole_owner, .scrub_bytes_per_second = 0});
    keeper->add_owner(world_.first);
    keeper->add_owner(world_.second);
    return keeper;
  }
  bool move() { return value_of(world_.keeper->move({})); }
  // Passes until there is nothing left.
  void move_all() {
    for (int i = 0; i < 10; ++i) {
      if (move()) return;
    }
    ADD_FAILURE() << "the move does not end";
  }
  std::string text_of(const Reference& object) {
    const auto opened = value_of(world_.keeper->open(object));
    std::string out(opened->size_bytes(), '\0');
    EXPECT_EQ(value_of(opened->read_at(0, std::as_writable_bytes(std::span(out)))), out.size());
    return out;
  }
  std::size_t at_cloud() { return value_of(cloud_.list("", 10'000)).objects.size(); }
  MoveReport start() { return value_of(world_.keeper->start_move("s3://b", 7)); }

  World world_;
  storage::testing::MemoryStore cloud_{world_.clock};
  storage::testing::FailingStore failing_{cloud_};
  Far far_{failing_};
  storage::Places places_{
      {{"disk", unowned<storage::ObjectStore>(world_.store)}, {"s3://b", unowned<storage::ObjectStore>(far_)}}};
};

TEST_F(MoverTest, AllThatIsReferredToMovesAndTheOldPlaceIsEmpty) {
  std::vector<Reference> objects;
  for (int i = 0; i < 20; ++i) {
    objects.push_back(world_.add("n" + std::to_string(i), std::string(static_cast<std::size_t>(i) * 100, 'x')));
  }
  EXPECT_TRUE(move());  // nobody asked for a move
  const MoveReport begun = start();
  EXPECT_TRUE(begun.is_running);
  EXPECT_EQ(begun.to, "s3://b");
  move_all();
  const MoveReport report = world_.keeper->move_report();
  EXPECT_FALSE(report.is_running);
  EXPECT_EQ(report.objects, 20);
  EXPECT_EQ(report.objects_total, 20);
  EXPECT_EQ(report.bytes, report.bytes_total);
  EXPECT_EQ(report.finished_at, world_.clock.now());
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(world_.objects(), 0U);
  EXPECT_EQ(at_cloud(), 20U);
  for (std::size_t i = 0; i < objects.size(); ++i) EXPECT_EQ(text_of(objects[i]), std::string(i * 100, 'x'));
  const auto entries = world_.entries();
  ASSERT_GE(entries.size(), 2U);
  EXPECT_EQ(entries[entries.size() - 2].entry.kind, "storage.move_started");
  EXPECT_EQ(entries[entries.size() - 2].entry.actor, 7);
  EXPECT_EQ(entries.back().entry.kind, "storage.left");
  EXPECT_EQ(entries.back().entry.subject_id, "disk");
}

TEST_F(MoverTest, NewContentGoesToTheNewPlaceAtOnce) {
  start();
  world_.add("new", "new");
  EXPECT_EQ(world_.objects(), 0U);
  EXPECT_EQ(at_cloud(), 1U);
}

TEST_F(MoverTest, ItGoesOnAfterARestart) {
  const Reference one = world_.add("a", "hello");
  start();
  world_.keeper = make();
  places_.set_current("disk");  // as a new process has them
  ASSERT_TRUE(world_.keeper->start());
  world_.keeper->stop();
  EXPECT_EQ(places_.current_name(), "s3://b");
  move_all();
  EXPECT_EQ(world_.objects(), 0U);
  EXPECT_EQ(text_of(one), "hello");
}

TEST_F(MoverTest, WhatFailsStaysWhereItIsAndIsTriedAgain) {
  const Reference one = world_.add("a", "hello");
  start();
  failing_.fail_always(Operation::kPublish, away());
  EXPECT_FALSE(move());
  EXPECT_EQ(world_.objects(), 1U);
  EXPECT_EQ(text_of(one), "hello");
  ASSERT_EQ(world_.keeper->move_report().problems.size(), 1U);
  EXPECT_EQ(world_.keeper->move_report().problems.front().problem, "away");
  failing_.fail_always(Operation::kPublish, std::nullopt);
  move_all();
  EXPECT_EQ(text_of(one), "hello");
  EXPECT_EQ(world_.objects(), 0U);
}

TEST_F(MoverTest, AnUploadWhoseAnswerWasLostIsNoObstacle) {
  const Reference one = world_.add("a", "hello");
  start();
  failing_.fail_at(Operation::kPublishAnswer, 1, away());
  EXPECT_FALSE(move());
  move_all();
  EXPECT_EQ(at_cloud(), 1U);
  EXPECT_EQ(text_of(one), "hello");
}

TEST_F(MoverTest, ACopyThatIsWrongIsMadeAgain) {
  const Reference one = world_.add("a", "hello");
  start();
  ASSERT_TRUE(storage::testing::put(cloud_, one.key, "HELLO"));
  move_all();
  EXPECT_EQ(text_of(one), "hello");
  EXPECT_EQ(world_.objects(), 0U);
}

TEST_F(MoverTest, WhatIsNotWhatItWasIsNotMoved) {
  const Reference one = world_.add("a", "hello");
  world_.damage(one.key, "HELLO");
  start();
  EXPECT_FALSE(move());
  EXPECT_EQ(at_cloud(), 0U);
  EXPECT_EQ(world_.objects(), 1U);
  EXPECT_EQ(world_.keeper->open(one).error().event, "STORED_OBJECT_BROKEN");
}

TEST_F(MoverTest, OrphansAreLeftBehind) {
  ASSERT_TRUE(storage::testing::put(world_.memory, storage::new_key(world_.random), "orphan"));
  start();
  move_all();
  EXPECT_EQ(world_.objects(), 0U);
  EXPECT_EQ(at_cloud(), 0U);
}

TEST_F(MoverTest, ADiscardedObjectIsRemovedWhereverItIs) {
  world_.add("a", "hello");
  start();
  ASSERT_TRUE(world_.drop(world_.first, "a"));
  EXPECT_EQ(value_of(world_.keeper->collect()), 1);
  move_all();
  EXPECT_EQ(world_.objects() + at_cloud(), 0U);
}

TEST_F(MoverTest, AndBackAgain) {
  const Reference one = world_.add("a", "hello");
  start();
  move_all();
  (void)value_of(world_.keeper->start_move("disk", std::nullopt));
  move_all();
  EXPECT_EQ(at_cloud(), 0U);
  EXPECT_EQ(world_.objects(), 1U);
  EXPECT_EQ(text_of(one), "hello");
}

TEST_F(MoverTest, TurnedRoundInTheMiddleNothingIsLost) {
  const Reference one = world_.add("a", "hello");
  start();
  const Reference two = world_.add("b", "there");
  (void)value_of(world_.keeper->start_move("disk", std::nullopt));
  move_all();
  EXPECT_EQ(at_cloud(), 0U);
  EXPECT_EQ(text_of(one), "hello");
  EXPECT_EQ(text_of(two), "there");
}

TEST_F(MoverTest, APlaceThatIsNotConfiguredIsRefused) {
  const auto refused = world_.keeper->start_move("s3://elsewhere", std::nullopt);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().event, "STORAGE_NOT_CONFIGURED");
  EXPECT_EQ(refused.error().fields.front().field, "to");
  EXPECT_TRUE(move());
}

TEST_F(MoverTest, AStartWithoutAPlaceThatHoldsContentIsRefused) {
  world_.add("a", "hello");
  start();
  storage::Places cloud_alone{{{"s3://b", unowned<storage::ObjectStore>(far_)}}};
  ObjectKeeper keeper(
      {world_.database, world_.ledger, cloud_alone, world_.clock, world_.random, world_.metrics, &cloud_alone}, {});
  keeper.add_owner(world_.first);
  const auto refused = keeper.start();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().event, "CONFIGURATION_DID_NOT_VALIDATE");
  EXPECT_EQ(refused.error().fields.front().field, "storage");
  EXPECT_NE(refused.error().message.find("disk"), std::string::npos);
}

TEST_F(MoverTest, ADatabaseOlderThanTheBookHasItsContentOnTheDisk) {
  world_.add("a", "hello");
  storage::Places cloud_first{
      {{"s3://b", unowned<storage::ObjectStore>(far_)}, {"disk", unowned<storage::ObjectStore>(world_.store)}}};
  ObjectKeeper keeper(
      {world_.database, world_.ledger, cloud_first, world_.clock, world_.random, world_.metrics, &cloud_first},
      {.sole_owner = true, .scrub_bytes_per_second = 0});
  keeper.add_owner(world_.first);
  ASSERT_TRUE(keeper.start());
  keeper.stop();
  EXPECT_EQ(cloud_first.current_name(), "disk");
}

}  // namespace
}  // namespace lakelift::objects
