#include <gmock/gmock.h>

#include "domain/files/test_world.h"

namespace lakelift::files {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::refusal;
using testing::value_of;

class TrashingTest : public testing::World {
 protected:
  std::string restore(const accounts::Account& caller, const std::string& owner, std::int64_t id) {
    return refusal(files_.restore(caller, owner, id));
  }
};

TEST_F(TrashingTest, IsTheOwnersAlone) {
  ASSERT_EQ(put(alice_, "alice/w/a", "x"), "");
  ASSERT_EQ(grant("alice/w", "bob", Right::kWrite), "");
  clock_.advance(7);
  ASSERT_EQ(remove(bob_, "alice/w/a"), "");
  const auto files = trash(alice_);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path.text(), "w/a");
  EXPECT_EQ(files[0].trashed_by, "bob");
  EXPECT_EQ(files[0].trashed_at, clock_.now());
  EXPECT_EQ(files[0].kept_until, clock_.now() + 30 * kDay);
  EXPECT_FALSE(files[0].was_replaced);
  EXPECT_EQ(to_text(to_json(files[0])).substr(0, 60),
            R"({"@type":"trashed_file","id":1,"owner":"alice","path":"w/a",)");
  for (const char* owner : {"alice", "nobody"}) {
    EXPECT_EQ(refusal(files_.trash(bob_, owner, std::nullopt, 10)), "COULD_NOT_FIND_ACCOUNT");
    EXPECT_EQ(refusal(files_.usage(bob_, owner)), "COULD_NOT_FIND_ACCOUNT");
    EXPECT_EQ(restore(bob_, owner, files[0].id), "COULD_NOT_FIND_ACCOUNT");
    EXPECT_EQ(refusal(files_.empty_trash(bob_, owner, files[0].id)), "COULD_NOT_FIND_ACCOUNT");
    EXPECT_EQ(refusal(files_.empty_trash(bob_, owner, std::nullopt)), "COULD_NOT_FIND_ACCOUNT");
  }
  EXPECT_EQ(restore(bob_, "bob", files[0].id), "COULD_NOT_FIND_TRASHED_FILE");
  EXPECT_EQ(refusal(files_.empty_trash(bob_, "bob", files[0].id)), "COULD_NOT_FIND_TRASHED_FILE");
  EXPECT_EQ(value_of(files_.trash(admin_, "alice", std::nullopt, 10)).files.size(), 1U);
  EXPECT_EQ(restore(admin_, "alice", files[0].id), "");
}

