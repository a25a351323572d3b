#include <gtest/gtest.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>

#include <atomic>

#include "columnar/engine/background_sink.h"
#include "columnar/engine/dictionaries.h"
#include "columnar/engine/testing/engine_fixture.h"

namespace lakelift::columnar {
namespace {

using namespace testing;

// Fails at one batch; counts what it got.
class Recorder final : public TableSink {
 public:
  Recorder(std::vector<std::int64_t>& rows, std::int64_t fails_at) : rows_(rows), fails_at_(fails_at) {}
  Result<void> write(Batch batch) override {
    if (batch.rows == fails_at_) return fail(Code::kNoSpace, "the disk is full");
    rows_.push_back(batch.rows);
    return {};
  }
  Result<void> finish() override {
    rows_.push_back(-1);
    return {};
  }

 private:
  std::vector<std::int64_t>& rows_;
  std::int64_t fails_at_;
};

TEST(BackgroundSink, KeepsTheOrderAndFinishesLast) {
  std::vector<std::int64_t> rows;
  const auto sink = in_background(std::make_unique<Recorder>(rows, 0));
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 1; i <= 500; ++i) {
    ASSERT_TRUE(sink->write({.columns = {ints({i})}, .rows = i}));
    expected.push_back(i);
  }
  ASSERT_TRUE(sink->finish());
  expected.push_back(-1);
  EXPECT_EQ(rows, expected);
}

TEST(BackgroundSink, TellsAnErrorAndStops) {
  std::vector<std::int64_t> rows;
  const auto sink = in_background(std::make_unique<Recorder>(rows, 3));
  Result<void> written;
  for (std::int64_t i = 1; i <= 1'000 && written; ++i) written = sink->write({.columns = {ints({i})}, .rows = i});
  const auto finished = sink->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, Code::kNoSpace);
  EXPECT_EQ(rows, (std::vector<std::int64_t>{1, 2}));
}

TEST(BackgroundSink, MayBeDroppedUnfinished) {
  std::vector<std::int64_t> rows;
  auto sink = in_background(std::make_unique<Recorder>(rows, 0));
  ASSERT_TRUE(sink->write({.columns = {ints({1})}, .rows = 1}));
  sink.reset();
  EXPECT_EQ(rows, (std::vector<std::int64_t>{1}));
}

std::vector<table::Value> values_of(const std::vector<ArrayPtr>& arrays) {
  std::vector<table::Value> out;
  for (const auto& array : arrays) {
    for (const auto& value : cells(*table_of({{"x", array}}), "x")) out.push_back(value);
  }
  return out;
}

TEST(Dictionaries, MergeKeepsWhatIsUsed) {
  const auto first = dictionary_of(texts({"a", "unused", std::nullopt, "b"}));
  const auto second = dictionary_of(texts({"b", "c", "a"}));
  const std::vector<std::int32_t> picked{0, 2, 3};
  const auto merged = merge_dictionaries({*gather(first, picked), second});
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(values_of(*merged), (std::vector<table::Value>{"a", {}, "b", "b", "c", "a"}));
  const auto& one = static_cast<const arrow::DictionaryArray&>(*merged->front());
  const auto& other = static_cast<const arrow::DictionaryArray&>(*merged->back());
  EXPECT_TRUE(one.dictionary()->Equals(other.dictionary()));
  EXPECT_EQ(one.dictionary()->length(), 3);
}

TEST(Dictionaries, MixedAndUselessOnesAreUndone) {
  const auto mixed = merge_dictionaries({dictionary_of(texts({"a"})), texts({"b", std::nullopt})});
  ASSERT_TRUE(mixed);
  EXPECT_EQ(values_of(*mixed), (std::vector<table::Value>{"a", "b", {}}));
  EXPECT_EQ(mixed->front()->type_id(), arrow::Type::STRING);

  std::vector<std::optional<std::string>> unique;
  for (int i = 0; i < 3'000; ++i) unique.emplace_back("row " + std::to_string(i));
  const auto plain = merge_dictionaries({dictionary_of(texts(unique))});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->front()->type_id(), arrow::Type::STRING);
}

TEST(ParquetSink, LargeCellsMakeNoLargePages) {
  std::vector<std::optional<std::string>> large;
  for (int i = 0; i < 64; ++i)
    large.emplace_back(std::string(512 << 10, static_cast<char>('a' + i % 26)) + std::to_string(i));
  Lake lake;
  const auto plain = parquet::WriterProperties::Builder().disable_dictionary()->build();
  lake.add("x.parquet", parquet_of(*table_of({{"s", texts(large)}}), 64, plain));
  ASSERT_TRUE(slice(lake.context(), {{{"s"}, {}, 1}, "seed"}));
  const auto reader = parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(lake.written()));
  const auto pages = reader->RowGroup(0)->GetColumnPageReader(0);
  int count = 0;
  while (const auto page = pages->NextPage()) {
    ++count;
    EXPECT_LE(page->size(), 3 << 20);
  }
  EXPECT_GE(count, 10);
}

TEST(Gather, EveryWidthWithNullsAndOffsets) {
  const std::vector<std::int32_t> positions{1, 3};
  for (const auto& array :
       {ints({1, std::nullopt, 3, 4, 5}), doubles({1, std::nullopt, 3, 4, 5}), texts({"a", std::nullopt, "", "d", "e"}),
        bools({true, std::nullopt, true, false, true}), dictionary_of(texts({"a", std::nullopt, "c", "d", "e"})),
        wholes(arrow::int8(), {1, std::nullopt, 3, 4, 5}), wholes(arrow::date32(), {1, std::nullopt, 3, 4, 5})}) {
    const auto whole = cells(*table_of({{"x", array}}), "x");
    EXPECT_EQ(values_of({*gather(array, positions)}), (std::vector<table::Value>{whole[1], whole[3]}));
    EXPECT_EQ(values_of({*gather(array->Slice(1), positions)}), (std::vector<table::Value>{whole[2], whole[4]}));
  }
}

}  // namespace
}  // namespace lakelift::columnar
