#include "backends/executors/jobs/manifest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "backends/executors/testing/memory_results.h"

namespace lakelift::executors {
namespace {

using testing::MemoryResults;

const std::string kToken = "0e4f9ab0-5e21-4f0c-9b5c-0a5f1e6f6a01";
const std::string kFolder = "runs/r/" + kToken;

JobOrder order() { return {"slice", "r", kToken, kFolder, {}}; }

std::string manifest(const std::string& answer, const std::string& token = kToken, const std::string& kind = "slice") {
  return fmt::format(R"({{"form":1,"kind":"{}","run":"r","token":"{}","spark_version":"4","engine_ms":5,"answer":{}}})",
                     kind, token, answer);
}

const std::string kGood = R"({"parts":[{"name":"part-00000-1-ab.parquet","rows":3,"bytes":4},)"
                          R"({"name":"part-00001-2-ab.parquet","rows":2,"bytes":5}],)"
                          R"("rows":5,"bytes":9,"scanned_bytes":77,"source_version":"v1"})";

Result<SliceResult> read(MemoryResults& store, const std::string& answer) {
  store.put(kFolder + "/manifest.json", manifest(answer));
  TRY(const auto found, read_outcome(store, order()));
  return read_slice(store, order(), *found);
}

void put_parts(MemoryResults& store) {
  store.put(kFolder + "/part-00000-1-ab.parquet", "1234");
  store.put(kFolder + "/part-00001-2-ab.parquet", "12345");
}

TEST(Manifest, IsReadAndHeldAgainstTheFiles) {
  MemoryResults store;
  put_parts(store);
  const auto result = read(store, kGood);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->rows, 5);
  EXPECT_EQ(result->scanned_bytes, 77);
  EXPECT_EQ(result->source_version, "v1");
  ASSERT_EQ(result->parts.size(), 2);
  EXPECT_EQ(result->parts[1].file, kFolder + "/part-00001-2-ab.parquet");
  EXPECT_EQ(result->parts[1].size_bytes, 5);
}

TEST(Manifest, OfNoRowsHasNoParts) {
  MemoryResults store;
  const auto result = read(store, R"({"parts":[],"rows":0,"bytes":0,"scanned_bytes":null,"source_version":"v"})");
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->parts.empty());
  EXPECT_FALSE(result->scanned_bytes);
}

TEST(Manifest, IsNotThereYet) {
  MemoryResults store;
  const auto found = read_outcome(store, order());
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(Manifest, APartThatIsMissingOrShortIsNamed) {
  MemoryResults store;
  store.put(kFolder + "/part-00000-1-ab.parquet", "1234");
  const auto missing = read(store, kGood);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().event, "RESULT_BROKEN");
  EXPECT_NE(missing.error().message.find("part-00001-2-ab.parquet is missing"), std::string::npos);
  store.put(kFolder + "/part-00001-2-ab.parquet", "123");
  const auto short_one = read(store, kGood);
  ASSERT_FALSE(short_one);
  EXPECT_NE(short_one.error().message.find("3 bytes, not the 5"), std::string::npos);
}

TEST(Manifest, ThatMakesNoSenseIsRefused) {
  const std::string part = R"({"name":"part-00000-1-ab.parquet","rows":3,"bytes":4})";
  const auto answer = [](const std::string& parts, int rows, int bytes) {
    return fmt::format(R"({{"parts":[{}],"rows":{},"bytes":{},"source_version":"v"}})", parts, rows, bytes);
  };
  for (const std::string& bad : {
           answer(part, 4, 4),
           answer(part, 3, 5),
           answer(part + "," + part, 6, 8),
           answer(R"({"name":"../part-0.parquet","rows":3,"bytes":4})", 3, 4),
           answer(R"({"name":"part-0/../x.parquet","rows":3,"bytes":4})", 3, 4),
           answer(R"({"name":"part-00000-1-ab.parquet","rows":-3,"bytes":4})", -3, 4),
           answer(R"({"name":"part-00000-1-ab.parquet","rows":3,"bytes":"4"})", 3, 4),
           answer("7", 3, 4),
           std::string(R"({"parts":[],"rows":0,"bytes":0})"),
           std::string("{}"),
       }) {
    MemoryResults store;
    put_parts(store);
    const auto result = read(store, bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().code, Code::kCorrupt);
    EXPECT_EQ(result.error().event, "RESULT_BROKEN") << bad;
  }
}

TEST(Manifest, OfAnotherJobOrNoJsonIsRefused) {
  for (const std::string& bad :
       {manifest(kGood, "0e4f9ab0-5e21-4f0c-9b5c-0a5f1e6f6a02"), manifest(kGood, kToken, "profile"),
        std::string("PAR1"), std::string("[]"), std::string("{}"), manifest("[]")}) {
    MemoryResults store;
    store.put(kFolder + "/manifest.json", bad);
    const auto found = read_outcome(store, order());
    ASSERT_FALSE(found) << bad;
    EXPECT_EQ(found.error().event, "RESULT_BROKEN");
  }
}

TEST(Manifest, AFailureTellsItsReason) {
  const auto said = [](const std::string& text) {
    MemoryResults store;
    store.put(kFolder + "/failure.json", text);
    return read_outcome(store, order()).error();
  };
  const Error gone = said(R"({"code":"NOT_FOUND","message":"Spark has no table a.b"})");
  EXPECT_EQ(gone.code, Code::kNotFound);
  EXPECT_EQ(gone.message, "Spark has no table a.b");
  EXPECT_EQ(gone.fields.at(0).field, "source");
  EXPECT_EQ(said(R"({"code":"INVALID","message":"x"})").code, Code::kInvalid);
  EXPECT_EQ(said(R"({"code":"UNSUPPORTED","message":"x"})").code, Code::kUnsupported);
  const Error failed = said("{\"code\":\"FAILED\",\"message\":\"two\\nlines\"}");
  EXPECT_EQ(failed.event, "JOB_FAILED");
  EXPECT_NE(failed.message.find("two lines"), std::string::npos);
  EXPECT_EQ(said("{}").event, "JOB_FAILED");
  EXPECT_EQ(said("no json").event, "RESULT_BROKEN");
}

TEST(OneLine, IsCutWhereACharacterEnds) {
  EXPECT_EQ(one_line("a\tb\x7f"), "a b ");
  const std::string cut = one_line(std::string(1'023, 'a') + "ä" + "b");
  EXPECT_EQ(cut.size(), 1'023);
}

}  // namespace
}  // namespace lakelift::executors
