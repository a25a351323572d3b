#include <gmock/gmock.h>

#include "domain/files/test_world.h"

namespace lakelift::files {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::refusal;
using testing::successes;
using testing::value_of;

class GrantingTest : public testing::World {
 protected:
  std::string grant_group(std::string_view where, const std::string& name, Right right = Right::kRead) {
    return refusal(files_.grant(alice_, at(where), {.account = {}, .group = name}, right));
  }
  std::vector<std::string> shared_with(const accounts::Account& caller, std::int64_t limit = 100) {
    std::vector<std::string> out;
    std::optional<std::string> after;
    do {
      const auto page = value_of(files_.shared_with(caller, after, limit));
      EXPECT_LE(page.files.size(), static_cast<std::size_t>(limit));
      for (const auto& shared : page.files) {
        out.push_back(shared.file.owner + "/" + shared.file.path.text() + " " +
                      std::string(name_of(shared.file.right)));
      }
      after = page.next;
    } while (after);
    return out;
  }
};

TEST_F(GrantingTest, WhatOneMayNotReadIsNotThere) {
  ASSERT_EQ(put(alice_, "alice/a/b.csv", "x"), "");
  const Error there = files_.get(bob_, at("alice/a/b.csv")).error();
  for (const char* other : {"alice/a", "alice/", "alice/none", "alice/a/b.csv/c", "nobody/x", "nobody/"}) {
    const auto got = files_.get(bob_, at(other));
    ASSERT_FALSE(got) << other;
    EXPECT_EQ(got.error().code, Code::kNotFound);
    EXPECT_EQ(got.error().event, there.event);
    EXPECT_EQ(got.error().message, there.message);
    EXPECT_EQ(files_.list(bob_, at(other), {}).error().message, there.message);
    EXPECT_EQ(files_.open(bob_, at(other)).error().message, there.message);
    EXPECT_EQ(files_.access(bob_, at(other)).error().message, there.message);
    EXPECT_EQ(files_.remove(bob_, at(other), true).error().message, there.message);
    EXPECT_EQ(files_.move(bob_, at(other), {at("bob/x"), false}).error().message, there.message);
    EXPECT_EQ(files_.copy(bob_, at(other), {at("bob/x"), false}).error().message, there.message);
    EXPECT_EQ(files_.grant(bob_, at(other), {.account = "bob", .group = {}}, Right::kRead).error().message,
              there.message);
    EXPECT_EQ(files_.revoke(bob_, at(other), {.account = "bob", .group = {}}).error().message, there.message);
  }
  EXPECT_EQ(read(admin_, "alice/a/b.csv"), "x");
}

TEST_F(GrantingTest, GivesARightAtOnceAndTakesItAtOnce) {
  ASSERT_EQ(put(alice_, "alice/a/b", "x"), "");
  EXPECT_EQ(grant("alice/a/b", "bob"), "");
  EXPECT_EQ(read(bob_, "alice/a/b"), "x");
  EXPECT_EQ(value_of(files_.get(bob_, at("alice/a/b"))).right, Right::kRead);
  EXPECT_EQ(value_of(files_.get(bob_, at("alice/a/b"))).is_shared, std::nullopt);
  EXPECT_EQ(refusal(files_.get(bob_, at("alice/a"))), "COULD_NOT_FIND_FILE") << "not the folder";
  EXPECT_EQ(read(carol_, "alice/a/b"), "!COULD_NOT_FIND_FILE");
  const auto opened = value_of(files_.open(bob_, at("alice/a/b")));
  EXPECT_EQ(revoke("alice/a/b", "bob"), "");
  EXPECT_EQ(read(bob_, "alice/a/b"), "!COULD_NOT_FIND_FILE");
  std::string byte(1, '?');
  EXPECT_TRUE(opened.bytes->read_at(0, std::as_writable_bytes(std::span(byte)))) << "what has begun goes on";
  EXPECT_EQ(revoke("alice/a/b", "bob"), "") << "fine where there is none";
  expect_books_are_right();
}

TEST_F(GrantingTest, IsIdempotentAndSetsTheRight) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(grant("alice/a", "bob", Right::kWrite), "");
  EXPECT_EQ(value_of(files_.get(bob_, at("alice/a"))).right, Right::kWrite);
  EXPECT_EQ(grant("alice/a", "bob@example.com", Right::kRead), "") << "by email too";
  EXPECT_EQ(value_of(files_.get(bob_, at("alice/a"))).right, Right::kRead);
  EXPECT_EQ(grant("alice/a", "BOB@Example.com", Right::kRead), "");
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants"), 1);
  EXPECT_EQ(grant("alice/a", "alice"), "") << "the owner may already";
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants"), 1);
  EXPECT_THAT(kinds(), ElementsAre("file.uploaded", "file.granted", "file.granted"));
  expect_books_are_right();
}

