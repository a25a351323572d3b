// Names at the server, and names that a server may not make us write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "edge/cli/destination.h"
#include "edge/cli/file_commands.h"
#include "edge/cli/local_tree.h"
#include "edge/cli/remote_name.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using ::testing::ElementsAre;
using testing::slurp;
using testing::spit;
using testing::TempFolder;

namespace fs = std::filesystem;

struct NameCase {
  std::string text;
  std::string owner;
  std::string path;
  bool is_folder;
  std::string address;  // where the caller is "me"
};

class RemoteNames : public ::testing::TestWithParam<NameCase> {};

TEST_P(RemoteNames, AreTakenApart) {
  const NameCase& expected = GetParam();
  auto name = parse_remote_name(expected.text);
  ASSERT_TRUE(name) << name.error().message;
  EXPECT_EQ(name->owner, expected.owner);
  EXPECT_EQ(name->path, expected.path);
  EXPECT_EQ(name->is_folder, expected.is_folder);
  if (name->owner.empty()) name->owner = "me";
  EXPECT_EQ(address_of(*name), expected.address);
}

INSTANTIATE_TEST_SUITE_P(Table, RemoteNames,
                         ::testing::Values(NameCase{"", "", "", true, "/files/me/"},
                                           NameCase{":", "", "", true, "/files/me/"},
                                           NameCase{"bob:", "bob", "", true, "/files/bob/"},
                                           NameCase{"a.csv", "", "a.csv", false, "/files/me/a.csv"},
                                           NameCase{"a/b c/", "", "a/b c", true, "/files/me/a/b%20c"},
                                           NameCase{"bob:a/b.csv", "bob", "a/b.csv", false, "/files/bob/a/b.csv"},
                                           NameCase{":a:b", "", "a:b", false, "/files/me/a%3Ab"},
                                           NameCase{"a/b:c", "", "a/b:c", false, "/files/me/a/b%3Ac"},
                                           NameCase{"bob:x:y", "bob", "x:y", false, "/files/bob/x%3Ay"},
                                           NameCase{"Ada L:100%", "Ada L", "100%", false, "/files/Ada%20L/100%25"},
                                           NameCase{"ä?#&.csv", "", "ä?#&.csv", false, "/files/me/%C3%A4%3F%23%26.csv"},
                                           NameCase{"...", "", "...", false, "/files/me/..."}));

TEST(RemoteNames, WhatAProxyWouldMakeAnotherPathOfIsRefused) {
  for (const std::string text : {"..", ".", "../bob/x", "a/../b", "a/./b", "a//b", "/a", "/", "a/..", "bob:..",
                                 "bob:/a", "..:a", ".:a", "a//", "bob:/"}) {
    const auto name = parse_remote_name(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().code, Code::kInvalid) << text;
  }
  EXPECT_FALSE(parse_remote_name(std::string_view("a\0b", 3)));
  EXPECT_FALSE(parse_remote_name(std::string_view("\0:b", 3)));
}

TEST(RemoteNames, AreWrittenSoThatTheyReadTheSame) {
  for (const std::string path : {"a.csv", "a:b", "a/b:c", ":x", "a/b"}) {
    for (const std::string owner : {"me", "bob"}) {
      const auto name = parse_remote_name(remote_text(owner, path, "me"));
      ASSERT_TRUE(name) << path;
      EXPECT_EQ(name->path, path);
      EXPECT_EQ(name->owner, owner == "me" ? "" : "bob");
    }
  }
  EXPECT_EQ(remote_text("me", "a/b:c", "me"), "a/b:c");
}

TEST(Bytes, AreReadWithTheirUnits) {
  EXPECT_EQ(parse_bytes("0"), 0);
  EXPECT_EQ(parse_bytes("1024"), 1024);
  EXPECT_EQ(parse_bytes("10GiB"), 10LL << 30);
  EXPECT_EQ(parse_bytes("10 G"), 10LL << 30);
  EXPECT_EQ(parse_bytes("1.5kB"), 1500);
  EXPECT_EQ(parse_bytes("2TB"), 2'000'000'000'000);
  for (const char* wrong : {"", "GiB", "-1", "1e9", "10 gigs", "nan", "inf", "9000000000000000000000", "8388608TiB"}) {
    const auto bytes = parse_bytes(wrong);
    EXPECT_FALSE(bytes) << wrong;
  }
}

