#include "table/column.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"
#include "table/validation.h"

namespace lakelift::table {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

json::value parsed(std::string_view text) {
  auto json = parse_json(text);
  EXPECT_TRUE(json) << text;
  return json ? *json : json::value();
}

std::string one_column(std::string_view type, std::string_view distribution, bool nullable = false) {
  return fmt::format(R"([{{"name":"c","type":"{}","size":8,"is_nullable":{},"is_enum":false,"distribution":{}}}])",
                     type, nullable, distribution);
}

std::vector<std::string> refusals(std::string_view text, Rules rules = Rules::kContract) {
  const auto columns = columns_from_json(parsed(text), rules);
  if (columns) return {};
  EXPECT_EQ(columns.error().code, Code::kInvalid);
  EXPECT_EQ(columns.error().event, "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(columns.error().fields.at(0).field, "spec");
  return columns.error().fields.at(0).texts;
}

TEST(ColumnsFromJson, ReadsEveryFormAndWritesItBack) {
  const auto json = parsed(R"([
    {"name":"carrier","type":"STRING","size":1000,"is_nullable":true,"is_enum":true,
     "distribution":[{"value":"UA","count":3},{"value":null,"count":1}],"description":"two letters"},
    {"name":"dep_delay","type":"INTEGER","size":null,"is_nullable":false,"is_enum":false,
     "distribution":[{"value":-5,"count":7},{"value":5,"count":0}]},
    {"name":"cancelled","type":"BOOLEAN","size":0,"is_nullable":false,"is_enum":false,
     "distribution":[{"value":false,"count":2}]},
    {"name":"at","type":"DATETIME","size":8,"is_nullable":false,"is_enum":false,
     "distribution":[{"value":"2013-01-05T06:00:00","count":2}]},
    {"name":"distance","type":"FLOAT","size":8,"is_nullable":false,"is_enum":false,"distribution":null},
    {"name":"old","type":"INTEGER","size":8,"is_nullable":false,"is_enum":false,
     "distribution":[{"value":0,"count":2},{"value":1,"count":2}]}])");
  const auto columns = columns_from_json(json);
  ASSERT_TRUE(columns) << columns.error().message;
  EXPECT_EQ(to_canonical_text(to_json(*columns)), to_canonical_text(json));
  EXPECT_EQ((*columns)[1].distribution->size(), 2U);
  EXPECT_EQ(find_column(*columns, "at"), &(*columns)[3]);
  EXPECT_EQ(find_column(*columns, "At"), nullptr);
}

TEST(ColumnsFromJson, RefusesWhatTheContractRefuses) {
  EXPECT_THAT(refusals("{}"), ElementsAre("JSON did not validate. PATH: '' REASON: Expected a list of columns."));
  EXPECT_THAT(refusals("[3]"), ElementsAre(HasSubstr("PATH: '0' REASON:")));
  EXPECT_THAT(refusals(R"([{"name":"c","type":"INTEGER","size":1,"is_nullable":true,"is_enum":false}])"),
              ElementsAre("JSON did not validate. PATH: '0.distribution' REASON: This field is required."));
  EXPECT_THAT(refusals(one_column("INT", "null")), ElementsAre(HasSubstr("PATH: '0.type' REASON: Expected one of")));
  EXPECT_THAT(refusals(R"([{"name":"","type":7,"size":-1,"is_nullable":0,"is_enum":null,"distribution":3,
                            "description":4}])"),
              ElementsAre(HasSubstr("0.name"), HasSubstr("0.type"), HasSubstr("0.size"), HasSubstr("0.is_nullable"),
                          HasSubstr("0.is_enum"), HasSubstr("0.description")));
  EXPECT_THAT(refusals(R"([{"name":"c","type":"INTEGER","size":1,"is_nullable":true,"is_enum":false,
                            "distribution":null,"descripton":"x"}])"),
              ElementsAre(HasSubstr("Did you mean 'description'?")));
  const std::string one = one_column("INTEGER", "null");
  const std::string twice = "[" + one.substr(1, one.size() - 2) + "," + one.substr(1, one.size() - 2) + "]";
  EXPECT_THAT(refusals(twice), ElementsAre(HasSubstr("PATH: '1.name' REASON: The column 'c' is there twice")));
}

