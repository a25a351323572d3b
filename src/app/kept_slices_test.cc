// A finished slice becomes a file: the same object, and only what one may have.
#include "app/kept_slices.h"

#include "app/test_world.h"

namespace lakelift::app {
namespace {

using columnar::Format;
using slices::RunState;
using namespace testing;

class KeptSlicesTest : public ::testing::Test {
 protected:
  KeptSlicesTest() {
    world_.put(world_.ada, source_, "n,city\n1,Ulm\n2,Bonn\n");
    item_ = world_.publish(world_.ada, source_);
    world_.grant(source_, world_.bob);
  }
  std::int64_t finished(const accounts::Account& who) {
    world_.start();
    const auto id = world_.ask(who, item_.id).id;
    EXPECT_TRUE(world_.wait_for(id, RunState::kDone));
    return id;
  }

  World world_;
  const files::Address source_ = World::at(world_.ada, "may.csv");
  const files::Address to_ = World::at(world_.bob, "kept/slice.parquet");
  catalogue::CatalogueItem item_;
};

TEST_F(KeptSlicesTest, AFileThatIsTheSameObject) {
  const auto id = finished(world_.bob);
  const auto before = world_.objects();
  const auto stored = value_of(world_.kept.keep(world_.bob, id, Format::kParquet, to_, false, {}));
  EXPECT_TRUE(stored.created);
  EXPECT_EQ(world_.objects(), before);  // no byte was copied
  const auto result = value_of(world_.slices.rendition(id, Format::kParquet, {}));
  EXPECT_EQ(stored.file.object_key, result.object_key);
  EXPECT_EQ(stored.file.sha256, result.sha256);
  EXPECT_EQ(stored.file.size_bytes, result.size_bytes);

  // Who made the slice may leave it, and its source may go: the file stays.
  ASSERT_TRUE(world_.slices.leave(world_.bob, id));
  value_of(world_.files.remove(world_.ada, source_, false, {}));
  value_of(world_.keeper.collect());
  value_of(world_.keeper.sweep());
  EXPECT_TRUE(world_.objects().contains(stored.file.object_key));
  EXPECT_EQ(value_of(world_.files.open(world_.bob, to_)).bytes->size_bytes(), stored.file.size_bytes);
}

TEST_F(KeptSlicesTest, EachFormatIsTheRenditionThatIsKeptAnyway) {
  const auto id = finished(world_.bob);
  for (const Format format : {Format::kCsv, Format::kArrow, Format::kJsonl}) {
    const auto to = World::at(world_.bob, "slice." + std::string(columnar::name_of(format)));
    const auto stored = value_of(world_.kept.keep(world_.bob, id, format, to, false, {}));
    EXPECT_EQ(stored.file.object_key, value_of(world_.slices.rendition(id, format, {})).object_key);
  }
}

TEST_F(KeptSlicesTest, WhatIsThereIsReplacedOnlyWhenSaidSo) {
  const auto id = finished(world_.bob);
  world_.put(world_.bob, to_, "mine");
  EXPECT_EQ(world_.kept.keep(world_.bob, id, Format::kParquet, to_, false, {}).error().event, "FILE_EXISTS_ALREADY");
  EXPECT_EQ(value_of(world_.files.get(world_.bob, to_)).size_bytes, 4U);
  EXPECT_FALSE(value_of(world_.kept.keep(world_.bob, id, Format::kParquet, to_, true, {})).created);
}

TEST_F(KeptSlicesTest, OnlyWhatIsDoneAndOnesOwn) {
  const auto keep = [&](const accounts::Account& who, std::int64_t id, const files::Address& to) {
    const auto kept = world_.kept.keep(who, id, Format::kParquet, to, false, {});
    return kept ? std::string("kept") : kept.error().event;
  };
  const auto queued = world_.ask(world_.bob, item_.id).id;  // no runner yet
  EXPECT_EQ(keep(world_.bob, queued, to_), "DOWNLOADREQUEST_NOT_DONE");
  const auto id = finished(world_.bob);
  const auto missing = "COULD_NOT_FIND_DOWNLOADREQUEST";
  EXPECT_EQ(keep(world_.eve, id, World::at(world_.eve, "x.parquet")), missing);
  EXPECT_EQ(keep(world_.admin, id, World::at(world_.admin, "x.parquet")), missing);
  EXPECT_EQ(keep(world_.bob, 9'999, to_), missing);
  EXPECT_EQ(keep(world_.bob, id, World::at(world_.eve, "x.parquet")), "COULD_NOT_FIND_FILE");  // not his place
  world_.revoke(source_, world_.bob);
  EXPECT_EQ(keep(world_.bob, id, to_), missing);
  EXPECT_FALSE(world_.files.get(world_.bob, to_));
}

}  // namespace
}  // namespace lakelift::app
