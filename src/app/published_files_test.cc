// A published file is a table, and stays what the file is: its readers, its content, its end.
#include "app/published_files.h"

#include <fstream>
#include <thread>

#include "app/test_world.h"
#include "base/encoding.h"

namespace lakelift::app {
namespace {

using columnar::Format;
using slices::RunState;
using namespace testing;

constexpr std::string_view kCsv = "n,city\n1,Ulm\n2,Bonn\n3,\n";
// The same, by gzip and zstd.
constexpr std::string_view kGzip =
    "1f8b0800000000000203cbd349ce2ca9e432d409cdc9e532d271cacfcbe332d6e1020072db11c317000000";
constexpr std::string_view kZstd = "28b52ffd2017b900006e2c636974790a312c556c6d0a322c426f6e6e0a332c0a";
constexpr std::string_view kLines = "{\"n\":1,\"city\":\"Ulm\"}\n{\"n\":2,\"city\":\"Bonn\"}\n{\"n\":3}\n";

class PublishedFilesTest : public ::testing::Test {
 protected:
  // What a slice of all columns holds.
  std::string rows_of(const accounts::Account& who, std::int64_t item_id) {
    world_.start();
    const auto id = world_.ask(who, item_id, R"({"columns":["n","city"],"filters":[]})").id;
    EXPECT_TRUE(world_.wait_for(id, RunState::kDone));
    return world_.csv_of(id);
  }
  std::optional<std::int64_t> item_of(const files::Address& file) {
    return value_of(world_.files.get(world_.admin, file)).catalogue_item_id;
  }

