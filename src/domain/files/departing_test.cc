#include <gmock/gmock.h>

#include "domain/files/test_world.h"

namespace lakelift::files {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::refusal;
using testing::value_of;

class DepartingTest : public testing::World {
 protected:
  Publication publication(std::int64_t file_id) {
    return value_of(database_->read([&](metadata::Session& s) { return files_.publication(s, file_id); })).value();
  }
  bool is_published(std::int64_t file_id) {
    return value_of(database_->read([&](metadata::Session& s) { return files_.publication(s, file_id); })).has_value();
  }
  Readers readers(std::int64_t file_id) {
    return value_of(database_->read([&](metadata::Session& s) { return files_.readers(s, file_id); }));
  }
};

TEST_F(DepartingTest, NothingOfADeletedAccountIsThere) {
  ASSERT_EQ(put(alice_, "alice/f/a", "a"), "");
  ASSERT_EQ(put(alice_, "alice/gone", "g"), "");
  ASSERT_EQ(remove(alice_, "alice/gone"), "");
  ASSERT_EQ(put(carol_, "carol/c", "c"), "");
  ASSERT_EQ(grant("alice/f", "bob"), "");
  ASSERT_TRUE(files_.grant(carol_, at("carol/c"), {.account = "alice", .group = {}}, Right::kRead));
  ASSERT_TRUE(files_.set_quota(admin_, "alice", 100, 100));
  const std::int64_t file_id = value_of(files_.get(alice_, at("alice/f/a"))).id;
  delete_person(alice_);
  EXPECT_EQ(read(bob_, "alice/f/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(read(admin_, "alice/f/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_THAT(value_of(files_.owners(bob_)), ElementsAre("bob"));
  EXPECT_THAT(value_of(files_.shared_with(bob_, std::nullopt, 10)).files, IsEmpty());
  EXPECT_EQ(refusal(files_.usage(admin_, "alice")), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_FALSE(value_of(database_->read([&](metadata::Session& s) { return files_.find(s, file_id); })));
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_quotas"), 0);
  EXPECT_EQ(value_of(files_.access(carol_, at("carol/c"))).size(), 2U);
  EXPECT_EQ(value_of(files_.get(carol_, at("carol/c"))).is_shared, false);
  expect_books_are_right();
  expect_objects_are_those_referred_to();
  EXPECT_EQ(objects(), 3U) << "the bytes are still referred to";
  // Who takes the name takes nothing else.
  const auto other = person("alice");
  EXPECT_THAT(tree(other, "alice/"), IsEmpty());
  ASSERT_EQ(put(other, "alice/f/a", "other"), "");
  EXPECT_GT(value_of(files_.clean()), 0);
  EXPECT_EQ(value_of(files_.clean()), 0);
  expect_objects_are_those_referred_to();
  EXPECT_EQ(objects(), 2U);
  EXPECT_EQ(read(other, "alice/f/a"), "other");
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_departed"), 0);
  expect_books_are_right();
}

TEST_F(DepartingTest, ChangesOfOthersStayAndTellNoName) {
  ASSERT_TRUE(files_.make_folder(alice_, at("alice/w")));
  ASSERT_EQ(grant("alice/w", "bob", Right::kWrite), "");
  ASSERT_EQ(put(bob_, "alice/w/a", "x"), "");
  delete_person(bob_);
  const FileInfo file = value_of(files_.get(alice_, at("alice/w/a")));
  EXPECT_EQ(file.changed_by, std::nullopt);
  EXPECT_EQ(file.changed_by_name, "");
}

TEST_F(DepartingTest, AnExpiredTrashOfADeletedAccountIsNotCounted) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  ASSERT_EQ(remove(alice_, "alice/a"), "");
  clock_.advance(31 * testing::kDay);
  delete_person(alice_);
  value_of(files_.clean());
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_usage"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_trash"), 0);
  expect_objects_are_those_referred_to();
}

TEST_F(DepartingTest, TenThousandFilesGoAtOnce) {
  fill("alice/f", 4);
  ASSERT_EQ(usage(alice_).files, 10'000);
  ASSERT_TRUE(write([&](metadata::Transaction& t) -> Result<void> {
    TRY_VOID(
        t.exec("INSERT INTO files_grants(node_id, kind, grantee_id, may, granted_by, granted_at) SELECT id, "
               "'account', CAST(? AS BIGINT), 'read', owner_id, 1 FROM files_nodes",
               {bob_.id}));
    TRY_VOID(t.exec("UPDATE files_nodes SET grants = 1"));
    return {};
  }));
  EXPECT_EQ(value_of(files_.shared_with(bob_, std::nullopt, 10)).files.size(), 10U);
  const auto began = std::chrono::steady_clock::now();
  delete_person(alice_);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants"), 0);
  EXPECT_THAT(value_of(files_.owners(bob_)), ElementsAre("bob"));
  EXPECT_EQ(value_of(files_.clean()), 11'112) << "files, folders, the mark";
  expect_objects_are_those_referred_to();
  EXPECT_EQ(objects(), 0U);
}

TEST_F(DepartingTest, PublishedFilesTellWhoReads) {
  ASSERT_EQ(put(alice_, "alice/f/a.csv", "x"), "");
  ASSERT_EQ(put(alice_, "alice/other/b.csv", "y"), "");
  const auto team = group("team", {carol_});
  publish("alice/f/a.csv", 7);
  publish("alice/other/b.csv", 8);
  const std::int64_t file_id = value_of(files_.get(alice_, at("alice/f/a.csv"))).id;
  EXPECT_EQ(value_of(files_.get(alice_, at("alice/f/a.csv"))).catalogue_item_id, 7);
  ASSERT_EQ(grant("alice/f", "bob"), "");
  EXPECT_EQ(publications_.readers[7].accounts, std::set{bob_.id});
  EXPECT_FALSE(publications_.readers.contains(8)) << "the other has the readers it had";
  ASSERT_TRUE(files_.grant(alice_, at("alice/f/a.csv"), {.account = {}, .group = "team"}, Right::kWrite));
  EXPECT_EQ(publications_.readers[7].groups, std::set{team.id});
  EXPECT_EQ(readers(file_id).accounts, std::set{bob_.id});
  EXPECT_EQ(value_of(files_.get(bob_, at("alice/f/a.csv"))).catalogue_item_id, std::nullopt);
  // A move within the place: its own come along, the folder's do not.
  ASSERT_EQ(move(alice_, "alice/f/a.csv", "alice/other/a.csv"), "");
  EXPECT_THAT(publications_.readers[7].accounts, IsEmpty());
  EXPECT_EQ(publications_.readers[7].groups, std::set{team.id});
  ASSERT_EQ(grant("alice/other", "bob"), "");
  EXPECT_EQ(publications_.readers[8].accounts, std::set{bob_.id});
  ASSERT_EQ(revoke("alice/other", "bob"), "");
  EXPECT_THAT(publications_.readers[8].accounts, IsEmpty());
  const int before = publications_.changes;
  ASSERT_EQ(revoke("alice/other", "bob"), "");
  EXPECT_EQ(publications_.changes, before) << "nothing changed";
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return files_.group_farewell(t, team, admin_.id); }));
  EXPECT_THAT(publications_.readers[7].groups, IsEmpty());
  ASSERT_EQ(grant("alice/other", "carol"), "");
  delete_person(carol_);
  EXPECT_THAT(publications_.readers[8].accounts, IsEmpty());
  EXPECT_THAT(publications_.gone, IsEmpty());
}

