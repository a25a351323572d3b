#include "domain/files/file.h"

#include <gtest/gtest.h>

namespace lakelift::files {
namespace {

FilePath path_of(std::string_view text) { return FilePath::parse(text).value(); }

TEST(FileTest, AnAddressIsEscapedPartByPart) {
  EXPECT_EQ(address_of("alice", path_of("reports/may 1%.csv"), FileKind::kFile), "/files/alice/reports/may%201%25.csv");
  EXPECT_EQ(address_of("a b", path_of("caf\xc3\xa9"), FileKind::kFolder), "/files/a%20b/caf%C3%A9/");
  EXPECT_EQ(address_of("alice", {}, FileKind::kFolder), "/files/alice/");
}

TEST(FileTest, AnAddressIsReadBack) {
  const auto file = parse_address("/files/alice/reports/may.csv", "to");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->owner, "alice");
  EXPECT_EQ(file->path.text(), "reports/may.csv");
  EXPECT_TRUE(parse_address("/files/alice/", "to")->path.is_root());
  EXPECT_EQ(parse_address("/files/alice/folder/", "to")->path.text(), "folder");
  for (const std::string_view bad : {"", "/", "/files", "/files/", "/files/alice", "/files//a", "files/alice/a",
                                     "/files/../a", "http://127.0.0.1/files/alice/a", "/files/a\nb/c"}) {
    const auto address = parse_address(bad, "to");
    ASSERT_FALSE(address) << bad;
    EXPECT_EQ(address.error().event, "BODY_DID_NOT_VALIDATE");
    EXPECT_EQ(address.error().fields.at(0).field, "to");
  }
  const auto path = parse_address("/files/alice/a/../b", "to");
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().event, "FILE_NAME_DID_NOT_VALIDATE");
  EXPECT_EQ(path.error().fields.at(0).field, "to");
}

TEST(FileTest, LooksAsTheContractSays) {
  FileInfo file;
  file.owner = "alice";
  file.path = path_of("reports/may.csv");
  file.size_bytes = 1234;
  file.sha256 = "ab";
  file.changed_by = 1;
  file.changed_by_name = "alice";
  file.right = Right::kOwner;
  file.is_shared = true;
  EXPECT_EQ(to_text(to_json(file, "http://h")),
            R"({"@type":"file","owner":"alice","path":"reports/may.csv","name":"may.csv","kind":"file",)"
            R"("size_bytes":1234,"sha256":"ab","content_type":"text/csv","created_at":"1970-01-01T00:00:00.000000Z",)"
            R"("changed_at":"1970-01-01T00:00:00.000000Z","changed_by":"alice","right":"owner","is_shared":true,)"
            R"("catalogue_item_id":null,"href":"http://h/files/alice/reports/may.csv"})");
  FileInfo folder;
  folder.owner = "bob";
  folder.path = path_of("a");
  folder.kind = FileKind::kFolder;
  EXPECT_EQ(to_text(to_json(folder, "")),
            R"({"@type":"file","owner":"bob","path":"a","name":"a","kind":"folder",)"
            R"("created_at":"1970-01-01T00:00:00.000000Z","changed_at":"1970-01-01T00:00:00.000000Z",)"
            R"("changed_by":null,"right":"read","is_shared":null,"catalogue_item_id":null,"href":"/files/bob/a/"})");
}

TEST(FileTest, RightsHaveNames) {
  EXPECT_EQ(grantable_right_of("read"), Right::kRead);
  EXPECT_EQ(grantable_right_of("write"), Right::kWrite);
  for (const std::string_view other : {"owner", "", "READ", "admin"}) EXPECT_FALSE(grantable_right_of(other)) << other;
}

}  // namespace
}  // namespace lakelift::files
