#include <gmock/gmock.h>

#include "domain/files/test_world.h"

namespace lakelift::files {
namespace {

using storage::testing::Operation;
using ::testing::ElementsAre;
using testing::refusal;
using testing::successes;
using testing::value_of;

class UploadingTest : public testing::World {
 protected:
  using World::World;
};

TEST_F(UploadingTest, StoresWhatCame) {
  const Stored stored = value_of(upload(alice_, "alice/reports/2026/may.csv", "a,b\n1,2\n"));
  EXPECT_TRUE(stored.created);
  EXPECT_EQ(stored.file.path.text(), "reports/2026/may.csv");
  EXPECT_EQ(stored.file.size_bytes, 8U);
  EXPECT_EQ(stored.file.sha256, sha256_hex("a,b\n1,2\n"));
  EXPECT_EQ(stored.file.owner, "alice");
  EXPECT_EQ(stored.file.changed_by_name, "alice");
  EXPECT_EQ(stored.file.right, Right::kOwner);
  EXPECT_EQ(stored.file.is_shared, false);
  EXPECT_EQ(read(alice_, "alice/reports/2026/may.csv"), "a,b\n1,2\n");
  EXPECT_EQ(value_of(files_.get(alice_, at("alice/reports"))).kind, FileKind::kFolder);
  EXPECT_THAT(tree(alice_, "alice/"), ElementsAre("reports/", "reports/2026/", "reports/2026/may.csv"));
  EXPECT_EQ(usage(alice_).bytes, 8);
  EXPECT_EQ(usage(alice_).files, 1);
  EXPECT_THAT(kinds(), ElementsAre("folder.created", "folder.created", "file.uploaded"));
  const auto entry = entries().back().entry;
  EXPECT_EQ(entry.actor, alice_.id);
  EXPECT_EQ(entry.on_behalf, std::nullopt);
  EXPECT_EQ(entry.subject_kind, "file");
  EXPECT_EQ(entry.subject_id, std::to_string(stored.file.id));
  EXPECT_EQ(entry.bytes, 8);
  EXPECT_EQ(find_string(entry.detail, "path"), "reports/2026/may.csv");
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

TEST_F(UploadingTest, ManyPiecesAndNoneAtAll) {
  auto upload = value_of(files_.begin_upload(alice_, at("alice/pieces"), {}));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(upload->write(as_bytes("piece ")));
  EXPECT_EQ(upload->size_bytes(), 600U);
  EXPECT_EQ(refusal(files_.get(alice_, at("alice/pieces"))), "COULD_NOT_FIND_FILE") << "nothing before finish()";
  EXPECT_EQ(value_of(files_.finish(alice_, std::move(upload))).file.size_bytes, 600U);
  EXPECT_EQ(put(alice_, "alice/empty", ""), "");
  EXPECT_EQ(read(alice_, "alice/empty"), "");
  expect_objects_are_those_referred_to();
}

TEST_F(UploadingTest, ReplacingKeepsTheFileAndTrashesTheContent) {
  const Stored first = value_of(upload(alice_, "alice/a", "first"));
  clock_.advance(10);
  const Stored second = value_of(upload(alice_, "alice/a", "second!"));
  EXPECT_FALSE(second.created);
  EXPECT_EQ(second.file.id, first.file.id);
  EXPECT_EQ(second.file.created_at, first.file.created_at);
  EXPECT_EQ(second.file.changed_at, first.file.changed_at + 10);
  EXPECT_EQ(read(alice_, "alice/a"), "second!");
  const auto old = trash(alice_);
  ASSERT_EQ(old.size(), 1U);
  EXPECT_TRUE(old[0].was_replaced);
  EXPECT_EQ(old[0].sha256, sha256_hex("first"));
  EXPECT_EQ(usage(alice_).bytes, 7);
  EXPECT_EQ(usage(alice_).trash_bytes, 5);
  ASSERT_EQ(put(alice_, "alice/a", "second!"), "");
  EXPECT_EQ(trash(alice_).size(), 1U) << "the same bytes again take nothing away";
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

TEST_F(UploadingTest, WhatIsAFolderIsNoFile) {
  ASSERT_EQ(put(alice_, "alice/folder/file", "x"), "");
  EXPECT_EQ(put(alice_, "alice/folder", "x"), "FILE_IS_A_FOLDER");
  EXPECT_EQ(put(alice_, "alice/", "x"), "FILE_IS_A_FOLDER");
  EXPECT_EQ(put(alice_, "alice/folder/file/more", "x"), "FILE_IS_NO_FOLDER");
  EXPECT_EQ(put(alice_, "alice/folder/file/more/still", "x"), "FILE_IS_NO_FOLDER");
  EXPECT_EQ(refusal(files_.make_folder(alice_, at("alice/folder/file"))), "FILE_IS_NO_FOLDER");
  EXPECT_EQ(refusal(files_.open(alice_, at("alice/folder"))), "FILE_IS_A_FOLDER");
  EXPECT_EQ(objects(), 1U);
}

TEST_F(UploadingTest, FoldersAreMadeByThemselves) {
  const Stored made = value_of(files_.make_folder(alice_, at("alice/a/b")));
  EXPECT_TRUE(made.created);
  EXPECT_EQ(made.file.kind, FileKind::kFolder);
  EXPECT_FALSE(value_of(files_.make_folder(alice_, at("alice/a/b"))).created);
  EXPECT_FALSE(value_of(files_.make_folder(alice_, at("alice/"))).created);
  EXPECT_THAT(tree(alice_, "alice/"), ElementsAre("a/", "a/b/"));
  EXPECT_EQ(refusal(files_.make_folder(bob_, at("alice/c"))), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(usage(alice_).files, 0);
  expect_books_are_right();
}

TEST_F(UploadingTest, OnlyWhereOneMayWrite) {
  ASSERT_EQ(put(alice_, "alice/read/a", "a"), "");
  ASSERT_EQ(put(alice_, "alice/write/a", "a"), "");
  ASSERT_EQ(grant("alice/read", "bob", Right::kRead), "");
  ASSERT_EQ(grant("alice/write", "bob", Right::kWrite), "");
  EXPECT_EQ(put(bob_, "alice/new", "x"), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(put(bob_, "nobody/new", "x"), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(put(bob_, "alice/other/new", "x"), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(put(bob_, "alice/read/a", "x"), "ACCESS_DENIED");
  EXPECT_EQ(put(bob_, "alice/read/deep/new", "x"), "ACCESS_DENIED");
  EXPECT_EQ(put(bob_, "alice/write/a", "by bob"), "");
  EXPECT_EQ(put(bob_, "alice/write/deep/new", "by bob"), "");
  EXPECT_EQ(put(admin_, "alice/by-root", "x"), "");
  EXPECT_EQ(value_of(files_.get(alice_, at("alice/write/a"))).changed_by_name, "bob");
  EXPECT_EQ(usage(alice_).bytes, 14) << "what others bring counts as the owner's";
  EXPECT_EQ(entries().back().entry.on_behalf, alice_.id);
  expect_books_are_right();
}

TEST_F(UploadingTest, ConditionsAreExact) {
  const auto put_if = [&](std::vector<std::string> match, std::string_view bytes) {
    UploadTerms terms;
    terms.conditions.if_match = std::move(match);
    return refusal(upload(alice_, "alice/a", bytes, terms));
  };
  UploadTerms only_new;
  only_new.conditions.if_none_match_any = true;
  EXPECT_EQ(put_if({"*"}, "x"), "PRECONDITION_FAILED");
  EXPECT_EQ(refusal(upload(alice_, "alice/a", "1", only_new)), "");
  EXPECT_EQ(refusal(upload(alice_, "alice/a", "x", only_new)), "PRECONDITION_FAILED");
  EXPECT_EQ(put_if({sha256_hex("0")}, "x"), "PRECONDITION_FAILED");
  EXPECT_EQ(put_if({}, "x"), "PRECONDITION_FAILED");
  EXPECT_EQ(put_if({sha256_hex("0"), sha256_hex("1")}, "2"), "");
  EXPECT_EQ(put_if({"*"}, "3"), "");
  EXPECT_EQ(read(alice_, "alice/a"), "3");
  // What held at the beginning need not hold at the end.
  UploadTerms terms;
  terms.conditions.if_match = {sha256_hex("3")};
  auto slow = value_of(files_.begin_upload(alice_, at("alice/a"), terms));
  ASSERT_EQ(put(alice_, "alice/a", "4"), "");
  EXPECT_EQ(refusal(files_.finish(alice_, std::move(slow))), "PRECONDITION_FAILED");
  EXPECT_EQ(read(alice_, "alice/a"), "4");
  expect_objects_are_those_referred_to();
}

TEST_F(UploadingTest, DigestsAndLengthsAreChecked) {
  UploadTerms terms;
  terms.expected_sha256 = sha256_hex("right");
  EXPECT_EQ(refusal(upload(alice_, "alice/a", "wrong", terms)), "DIGEST_DID_NOT_MATCH");
  EXPECT_EQ(refusal(upload(alice_, "alice/a", "right", terms)), "");
  terms = {.announced_bytes = 6};
  EXPECT_EQ(refusal(upload(alice_, "alice/b", "short", terms)), "BODY_IS_INCOMPLETE");
  EXPECT_EQ(read(alice_, "alice/b"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(objects(), 1U);
}

TEST_F(UploadingTest, WhoseRightIsGoneCannotFinish) {
  ASSERT_TRUE(files_.make_folder(alice_, at("alice/w")));
  ASSERT_EQ(grant("alice/w", "bob", Right::kWrite), "");
  auto one = value_of(files_.begin_upload(bob_, at("alice/w/a"), {}));
  auto two = value_of(files_.begin_upload(bob_, at("alice/w/b"), {}));
  auto three = value_of(files_.begin_upload(bob_, at("alice/w/c"), {}));
  ASSERT_EQ(grant("alice/w", "bob", Right::kRead), "");
  EXPECT_EQ(refusal(files_.finish(bob_, std::move(one))), "ACCESS_DENIED");
  ASSERT_EQ(revoke("alice/w", "bob"), "");
  EXPECT_EQ(refusal(files_.finish(bob_, std::move(two))), "COULD_NOT_FIND_FILE");
  disable(bob_);
  EXPECT_EQ(refusal(files_.finish(bob_, std::move(three))), "AUTH_TOKEN_MISSING_ACCOUNT");
  EXPECT_THAT(tree(alice_, "alice/"), ElementsAre("w/"));
  EXPECT_EQ(objects(), 0U);
}

TEST_F(UploadingTest, ADemotedAdministratorCannotFinish) {
  auto slow = value_of(files_.begin_upload(admin_, at("alice/a"), {}));
  auto demoted = admin_;
  demoted.type = accounts::AccountType::kResearcher;
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return accounts::update_account(t, demoted); }));
  EXPECT_EQ(refusal(files_.finish(admin_, std::move(slow))), "COULD_NOT_FIND_FILE");
}

TEST_F(UploadingTest, AnotherOwnerOfTheSameNameIsAnother) {
  auto slow = value_of(files_.begin_upload(admin_, at("carol/a"), {}));
  delete_person(carol_);
  person("carol");
  EXPECT_EQ(refusal(files_.finish(admin_, std::move(slow))), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(objects(), 0U);
}

TEST_F(UploadingTest, AFailedUploadLeavesNothing) {
  const Error full{Code::kNoSpace, {}, "full", {}};
  ASSERT_EQ(put(alice_, "alice/a", "old"), "");
  for (const Operation operation : {Operation::kPublish, Operation::kPublishAnswer}) {
    store_.fail_at(operation, 1, full);
    EXPECT_EQ(upload(alice_, "alice/a", "new").error().code, Code::kNoSpace);
    EXPECT_EQ(read(alice_, "alice/a"), "old");
    EXPECT_EQ(objects(), 1U);
  }
  store_.fail_at(Operation::kStage, 1, full);
  EXPECT_EQ(upload(alice_, "alice/b", "new").error().code, Code::kNoSpace);
  {
    const auto dropped = value_of(files_.begin_upload(alice_, at("alice/c"), {}));
  }
  EXPECT_THAT(tree(alice_, "alice/"), ElementsAre("a"));
  EXPECT_EQ(put(alice_, "alice/a", "new"), "");
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

TEST_F(UploadingTest, AnAnswerThatIsLostLosesNothingElse) {
  auto slow = value_of(files_.begin_upload(alice_, at("alice/a"), {}));
  ASSERT_TRUE(slow->write(as_bytes("kept")));
  forgetful_.lose_next_answer();
  EXPECT_EQ(files_.finish(alice_, std::move(slow)).error().code, Code::kUnavailable);
  EXPECT_EQ(read(alice_, "alice/a"), "kept") << "it was committed: the object stays";
  expect_objects_are_those_referred_to();
}

TEST_F(UploadingTest, OfTwoToOneNameTheLastCompleteWins) {
  auto one = value_of(files_.begin_upload(alice_, at("alice/a"), {}));
  auto two = value_of(files_.begin_upload(alice_, at("alice/a"), {}));
  ASSERT_TRUE(one->write(as_bytes("one")));
  ASSERT_TRUE(two->write(as_bytes("two")));
  EXPECT_TRUE(value_of(files_.finish(alice_, std::move(two))).created);
  EXPECT_EQ(read(alice_, "alice/a"), "two");
  const auto open = value_of(files_.open(alice_, at("alice/a")));
  EXPECT_FALSE(value_of(files_.finish(alice_, std::move(one))).created);
  EXPECT_EQ(read(alice_, "alice/a"), "one");
  std::string still(3, '?');
  EXPECT_EQ(open.bytes->read_at(0, std::as_writable_bytes(std::span(still))).value_or(0), 3U);
  EXPECT_EQ(still, "two") << "who opened the old one reads the old one";
}

TEST_F(UploadingTest, ManyAtOnceMakeOneFile) {
  EXPECT_EQ(successes(8, [&](int i) { return put(alice_, "alice/same", "content " + std::to_string(i)).empty(); }), 8);
  UploadTerms only_new;
  only_new.conditions.if_none_match_any = true;
  EXPECT_EQ(successes(8, [&](int) { return upload(alice_, "alice/new", "x", only_new).has_value(); }), 1);
  EXPECT_EQ(usage(alice_).files, 2);
  EXPECT_EQ(trash(alice_).size(), 7U);
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

class QuotaTest : public testing::World {
 protected:
  QuotaTest() : World({.quota_bytes = 10, .quota_files = 3, .trash_days = 30}) {}
};

TEST_F(QuotaTest, OverTheBytesNothingIsStored) {
  EXPECT_EQ(refusal(files_.begin_upload(alice_, at("alice/a"), {.announced_bytes = 11})), "QUOTA_EXCEEDED");
  auto unannounced = value_of(files_.begin_upload(alice_, at("alice/a"), {}));
  ASSERT_TRUE(unannounced->write(as_bytes("0123456789")));
  EXPECT_EQ(refusal(unannounced->write(as_bytes("x"))), "QUOTA_EXCEEDED");
  EXPECT_EQ(refusal(unannounced->write(as_bytes(""))), "QUOTA_EXCEEDED") << "it is over";
  EXPECT_EQ(refusal(files_.finish(alice_, std::move(unannounced))), "QUOTA_EXCEEDED");
  EXPECT_EQ(objects(), 0U);
  EXPECT_EQ(put(alice_, "alice/a", "0123456789"), "");
  EXPECT_EQ(put(alice_, "alice/b", "x"), "QUOTA_EXCEEDED");
  EXPECT_EQ(put(alice_, "alice/a", "9876543210"), "QUOTA_EXCEEDED") << "the trash counts";
  EXPECT_EQ(put(alice_, "alice/a", "0123456789"), "QUOTA_EXCEEDED");
  EXPECT_EQ(remove(alice_, "alice/a"), "");
  EXPECT_EQ(put(alice_, "alice/b", "x"), "QUOTA_EXCEEDED");
  EXPECT_EQ(value_of(files_.empty_trash(alice_, "alice", std::nullopt)), 1);
  EXPECT_EQ(put(alice_, "alice/b", "x"), "");
  EXPECT_EQ(put(bob_, "bob/b", "0123456789"), "") << "each has their own";
  expect_books_are_right();
}

TEST_F(QuotaTest, OverTheFilesToo) {
  for (const char* name : {"alice/a", "alice/b", "alice/c"}) ASSERT_EQ(put(alice_, name, ""), "");
  EXPECT_EQ(put(alice_, "alice/d", ""), "QUOTA_EXCEEDED");
  EXPECT_EQ(copy(alice_, "alice/a", "alice/d"), "QUOTA_EXCEEDED");
  EXPECT_EQ(move(alice_, "alice/a", "alice/d"), "");
  ASSERT_EQ(remove(alice_, "alice/b"), "");
  EXPECT_EQ(put(alice_, "alice/e", ""), "QUOTA_EXCEEDED");
  for (const char* name : {"bob/1", "bob/2", "bob/3"}) ASSERT_TRUE(files_.make_folder(bob_, at(name)));
  EXPECT_EQ(refusal(files_.make_folder(bob_, at("bob/4"))), "QUOTA_EXCEEDED");
  EXPECT_EQ(put(bob_, "bob/4/file", ""), "QUOTA_EXCEEDED");
  EXPECT_THAT(tree(bob_, "bob/"), ElementsAre("1/", "2/", "3/"));
  expect_books_are_right();
}

TEST_F(QuotaTest, AtTheEdgeManyUploadsNeverGoOver) {
  std::atomic<int> over = 0;
  const int good = successes(50, [&](int i) {
    const auto stored = upload(alice_, "alice/" + std::to_string(i), "1234");
    if (refusal(stored) == "QUOTA_EXCEEDED") ++over;
    return stored.has_value();
  });
  EXPECT_EQ(good, 2);
  EXPECT_EQ(over, 48);
  EXPECT_EQ(usage(alice_).bytes, 8);
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

TEST_F(QuotaTest, AdministratorsSetIt) {
  EXPECT_EQ(refusal(files_.set_quota(alice_, "alice", 100, 100)), "ACCESS_DENIED");
  EXPECT_EQ(refusal(files_.set_quota(alice_, "bob", 100, 100)), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(refusal(files_.set_quota(admin_, "nobody", 100, 100)), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(refusal(files_.set_quota(admin_, "alice", -1, 1)), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(refusal(files_.set_quota(admin_, "alice", 1, -1)), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(value_of(files_.set_quota(admin_, "alice", 20, std::nullopt)).quota_bytes, 20);
  EXPECT_EQ(usage(alice_).quota_files, 3);
  EXPECT_EQ(put(alice_, "alice/a", std::string(20, 'x')), "");
  EXPECT_EQ(value_of(files_.set_quota(admin_, "alice", 0, 0)).quota_bytes, 0);
  EXPECT_EQ(put(alice_, "alice/b", std::string(1'000, 'x')), "");
  EXPECT_EQ(value_of(files_.set_quota(admin_, "alice", std::nullopt, std::nullopt)).quota_bytes, 10);
  EXPECT_EQ(remove(alice_, "alice/b"), "") << "who is over may still throw away";
  EXPECT_EQ(refusal(files_.restore(alice_, "alice", trash(alice_).at(0).id)), "") << "and take back";
  EXPECT_EQ(put(alice_, "alice/c", "x"), "QUOTA_EXCEEDED");
  EXPECT_EQ(kinds().at(0), "file.quota_changed");
  expect_books_are_right();
}

TEST_F(QuotaTest, AWriterFillsTheOwnersQuota) {
  ASSERT_TRUE(files_.make_folder(alice_, at("alice/w")));
  ASSERT_EQ(grant("alice/w", "bob", Right::kWrite), "");
  EXPECT_EQ(put(bob_, "alice/w/a", "0123456789"), "");
  EXPECT_EQ(put(bob_, "alice/w/b", "x"), "QUOTA_EXCEEDED");
  EXPECT_EQ(usage(bob_).bytes, 0);
}

class NoTrashTest : public testing::World {
 protected:
  NoTrashTest() : World({.quota_bytes = 10, .quota_files = 10, .trash_days = 0}) {}
};

TEST_F(NoTrashTest, WhatIsReplacedOrDeletedIsGone) {
  ASSERT_EQ(put(alice_, "alice/a", "0123456789"), "");
  ASSERT_EQ(put(alice_, "alice/a", "9876543210"), "") << "the old makes room for the new";
  EXPECT_EQ(put(alice_, "alice/a", "01234567890"), "QUOTA_EXCEEDED");
  EXPECT_EQ(read(alice_, "alice/a"), "9876543210");
  ASSERT_EQ(put(alice_, "alice/f/b", ""), "");
  expect_objects_are_those_referred_to();
  ASSERT_EQ(remove(alice_, "alice/f", true), "");
  ASSERT_EQ(remove(alice_, "alice/a"), "");
  EXPECT_TRUE(trash(alice_).empty());
  EXPECT_EQ(usage(alice_).bytes, 0);
  expect_books_are_right();
  expect_objects_are_those_referred_to();
  EXPECT_EQ(objects(), 0U);
}

TEST_F(UploadingTest, AdoptsWhatSomebodyKeeps) {
  const FileInfo source = value_of(upload(alice_, "alice/slice", "rows")).file;
  const objects::Reference object{source.object_key, source.size_bytes, source.sha256};
  const Stored kept = value_of(files_.adopt(bob_, at("bob/kept/slice"), object, false));
  EXPECT_TRUE(kept.created);
  EXPECT_EQ(kept.file.object_key, source.object_key);
  EXPECT_EQ(refusal(files_.adopt(bob_, at("bob/kept/slice"), object, false)), "FILE_EXISTS_ALREADY");
  EXPECT_EQ(refusal(files_.adopt(bob_, at("bob/kept/slice"), object, true)), "");
  EXPECT_EQ(refusal(files_.adopt(bob_, at("bob/kept"), object, true)), "FILE_IS_A_FOLDER");
  EXPECT_EQ(refusal(files_.adopt(bob_, at("alice/x"), object, true)), "COULD_NOT_FIND_FILE");
  EXPECT_TRUE(trash(bob_).empty());
  EXPECT_EQ(kinds().back(), "file.kept");
  EXPECT_EQ(objects(), 1U);
  ASSERT_EQ(remove(alice_, "alice/slice"), "");
  value_of(files_.empty_trash(alice_, "alice", std::nullopt));
  expect_objects_are_those_referred_to();
  EXPECT_EQ(read(bob_, "bob/kept/slice"), "rows");
  const objects::Reference nobodys{std::string(32, 'a'), 4, sha256_hex("rows")};
  EXPECT_EQ(refusal(files_.adopt(bob_, at("bob/other"), nobodys, false)), "OBJECT_IS_GONE");
  expect_books_are_right();
}

}  // namespace
}  // namespace lakelift::files