TEST(ColumnsFromJson, DistributionsAreTypedUniqueAndCounted) {
  EXPECT_THAT(refusals(one_column("STRING", "3")), ElementsAre(HasSubstr("0.distribution'")));
  EXPECT_THAT(refusals(one_column("STRING", "[3]")), ElementsAre(HasSubstr("0.distribution.0'")));
  EXPECT_THAT(refusals(one_column("STRING", R"([{"value":3,"count":1}])")),
              ElementsAre(HasSubstr("0.distribution.0.value'")));
  EXPECT_THAT(refusals(one_column("STRING", R"([{"value":null,"count":1}])")),
              ElementsAre(HasSubstr("0.distribution.0.value'")));
  EXPECT_TRUE(refusals(one_column("STRING", R"([{"value":null,"count":1}])", true)).empty());
  EXPECT_THAT(refusals(one_column("STRING", R"([{"value":"a","count":1},{"value":"a","count":2}])")),
              ElementsAre(HasSubstr("0.distribution.1.value' REASON: This value is there twice")));
  EXPECT_THAT(refusals(one_column("FLOAT", R"([{"value":1,"count":1},{"value":1.0,"count":2}])")),
              ElementsAre(HasSubstr("there twice")));
  for (const auto* count : {"-1", "1.5", "1.0", "\"1\"", "null", "true"}) {
    EXPECT_THAT(refusals(one_column("STRING", fmt::format(R"([{{"value":"a","count":{}}}])", count))),
                ElementsAre(HasSubstr("0.distribution.0.count'")))
        << count;
  }
}

TEST(ColumnsFromJson, DistributionsOfBinsAreReadAndBecomeTheirLowerEdges) {
  const auto written = [](const char* type, const char* distribution) {
    const auto columns = columns_from_json(parsed(one_column(type, distribution)));
    EXPECT_TRUE(columns) << columns.error().message;
    return columns ? to_text(to_json(*columns)[0].get_object().at("distribution")) : "";
  };
  EXPECT_EQ(written("INTEGER", R"([{"value_min":3,"value_max":5,"count":7},{"value":5,"count":1}])"),
            R"([{"value":3,"count":7},{"value":5,"count":1}])");
  EXPECT_EQ(written("FLOAT", R"([{"value_min":1.01,"count":56},{"value_max":1.02,"count":56},
                                 {"value_min":2,"count":7},{"value_max":2.5,"count":7}])"),
            R"([{"value":1.01E0,"count":56},{"value":2E0,"count":7}])");
  EXPECT_EQ(written("STRING", R"([{"value_min":"EUR1","count":5},{"value_max":"EUR2","count":5}])"),
            R"([{"value":"EUR1","count":5}])");
  EXPECT_EQ(written("INTEGER", R"([{"value_min":3,"count":7}])"), R"([{"value":3,"count":7}])");
}

TEST(ColumnsFromJson, BinsAreTypedAndMakeSense) {
  const auto refused = [](const char* distribution, const char* why) {
    EXPECT_THAT(refusals(one_column("INTEGER", distribution)), ElementsAre(HasSubstr(why))) << distribution;
  };
  refused(R"([{"value_min":3,"value_max":1,"count":1}])", "value_min is above value_max");
  refused(R"([{"value_min":3,"value_max":"x","count":1}])", "0.distribution.0.value_max'");
  refused(R"([{"value_min":1.5,"value_max":2,"count":1}])", "0.distribution.0.value_min'");
  refused(R"([{"value_min":1,"value_max":2}])", "0.distribution.0.count' REASON: This field is required.");
  refused(R"([{"value_min":1,"value_max":2,"value":1,"count":1}])", "Unknown field 'value'");
  refused(R"([{"value_min":1,"value_max":2,"count":1},{"value_min":1,"value_max":3,"count":1}])", "there twice");
  refused(R"([{"value_max":1,"count":1}])", "value_max has no value_min");
  refused(R"([{"value_min":1,"value_max":2,"count":1},{"value_max":2,"count":1}])", "value_max has no value_min");
  refused(R"([{"value_min":3,"count":1},{"value_max":1,"count":1}])", "value_min is above value_max");
  refused(R"([{"value_min":1,"count":1},{"value_max":3,"count":2}])", "another than that of the value_min");
}

TEST(ColumnsFromJson, StoredOnesMayHaveCutValuesAndNullsForNan) {
  const auto text =
      one_column("STRING", R"([{"value":"a","count":1},{"value":"a","count":2},{"value":null,"count":1}])");
  EXPECT_FALSE(refusals(text).empty());
  EXPECT_TRUE(refusals(text, Rules::kStored).empty());
  EXPECT_FALSE(refusals(one_column("STRING", R"([{"value":3,"count":1}])"), Rules::kStored).empty());
}