TEST_F(DepartingTest, APublishedFileThatGoesTakesItsTableAlong) {
  for (const char* name : {"alice/a.csv", "alice/f/b.csv", "alice/c.csv", "alice/d.csv", "alice/e.csv"}) {
    ASSERT_EQ(put(alice_, name, name), "");
  }
  std::int64_t item = 0;
  for (const char* name : {"alice/a.csv", "alice/f/b.csv", "alice/c.csv", "alice/d.csv", "alice/e.csv"}) {
    publish(name, ++item);
  }
  ASSERT_EQ(put(alice_, "alice/a.csv", "new"), "");
  ASSERT_EQ(copy(alice_, "alice/a.csv", "alice/copy.csv"), "");
  EXPECT_EQ(value_of(files_.get(alice_, at("alice/copy.csv"))).catalogue_item_id, std::nullopt);
  EXPECT_THAT(publications_.gone, IsEmpty()) << "replacing is a changed source";
  ASSERT_EQ(remove(alice_, "alice/a.csv"), "");
  EXPECT_THAT(publications_.gone, ElementsAre(1));
  ASSERT_EQ(remove(alice_, "alice/f", true), "");
  EXPECT_THAT(publications_.gone, ElementsAre(1, 2));
  ASSERT_EQ(refusal(files_.move(admin_, at("alice/c.csv"), {at("bob/c.csv"), false})), "");
  EXPECT_THAT(publications_.gone, ElementsAre(1, 2, 3));
  ASSERT_EQ(move(alice_, "alice/copy.csv", "alice/d.csv", true), "");
  EXPECT_THAT(publications_.gone, ElementsAre(1, 2, 3, 4));
  delete_person(alice_);
  EXPECT_THAT(publications_.gone, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_publications"), 0);
}

TEST_F(DepartingTest, WhatThePublisherRefusesDoesNotHappen) {
  ASSERT_EQ(put(alice_, "alice/a.csv", "x"), "");
  publish("alice/a.csv", 7);
  publications_.refuses = true;
  EXPECT_EQ(remove(alice_, "alice/a.csv"), "NOT_NOW");
  EXPECT_EQ(grant("alice/a.csv", "bob"), "NOT_NOW");
  EXPECT_EQ(read(bob_, "alice/a.csv"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(read(alice_, "alice/a.csv"), "x");
  EXPECT_THAT(trash(alice_), IsEmpty());
  expect_books_are_right();
}

TEST_F(DepartingTest, APublicationKeepsItsTable) {
  const FileInfo file = value_of(upload(alice_, "alice/a.csv", "csv")).file;
  const FileInfo table = value_of(upload(alice_, "alice/1.parquet", "parquet")).file;
  const FileInfo newer = value_of(upload(alice_, "alice/2.parquet", "parquet 2")).file;
  Publication row{
      file.id, 7, {"", "NA"}, objects::Reference{table.object_key, table.size_bytes, table.sha256}, file.object_key};
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return files_.insert_publication(t, row); }));
  EXPECT_EQ(refusal(write([&](metadata::Transaction& t) { return files_.insert_publication(t, row); })),
            "FILE_IS_PUBLISHED_ALREADY");
  EXPECT_THAT(publication(file.id).null_tokens, ElementsAre("", "NA"));
  EXPECT_EQ(publication(file.id).table->key, table.object_key);
  EXPECT_EQ(publication(file.id).made_from, file.object_key);
  ASSERT_EQ(remove(alice_, "alice/1.parquet"), "");
  value_of(files_.empty_trash(alice_, "alice", std::nullopt));
  value_of(keeper_.collect());
  EXPECT_EQ(objects(), 3U) << "the table is kept, though no file is it";
  const auto subjects =
      value_of(database_->read([&](metadata::Session& session) { return files_.subjects(session, table.object_key); }));
  EXPECT_THAT(subjects, ElementsAre("table of alice/a.csv"));
  row.table = objects::Reference{newer.object_key, newer.size_bytes, newer.sha256};
  row.made_from = "another";
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return files_.set_publication_table(t, row); }));
  EXPECT_EQ(publication(file.id).table->key, newer.object_key);
  EXPECT_EQ(publication(file.id).made_from, "another");
  expect_objects_are_those_referred_to();
  EXPECT_EQ(objects(), 2U) << "the one before went";
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return files_.item_deleted(t, 7); }));
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return files_.item_deleted(t, 7); })) << "fine where none is";
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return files_.delete_publication(t, file.id); }));
  EXPECT_FALSE(is_published(file.id));
  EXPECT_EQ(refusal(write([&](metadata::Transaction& t) { return files_.set_publication_table(t, row); })),
            "FILE_IS_NOT_PUBLISHED");
  EXPECT_EQ(read(alice_, "alice/a.csv"), "csv");
}

