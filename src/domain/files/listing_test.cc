#include <gmock/gmock.h>

#include <algorithm>

#include "domain/files/test_world.h"

namespace lakelift::files {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::refusal;
using testing::value_of;

class ListingTest : public testing::World {
 protected:
  std::vector<std::string> pages(const accounts::Account& caller, std::string_view where, ListQuery query) {
    std::vector<std::string> out;
    do {
      const auto page = value_of(files_.list(caller, at(where), query));
      EXPECT_LE(page.files.size(), static_cast<std::size_t>(query.limit));
      for (const auto& file : page.files) out.push_back(file.path.text());
      query.after = page.next;
    } while (query.after);
    return out;
  }
};

TEST_F(ListingTest, FoldersAndFilesTogetherByName) {
  for (const char* name : {"alice/b", "alice/a.txt", "alice/a/x", "alice/C", "alice/\xc3\xa9"}) {
    ASSERT_EQ(put(alice_, name, "x"), "");
  }
  EXPECT_THAT(pages(alice_, "alice/", {}), ElementsAre("C", "a", "a.txt", "b", "\xc3\xa9"));
  EXPECT_THAT(pages(alice_, "alice/", {.descending = true}), ElementsAre("\xc3\xa9", "b", "a.txt", "a", "C"));
  EXPECT_THAT(pages(alice_, "alice/a", {}), ElementsAre("a/x"));
  EXPECT_THAT(pages(alice_, "alice/", {.recursive = true}), ElementsAre("C", "a", "a.txt", "a/x", "b", "\xc3\xa9"));
  EXPECT_THAT(pages(bob_, "bob/", {}), IsEmpty());
  EXPECT_EQ(refusal(files_.list(alice_, at("alice/b"), {})), "FILE_IS_NO_FOLDER");
  EXPECT_EQ(refusal(files_.list(alice_, at("alice/none"), {})), "COULD_NOT_FIND_FILE");
}

TEST_F(ListingTest, EveryOrderPageByPage) {
  for (int i = 0; i < 23; ++i) {
    clock_.advance(i % 3);
    ASSERT_EQ(put(alice_, "alice/f/" + std::to_string(i), std::string(static_cast<std::size_t>(i * 7 % 5), 'x')), "");
  }
  ASSERT_EQ(put(alice_, "alice/f/sub/deep", "x"), "");
  const auto all = value_of(files_.list(alice_, at("alice/f"), {.limit = 1'000})).files;
  ASSERT_EQ(all.size(), 24U);
  for (const SortBy sort : {SortBy::kName, SortBy::kSize, SortBy::kChanged}) {
    for (const bool descending : {false, true}) {
      std::vector<std::pair<std::int64_t, std::string>> expected;
      for (const auto& file : all) {
        std::int64_t number = 0;
        if (sort == SortBy::kSize) number = static_cast<std::int64_t>(file.size_bytes);
        if (sort == SortBy::kChanged) number = file.changed_at;
        expected.emplace_back(number, file.path.text());
      }
      std::ranges::sort(expected);
      if (descending) std::ranges::reverse(expected);
      std::vector<std::string> paths;
      for (const auto& [number, path] : expected) paths.push_back(path);
      for (const std::int64_t limit : {1, 5, 24, 1'000}) {
        EXPECT_EQ(pages(alice_, "alice/f", {.sort = sort, .descending = descending, .limit = limit}), paths)
            << static_cast<int>(sort) << descending << limit;
      }
    }
  }
  EXPECT_EQ(pages(alice_, "alice/", {.recursive = true, .limit = 4}).size(), 26U);
  EXPECT_EQ(pages(alice_, "alice/", {.descending = true, .recursive = true, .limit = 4}).size(), 26U);
}

TEST_F(ListingTest, APageGoesOnWhereItEndedWhateverHappens) {
  for (const char* name : {"alice/a", "alice/b", "alice/c", "alice/d"}) ASSERT_EQ(put(alice_, name, "x"), "");
  const auto first = value_of(files_.list(alice_, at("alice/"), {.limit = 2}));
  ASSERT_TRUE(first.next);
  ASSERT_EQ(remove(alice_, "alice/b"), "");
  ASSERT_EQ(put(alice_, "alice/a2", "x"), "");
  const auto second = value_of(files_.list(alice_, at("alice/"), {.after = first.next, .limit = 2}));
  ASSERT_EQ(second.files.size(), 2U);
  EXPECT_EQ(second.files[0].path.text(), "c");
  EXPECT_FALSE(second.next);
}

TEST_F(ListingTest, WrongQuestionsAreNamed) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  ASSERT_EQ(put(alice_, "alice/b", "x"), "");
  const auto next = value_of(files_.list(alice_, at("alice/"), {.limit = 1})).next;
  ASSERT_TRUE(next);
  const auto fields = [&](const ListQuery& query) {
    const auto page = files_.list(alice_, at("alice/"), query);
    EXPECT_EQ(refusal(page), "QUERY_DID_NOT_VALIDATE");
    return page ? "" : page.error().fields.at(0).field;
  };
  EXPECT_EQ(fields({.after = "x"}), "next");
  EXPECT_EQ(fields({.after = ""}), "next");
  EXPECT_EQ(fields({.sort = SortBy::kSize, .after = next}), "next");
  EXPECT_EQ(fields({.descending = true, .after = next}), "next");
  EXPECT_EQ(fields({.recursive = true, .after = next}), "next");
  EXPECT_EQ(fields({.limit = 0}), "limit");
  EXPECT_EQ(fields({.limit = 1'001}), "limit");
  EXPECT_EQ(fields({.sort = SortBy::kSize, .recursive = true}), "sort");
}

TEST_F(ListingTest, TellsEachTheirOwnRight) {
  ASSERT_EQ(put(alice_, "alice/f/a", "x"), "");
  ASSERT_EQ(put(alice_, "alice/f/w/b", "x"), "");
  ASSERT_EQ(grant("alice/f", "bob"), "");
  ASSERT_EQ(grant("alice/f/w", "bob", Right::kWrite), "");
  std::vector<std::string> rights;
  for (const auto& file : value_of(files_.list(bob_, at("alice/f"), {.recursive = true})).files) {
    rights.push_back(file.path.text() + " " + std::string(name_of(file.right)));
    EXPECT_EQ(file.right, value_of(files_.get(bob_, {"alice", file.path})).right);
    EXPECT_EQ(file.is_shared, std::nullopt);
  }
  EXPECT_THAT(rights, ElementsAre("f/a read", "f/w write", "f/w/b write"));
  const auto owned = value_of(files_.list(alice_, at("alice/f"), {})).files;
  EXPECT_EQ(owned.at(0).is_shared, false);
  EXPECT_EQ(owned.at(1).is_shared, true);
}

TEST_F(ListingTest, TheRootIsAFolderOfItsOwner) {
  const FileInfo root = value_of(files_.get(alice_, at("alice/")));
  EXPECT_EQ(root.kind, FileKind::kFolder);
  EXPECT_EQ(root.path.text(), "");
  EXPECT_EQ(root.right, Right::kOwner);
  EXPECT_EQ(refusal(files_.open(alice_, at("alice/"))), "FILE_IS_A_FOLDER");
  EXPECT_EQ(refusal(files_.get(bob_, at("alice/"))), "COULD_NOT_FIND_FILE");
}

TEST_F(ListingTest, AnObjectThatIsNotWhatItWasIsToldSo) {
  const FileInfo file = value_of(upload(alice_, "alice/a", "four")).file;
  ASSERT_EQ(put(alice_, "alice/b", "b"), "");
  ASSERT_TRUE(memory_.remove(file.object_key));
  EXPECT_EQ(read(alice_, "alice/a"), "!STORED_OBJECT_BROKEN");
  EXPECT_EQ(read(alice_, "alice/b"), "b");
  EXPECT_EQ(value_of(files_.get(alice_, at("alice/a"))).size_bytes, 4U);
  const auto subjects =
      value_of(database_->read([&](metadata::Session& session) { return files_.subjects(session, file.object_key); }));
  EXPECT_THAT(subjects, ElementsAre("file alice/a"));
}

}  // namespace
}  // namespace lakelift::files
