#include "table/value.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>

#include "base/testing/case_file.h"

namespace lakelift::table {
namespace {

constexpr auto kMax64 = std::numeric_limits<std::int64_t>::max();
constexpr auto kMin64 = std::numeric_limits<std::int64_t>::min();

Result<Value> read(std::string_view text, ColumnType type, bool nullable = false) {
  auto json = parse_json(text);
  if (!json) return std::unexpected(json.error());
  return value_from_json(*json, type, nullable);
}

TEST(ColumnTypes, NamesGoBothWays) {
  for (const auto type :
       {ColumnType::kInteger, ColumnType::kFloat, ColumnType::kString, ColumnType::kBoolean, ColumnType::kDatetime}) {
    EXPECT_EQ(column_type_of(name_of(type)), type);
  }
  EXPECT_EQ(column_type_of("integer"), std::nullopt);
  EXPECT_EQ(column_type_of(""), std::nullopt);
}

TEST(ValueFromJson, IntegersAreWholeAndOf64Bits) {
  EXPECT_EQ(read("0", ColumnType::kInteger), Value(std::int64_t{0}));
  EXPECT_EQ(read("9223372036854775807", ColumnType::kInteger), Value(kMax64));
  EXPECT_EQ(read("-9223372036854775808", ColumnType::kInteger), Value(kMin64));
  for (const auto* bad :
       {"9223372036854775808", "18446744073709551615", "3.0", "3.5", "1e3", "\"3\"", "true", "null", "[]", "{}"}) {
    const auto value = read(bad, ColumnType::kInteger);
    ASSERT_FALSE(value) << bad;
    EXPECT_EQ(value.error().code, Code::kInvalid);
    EXPECT_NE(value.error().message.find("INTEGER"), std::string::npos) << value.error().message;
  }
  EXPECT_EQ(value_from_json(json::value(std::uint64_t{7}), ColumnType::kInteger, false), Value(std::int64_t{7}));
}

TEST(ValueFromJson, FloatsTakeAnyFiniteNumber) {
  EXPECT_EQ(read("3", ColumnType::kFloat), Value(3.0));
  EXPECT_EQ(read("18446744073709551615", ColumnType::kFloat), Value(18446744073709551615.0));
  EXPECT_EQ(read("-2.5e-3", ColumnType::kFloat), Value(-0.0025));
  for (const auto* bad : {"\"3\"", "true", "null", "\"NaN\""}) EXPECT_FALSE(read(bad, ColumnType::kFloat)) << bad;
  for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_FALSE(value_from_json(json::value(bad), ColumnType::kFloat, true));
  }
}

TEST(ValueFromJson, OtherTypesAreExact) {
  EXPECT_EQ(read("\"\"", ColumnType::kString), Value(std::string()));
  EXPECT_EQ(read("\"a\\u0000b\"", ColumnType::kString), Value(std::string("a\0b", 3)));
  EXPECT_FALSE(read("1", ColumnType::kString));
  EXPECT_EQ(read("false", ColumnType::kBoolean), Value(false));
  EXPECT_FALSE(read("0", ColumnType::kBoolean));
  EXPECT_FALSE(read("\"true\"", ColumnType::kBoolean));
  EXPECT_EQ(read("\"1970-01-02\"", ColumnType::kDatetime), Value(Datetime{86'400, 0}));
  EXPECT_FALSE(read("\"yesterday\"", ColumnType::kDatetime));
  EXPECT_FALSE(read("0", ColumnType::kDatetime));
}

TEST(ValueFromJson, NullOnlyWhereAllowed) {
  for (const auto type :
       {ColumnType::kInteger, ColumnType::kFloat, ColumnType::kString, ColumnType::kBoolean, ColumnType::kDatetime}) {
    EXPECT_EQ(read("null", type, true), Value());
    EXPECT_FALSE(read("null", type, false));
  }
}

TEST(ValueFromJson, LongTextsAreCutInMessages) {
  const std::string text(100'000, 'x');
  const auto value = value_from_json(json::value(json::string(text)), ColumnType::kInteger, false);
  ASSERT_FALSE(value);
  EXPECT_LT(value.error().message.size(), 200U);
}

TEST(ValueToJson, WritesEachKind) {
  EXPECT_EQ(to_text(to_json(Value())), "null");
  EXPECT_EQ(to_text(to_json(Value(true))), "true");
  EXPECT_EQ(to_text(to_json(Value(kMin64))), "-9223372036854775808");
  EXPECT_EQ(to_text(to_json(Value(std::string("a\"b")))), "\"a\\\"b\"");
  EXPECT_EQ(to_text(to_json(Value(Datetime{0, 500'000'000}))), "\"1970-01-01T00:00:00.500\"");
  EXPECT_EQ(to_text(to_json(Value(std::numeric_limits<double>::quiet_NaN()))), "null");
  EXPECT_EQ(to_text(to_json(Value(-std::numeric_limits<double>::infinity()))), "null");
}

TEST(ValueToJson, ReadsBackAsItWas) {
  EXPECT_TRUE(rc::check("INTEGER", [](std::int64_t whole) {
    RC_ASSERT((read(to_text(to_json(Value(whole))), ColumnType::kInteger) == Value(whole)));
  }));
  EXPECT_TRUE(rc::check("FLOAT", [](double number) {
    RC_PRE(std::isfinite(number));
    RC_ASSERT((read(to_text(to_json(Value(number))), ColumnType::kFloat) == Value(number)));
  }));
  EXPECT_TRUE(rc::check("DATETIME", [] {
    const Datetime at{*rc::gen::inRange<std::int64_t>(-62'167'219'200, 253'402'300'800),
                      *rc::gen::inRange<std::uint32_t>(0, 1'000'000'000)};
    RC_ASSERT((read(to_text(to_json(Value(at))), ColumnType::kDatetime) == Value(at)));
  }));
}

TEST(ValueFromText, AgreesWithJsonWhereBothTakeIt) {
  EXPECT_TRUE(rc::check("INTEGER", [](std::int64_t whole) {
    RC_ASSERT((value_from_text(std::to_string(whole), ColumnType::kInteger) == Value(whole)));
  }));
  EXPECT_EQ(value_from_text("", ColumnType::kString), Value(std::string()));
  EXPECT_FALSE(value_from_text("", ColumnType::kInteger));
  EXPECT_FALSE(value_from_text(" 3", ColumnType::kInteger));
  EXPECT_FALSE(value_from_text("truely", ColumnType::kBoolean));
  EXPECT_FALSE(value_from_text("\xff", ColumnType::kString)) << "not UTF-8";
}

TEST(Datetimes, TextCases) {
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/table/datetimes.txt")) {
    const auto at = parse_datetime(one.input);
    EXPECT_EQ(at ? format_datetime(*at) : "refused", one.expected) << "line " << one.line << ": " << one.input;
  }
}

TEST(Datetimes, YearsBeyondFourDigitsAreStillWritten) {
  EXPECT_EQ(format_datetime({253'402'300'800, 0}), "10000-01-01T00:00:00");
  EXPECT_EQ(format_datetime({-62'167'219'201, 0}), "-0001-12-31T23:59:59");
  EXPECT_EQ(format_datetime({kMax64, 0}).substr(0, 12), "292277026596");
  EXPECT_EQ(format_datetime({kMin64, 0}).substr(0, 13), "-292277022657");
}

TEST(Datetimes, OrderIsTheOrderOfTime) {
  EXPECT_TRUE(rc::check([](std::int32_t a, std::int32_t b) {
    const Datetime x{a, 5};
    const Datetime y{b, 5};
    RC_ASSERT((x < y) == (format_datetime(x) < format_datetime(y)));
  }));
}

}  // namespace
}  // namespace lakelift::table