TEST(LocalFolders, TakeNamesBeneathThemAlone) {
  const TempFolder folder;
  const auto opened = LocalFolder::open(folder.file("in"));
  ASSERT_TRUE(opened);
  const std::string nul("a\0b", 3);
  for (const std::string& name :
       {std::string(".."), std::string("../x"), std::string("/x"), std::string("a/../../x"), std::string("a//b"),
        std::string("."), std::string(""), std::string("a/"), nul, std::string(256, 'n')}) {
    const auto placed = opened->place(name);
    ASSERT_FALSE(placed) << name;
    EXPECT_EQ(placed.error().event, "UNSAFE_NAME");
    EXPECT_FALSE(opened->make_folder(name)) << name;
  }
  EXPECT_THAT(folder.names(), ElementsAre("in"));
  EXPECT_TRUE(fs::is_empty(folder.file("in")));
  const auto placed = opened->place("a/b/c.csv");
  ASSERT_TRUE(placed) << placed.error().message;
  EXPECT_EQ(*placed, folder.file("in/a/b/c.csv"));
  EXPECT_TRUE(fs::is_directory(folder.file("in/a/b")));
}

TEST(LocalFolders, FollowNoLinksOutOfThem) {
  const TempFolder folder;
  fs::create_directories(folder.file("outside"));
  const auto opened = LocalFolder::open(folder.file("in"));
  ASSERT_TRUE(opened);
  ASSERT_EQ(symlink(folder.file("outside").c_str(), folder.file("in/link").c_str()), 0);
  spit(folder.file("in/file"), "x");
  for (const char* name : {"link/x", "file/x"}) {
    const auto placed = opened->place(name);
    ASSERT_FALSE(placed) << name;
    EXPECT_EQ(placed.error().code, Code::kConflict);
  }
  EXPECT_FALSE(opened->make_folder("link"));
  EXPECT_TRUE(fs::is_empty(folder.file("outside")));
}

TEST(LocalTrees, TellFilesAndEmptyFoldersAndFollowNoLinks) {
  const TempFolder folder;
  fs::create_directories(folder.file("t/full/deep"));
  fs::create_directories(folder.file("t/empty"));
  spit(folder.file("t/full/deep/a.csv"), "abc");
  spit(folder.file("t/.hidden"), "");
  spit(folder.file("secret"), "secret");
  ASSERT_EQ(symlink("../secret", folder.file("t/link").c_str()), 0);
  ASSERT_EQ(symlink("..", folder.file("t/loop").c_str()), 0);
  const auto tree = walk_local(folder.file("t"));
  ASSERT_TRUE(tree);
  std::vector<std::string> told;
  for (const auto& entry : tree->entries)
    told.push_back(entry.path + (entry.is_empty_folder ? "/" : " " + std::to_string(entry.size_bytes)));
  EXPECT_THAT(told, ElementsAre(".hidden 0", "empty/", "full/deep/a.csv 3"));
  EXPECT_THAT(tree->skipped, ElementsAre("link", "loop"));
}

TEST(Destinations, ANameAsLongAsCanBeHasAPartialFileToo) {
  const TempFolder folder;
  const std::string path = folder.file(std::string(255, 'n'));
  const auto destination = file_destination(path);
  ASSERT_TRUE(destination->begin("\"0123456789abcdef\"", 3));
  ASSERT_TRUE(destination->write("abc"));
  ASSERT_TRUE(destination->commit());
  EXPECT_EQ(slurp(path), "abc");
  EXPECT_EQ(partial_path("a/b", "\"0123456789\""), "a/b.01234567.partial");
}

}  // namespace
}  // namespace lakelift::cli
