// The power goes while objects are stored, dropped and collected (threats D1, D2): what a row refers to is whole, and
// after a sweep there is nothing else.
#include "backends/storage/testing/power_loss.h"

#include <gtest/gtest.h>

#include <map>

#include "backends/storage/disk/disk_store.h"
#include "backends/storage/testing/temporary_root.h"
#include "domain/objects/test_world.h"

namespace lakelift::objects {
namespace {

using storage::testing::Left;
using storage::testing::TemporaryRoot;
using testing::value_of;

class PowerLossTest : public ::testing::TestWithParam<Left> {};

TEST_P(PowerLossTest, NothingIsLostAndNothingIsLeftOver) {
  testing::World world;
  const TemporaryRoot root;
  storage::testing::PowerLoss power(root.path());
  const auto disk = value_of(storage::open_disk_store(root.path(), world.random, {.sync = power.sync()}));
  const auto keeper_of = [&](storage::ObjectStore& store) {
    auto keeper = std::make_unique<ObjectKeeper>(
        KeeperParts{world.database, world.ledger, store, world.clock, world.random, world.metrics}, KeeperOptions{});
    keeper->add_owner(world.first);
    keeper->add_owner(world.second);
    return keeper;
  };
  const auto keeper = keeper_of(*disk);
  std::map<std::string, Reference> kept;
  for (int i = 0; i < 40; ++i) {
    const auto pending = keeper->begin();
    auto staged = value_of(disk->stage());
    ASSERT_TRUE(staged->append(as_bytes("content " + std::to_string(i))));
    (void)staged->seal();
    const auto info = value_of(keeper->publish(std::move(staged), *pending));
    if (i % 4 == 0) continue;  // a crash before its transaction
    const std::string name = std::to_string(i);
    const Reference object{info.key, info.size_bytes, info.sha256};
    ASSERT_TRUE(world.write([&](metadata::Transaction& tx) { return world.first.add(tx, name, object); }));
    kept[name] = object;
    if (i % 4 != 1) continue;
    kept.erase(name);
    ASSERT_TRUE(world.write([&](metadata::Transaction& tx) -> Result<void> {
      TRY_VOID(world.first.take(tx, name));
      return keeper->discard(tx, {object.key});
    }));
    EXPECT_TRUE(i % 8 != 1 || keeper->collect());
  }

  const TemporaryRoot after;
  std::mt19937_64 chance(7);
  power.image(after.path(), GetParam(), chance);
  const auto found = value_of(storage::open_disk_store(after.path(), world.random));
  const auto later = keeper_of(*found);
  EXPECT_GT(value_of(later->sweep()).orphans, 0);
  EXPECT_EQ(value_of(found->list("", 1'000)).objects.size(), kept.size());
  for (const auto& [name, object] : kept) EXPECT_TRUE(later->open_verified(object, {})) << name;
  EXPECT_EQ(world.count("objects_discarded"), 0);
  EXPECT_EQ(value_of(later->sweep()).orphans, 0);
}

INSTANTIATE_TEST_SUITE_P(Whatever, PowerLossTest,
                         ::testing::Values(Left::kOnlySynced, Left::kAllNames, Left::kSomeOfThese));

}  // namespace
}  // namespace lakelift::objects
