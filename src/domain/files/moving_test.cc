#include <gmock/gmock.h>

#include "domain/files/test_world.h"

namespace lakelift::files {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::refusal;
using testing::value_of;

class MovingTest : public testing::World {};

TEST_F(MovingTest, AFileKeepsWhatItIs) {
  const FileInfo before = value_of(upload(alice_, "alice/a/b.csv", "x")).file;
  ASSERT_EQ(grant("alice/a/b.csv", "bob"), "");
  clock_.advance(5);
  const FileInfo after = value_of(files_.move(alice_, at("alice/a/b.csv"), {at("alice/c/d/e.csv"), false}));
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.path.text(), "c/d/e.csv");
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_EQ(after.changed_at, before.changed_at);
  EXPECT_EQ(after.is_shared, true);
  EXPECT_EQ(read(bob_, "alice/c/d/e.csv"), "x") << "its own grants come along";
  EXPECT_EQ(read(alice_, "alice/a/b.csv"), "!COULD_NOT_FIND_FILE");
  EXPECT_THAT(tree(alice_, "alice/"), ElementsAre("a/", "c/", "c/d/", "c/d/e.csv"));
  EXPECT_EQ(entries().back().entry.kind, "file.moved");
  EXPECT_EQ(find_string(entries().back().entry.detail, "to"), "c/d/e.csv");
  expect_books_are_right();
}

TEST_F(MovingTest, AFolderTakesAllAlong) {
  // Names that are near in order, and letters of several bytes.
  for (const char* name : {"alice/a/x", "alice/a/\xc3\xa9t\xc3\xa9/y", "alice/a.txt", "alice/a0", "alice/a-b/z",
                           "alice/ab", "alice/a/a/a"}) {
    ASSERT_EQ(put(alice_, name, name), "");
  }
  ASSERT_EQ(grant("alice/a/a", "bob"), "");
  ASSERT_EQ(move(alice_, "alice/a", "alice/n/\xe6\x97\xa5\xe6\x9c\xac"), "");
  EXPECT_THAT(
      tree(alice_, "alice/"),
      ElementsAre("a-b/", "a-b/z", "a.txt", "a0", "ab", "n/", "n/\xe6\x97\xa5\xe6\x9c\xac/",
                  "n/\xe6\x97\xa5\xe6\x9c\xac/a/", "n/\xe6\x97\xa5\xe6\x9c\xac/a/a", "n/\xe6\x97\xa5\xe6\x9c\xac/x",
                  "n/\xe6\x97\xa5\xe6\x9c\xac/\xc3\xa9t\xc3\xa9/", "n/\xe6\x97\xa5\xe6\x9c\xac/\xc3\xa9t\xc3\xa9/y"));
  EXPECT_EQ(read(alice_, "alice/n/\xe6\x97\xa5\xe6\x9c\xac/\xc3\xa9t\xc3\xa9/y"), "alice/a/\xc3\xa9t\xc3\xa9/y");
  EXPECT_EQ(read(bob_, "alice/n/\xe6\x97\xa5\xe6\x9c\xac/a/a"), "alice/a/a/a");
  ASSERT_EQ(move(alice_, "alice/n/\xe6\x97\xa5\xe6\x9c\xac", "alice/a"), "");
  EXPECT_EQ(read(alice_, "alice/a/\xc3\xa9t\xc3\xa9/y"), "alice/a/\xc3\xa9t\xc3\xa9/y");
  expect_books_are_right();
}

