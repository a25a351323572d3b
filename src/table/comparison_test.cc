#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/testing/case_file.h"
#include "table/slice_spec.h"

namespace lakelift::table {
namespace {

Columns flights() {
  Columns columns;
  const auto add = [&](const char* name, ColumnType type) {
    Column column;
    column.name = name;
    column.type = type;
    columns.push_back(column);
  };
  add("dep_delay", ColumnType::kInteger);
  add("distance", ColumnType::kFloat);
  add("carrier", ColumnType::kString);
  add("cancelled", ColumnType::kBoolean);
  add("time_hour", ColumnType::kDatetime);
  add("dep delay", ColumnType::kInteger);
  add("a<b", ColumnType::kInteger);
  add("say \"hi\"", ColumnType::kString);
  add("tick`s", ColumnType::kInteger);
  add("größe", ColumnType::kFloat);
  return columns;
}

TEST(ParseComparison, TextCases) {
  constexpr std::string_view kRefused = "refused: ";
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/table/comparisons.txt")) {
    const auto filter = parse_comparison(one.input, flights());
    const std::string where = fmt::format("line {}: {}", one.line, one.input);
    if (one.expected.starts_with(kRefused)) {
      ASSERT_FALSE(filter) << where;
      EXPECT_EQ(filter.error().code, Code::kInvalid) << where;
      EXPECT_NE(filter.error().message.find(one.expected.substr(kRefused.size())), std::string::npos)
          << where << ": " << filter.error().message;
    } else {
      ASSERT_TRUE(filter) << where << ": " << filter.error().message;
      EXPECT_EQ(fmt::format("{} | {} | {}", filter->name, symbol_of(filter->op), to_text(to_json(filter->value))),
                one.expected)
          << where;
    }
  }
}

TEST(ParseComparison, TabsAndNewlinesAreSpaces) {
  const auto filter = parse_comparison("\tdep_delay\n>=\r\n15\t", flights());
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->value, Value(std::int64_t{15}));
}

TEST(ParseComparison, ValuesHaveALimit) {
  const std::string longest(limits::kFilterTextBytes, 'x');
  EXPECT_TRUE(parse_comparison("carrier = " + longest, flights()));
  EXPECT_FALSE(parse_comparison("carrier = x" + longest, flights()));
  EXPECT_FALSE(parse_comparison("carrier = '\xff'", flights()));
}

}  // namespace
}  // namespace lakelift::table
