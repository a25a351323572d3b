#include "edge/http/routes/negotiate.h"

#include <gtest/gtest.h>

namespace lakelift::http {
namespace {

using columnar::Format;

// threats U1: what may follow a signed address.
TEST(SignedQuery, TakesOneFormatAndNothingElse) {
  const struct {
    const char* target;
    bool allowed;
    const char* format;  // nullptr: none
  } cases[] = {
      {"/downloader/data/1/2/get/3/k/m", true, nullptr},
      {"/downloader/data/1/2/get/3/k/m?format=csv", true, "csv"},
      {"/downloader/data/1/2/get/3/k/m?format=xlsx", true, "xlsx"},  // a name; whether we have it is another question
      {"/x?", false, nullptr},
      {"/x?format=", false, nullptr},
      {"/x?format", false, nullptr},
      {"/x?format=csv&format=csv", false, nullptr},
      {"/x?format=csv&", false, nullptr},
      {"/x?&format=csv", false, nullptr},
      {"/x?format=csv&a=b", false, nullptr},
      {"/x?a=b", false, nullptr},
      {"/x?Format=csv", false, nullptr},
      {"/x?%66ormat=csv", false, nullptr},
      {"/x?format=%63sv", false, nullptr},
      {"/x?format=csv?format=csv", false, nullptr},
      {"/x?format=csv#", false, nullptr},
      {"/x?format=csv;a=b", false, nullptr},
      {"/x?format==csv", false, nullptr},
      {"/x?format=c sv", false, nullptr},
  };
  for (const auto& c : cases) {
    const auto named = signed_query(c.target);
    ASSERT_EQ(named.has_value(), c.allowed) << c.target;
    if (!named) {
      EXPECT_EQ(named.error().code, Code::kForbidden) << c.target;
      EXPECT_EQ(named.error().event, "LINK_NOT_VALID") << c.target;
      continue;
    }
    EXPECT_EQ(named->has_value(), c.format != nullptr) << c.target;
    if (c.format != nullptr) {
      EXPECT_EQ(**named, c.format);
    }
  }
}

TEST(FormatOfAccept, TakesWhatIsLikedBest) {
  const struct {
    const char* accept;
    std::optional<Format> format;
  } cases[] = {
      {"application/vnd.apache.parquet", Format::kParquet},
      {"Application/VND.Apache.Parquet", Format::kParquet},
      {"application/vnd.apache.arrow.stream", Format::kArrow},
      {"application/vnd.apache.arrow.file", Format::kArrow},
      {"application/x-ndjson", Format::kJsonl},
      {"application/jsonl", Format::kJsonl},
      {"text/csv", Format::kCsv},
      {"text/csv;q=0.5, application/vnd.apache.parquet;q=0.9", Format::kParquet},
      {"text/csv, application/vnd.apache.parquet", Format::kCsv},
      {"application/vnd.apache.parquet;q=0.4,text/csv;q=0.8;x=y", Format::kCsv},
      {"application/vnd.apache.parquet; v=1 ; q=1.000", Format::kParquet},
      {"application/vnd.apache.parquet;q=0", std::nullopt},
      {"application/vnd.apache.parquet;q=0.000", std::nullopt},
      {"application/vnd.apache.parquet;q=2", std::nullopt},
      {"application/vnd.apache.parquet;q=banana", std::nullopt},
      {"application/vnd.apache.parquet;q=1.5", Format::kParquet},
      {"application/vnd.apache.parquet, */*;q=0.8", Format::kParquet},
      {"application/vnd.apache.parquet;q=0.5, */*", std::nullopt},
      {"*/*", std::nullopt},
      {"text/html,application/xhtml+xml,*/*;q=0.8", std::nullopt},
      {"", std::nullopt},
      {",,,;;;q=", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(format_of_accept(c.accept), c.format) << c.accept;
}

TEST(FormatOfAccept, AMillionPartsCostNothing) {
  std::string accept;
  for (int i = 0; i < 100'000; ++i) accept += "a/b;q=0.1,";
  accept += "application/vnd.apache.parquet";
  EXPECT_EQ(format_of_accept(accept), std::nullopt);
}

TEST(ChooseFormat, TheAddressSaysMoreThanTheHeader) {
  RequestContext context;
  EXPECT_EQ(choose_format(std::nullopt, context), Format::kCsv);
  context.headers = {{"accept", "application/vnd.apache.parquet"}};
  EXPECT_EQ(choose_format(std::nullopt, context), Format::kParquet);
  EXPECT_EQ(choose_format("jsonl", context), Format::kJsonl);
  const auto unknown = choose_format("xlsx", context);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().event, "QUERY_DID_NOT_VALIDATE");
  ASSERT_EQ(unknown.error().fields.size(), 1U);
  EXPECT_EQ(unknown.error().fields[0].field, "format");
}

}  // namespace
}  // namespace lakelift::http