TEST_F(DepartingTest, OwnFilesAreForWhoMayPublish) {
  ASSERT_EQ(put(alice_, "alice/f/a.csv", "x"), "");
  ASSERT_EQ(grant("alice/f", "bob", Right::kWrite), "");
  const auto own = [&](const accounts::Account& caller, std::string_view where) {
    return refusal(database_->read([&](metadata::Session& s) { return files_.own_file(s, caller, at(where)); }));
  };
  EXPECT_EQ(own(alice_, "alice/f/a.csv"), "");
  EXPECT_EQ(own(admin_, "alice/f/a.csv"), "");
  EXPECT_EQ(own(bob_, "alice/f/a.csv"), "ACCESS_DENIED");
  EXPECT_EQ(own(carol_, "alice/f/a.csv"), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(own(alice_, "alice/f"), "FILE_IS_A_FOLDER");
}

TEST_F(DepartingTest, ReferencesAreInOrderAndEachOnce) {
  std::set<std::string> keys;
  for (int i = 0; i < 10; ++i) {
    const std::string name = "alice/" + std::to_string(i);
    keys.insert(value_of(upload(alice_, name, name)).file.object_key);
    ASSERT_EQ(copy(alice_, name, name + "-copy"), "");
    const std::string removed = i % 3 == 0 ? remove(alice_, name) : "";
    ASSERT_EQ(removed, "");
  }
  for (const int limit : {1, 3, 100}) {
    std::vector<std::string> told;
    for (std::string after;;) {
      const auto page =
          value_of(database_->read([&](metadata::Session& s) { return files_.references(s, after, limit); }));
      if (page.empty()) break;
      for (const auto& reference : page) told.push_back(reference.key);
      after = told.back();
    }
    EXPECT_EQ(told, std::vector(keys.begin(), keys.end())) << limit;
  }
  std::vector<std::string> asked(keys.begin(), keys.end());
  asked.resize(400, std::string(32, '0'));
  const auto found = value_of(database_->read([&](metadata::Session& s) { return files_.referenced(s, asked); }));
  EXPECT_EQ(found.size(), keys.size());
  EXPECT_TRUE(value_of(database_->read([&](metadata::Session& s) { return files_.referenced(s, {}); })).empty());
}

}  // namespace
}  // namespace lakelift::files