TEST_F(GrantingTest, OnlyOwnersShare) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  ASSERT_EQ(grant("alice/a", "bob", Right::kWrite), "");
  EXPECT_EQ(refusal(files_.grant(bob_, at("alice/a"), {.account = "carol", .group = {}}, Right::kRead)),
            "ACCESS_DENIED");
  EXPECT_EQ(refusal(files_.revoke(bob_, at("alice/a"), {.account = "bob", .group = {}})), "ACCESS_DENIED");
  EXPECT_EQ(refusal(files_.access(bob_, at("alice/a"))), "ACCESS_DENIED");
  EXPECT_EQ(refusal(files_.grant(admin_, at("alice/a"), {.account = "carol", .group = {}}, Right::kRead)), "");
  EXPECT_EQ(entries().back().entry.on_behalf, alice_.id);
  EXPECT_EQ(read(carol_, "alice/a"), "x");
}

TEST_F(GrantingTest, WhoIsNotThereIsNamed) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  EXPECT_EQ(grant("alice/a", "nobody"), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(grant("alice/a", std::string("b\0b", 3)), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(revoke("alice/a", "nobody"), "COULD_NOT_FIND_ACCOUNT");
  EXPECT_EQ(grant_group("alice/a", "nobody"), "COULD_NOT_FIND_GROUP");
  EXPECT_EQ(grant_group("alice/a", std::string("b\0b", 3)), "COULD_NOT_FIND_GROUP");
  EXPECT_EQ(grant_group("alice/a", std::string(100'000, 'x')), "COULD_NOT_FIND_GROUP");
  EXPECT_EQ(refusal(files_.grant(alice_, at("alice/a"), {}, Right::kRead)), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(refusal(files_.grant(alice_, at("alice/a"), {.account = "bob", .group = "team"}, Right::kRead)),
            "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(grant("alice/a", "bob", Right::kOwner), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(grant("alice/none", "bob"), "COULD_NOT_FIND_FILE");
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants"), 0);
}

TEST_F(GrantingTest, AFolderIsSharedWithAllThatComesLater) {
  ASSERT_TRUE(files_.make_folder(alice_, at("alice/f")));
  ASSERT_EQ(grant("alice/f", "bob"), "");
  ASSERT_EQ(put(alice_, "alice/f/deep/new", "x"), "");
  ASSERT_EQ(put(alice_, "alice/f.txt", "y"), "");
  EXPECT_EQ(read(bob_, "alice/f/deep/new"), "x");
  EXPECT_EQ(read(bob_, "alice/f.txt"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(refusal(files_.get(bob_, at("alice/f/none"))), "COULD_NOT_FIND_FILE");
  EXPECT_THAT(tree(bob_, "alice/f"), ElementsAre("f/deep/", "f/deep/new"));
}

TEST_F(GrantingTest, ADeletedFileTakesItsGrantsAlong) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  ASSERT_EQ(grant("alice/a", "bob"), "");
  ASSERT_EQ(put(alice_, "alice/a", "y"), "");
  EXPECT_EQ(read(bob_, "alice/a"), "y") << "replacing keeps them";
  ASSERT_EQ(remove(alice_, "alice/a"), "");
  ASSERT_EQ(put(alice_, "alice/a", "secret"), "");
  EXPECT_EQ(read(bob_, "alice/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(number("SELECT COUNT(*) FROM files_grants"), 0);
}

TEST_F(GrantingTest, GroupsMayWhatTheyAreGranted) {
  ASSERT_EQ(put(alice_, "alice/a/b", "x"), "");
  const auto team = group("team", {bob_});
  ASSERT_EQ(grant_group("alice/a", "team", Right::kWrite), "");
  EXPECT_EQ(read(bob_, "alice/a/b"), "x");
  EXPECT_EQ(read(carol_, "alice/a/b"), "!COULD_NOT_FIND_FILE");
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return accounts::insert_member(t, team.id, carol_.id, 1); }));
  EXPECT_EQ(put(carol_, "alice/a/c", "by carol"), "");
  ASSERT_TRUE(write([&](metadata::Transaction& t) { return accounts::delete_member(t, team.id, bob_.id); }));
  EXPECT_EQ(read(bob_, "alice/a/b"), "!COULD_NOT_FIND_FILE");
  ASSERT_TRUE(write([&](metadata::Transaction& t) -> Result<void> {
    TRY_VOID(files_.group_farewell(t, team, admin_.id));
    return accounts::delete_group(t, team.id);
  }));
  EXPECT_EQ(read(carol_, "alice/a/b"), "!COULD_NOT_FIND_FILE");
  group("team", {bob_, carol_});
  EXPECT_EQ(read(carol_, "alice/a/b"), "!COULD_NOT_FIND_FILE") << "a new one of the name inherits nothing";
  expect_books_are_right();
}

TEST_F(GrantingTest, OfADisabledOwnerNobodySeesAnything) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  ASSERT_EQ(grant("alice/a", "bob"), "");
  disable(alice_);
  EXPECT_EQ(read(bob_, "alice/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_THAT(shared_with(bob_), IsEmpty());
  EXPECT_THAT(value_of(files_.owners(bob_)), ElementsAre("bob"));
  EXPECT_EQ(read(admin_, "alice/a"), "x");
}

TEST_F(GrantingTest, TellsWhoHasAccess) {
  ASSERT_EQ(put(alice_, "alice/f/a", "x"), "");
  group("team", {carol_});
  clock_.advance(3);
  ASSERT_EQ(grant("alice/f/a", "bob", Right::kWrite), "");
  ASSERT_EQ(grant_group("alice/f", "team"), "");
  const auto all = value_of(files_.access(alice_, at("alice/f/a")));
  std::vector<std::string> told;
  for (const Access& access : all) {
    told.push_back(access.why + " " + access.account.value_or("-") + " " + access.group.value_or("-") + " " +
                   std::string(name_of(access.right)) + " " + access.granted_on.value_or("-") + " " +
                   access.granted_by.value_or("-"));
  }
  EXPECT_THAT(told, ElementsAre("owner alice - owner - -", "administrator root - owner - -",
                                "grant - team read /files/alice/f/ alice", "grant bob - write /files/alice/f/a alice"));
  EXPECT_EQ(all.back().granted_at, clock_.now());
  EXPECT_EQ(to_text(to_json(all[2])),
            R"({"@type":"file_access","account":null,"group":"team","right":"read","why":"grant","granted_on":)"
            R"("/files/alice/f/","granted_by":"alice","granted_at":")" +
                iso8601(clock_.now()) + "\"}");
  EXPECT_EQ(value_of(files_.access(admin_, at("alice/"))).size(), 2U);
}

TEST_F(GrantingTest, ListsWhatIsSharedWithOne) {
  group("team", {bob_});
  for (const char* name : {"alice/a/x", "alice/b", "alice/c"}) ASSERT_EQ(put(alice_, name, "x"), "");
  ASSERT_EQ(put(carol_, "carol/z", "z"), "");
  ASSERT_EQ(grant("alice/b", "bob"), "");
  ASSERT_EQ(grant_group("alice/b", "team", Right::kWrite), "");
  ASSERT_EQ(grant("alice/a", "bob", Right::kWrite), "");
  ASSERT_EQ(grant("alice/a/x", "bob"), "");
  ASSERT_EQ(grant("alice/c", "carol"), "");
  ASSERT_TRUE(files_.grant(carol_, at("carol/z"), {.account = "bob", .group = {}}, Right::kRead));
  const auto all = ElementsAre("alice/a write", "alice/a/x write", "alice/b write", "carol/z read");
  for (const std::int64_t limit : {1, 2, 3, 4, 100}) EXPECT_THAT(shared_with(bob_, limit), all) << limit;
  EXPECT_THAT(shared_with(alice_), IsEmpty());
  EXPECT_THAT(value_of(files_.owners(bob_)), ElementsAre("bob", "alice", "carol"));
  EXPECT_THAT(value_of(files_.owners(alice_)), ElementsAre("alice"));
  EXPECT_EQ(value_of(files_.shared_with(bob_, std::nullopt, 10)).files.at(0).granted_by, "alice");
  EXPECT_EQ(refusal(files_.shared_with(bob_, "x", 10)), "QUERY_DID_NOT_VALIDATE");
  EXPECT_EQ(refusal(files_.shared_with(bob_, std::nullopt, 0)), "QUERY_DID_NOT_VALIDATE");
}

TEST_F(GrantingTest, ManyAtOnceLoseNone) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  std::vector<accounts::Account> people;
  for (int i = 0; i < 64; ++i) people.push_back(person("p" + std::to_string(i)));
  EXPECT_EQ(successes(64, [&](int i) { return grant("alice/a", "p" + std::to_string(i)).empty(); }), 64);
  for (const auto& one : people) EXPECT_EQ(read(one, "alice/a"), "x");
  EXPECT_EQ(successes(64, [&](int i) { return revoke("alice/a", "p" + std::to_string(i)).empty(); }), 64);
  for (const auto& one : people) EXPECT_EQ(read(one, "alice/a"), "!COULD_NOT_FIND_FILE");
  EXPECT_EQ(number("SELECT grants FROM files_nodes"), 0);
  expect_books_are_right();
}

// Whoever opens after a revocation was answered is refused; whoever opens after a grant was answered reads.
TEST_F(GrantingTest, IsLinearizableBesideReaders) {
  ASSERT_EQ(put(alice_, "alice/a", "x"), "");
  std::atomic<int> epoch = 0;  // odd: granted for sure, even: revoked for sure, -1: in between
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> checked = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&] {
        while (!stop) {
          const int before = epoch;
          const bool may = files_.open(bob_, at("alice/a")).has_value();
          if (before < 0 || epoch != before) continue;
          ++checked;
          if (may != (before % 2 == 1)) ++wrong;
        }
      });
    }
    for (int round = 1; round <= 60; ++round) {
      epoch = -1;
      EXPECT_EQ(round % 2 == 1 ? grant("alice/a", "bob") : revoke("alice/a", "bob"), "");
      epoch = round;
      for (const int seen = checked; checked == seen && wrong == 0;) std::this_thread::yield();
    }
    stop = true;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(checked, 60);
}

// Deleting and uploading again beside one who reads by a grant: never the new content by the old grant.
TEST_F(GrantingTest, NoGrantComesBackToANewFile) {
  std::atomic<bool> stop = false;
  std::atomic<int> leaked = 0;
  {
    std::jthread reader([&] {
      while (!stop) {
        if (read(bob_, "alice/a") == "secret") ++leaked;
      }
    });
    for (int round = 0; round < 20; ++round) {
      ASSERT_EQ(put(alice_, "alice/a", "public"), "");
      ASSERT_EQ(grant("alice/a", "bob"), "");
      ASSERT_EQ(remove(alice_, "alice/a"), "");
      ASSERT_EQ(put(alice_, "alice/a", "secret"), "");
      ASSERT_EQ(remove(alice_, "alice/a"), "");
    }
    stop = true;
  }
  EXPECT_EQ(leaked, 0);
}

}  // namespace
}  // namespace lakelift::files