TEST_F(TrashingTest, GivesBackWhatWasDeletedAndNotItsGrants) {
  const std::int64_t id = value_of(upload(alice_, "alice/f/a", "x")).file.id;
  ASSERT_EQ(grant("alice/f/a", "bob"), "");
  ASSERT_EQ(remove(alice_, "alice/f", true), "");
  const FileInfo back = value_of(files_.restore(alice_, "alice", trash(alice_).at(0).id));
  EXPECT_EQ(back.path.text(), "f/a");
  EXPECT_NE(back.id, id);
  EXPECT_EQ(back.is_shared, false);
  EXPECT_EQ(read(alice_, "alice/f/a"), "x");
  EXPECT_EQ(read(bob_, "alice/f/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_THAT(trash(alice_), IsEmpty());
  EXPECT_EQ(kinds().back(), "file.restored");
  EXPECT_EQ(restore(alice_, "alice", 1), "COULD_NOT_FIND_TRASHED_FILE");
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

TEST_F(TrashingTest, AnEarlierContentComesBackToTheSameFile) {
  const std::int64_t id = value_of(upload(alice_, "alice/a", "one")).file.id;
  ASSERT_EQ(put(alice_, "alice/a", "two"), "");
  ASSERT_EQ(grant("alice/a", "bob"), "");
  const FileInfo back = value_of(files_.restore(alice_, "alice", trash(alice_).at(0).id));
  EXPECT_EQ(back.id, id);
  EXPECT_EQ(read(bob_, "alice/a"), "one") << "it is the file that is shared";
  ASSERT_EQ(trash(alice_).size(), 1U);
  EXPECT_EQ(trash(alice_)[0].sha256, sha256_hex("two"));
  expect_books_are_right();
}

TEST_F(TrashingTest, ADeletedFileDoesNotTakeOverAnothersGrants) {
  ASSERT_EQ(put(alice_, "alice/a", "secret"), "");
  ASSERT_EQ(remove(alice_, "alice/a"), "");
  ASSERT_EQ(put(alice_, "alice/a", "public"), "");
  ASSERT_EQ(grant("alice/a", "bob"), "");
  publish("alice/a", 7);
  ASSERT_EQ(restore(alice_, "alice", trash(alice_).at(0).id), "");
  EXPECT_EQ(read(alice_, "alice/a"), "secret");
  EXPECT_EQ(read(bob_, "alice/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_TRUE(publications_.gone.contains(7));
  EXPECT_EQ(trash(alice_).at(0).sha256, sha256_hex("public"));
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

TEST_F(TrashingTest, WhereAFolderIsOrAFileAboveItStays) {
  ASSERT_EQ(put(alice_, "alice/a", "1"), "");
  ASSERT_EQ(put(alice_, "alice/b/c", "2"), "");
  ASSERT_EQ(remove(alice_, "alice/a"), "");
  ASSERT_EQ(remove(alice_, "alice/b", true), "");
  ASSERT_TRUE(files_.make_folder(alice_, at("alice/a")));
  ASSERT_EQ(put(alice_, "alice/b", "3"), "");
  const auto files = trash(alice_);
  EXPECT_EQ(restore(alice_, "alice", files.at(1).id), "FILE_IS_A_FOLDER");
  EXPECT_EQ(restore(alice_, "alice", files.at(0).id), "FILE_IS_NO_FOLDER");
  EXPECT_EQ(trash(alice_).size(), 2U);
  expect_books_are_right();
}

TEST_F(TrashingTest, IsListedNewestFirstPageByPage) {
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(put(alice_, "alice/" + std::to_string(i), "x"), "");
    ASSERT_EQ(remove(alice_, "alice/" + std::to_string(i)), "");
  }
  std::vector<std::string> paths;
  std::optional<std::string> after;
  do {
    const auto page = value_of(files_.trash(alice_, "alice", after, 3));
    for (const auto& file : page.files) paths.push_back(file.path.text());
    after = page.next;
  } while (after);
  EXPECT_THAT(paths, ElementsAre("6", "5", "4", "3", "2", "1", "0"));
  EXPECT_EQ(refusal(files_.trash(alice_, "alice", "?", 3)), "QUERY_DID_NOT_VALIDATE");
  EXPECT_EQ(refusal(files_.trash(alice_, "alice", std::nullopt, 0)), "QUERY_DID_NOT_VALIDATE");
}

TEST_F(TrashingTest, IsEmptiedOneByOneOrWhole) {
  for (const char* name : {"alice/a", "alice/b", "alice/c"}) {
    ASSERT_EQ(put(alice_, name, name), "");
    ASSERT_EQ(remove(alice_, name), "");
  }
  EXPECT_EQ(value_of(files_.empty_trash(alice_, "alice", trash(alice_).at(1).id)), 1);
  EXPECT_EQ(trash(alice_).size(), 2U);
  expect_objects_are_those_referred_to();
  EXPECT_EQ(value_of(files_.empty_trash(admin_, "alice", std::nullopt)), 2);
  EXPECT_EQ(value_of(files_.empty_trash(alice_, "alice", std::nullopt)), 0);
  EXPECT_EQ(usage(alice_).trash_bytes, 0);
  EXPECT_EQ(kinds().back(), "file.trash_emptied");
  expect_books_are_right();
  expect_objects_are_those_referred_to();
  EXPECT_EQ(objects(), 0U);
}

TEST_F(TrashingTest, GoesWhenItsTimeIsOver) {
  ASSERT_EQ(put(alice_, "alice/a", "a"), "");
  ASSERT_EQ(put(bob_, "bob/b", "b"), "");
  ASSERT_EQ(remove(alice_, "alice/a"), "");
  ASSERT_EQ(remove(bob_, "bob/b"), "");
  clock_.advance(kDay);
  ASSERT_EQ(put(alice_, "alice/later", "l"), "");
  ASSERT_EQ(remove(alice_, "alice/later"), "");
  clock_.advance(29 * kDay - 1);
  EXPECT_EQ(value_of(files_.clean()), 0);
  clock_.advance(1);
  EXPECT_EQ(value_of(files_.clean()), 2);
  EXPECT_EQ(value_of(files_.clean()), 0);
  EXPECT_EQ(trash(alice_).size(), 1U);
  EXPECT_THAT(trash(bob_), IsEmpty());
  expect_books_are_right();
  expect_objects_are_those_referred_to();
  EXPECT_EQ(objects(), 1U);
}

TEST_F(TrashingTest, GoesInManyBatches) {
  fill("alice/f", 3);
  ASSERT_EQ(put(alice_, "alice/f/one-more", "x"), "");
  const std::int64_t count = 1'001;
  ASSERT_EQ(usage(alice_).files, count);
  ASSERT_GT(count, 2 * limits::kFilesPerPurge);
  ASSERT_EQ(remove(alice_, "alice/f", true), "");
  EXPECT_EQ(usage(alice_).trash_files, count);
  clock_.advance(30 * kDay);
  EXPECT_EQ(value_of(files_.clean()), count);
  EXPECT_EQ(usage(alice_).trash_files, 0);
  expect_books_are_right();
  expect_objects_are_those_referred_to();
  EXPECT_EQ(objects(), 0U);
}

// The thread wakes for a departed account; it needs no clock.
TEST_F(TrashingTest, CleansInTheBackground) {
  ASSERT_EQ(put(carol_, "carol/a", "x"), "");
  files_.start();
  delete_person(carol_);
  for (int i = 0; i < 100'000 && number("SELECT COUNT(*) FROM files_departed") > 0; ++i) std::this_thread::yield();
  files_.stop();
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_departed"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_nodes"), 0);
}

}  // namespace
}  // namespace lakelift::files