  World world_;
  const files::Address file_ = World::at(world_.ada, "reports/may.csv");
};

TEST_F(PublishedFilesTest, EveryFormatBecomesTheSameTable) {
  world_.put(world_.ada, World::at(world_.ada, "a.csv"), kCsv);
  world_.put(world_.ada, World::at(world_.ada, "b.jsonl"), kLines);
  world_.put(world_.ada, World::at(world_.ada, "c.parquet"),
             world_.converted(std::string(kCsv), Format::kCsv, Format::kParquet));
  world_.put(world_.ada, World::at(world_.ada, "d.csv.gz"), hex_decode(kGzip).value());
  world_.put(world_.ada, World::at(world_.ada, "e.csv.zst"), hex_decode(kZstd).value());
  for (const char* name : {"a.csv", "b.jsonl", "c.parquet", "d.csv.gz", "e.csv.zst"}) {
    const auto item = world_.publish(world_.ada, World::at(world_.ada, name));
    EXPECT_EQ(item.name, "ada." + std::string(name).substr(0, 1)) << name;
    EXPECT_EQ(item.rows, 3) << name;
    EXPECT_EQ(item.maintained_by->id, world_.ada.id);
    EXPECT_EQ(item.visibility, catalogue::Visibility::kNamed);
    EXPECT_FALSE(item.profile.columns.empty());
    EXPECT_EQ(rows_of(world_.ada, item.id), "city,n\nUlm,1\nBonn,2\n,3\n") << name;
  }
}

TEST_F(PublishedFilesTest, ItsReadersAreTheFilesAtEveryMoment) {
  world_.put(world_.ada, file_, kCsv);
  world_.grant(World::at(world_.ada, "reports"), world_.bob);  // on the folder above
  const auto item = world_.publish(world_.ada, file_);
  EXPECT_EQ(item_of(file_), item.id);
  for (const auto& who : {world_.ada, world_.bob, world_.admin}) EXPECT_TRUE(world_.sees(who, item.id));
  EXPECT_FALSE(world_.sees(world_.eve, item.id));
  world_.grant(file_, world_.eve);
  EXPECT_TRUE(world_.sees(world_.eve, item.id));
  world_.revoke(file_, world_.eve);
  EXPECT_FALSE(world_.sees(world_.eve, item.id));
  world_.revoke(World::at(world_.ada, "reports"), world_.bob);
  EXPECT_FALSE(world_.sees(world_.bob, item.id));
  EXPECT_EQ(world_.sharing.add(world_.ada, item.id, world_.bob.email, std::nullopt).error().event,
            "CATALOGUEITEM_FOLLOWS_ITS_FILE");
}

TEST_F(PublishedFilesTest, AMoveTakesItIntoWhatIsSharedThereAndAnotherOwnerGetsNoTable) {
  world_.put(world_.ada, file_, kCsv);
  world_.put(world_.ada, World::at(world_.ada, "open/x"), "x");
  world_.grant(World::at(world_.ada, "open"), world_.bob);
  const auto item = world_.publish(world_.ada, file_);
  EXPECT_FALSE(world_.sees(world_.bob, item.id));
  const auto moved = World::at(world_.ada, "open/may.csv");
  value_of(world_.files.move(world_.ada, file_, {moved, false}));
  EXPECT_TRUE(world_.sees(world_.bob, item.id));
  EXPECT_EQ(rows_of(world_.bob, item.id), "city,n\nUlm,1\nBonn,2\n,3\n");
  value_of(world_.files.move(world_.admin, moved, {World::at(world_.eve, "may.csv"), false}));
  for (const auto& who : {world_.ada, world_.bob, world_.eve, world_.admin}) EXPECT_FALSE(world_.sees(who, item.id));
}

TEST_F(PublishedFilesTest, AReplacedFileIsAChangedSource) {
  world_.put(world_.ada, file_, kCsv);
  const auto item = world_.publish(world_.ada, file_);
  world_.start();
  const auto first = world_.ask(world_.ada, item.id).id;
  ASSERT_TRUE(world_.wait_for(first, RunState::kDone));
  EXPECT_EQ(world_.ask(world_.ada, item.id).id, first);  // held

  world_.put(world_.ada, file_, "n,city\n7,Kiel\n");
  const auto second = world_.ask(world_.ada, item.id).id;
  EXPECT_NE(second, first);
  ASSERT_TRUE(world_.wait_for(second, RunState::kDone));
  EXPECT_EQ(world_.csv_of(second), "n\n7\n");
  EXPECT_TRUE(value_of(world_.catalogue.refresh(item.id, {})));
  EXPECT_EQ(value_of(world_.catalogue.get(item.id)).rows, 1);
  EXPECT_FALSE(value_of(world_.catalogue.refresh(item.id, {})));

  // One that is no table any more says why, with its name; the figures stay and are called stale.
  world_.put(world_.ada, file_, "n,city\n1\n");
  EXPECT_FALSE(world_.catalogue.refresh(item.id, {}));
  const auto stale = value_of(world_.catalogue.get(item.id));
  EXPECT_TRUE(stale.profile.is_stale);
  EXPECT_EQ(stale.profile.error, "may.csv, line 2: has 1 cells, but the header names 2 columns");
}

TEST_F(PublishedFilesTest, TheTableOfOldContentGoesAndIsMadeOnce) {
  world_.put(world_.ada, file_, kCsv);
  const auto item = world_.publish(world_.ada, file_);
  EXPECT_EQ(world_.objects().size(), 2U);  // the content, and its table
  (void)rows_of(world_.ada, item.id);
  const auto before = world_.objects();
  value_of(world_.catalogue.profile(world_.ada, item.id, {}));
  EXPECT_EQ(world_.objects(), before);  // not made again
  world_.put(world_.ada, file_, "n,city\n7,Kiel\n");
  value_of(world_.catalogue.profile(world_.ada, item.id, {}));
  value_of(world_.keeper.collect());
  EXPECT_EQ(world_.objects().size(), before.size() + 1);  // the new content; a table instead of a table
  value_of(world_.keeper.sweep());
  EXPECT_EQ(world_.objects().size(), before.size() + 1);
}

TEST_F(PublishedFilesTest, ADeletedFileTakesTheItemAndThoseWhoWait) {
  const auto file = world_.put(world_.ada, file_, kCsv);
  world_.grant(file_, world_.bob);
  const auto item = world_.publish(world_.ada, file_);
  const auto waiting = world_.ask(world_.bob, item.id).id;  // no runner: it waits
  EXPECT_EQ(world_.state(waiting), RunState::kQueued);
  value_of(world_.files.remove(world_.ada, file_, false, {}));
  EXPECT_EQ(world_.state(waiting), RunState::kCancelled);
  for (const auto& who : {world_.ada, world_.bob, world_.admin}) EXPECT_FALSE(world_.sees(who, item.id));
  EXPECT_EQ(world_.local->version({{"file", file.id}}).error().code, Code::kNotFound);
}

TEST_F(PublishedFilesTest, SoDoesAFolderAboveAndADeletedAccount) {
  world_.put(world_.ada, file_, kCsv);
  world_.put(world_.bob, World::at(world_.bob, "b.csv"), kCsv);
  const auto item = world_.publish(world_.ada, file_);
  const auto other = world_.publish(world_.bob, World::at(world_.bob, "b.csv"));
  value_of(world_.files.remove(world_.ada, World::at(world_.ada, "reports"), true, {}));
  EXPECT_FALSE(world_.sees(world_.admin, item.id));
  ASSERT_TRUE(world_.accounts.remove(world_.bob.id, world_.admin.id));
  EXPECT_FALSE(world_.sees(world_.admin, other.id));
}

TEST_F(PublishedFilesTest, UnpublishedOrDeletedByAnAdminItIsAFileAgain) {
  world_.put(world_.ada, file_, kCsv);
  const auto item = world_.publish(world_.ada, file_);
  const auto waiting = world_.ask(world_.ada, item.id).id;
  ASSERT_TRUE(world_.published.unpublish(world_.ada, file_));
  EXPECT_EQ(world_.state(waiting), RunState::kCancelled);
  EXPECT_FALSE(world_.sees(world_.admin, item.id));
  EXPECT_EQ(item_of(file_), std::nullopt);
  EXPECT_EQ(world_.published.unpublish(world_.ada, file_).error().event, "FILE_IS_NOT_PUBLISHED");

  const auto again = world_.publish(world_.ada, file_);
  EXPECT_EQ(item_of(file_), again.id);
  ASSERT_TRUE(world_.catalogue.remove(world_.admin, again.id));
  EXPECT_EQ(item_of(file_), std::nullopt);
  value_of(world_.keeper.collect());
  EXPECT_EQ(world_.objects().size(), 1U);  // the file's content
  EXPECT_TRUE(world_.published.publish(world_.ada, file_, {}, {}));
}

TEST_F(PublishedFilesTest, OnlyItsOwnerAndAdminsPublish) {
  world_.put(world_.ada, file_, kCsv);
  EXPECT_EQ(world_.published.publish(world_.eve, file_, {}, {}).error().event, "COULD_NOT_FIND_FILE");
  value_of(world_.files.grant(world_.ada, file_, {.account = "bob", .group = {}}, files::Right::kWrite));
  EXPECT_EQ(world_.published.publish(world_.bob, file_, {}, {}).error().event, "ACCESS_DENIED");
  const auto item = value_of(world_.published.publish(world_.admin, file_, {}, {}));
  EXPECT_EQ(item.maintained_by->id, world_.ada.id);
  EXPECT_EQ(world_.published.unpublish(world_.bob, file_).error().event, "ACCESS_DENIED");
  EXPECT_EQ(world_.published.publish(world_.ada, file_, {}, {}).error().event, "FILE_IS_PUBLISHED_ALREADY");
}

TEST_F(PublishedFilesTest, AnIdAloneOpensNothing) {
  const auto secret = world_.put(world_.ada, file_, kCsv);
  EXPECT_EQ(world_.published.open(secret.id, {}).error().code, Code::kNotFound);
  EXPECT_EQ(world_.published.version(secret.id).error().code, Code::kNotFound);
  const catalogue::NewItem stolen{.name = "mine", .description = {}, .source = {{"file", secret.id}}};
  EXPECT_EQ(world_.catalogue.add(world_.admin, stolen, {}).error().fields.at(0).field, "source");
}

TEST_F(PublishedFilesTest, WhatIsNoTableIsSaidByNameAndLeavesNothing) {
  const auto refused = [&](const std::string& name, std::string_view content, const PublishTerms& terms = {}) {
    world_.put(world_.ada, World::at(world_.ada, name), content);
    const auto published = world_.published.publish(world_.ada, World::at(world_.ada, name), terms, {});
    EXPECT_FALSE(published) << name;
    if (published) return std::string();
    EXPECT_EQ(published.error().code, Code::kInvalid) << describe(published.error());
    EXPECT_EQ(published.error().event, "BODY_DID_NOT_VALIDATE");
    EXPECT_EQ(published.error().message.find("/"), std::string::npos) << published.error().message;
    return published.error().fields.at(0).field + ": " + published.error().fields.at(0).texts.at(0);
  };
  EXPECT_TRUE(refused("x.txt", "n\n1\n").starts_with("file: Its name does not end like a table's"));
  EXPECT_EQ(refused("x.csv", "a,b\n1\n"), "file: x.csv, line 2: has 1 cells, but the header names 2 columns");
  EXPECT_TRUE(refused("x.jsonl", "{\"a\":1}\n{]\n").starts_with("file: x.jsonl, line 2: is not JSON"));
  EXPECT_TRUE(refused("x.parquet", "no").starts_with("file: x.parquet"));
  EXPECT_TRUE(refused("x.csv.gz", "n\n1\n").starts_with("file: x.csv.gz"));
  EXPECT_TRUE(refused("x.csv.zst", "n\n1\n").starts_with("file: x.csv.zst"));
  EXPECT_EQ(refused("y.jsonl", "{\"a\":[1]}\n"), "file: It has no column that can be offered.");
  EXPECT_EQ(refused("z.jsonl", "{\"a\":1}\n", {.name = {}, .description = {}, .null_tokens = {"NA"}}),
            "null_tokens: Only CSV needs to be told what is null.");
  EXPECT_EQ(refused("n.csv", "n\n1\n", {.name = "", .description = {}, .null_tokens = {}}),
            "name: Expected 1 to 256 characters.");
  EXPECT_EQ(value_of(world_.catalogue.list(world_.admin, {})).total, 0);
  value_of(world_.keeper.sweep());
  EXPECT_EQ(world_.objects().size(), 9U);  // the files that were put
  EXPECT_EQ(world_.published.publish(world_.ada, World::at(world_.ada, "reports2"), {}, {}).error().event,
            "COULD_NOT_FIND_FILE");
}

TEST_F(PublishedFilesTest, NullTokensAndNamesAreAsSaid) {
  world_.put(world_.ada, file_, "n,city\n1,NA\n2,-\n3,Ulm\n");
  const auto item =
      world_.publish(world_.ada, file_, {.name = "lake.may", .description = "May", .null_tokens = {"NA", "-"}});
  EXPECT_EQ(item.name, "lake.may");
  EXPECT_EQ(item.description, "May");
  ASSERT_EQ(item.null_shares.size(), 2U);
  EXPECT_NEAR(item.null_shares[1], 2.0 / 3, 1e-9);
  EXPECT_EQ(rows_of(world_.ada, item.id), "city,n\n,1\n,2\nUlm,3\n");
  world_.put(world_.ada, World::at(world_.ada, "b.csv"), kCsv);
  EXPECT_EQ(
      world_.published.publish(world_.ada, World::at(world_.ada, "b.csv"), {.name = "lake.may"}, {}).error().event,
      "CATALOGUEITEM_EXISTS_ALREADY");
  EXPECT_EQ(item_of(World::at(world_.ada, "b.csv")), std::nullopt);
}

TEST_F(PublishedFilesTest, TwoWhoPublishAtOnceMakeOneItem) {
  world_.put(world_.ada, file_, kCsv);
  std::vector<Result<catalogue::CatalogueItem>> outcomes;
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        auto outcome = world_.published.publish(world_.ada, file_, {.name = "t" + std::to_string(i)}, {});
        const std::lock_guard lock(mutex);
        outcomes.push_back(std::move(outcome));
      });
    }
  }
  EXPECT_EQ(std::ranges::count_if(outcomes, [](const auto& outcome) { return outcome.has_value(); }), 1);
  for (const auto& outcome : outcomes) {
    EXPECT_TRUE(outcome || outcome.error().event == "FILE_IS_PUBLISHED_ALREADY");
  }
  EXPECT_EQ(value_of(world_.catalogue.list(world_.ada, {})).total, 1);
  value_of(world_.keeper.sweep());
  EXPECT_EQ(world_.objects().size(), 2U);
}

