// Packed text: CSV and JSON lines in gzip and zstd, whole, cut short, broken, and bombs.
#include "columnar/engine/text_input.h"

#include <arrow/util/compression.h>
#include <gtest/gtest.h>

#include "columnar/engine/testing/engine_fixture.h"

namespace lakelift::columnar {
namespace {

using namespace testing;

std::string packed(std::string_view text, Compression compression) {
  const auto kind = compression == Compression::kGzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  const auto codec = arrow::util::Codec::Create(kind).ValueOrDie();
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int64_t>(text.size());
  std::string out(static_cast<std::size_t>(codec->MaxCompressedLen(size, bytes)), '\0');
  const auto used =
      codec->Compress(size, bytes, static_cast<std::int64_t>(out.size()), reinterpret_cast<std::uint8_t*>(out.data()));
  out.resize(static_cast<std::size_t>(used.ValueOrDie()));
  return out;
}

Result<TablePtr> table_from(Format format, Compression compression, std::string_view bytes,
                            WriteReport* report = nullptr) {
  Lake lake;
  lake.add("x.packed", bytes_of(bytes));
  TRY(const WriteReport written,
      convert(lake.context(), {.from = format, .to = Format::kParquet, .compression = compression}));
  if (report != nullptr) *report = written;
  return read_parquet(lake.written());
}

class PackedText : public ::testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(All, PackedText, ::testing::Values(Compression::kGzip, Compression::kZstd),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(PackedText, IsReadAsIfItWereNot) {
  std::string csv = "n,s\n";
  std::string lines;
  for (int i = 0; i < 20'000; ++i) {
    csv += std::to_string(i) + ",text " + std::to_string(i * 7919) + "\n";
    lines += "{\"n\":" + std::to_string(i) + ",\"s\":\"text " + std::to_string(i * 7919) + "\"}\n";
  }
  for (const auto& [format, text] : {std::pair{Format::kCsv, csv}, {Format::kJsonl, lines}}) {
    const std::string bytes = packed(text, GetParam());
    WriteReport report;
    const auto table = table_from(format, GetParam(), bytes, &report);
    ASSERT_TRUE(table) << table.error().message;
    EXPECT_EQ((*table)->num_rows(), 20'000);
    EXPECT_EQ(cells(**table, "s").back(), table::Value("text " + std::to_string(19'999 * 7919)));
    EXPECT_EQ(report.bytes_read, static_cast<std::int64_t>(2 * bytes.size()));  // of the file, in two passes
    EXPECT_TRUE((*table)->Equals(**table_from(format, Compression::kNone, text)));
  }
}

TEST_P(PackedText, SeveralPiecesAreOneText) {
  const auto table = table_from(Format::kCsv, GetParam(), packed("n\n1\n2", GetParam()) + packed("3\n4\n", GetParam()));
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(cells(**table, "n"), (std::vector<table::Value>{std::int64_t{1}, std::int64_t{23}, std::int64_t{4}}));
}

TEST_P(PackedText, CutShortAtAnyByteIsAnErrorAndNeverFewerRows) {
  const std::string bytes = packed("n,s\n1,abc\n2,def\n3,ghi\n", GetParam());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto table = table_from(Format::kCsv, GetParam(), bytes.substr(0, length));
    ASSERT_FALSE(table) << length;
    EXPECT_TRUE(table.error().message.starts_with("x.packed: ")) << table.error().message;
  }
}

TEST_P(PackedText, OtherBytesAreAnError) {
  for (const std::string& bytes : {std::string("n,s\n1,abc\n"), packed("n\n1\n", GetParam()) + "more than that"}) {
    const auto table = table_from(Format::kCsv, GetParam(), bytes);
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().code, Code::kCorrupt) << table.error().message;
  }
}

// gzip has a checksum; a frame of zstd need not have one.
TEST(PackedGzip, AFlippedBitNeverMakesOtherRows) {
  const std::string good = packed("n,s\n1,abc\n2,abd\n", Compression::kGzip);
  const std::vector<table::Value> texts{"abc", "abd"};
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto table = table_from(Format::kCsv, Compression::kGzip, flipped);
    refused += table ? 0 : 1;
    EXPECT_TRUE(!table || cells(**table, "s") == texts) << bit;
  }
  EXPECT_GT(refused, 4 * good.size());
}

TEST_P(PackedText, OneCellOfABombEndsAtTheLimitOfARecord) {
  const std::string filler(80 << 20, 'x');
  for (const auto& [format, begin] : {std::pair{Format::kCsv, "n\n\""}, {Format::kJsonl, "{\"n\":\""}}) {
    const std::string bomb = packed(begin + filler, GetParam());
    ASSERT_LT(bomb.size(), 200'000U);
    const auto table = table_from(format, GetParam(), bomb);
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().code, Code::kInvalid);
    EXPECT_NE(table.error().message.find("of more than 67108864 bytes"), std::string::npos) << table.error().message;
  }
}

TEST_P(PackedText, NoMoreIsUnpackedThanWasAllowed) {
  const std::string bomb = packed(std::string(4 << 20, '\n'), GetParam());
  const auto file = std::make_shared<CountingFile>(std::make_shared<arrow::io::BufferReader>(bytes_of(bomb)));
  std::string out(1 << 20, '\0');
  const auto enough = open_text(file, GetParam(), "x", 4 << 20);
  ASSERT_TRUE(enough);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(*read_text(**enough, out.size(), out.data(), "x"), 1 << 20);
  EXPECT_EQ(*read_text(**enough, out.size(), out.data(), "x"), 0);
  const auto less = open_text(file, GetParam(), "x", (2 << 20) - 1);
  ASSERT_TRUE(less);
  EXPECT_TRUE(read_text(**less, out.size(), out.data(), "x"));
  const auto beyond = read_text(**less, out.size(), out.data(), "x");
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Code::kTooLarge);
  EXPECT_EQ(beyond.error().message, "x: unpacks to more than 2097151 bytes");
}

}  // namespace
}  // namespace lakelift::columnar
