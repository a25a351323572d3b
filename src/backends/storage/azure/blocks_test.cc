#include "backends/storage/azure/blocks.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace lakelift::storage {
namespace {

constexpr Micros kNow = 1'700'000'000 * kMicrosPerSecond;

TEST(Blocks, TheIdOfAnUploadTellsWhenItBegan) {
  SeededRandom random;
  const std::string upload = new_upload(kNow, random);
  EXPECT_EQ(begun_of(upload), kNow);
  EXPECT_NE(new_upload(kNow, random), upload);
  for (const std::string& wrong : {std::string(), upload.substr(1), upload + "0", "X" + upload.substr(1)}) {
    EXPECT_FALSE(begun_of(wrong)) << wrong;
  }
}

TEST(Blocks, AnIdTellsWhoseBlockItIs) {
  SeededRandom random;
  const std::string upload = new_upload(kNow, random);
  const std::string first = block_id(upload, 1);
  EXPECT_EQ(first.size(), block_id(upload, kMostBlocks).size());
  EXPECT_LE(base64_decode(first).value_or("").size(), 64U);  // Azure's limit
  EXPECT_EQ(first.find('='), std::string::npos);
  EXPECT_EQ(upload_of(first), upload);
  EXPECT_NE(first, block_id(upload, 2));
  for (const std::string_view foreign : {"", "YWJj", "not base64"}) EXPECT_FALSE(upload_of(foreign)) << foreign;
  EXPECT_FALSE(upload_of(base64_encode(as_bytes(std::string(54, 'x')))));
}

TEST(Blocks, AListNamesThemInOrder) {
  EXPECT_EQ(block_list_document({"YQ==", "Yg=="}),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><Uncommitted>YQ==</Uncommitted>"
            "<Uncommitted>Yg==</Uncommitted></BlockList>");
}

TEST(Blocks, TheServersListIsReadOrRefused) {
  const auto read = parse_uncommitted_blocks(
      "\xEF\xBB\xBF<BlockList><CommittedBlocks><Block><Name>Yw==</Name></Block></CommittedBlocks><UncommittedBlocks>"
      "<Block><Name>YQ==</Name><Size>4</Size></Block><Block><Name>Yg==</Name></Block></UncommittedBlocks></BlockList>");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, (std::vector<std::string>{"YQ==", "Yg=="}));
  for (const std::string_view wrong : {"", "<BlockList/>", "<x><UncommittedBlocks/></x>", "<BlockList><Uncommitted"}) {
    const auto refused = parse_uncommitted_blocks(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, Code::kCorrupt);
  }
}

}  // namespace
}  // namespace lakelift::storage