TEST_F(PublishedFilesTest, ContentThatWentBadIsFoundWhenAWorkerReadsIt) {
  const auto file = world_.put(world_.ada, World::at(world_.ada, "c.parquet"),
                               world_.converted(std::string(kCsv), Format::kCsv, Format::kParquet));
  const auto item = world_.publish(world_.ada, World::at(world_.ada, "c.parquet"));
  // Another process, which has not read it yet; the middle of the object rots.
  PublishedFiles other(
      {*world_.database, world_.files, world_.catalogue, world_.keeper, *world_.store, world_.workers});
  EXPECT_TRUE(other.open(file.id, {}));
  const auto spoiled = value_of(world_.store->open(file.object_key));
  {
    std::fstream disk("/proc/self/fd/" + std::to_string(spoiled->local_fd()),
                      std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(disk);
    disk.seekp(20);
    disk.put('\x55').put('\xAA');
  }
  PublishedFiles third(
      {*world_.database, world_.files, world_.catalogue, world_.keeper, *world_.store, world_.workers});
  const auto opened = third.open(file.id, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().event, "STORED_OBJECT_BROKEN");
  EXPECT_EQ(world_.published.open(file.id, {}).error().event, "STORED_OBJECT_BROKEN");  // quarantined for all
  EXPECT_FALSE(world_.catalogue.profile(world_.ada, item.id, {}));
}

TEST_F(PublishedFilesTest, ATableThatWentBadIsMadeAgain) {
  const auto file = world_.put(world_.ada, file_, kCsv);
  const auto item = world_.publish(world_.ada, file_);
  auto keys = world_.objects();
  keys.erase(file.object_key);
  ASSERT_EQ(keys.size(), 1U);
  ASSERT_TRUE(world_.store->remove(*keys.begin()));
  const auto profiled = world_.catalogue.profile(world_.ada, item.id, {});
  ASSERT_TRUE(profiled) << describe(profiled.error());
  EXPECT_EQ(profiled->rows, 3);
}

}  // namespace
}  // namespace lakelift::app