TEST_F(MovingTest, InheritedRightsFollowThePlace) {
  ASSERT_EQ(put(alice_, "alice/shared/a", "a"), "");
  ASSERT_EQ(put(alice_, "alice/own/b", "b"), "");
  ASSERT_EQ(grant("alice/shared", "bob"), "");
  ASSERT_EQ(move(alice_, "alice/shared/a", "alice/own/a"), "");
  ASSERT_EQ(move(alice_, "alice/own/b", "alice/shared/b"), "");
  EXPECT_EQ(read(bob_, "alice/own/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(read(bob_, "alice/shared/b"), "b");
}

TEST_F(MovingTest, WhatIsThereStaysUnlessOneSaysSo) {
  ASSERT_EQ(put(alice_, "alice/a", "a"), "");
  ASSERT_EQ(put(alice_, "alice/b", "b"), "");
  ASSERT_EQ(put(alice_, "alice/f/c", "c"), "");
  ASSERT_EQ(grant("alice/b", "bob"), "");
  EXPECT_EQ(move(alice_, "alice/a", "alice/b"), "FILE_EXISTS_ALREADY");
  EXPECT_EQ(move(alice_, "alice/a", "alice/f"), "FILE_EXISTS_ALREADY");
  EXPECT_EQ(move(alice_, "alice/a", "alice/f", true), "FILE_IS_A_FOLDER");
  EXPECT_EQ(move(alice_, "alice/a", "alice/", true), "FILE_IS_A_FOLDER");
  EXPECT_EQ(move(alice_, "alice/f", "alice/b", true), "FILE_IS_NO_FOLDER");
  EXPECT_EQ(move(alice_, "alice/a", "alice/b/c"), "FILE_IS_NO_FOLDER");
  EXPECT_EQ(move(alice_, "alice/f/c", "alice/f", true), "FILE_IS_A_FOLDER");
  ASSERT_EQ(move(alice_, "alice/a", "alice/b", true), "");
  EXPECT_EQ(read(alice_, "alice/b"), "a");
  EXPECT_EQ(read(bob_, "alice/b"), "!COULD_NOT_FIND_FILE") << "the grant was the other file's";
  ASSERT_EQ(trash(alice_).size(), 1U);
  EXPECT_EQ(trash(alice_)[0].sha256, sha256_hex("b"));
  EXPECT_TRUE(trash(alice_)[0].was_replaced);
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

TEST_F(MovingTest, NothingGoesIntoItself) {
  ASSERT_EQ(put(alice_, "alice/a/b/c", "c"), "");
  for (const char* to : {"alice/a", "alice/a/b", "alice/a/new", "alice/a/b/new/deep"}) {
    EXPECT_EQ(move(alice_, "alice/a", to, true), "FILE_MOVED_INTO_ITSELF") << to;
    EXPECT_EQ(copy(alice_, "alice/a", to, true), "FILE_MOVED_INTO_ITSELF") << to;
  }
  EXPECT_EQ(move(alice_, "alice/a/b/c", "alice/a/b/c", true), "FILE_MOVED_INTO_ITSELF");
  EXPECT_EQ(move(alice_, "alice/a/b/c", "alice/a/b/c"), "FILE_EXISTS_ALREADY");
  EXPECT_EQ(copy(alice_, "alice/a/b/c", "alice/a/b/c", true), "") << "the same content again";
  EXPECT_EQ(move(alice_, "alice/a", "alice/ab"), "") << "a name that begins alike is another";
  EXPECT_EQ(read(alice_, "alice/ab/b/c"), "c");
  EXPECT_THAT(trash(alice_), IsEmpty());
  expect_books_are_right();
}

TEST_F(MovingTest, TheRootStays) {
  EXPECT_EQ(move(alice_, "alice/", "alice/a"), "FILE_NAME_DID_NOT_VALIDATE");
  EXPECT_EQ(copy(alice_, "alice/", "alice/a"), "FILE_NAME_DID_NOT_VALIDATE");
  EXPECT_EQ(remove(alice_, "alice/", true), "FILE_NAME_DID_NOT_VALIDATE");
  EXPECT_EQ(grant("alice/", "bob"), "FILE_NAME_DID_NOT_VALIDATE");
  EXPECT_EQ(move(bob_, "alice/", "bob/a"), "COULD_NOT_FIND_FILE");
}

TEST_F(MovingTest, ToAnotherOwnerItIsTheirsAlone) {
  ASSERT_EQ(put(alice_, "alice/give/a", "12345"), "");
  ASSERT_EQ(put(alice_, "alice/give/deep/b", "678"), "");
  ASSERT_EQ(grant("alice/give", "carol", Right::kWrite), "");
  ASSERT_EQ(grant("alice/give/a", "bob"), "");
  ASSERT_TRUE(files_.make_folder(bob_, at("bob/inbox")));
  EXPECT_EQ(move(alice_, "alice/give", "bob/inbox/gift"), "COULD_NOT_FIND_FILE") << "bob shares nothing";
  ASSERT_TRUE(files_.grant(bob_, at("bob/inbox"), {.account = "alice", .group = {}}, Right::kWrite));
  EXPECT_EQ(move(carol_, "alice/give", "carol/give"), "ACCESS_DENIED") << "what was shared itself";
  EXPECT_EQ(move(alice_, "alice/give", "bob/inbox/gift"), "");
  EXPECT_EQ(read(bob_, "bob/inbox/gift/deep/b"), "678");
  EXPECT_EQ(read(carol_, "bob/inbox/gift/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants"), 1);
  EXPECT_EQ(usage(alice_).bytes, 0);
  EXPECT_EQ(usage(bob_).bytes, 8);
  EXPECT_EQ(usage(bob_).files, 2);
  expect_books_are_right();
}

TEST_F(MovingTest, AWriterMovesWithinWhatWasShared) {
  ASSERT_EQ(put(alice_, "alice/w/a", "a"), "");
  ASSERT_EQ(put(alice_, "alice/w/sub/b", "b"), "");
  ASSERT_EQ(put(alice_, "alice/single", "s"), "");
  ASSERT_EQ(grant("alice/w", "bob", Right::kWrite), "");
  ASSERT_EQ(grant("alice/single", "bob", Right::kWrite), "");
  EXPECT_EQ(move(bob_, "alice/w/a", "alice/w/sub/a"), "");
  EXPECT_EQ(move(bob_, "alice/w/sub/a", "alice/a"), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(move(bob_, "alice/w", "alice/w2"), "ACCESS_DENIED");
  EXPECT_EQ(remove(bob_, "alice/w", true), "ACCESS_DENIED");
  EXPECT_EQ(put(bob_, "alice/single", "s2"), "");
  EXPECT_EQ(remove(bob_, "alice/single"), "ACCESS_DENIED");
  EXPECT_EQ(move(bob_, "alice/single", "bob/mine"), "ACCESS_DENIED");
  EXPECT_EQ(move(bob_, "alice/w/sub/b", "alice/single", true), "ACCESS_DENIED") << "that would end its grant";
  EXPECT_EQ(copy(bob_, "alice/w/sub/b", "alice/single", true), "");
  EXPECT_EQ(read(bob_, "alice/single"), "b");
  EXPECT_EQ(move(bob_, "alice/w/sub", "bob/taken"), "") << "within what was shared it may go";
  EXPECT_EQ(remove(bob_, "alice/w/sub", true), "COULD_NOT_FIND_FILE");
  expect_books_are_right();
}

TEST_F(MovingTest, AReaderMayOnlyCopy) {
  ASSERT_EQ(put(alice_, "alice/r/a", "a"), "");
  ASSERT_EQ(put(alice_, "alice/r/deep/b", "bb"), "");
  ASSERT_EQ(grant("alice/r", "bob"), "");
  EXPECT_EQ(move(bob_, "alice/r/a", "bob/a"), "ACCESS_DENIED");
  EXPECT_EQ(remove(bob_, "alice/r/a"), "ACCESS_DENIED");
  EXPECT_EQ(remove(bob_, "alice/r", true), "ACCESS_DENIED");
  EXPECT_EQ(copy(bob_, "alice/r/a", "alice/r/c"), "ACCESS_DENIED");
  EXPECT_EQ(copy(bob_, "alice/r", "bob/mine"), "");
  EXPECT_THAT(tree(bob_, "bob/"), ElementsAre("mine/", "mine/a", "mine/deep/", "mine/deep/b"));
  EXPECT_EQ(read(bob_, "bob/mine/deep/b"), "bb");
  EXPECT_EQ(usage(bob_).bytes, 3);
  EXPECT_EQ(objects(), 2U) << "no bytes are copied";
  EXPECT_EQ(copy(carol_, "alice/r", "carol/mine"), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(read(alice_, "bob/mine/a"), "!COULD_NOT_FIND_FILE");
  // The copy stands by itself.
  ASSERT_EQ(remove(alice_, "alice/r", true), "");
  value_of(files_.empty_trash(alice_, "alice", std::nullopt));
  expect_objects_are_those_referred_to();
  EXPECT_EQ(read(bob_, "bob/mine/a"), "a");
  expect_books_are_right();
}

TEST_F(MovingTest, ACopyIsNotShared) {
  const FileInfo file = value_of(upload(alice_, "alice/a", "a")).file;
  ASSERT_EQ(grant("alice/a", "bob"), "");
  clock_.advance(9);
  const FileInfo copied = value_of(files_.copy(alice_, at("alice/a"), {at("alice/n/b"), false}));
  EXPECT_NE(copied.id, file.id);
  EXPECT_EQ(copied.created_at, clock_.now());
  EXPECT_EQ(copied.is_shared, false);
  EXPECT_EQ(read(bob_, "alice/n/b"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(kinds().back(), "file.copied");
  EXPECT_EQ(copy(alice_, "alice/a", "alice/n/b"), "FILE_EXISTS_ALREADY");
  ASSERT_EQ(put(alice_, "alice/a", "new"), "");
  EXPECT_EQ(copy(alice_, "alice/a", "alice/n/b", true), "");
  EXPECT_EQ(read(alice_, "alice/n/b"), "new");
  EXPECT_EQ(value_of(files_.get(alice_, at("alice/n/b"))).id, copied.id) << "its content was replaced";
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

TEST_F(MovingTest, APathThatGetsTooLongIsRefused) {
  const std::string part(250, 'p');
  ASSERT_EQ(put(alice_, "alice/a/" + part + "/" + part + "/" + part + "/x", "x"), "");
  ASSERT_EQ(put(alice_, "alice/a/z", "z"), "");
  EXPECT_EQ(move(alice_, "alice/a", "alice/" + part + "/" + part), "FILE_NAME_DID_NOT_VALIDATE");
  EXPECT_EQ(copy(alice_, "alice/a", "alice/" + part + "/" + part), "FILE_NAME_DID_NOT_VALIDATE");
  EXPECT_EQ(move(alice_, "alice/a", "alice/" + part), "");
  expect_books_are_right();
}

TEST_F(MovingTest, DeletingAFolderWantsToBeSaid) {
  ASSERT_EQ(put(alice_, "alice/a/b", "b"), "");
  ASSERT_EQ(put(alice_, "alice/a/c/d", "dd"), "");
  ASSERT_EQ(put(alice_, "alice/a.txt", "near"), "");
  ASSERT_EQ(grant("alice/a/c", "bob"), "");
  EXPECT_EQ(remove(alice_, "alice/a"), "FOLDER_IS_NOT_EMPTY");
  const FileInfo gone = value_of(files_.remove(alice_, at("alice/a"), true));
  EXPECT_EQ(gone.kind, FileKind::kFolder);
  EXPECT_THAT(tree(alice_, "alice/"), ElementsAre("a.txt"));
  EXPECT_EQ(trash(alice_).size(), 2U);
  EXPECT_EQ(usage(alice_).bytes, 4);
  EXPECT_EQ(usage(alice_).trash_bytes, 3);
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants"), 0);
  EXPECT_EQ(find_int(entries().back().entry.detail, "files"), 2);
  ASSERT_TRUE(files_.make_folder(alice_, at("alice/empty")));
  EXPECT_EQ(remove(alice_, "alice/empty"), "");
  EXPECT_EQ(remove(alice_, "alice/empty"), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(remove(bob_, "alice/a.txt"), "COULD_NOT_FIND_FILE");
  expect_books_are_right();
}

TEST_F(MovingTest, DeletingAsksTheConditions) {
  ASSERT_EQ(put(alice_, "alice/a", "1"), "");
  const auto remove_if = [&](std::vector<std::string> match) {
    return refusal(files_.remove(alice_, at("alice/a"), false, {.if_match = std::move(match)}));
  };
  EXPECT_EQ(remove_if({sha256_hex("0")}), "PRECONDITION_FAILED");
  EXPECT_EQ(remove_if({sha256_hex("1")}), "");
  EXPECT_EQ(remove_if({"*"}), "COULD_NOT_FIND_FILE");
}

}  // namespace
}  // namespace lakelift::files