TEST(ColumnsFromJson, HasLimits) {
  json::array columns;
  for (std::size_t i = 0; i <= limits::kColumns; ++i) {
    Column column;
    column.name = fmt::format("c{}", i);
    columns.push_back(to_json(column));
  }
  EXPECT_FALSE(columns_from_json(columns));
  columns.pop_back();
  EXPECT_TRUE(columns_from_json(columns));
  EXPECT_EQ(refusals("[" + std::string("1,") + std::string(200, ' ') +
                     "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]")
                .size(),
            kReportedFaults);
}

class Samples : public ::testing::Test {
 protected:
  Samples() {
    Column id;
    id.name = "id";
    id.type = ColumnType::kInteger;
    id.is_nullable = false;
    Column name;
    name.name = "name";
    columns_ = {id, name};
  }
  std::vector<std::string> refusals(std::string_view text, Rules rules = Rules::kContract) {
    const auto rows = sample_from_json(parsed(text), columns_, rules);
    if (rows) return {};
    EXPECT_EQ(rows.error().fields.at(0).field, "sample");
    return rows.error().fields.at(0).texts;
  }
  Columns columns_;
};

TEST_F(Samples, ReadAndWrittenInTheColumnsOrder) {
  const auto rows = sample_from_json(parsed(R"([{"name":null,"id":1},{"id":2,"name":"b"}])"), columns_);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ((*rows)[0], (Row{std::int64_t{1}, Value()}));
  EXPECT_EQ(to_text(sample_to_json(*rows, columns_)), R"([{"id":1,"name":null},{"id":2,"name":"b"}])");
}

TEST_F(Samples, RowsHaveExactlyTheSpecsNames) {
  EXPECT_THAT(refusals("{}"), ElementsAre(HasSubstr("PATH: ''")));
  EXPECT_THAT(refusals("[[1,2]]"), ElementsAre(HasSubstr("PATH: '0'")));
  EXPECT_THAT(refusals(R"([{"id":1}])"),
              ElementsAre("JSON did not validate. PATH: '0.name' REASON: This field is required."));
  EXPECT_THAT(refusals(R"([{"id":1,"name":"a","extra":2}])"), ElementsAre(HasSubstr("Unknown column 'extra'")));
  EXPECT_THAT(refusals(R"([{"id":1,"nme":"a"}])"), ElementsAre(HasSubstr("0.name"), HasSubstr("Did you mean 'name'?")));
  EXPECT_THAT(refusals(R"([{"id":null,"name":"a"}])"), ElementsAre(HasSubstr("PATH: '0.id' REASON: Expected a whole")));
  EXPECT_THAT(refusals(R"([{"id":"1","name":"a"}])"), ElementsAre(HasSubstr("PATH: '0.id'")));
  EXPECT_TRUE(refusals(R"([{"id":null,"name":"a"}])", Rules::kStored).empty());
}

TEST(UnknownNames, ListsTenAndCountsTheRest) {
  const std::vector<std::string_view> known{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
  EXPECT_EQ(unknown_name_text("column", "longer", known),
            "Unknown column 'longer'. Known: a, b, c, d, e, f, g, h, i, j and 2 more.");
  EXPECT_EQ(unknown_name_text("column", "x", {}), "Unknown column 'x'. None is known.");
}

TEST(UnknownNames, MeansTheNearest) {
  const std::vector<std::string_view> known{"arr_delay", "dep_delay", "tailnum"};
  for (const auto& [typed, meant] : {std::pair("dep_dely", "'dep_delay'?"),
                                     {"DEP_DELAY", "'dep_delay'?"},
                                     {"arrdelay", "'arr_delay'?"},
                                     {"tail_num", "'tailnum'?"},
                                     {"tailnmu", "'tailnum'?"},
                                     {"dep_delayss", "'dep_delay'?"}}) {
    EXPECT_THAT(unknown_name_text("column", typed, known), HasSubstr(meant)) << typed;
  }
  EXPECT_THAT(unknown_name_text("column", "distance", known), ::testing::Not(HasSubstr("mean")));
  EXPECT_LT(unknown_name_text("column", std::string(100'000, 'x'), known).size(), 300U);
}

}  // namespace
}  // namespace lakelift::table
